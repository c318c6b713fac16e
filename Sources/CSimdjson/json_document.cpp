// The document side of the JSON surface: a tree that is parsed once and then only read. Nothing here throws across the
// boundary: simdjson's error codes are used throughout and the one allocation of ours is caught.
#include "json_document.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

static_assert(sizeof(element) == sizeof(riffle_json_value), "an element is passed through C as two words");
static_assert(std::is_trivially_copyable<element>::value, "an element is passed through C as bytes");

struct riffle_json_document {
    simdjson::dom::document document;
    element root;
};

namespace {

riffle_json_value wrap(const element &value) {
    riffle_json_value result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}

element unwrap(riffle_json_value value) {
    element result;
    std::memcpy(static_cast<void *>(&result), &value, sizeof result);
    return result;
}

bool keys_are_unique(const object &members) {
    std::vector<std::string_view> keys;
    for (auto member : members) keys.push_back(member.key);
    std::sort(keys.begin(), keys.end());
    return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

/// Recursion is bounded by the depth that the parser has accepted.
bool all_keys_are_unique(const element &value) {
    object members;
    array elements;
    if (value.get(members) == simdjson::SUCCESS) {
        if (!keys_are_unique(members)) return false;
        for (auto member : members) {
            if (!all_keys_are_unique(member.value)) return false;
        }
    } else if (value.get(elements) == simdjson::SUCCESS) {
        for (auto child : elements) {
            if ((child.is_object() || child.is_array()) && !all_keys_are_unique(child)) return false;
        }
    }
    return true;
}

/// simdjson reads strict JSON. Words for numbers that are not finite are therefore rewritten, in place and at the same
/// length, as strings that begin with this character, and read back by `nonfinite_number`.
const char nonfinite_marker = 0x7F;

bool nonfinite_number(const element &value, double &result) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || text.empty() || text[0] != nonfinite_marker) return false;
    const double infinity = std::numeric_limits<double>::infinity();
    result = text.size() == 1 ? std::numeric_limits<double>::quiet_NaN() : text[1] == '-' ? -infinity : infinity;
    return true;
}

/// Whether there was such a word outside of strings.
bool rewrite_nonfinite_words(std::string &text) {
    struct word {
        std::string_view from, to;
    };
    const word words[] = {{"NaN", "\"\x7F\""}, {"-Infinity", "\"\x7F-     \""}, {"Infinity", "\"\x7F+    \""}};
    bool found = false, in_string = false;
    for (size_t at = 0; at < text.size(); ++at) {
        if (in_string) {
            if (text[at] == '\\') ++at;
            else if (text[at] == '"') in_string = false;
            continue;
        }
        in_string = text[at] == '"';
        for (const word &candidate : words) {
            if (text.compare(at, candidate.from.size(), candidate.from) != 0) continue;
            text.replace(at, candidate.to.size(), candidate.to);
            at += candidate.to.size() - 1;
            found = true;
            break;
        }
    }
    return found;
}

simdjson::error_code parse_text(riffle_json_document &result, const uint8_t *bytes, size_t count, size_t depth_max) {
    simdjson::dom::parser parser;
    // The depth limit belongs to the allocation; simdjson keeps it only if it need not allocate again.
    simdjson::error_code code = parser.allocate(std::max<size_t>(count, 64), depth_max);
    if (code != simdjson::SUCCESS) return code;
    return parser.parse_into_document(result.document, bytes, count).get(result.root);
}

int32_t parse_with(riffle_json_document &result, const uint8_t *bytes, size_t count, riffle_json_options options) {
    simdjson::error_code code = parse_text(result, bytes, count, options.depth_max);
    bool is_syntax = code != simdjson::SUCCESS && code != simdjson::MEMALLOC && code != simdjson::DEPTH_ERROR &&
                     code != simdjson::CAPACITY;
    if (is_syntax && options.accept_nonfinite_words) {
        std::string text(reinterpret_cast<const char *>(bytes), count);
        if (rewrite_nonfinite_words(text)) {
            const uint8_t *rewritten = reinterpret_cast<const uint8_t *>(text.data());
            code = parse_text(result, rewritten, count, options.depth_max);
        }
    }
    if (code == simdjson::DEPTH_ERROR) return RIFFLE_JSON_TOO_DEEP;
    if (code == simdjson::MEMALLOC) return RIFFLE_JSON_NO_MEMORY;
    if (code != simdjson::SUCCESS) return code;
    if (options.reject_duplicate_keys && !all_keys_are_unique(result.root)) return RIFFLE_JSON_DUPLICATE_KEY;
    return RIFFLE_JSON_OK;
}

/// Copies elements of an array while `read` accepts them.
template <typename T, typename Read>
size_t copy_elements(riffle_json_value value, T *results, size_t capacity, Read read) {
    array elements;
    if (unwrap(value).get(elements) != simdjson::SUCCESS) return 0;
    size_t count = 0;
    for (auto child : elements) {
        if (count == capacity || !read(child, results[count])) break;
        ++count;
    }
    return count;
}

}  // namespace

riffle_json_document *riffle_json_document_parse(
    const uint8_t *bytes, size_t count, riffle_json_options options, int32_t *error) {
    riffle_json_document *result = nullptr;
    try {
        result = new riffle_json_document();
        *error = parse_with(*result, bytes, count, options);
    } catch (const std::bad_alloc &) {
        *error = RIFFLE_JSON_NO_MEMORY;
    } catch (...) {
        *error = simdjson::UNEXPECTED_ERROR;
    }
    if (*error == RIFFLE_JSON_OK) return result;
    delete result;
    return nullptr;
}

void riffle_json_document_free(riffle_json_document *document) { delete document; }

const char *riffle_json_error_message(int32_t error) {
    if (error == RIFFLE_JSON_NO_MEMORY) return "not enough memory";
    if (error == RIFFLE_JSON_TOO_DEEP) return "nested too deeply";
    if (error == RIFFLE_JSON_DUPLICATE_KEY) return "an object names a key twice";
    if (error < 0 || error >= simdjson::NUM_ERROR_CODES) return "unknown error";
    return simdjson::error_message(static_cast<simdjson::error_code>(error));
}

riffle_json_value riffle_json_document_root(const riffle_json_document *document) { return wrap(document->root); }

riffle_json_kind riffle_json_value_kind(riffle_json_value value) {
    double ignored;
    if (nonfinite_number(unwrap(value), ignored)) return RIFFLE_JSON_DOUBLE;
    switch (unwrap(value).type()) {
        case element_type::NULL_VALUE: return RIFFLE_JSON_NULL;
        case element_type::BOOL: return RIFFLE_JSON_BOOL;
        case element_type::INT64: return RIFFLE_JSON_INT64;
        case element_type::UINT64: return RIFFLE_JSON_UINT64;
        case element_type::DOUBLE: return RIFFLE_JSON_DOUBLE;
        case element_type::STRING: return RIFFLE_JSON_STRING;
        case element_type::ARRAY: return RIFFLE_JSON_ARRAY;
        case element_type::OBJECT: return RIFFLE_JSON_OBJECT;
    }
    return RIFFLE_JSON_NULL;
}

int32_t riffle_json_value_int64(riffle_json_value value, int64_t *result) {
    return unwrap(value).get(*result) == simdjson::SUCCESS;
}

int32_t riffle_json_value_uint64(riffle_json_value value, uint64_t *result) {
    return unwrap(value).get(*result) == simdjson::SUCCESS;
}

int32_t riffle_json_value_double(riffle_json_value value, double *result) {
    element number = unwrap(value);
    return number.get(*result) == simdjson::SUCCESS || nonfinite_number(number, *result);
}

int32_t riffle_json_value_bool(riffle_json_value value, int32_t *result) {
    bool flag;
    if (unwrap(value).get(flag) != simdjson::SUCCESS) return 0;
    *result = flag;
    return 1;
}

int32_t riffle_json_value_string(riffle_json_value value, const char **bytes, size_t *count) {
    std::string_view text;
    if (unwrap(value).get(text) != simdjson::SUCCESS) return 0;
    *bytes = text.data();
    *count = text.size();
    return 1;
}

int32_t riffle_json_value_member(
    riffle_json_value value, const char *key, size_t key_count, riffle_json_value *result) {
    object members;
    element found;
    if (unwrap(value).get(members) != simdjson::SUCCESS) return 0;
    if (members.at_key(std::string_view(key, key_count)).get(found) != simdjson::SUCCESS) return 0;
    *result = wrap(found);
    return 1;
}

size_t riffle_json_value_count(riffle_json_value value) {
    // simdjson's own count saturates here.
    const size_t saturated = 0xFFFFFF;
    array elements;
    object members;
    size_t count = 0;
    if (unwrap(value).get(elements) == simdjson::SUCCESS) {
        if (elements.size() < saturated) return elements.size();
        for (auto child : elements) {
            (void)child;
            ++count;
        }
    } else if (unwrap(value).get(members) == simdjson::SUCCESS) {
        if (members.size() < saturated) return members.size();
        for (auto member : members) {
            (void)member;
            ++count;
        }
    }
    return count;
}

size_t riffle_json_array_elements(riffle_json_value value, riffle_json_value *results, size_t capacity) {
    return copy_elements(value, results, capacity, [](const element &child, riffle_json_value &result) {
        result = wrap(child);
        return true;
    });
}

size_t riffle_json_object_members(riffle_json_value value, riffle_json_member *results, size_t capacity) {
    object members;
    if (unwrap(value).get(members) != simdjson::SUCCESS) return 0;
    size_t count = 0;
    for (auto member : members) {
        if (count == capacity) break;
        results[count++] = {member.key.data(), member.key.size(), wrap(member.value)};
    }
    return count;
}

size_t riffle_json_array_floats(riffle_json_value value, float *results, size_t capacity) {
    return copy_elements(value, results, capacity, [](const element &child, float &result) {
        int64_t integer;
        if (child.get(integer) == simdjson::SUCCESS) {
            // Not by way of double, which would round twice.
            result = static_cast<float>(integer);
            return true;
        }
        double number;
        if (child.get(number) != simdjson::SUCCESS && !nonfinite_number(child, number)) return false;
        result = static_cast<float>(number);
        return true;
    });
}

size_t riffle_json_array_doubles(riffle_json_value value, double *results, size_t capacity) {
    return copy_elements(value, results, capacity, [](const element &child, double &result) {
        return child.get(result) == simdjson::SUCCESS || nonfinite_number(child, result);
    });
}

size_t riffle_json_array_int32s(riffle_json_value value, int32_t *results, size_t capacity) {
    return copy_elements(value, results, capacity, [](const element &child, int32_t &result) {
        int64_t integer;
        if (child.get(integer) != simdjson::SUCCESS || integer < INT32_MIN || integer > INT32_MAX) return false;
        result = static_cast<int32_t>(integer);
        return true;
    });
}

size_t riffle_json_array_bytes(riffle_json_value value, uint8_t *results, size_t capacity) {
    return copy_elements(value, results, capacity, [](const element &child, uint8_t &result) {
        int64_t integer;
        bool flag;
        if (child.get(integer) == simdjson::SUCCESS) {
            if (integer < 0 || integer > 255) return false;
            result = static_cast<uint8_t>(integer);
            return true;
        }
        if (child.get(flag) != simdjson::SUCCESS) return false;
        result = flag ? 1 : 0;
        return true;
    });
}
