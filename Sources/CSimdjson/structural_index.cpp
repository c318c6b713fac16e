#include "structural_index.hpp"

#include <memory>
#include <simdjson.h>

namespace riffle {
namespace {

using Parser = simdjson::internal::dom_parser_implementation;

static_assert(textPadding >= simdjson::SIMDJSON_PADDING, "texts are padded as simdjson asks");

}  // namespace

StructuralIndex::StructuralIndex() noexcept = default;

StructuralIndex::~StructuralIndex() { delete static_cast<Parser *>(parser_); }

bool StructuralIndex::reserve(size_t capacity) noexcept {
    if (parser_ != nullptr) return static_cast<Parser *>(parser_)->set_capacity(capacity) == simdjson::SUCCESS;
    std::unique_ptr<Parser> parser;
    // The depth only sizes buffers of the second stage, which is not used.
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, parser);
    if (error != simdjson::SUCCESS) return false;
    parser_ = parser.release();
    return true;
}

bool StructuralIndex::run(const uint8_t *text, size_t length) noexcept {
    auto parser = static_cast<Parser *>(parser_);
    if (parser->stage1(text, length, simdjson::stage1_mode::regular) != simdjson::SUCCESS) return false;
    positions_ = parser->structural_indexes.get();
    count_ = parser->n_structural_indexes;
    return true;
}

bool is_utf8(const uint8_t *bytes, size_t length) noexcept {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}

}  // namespace riffle
