#include "event_decoder.h"

#include <algorithm>
#include <map>
#include <new>

#include "event_fields.hpp"

using namespace riffle;

namespace {

constexpr size_t firstCapacity = 4'096;
constexpr size_t depthLimit = 1 << 20;

/// A path tree while it is built: the children of each node by key.
using Children = std::vector<std::map<std::string, int32_t>>;

int32_t child_of(event_decoder &decoder, Children &children, int32_t parent, const std::string &key) {
    auto known = children[size_t(parent)].find(key);
    if (known != children[size_t(parent)].end()) return known->second;
    auto node = int32_t(decoder.nodes.size());
    decoder.nodes.emplace_back();
    decoder.fieldsBelow.emplace_back();
    children[size_t(parent)].emplace(key, node);
    children.emplace_back();
    return node;
}

void pass_field(event_decoder &decoder, int32_t node, int32_t field) {
    decoder.fieldsBelow[size_t(node)].push_back(field);
    if (decoder.nodes[size_t(node)].lowestField < 0) decoder.nodes[size_t(node)].lowestField = field;
}

/// Chains a field behind those that read the same value, so that their faults come in field order.
void chain_field(std::vector<Field> &fields, int32_t &first, int32_t field) {
    int32_t *link = &first;
    while (*link >= 0) link = &fields[size_t(*link)].nextOfSame;
    *link = field;
}

void place_field(event_decoder &decoder, Children &children, int32_t field) {
    int32_t node = 0;
    pass_field(decoder, node, field);
    for (const std::string &key : decoder.fields[size_t(field)].path) {
        node = child_of(decoder, children, node, key);
        pass_field(decoder, node, field);
    }
    chain_field(decoder.fields, decoder.nodes[size_t(node)].field, field);
}

void pack_children(event_decoder &decoder, Node &node, const std::map<std::string, int32_t> &children) {
    uint32_t bits = 1;
    while ((size_t(1) << bits) < children.size() * 2) ++bits;
    node.slotStart = uint32_t(decoder.slots.size());
    node.slotBits = bits;
    decoder.slots.resize(decoder.slots.size() + (size_t(1) << bits), Slot{{0, 0, 0}, nullptr, -1, false});
    node.expectedStart = uint32_t(decoder.expected.size());
    decoder.expected.resize(decoder.expected.size() + expectedKeysMax, -1);
    for (const auto &[key, child] : children) {
        auto padded = std::make_unique<std::string>(key);
        padded->append(8, '\0');
        auto bytes = reinterpret_cast<const uint8_t *>(padded->data());
        decoder.keys.push_back(std::move(padded));
        KeyImage image = KeyImage::of(bytes, key.size());
        uint64_t place = image.hash() >> (64 - bits), mask = (uint64_t(1) << bits) - 1;
        while (decoder.slots[node.slotStart + place].node >= 0) place = (place + 1) & mask;
        bool isPlain = key.find_first_of("\"\\") == std::string::npos;
        decoder.slots[node.slotStart + place] = Slot{image, bytes, child, isPlain};
    }
}

/// Runs what may throw; false if it did (there was no memory).
template <typename Body>
bool without_throwing(Body body) noexcept {
    try {
        body();
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace

bool event_decoder::load(const uint8_t *bytes, size_t length) noexcept {
    if (length > capacity || capacity == 0) {
        size_t grown = std::max(capacity * 2, firstCapacity);
        while (grown < length) grown *= 2;
        // A buffer that was replaced while another could not be has to be taken as too small next time.
        capacity = 0;
        size_t padded = grown + textPadding;
        if (!text.reserve(padded) || !unescaped.reserve(padded) || !index.reserve(grown)) return false;
        capacity = grown;
    }
    if (length != 0) std::memcpy(text.data(), bytes, length);
    std::memset(text.data() + length, ' ', textPadding);
    return true;
}

void event_decoder::clear(event_row row) const noexcept {
    for (size_t field = 0; field < fields.size(); ++field) {
        row.words[field] = 0;
        row.presence[field] = EVENT_ABSENT;
    }
}

event_fault event_decoder::missing(event_row row, size_t length) const noexcept {
    for (size_t field = 0; field < fields.size(); ++field) {
        const event_field &plan = fields[field].plan;
        if (row.presence[field] != EVENT_ABSENT || plan.is_optional || plan.type == EVENT_FIELD_OUTSIDE) continue;
        return {EVENT_FAULT_FIELD_MISSING, int16_t(field), uint32_t(length)};
    }
    return {EVENT_FAULT_NONE, -1, 0};
}

extern "C" {

event_decoder *event_decoder_create(size_t event_bytes_max, size_t depth_max, size_t string_bytes_max) {
    auto decoder = new (std::nothrow) event_decoder();
    if (decoder == nullptr) return nullptr;
    // Positions are 32-bit.
    decoder->eventBytesMax = std::min(event_bytes_max, size_t(1) << 31);
    decoder->depthMax = std::min(std::max(depth_max, size_t(1)), depthLimit);
    decoder->stringBytesMax = string_bytes_max;
    return decoder;
}

void event_decoder_destroy(event_decoder *decoder) { delete decoder; }

bool event_decoder_add_field(event_decoder *decoder, event_field field) {
    if (decoder->fields.size() >= INT16_MAX) return false;
    return without_throwing([&] { decoder->fields.push_back(Field{field, {}, -1}); });
}

bool event_decoder_add_key(event_decoder *decoder, const uint8_t *bytes, size_t length) {
    if (decoder->fields.empty() || decoder->fields.back().path.size() >= EVENT_PATH_KEYS_MAX) return false;
    return without_throwing([&] {
        decoder->fields.back().path.emplace_back(length == 0 ? "" : reinterpret_cast<const char *>(bytes), length);
    });
}

bool event_decoder_finish(event_decoder *decoder) {
    bool done = without_throwing([&] {
        Children children(1);
        decoder->nodes.emplace_back();
        decoder->fieldsBelow.emplace_back();
        for (size_t field = 0; field < decoder->fields.size(); ++field) {
            const event_field &plan = decoder->fields[field].plan;
            if (plan.type == EVENT_FIELD_OUTSIDE) continue;
            if (!plan.is_optional) decoder->requiredCount += 1;
            place_field(*decoder, children, int32_t(field));
        }
        for (size_t node = 0; node < decoder->nodes.size(); ++node) {
            pack_children(*decoder, decoder->nodes[node], children[node]);
        }
    });
    return done && decoder->brackets.reserve(decoder->depthMax + 1);
}

bool event_decoder_add_column(event_decoder *decoder, int32_t field) {
    return without_throwing([&] {
        decoder->columns.push_back(field);
        decoder->cells.push_back(Cell{0, 0, false});
        // In CSV the chains are those of columns; a field stands in one column only.
        if (field >= 0) decoder->fields[size_t(field)].nextOfSame = -1;
    });
}

bool event_decoder_share_column(event_decoder *decoder, int32_t field) {
    if (decoder->columns.empty()) return false;
    decoder->fields[size_t(field)].nextOfSame = -1;
    chain_field(decoder->fields, decoder->columns.back(), field);
    return true;
}

size_t event_find_byte(const uint8_t *bytes, size_t length, uint8_t byte) {
    if (length == 0) return 0;
    auto found = static_cast<const uint8_t *>(std::memchr(bytes, byte, length));
    return found == nullptr ? length : size_t(found - bytes);
}

}  // extern "C"
