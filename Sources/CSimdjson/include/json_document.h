#ifndef RIFFLE_JSON_DOCUMENT_H
#define RIFFLE_JSON_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parsed JSON text; read-only, so that any number of threads may read it.
typedef struct riffle_json_document riffle_json_document;

/// A value inside a document, valid as long as the document.
typedef struct {
    uint64_t words[2];
} riffle_json_value;

/// A member of an object; the key's bytes are valid as long as the document.
typedef struct {
    const char *key;
    size_t key_count;
    riffle_json_value value;
} riffle_json_member;

typedef enum {
    RIFFLE_JSON_NULL = 0,
    RIFFLE_JSON_BOOL,
    RIFFLE_JSON_INT64,
    RIFFLE_JSON_UINT64,
    RIFFLE_JSON_DOUBLE,
    RIFFLE_JSON_STRING,
    RIFFLE_JSON_ARRAY,
    RIFFLE_JSON_OBJECT
} riffle_json_kind;

/// Codes from 1 on that are not listed here are simdjson's own.
enum {
    RIFFLE_JSON_OK = 0,
    RIFFLE_JSON_NO_MEMORY = 1000,
    RIFFLE_JSON_DUPLICATE_KEY = 1001,
    RIFFLE_JSON_TOO_DEEP = 1002
};

/// How a text is parsed.
typedef struct {
    size_t depth_max;
    /// An object that names a key twice is an error; else its first value counts.
    int32_t reject_duplicate_keys;
    /// The bare words NaN, Infinity and -Infinity, which JSON does not have, are read as numbers of kind double.
    int32_t accept_nonfinite_words;
} riffle_json_options;

/// Parses `count` bytes, which are copied and not needed afterwards. NULL and a code in `error` where that fails.
riffle_json_document *riffle_json_document_parse(
    const uint8_t *bytes, size_t count, riffle_json_options options, int32_t *error);
void riffle_json_document_free(riffle_json_document *document);
/// A static sentence for a code from `riffle_json_document_parse`.
const char *riffle_json_error_message(int32_t error);

riffle_json_value riffle_json_document_root(const riffle_json_document *document);
riffle_json_kind riffle_json_value_kind(riffle_json_value value);
/// 1 and the result where the value is of that kind (an integer of either kind where it fits), else 0.
int32_t riffle_json_value_int64(riffle_json_value value, int64_t *result);
int32_t riffle_json_value_uint64(riffle_json_value value, uint64_t *result);
/// Any number; integers beyond 2^53 are rounded.
int32_t riffle_json_value_double(riffle_json_value value, double *result);
int32_t riffle_json_value_bool(riffle_json_value value, int32_t *result);
int32_t riffle_json_value_string(riffle_json_value value, const char **bytes, size_t *count);
/// Finds the first value of a key in an object.
int32_t riffle_json_value_member(
    riffle_json_value value, const char *key, size_t key_count, riffle_json_value *result);

/// How many elements an array, or members an object, has; 0 for anything else. O(n) beyond 2^24 - 1 elements.
size_t riffle_json_value_count(riffle_json_value value);
/// Writes at most `capacity` elements of an array; returns how many.
size_t riffle_json_array_elements(riffle_json_value array, riffle_json_value *results, size_t capacity);
/// Writes at most `capacity` members of an object in file order; returns how many.
size_t riffle_json_object_members(riffle_json_value object, riffle_json_member *results, size_t capacity);

/// Bulk reads: copy at most `capacity` elements and stop at the first that does not fit the type; return how many
/// were copied. Less than the array's count means that the element at that place is of another type.
/// Floats and doubles take any number; int32 takes integers in its range; bytes take 0 to 255, `true` and `false`.
size_t riffle_json_array_floats(riffle_json_value array, float *results, size_t capacity);
size_t riffle_json_array_doubles(riffle_json_value array, double *results, size_t capacity);
size_t riffle_json_array_int32s(riffle_json_value array, int32_t *results, size_t capacity);
size_t riffle_json_array_bytes(riffle_json_value array, uint8_t *results, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
