/// Schema-directed decoding of one event, JSON or CSV: a plain C surface over simdjson. No call throws or allocates
/// after warm-up.
#ifndef RIFFLE_EVENT_DECODER_H
#define RIFFLE_EVENT_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The codes of Swift's `FaultCode`, number by number (a test holds them together).
enum {
    EVENT_FAULT_NONE = 0,
    EVENT_FAULT_EVENT_TOO_LARGE = 2,
    EVENT_FAULT_INVALID_UTF8 = 3,
    EVENT_FAULT_INVALID_JSON = 4,
    EVENT_FAULT_NESTED_TOO_DEEP = 5,
    EVENT_FAULT_NOT_AN_OBJECT = 6,
    EVENT_FAULT_DUPLICATE_FIELD = 7,
    EVENT_FAULT_FIELD_MISSING = 8,
    EVENT_FAULT_FIELD_NULL = 9,
    EVENT_FAULT_WRONG_TYPE = 10,
    EVENT_FAULT_NUMBER_OUT_OF_RANGE = 11,
    EVENT_FAULT_TOO_MANY_DECIMALS = 12,
    EVENT_FAULT_STRING_TOO_LONG = 13,
    EVENT_FAULT_INVALID_TIME = 14,
    EVENT_FAULT_TIME_OUT_OF_RANGE = 15,
    EVENT_FAULT_WRONG_COLUMN_COUNT = 17,
    EVENT_FAULT_INVALID_CSV = 19
};

/// The codes of Swift's `Presence`.
enum { EVENT_PRESENT = 0, EVENT_NULL = 1, EVENT_ABSENT = 2 };

enum {
    EVENT_FIELD_INT = 0,
    EVENT_FIELD_FLOAT = 1,
    EVENT_FIELD_BOOL = 2,
    EVENT_FIELD_STRING = 3,
    EVENT_FIELD_DECIMAL = 4,
    EVENT_FIELD_ISO8601 = 5,
    EVENT_FIELD_EPOCH = 6,
    /// Not in the event: the caller fills it. Never missing.
    EVENT_FIELD_OUTSIDE = 7
};

/// The longest path of a field, in keys.
enum { EVENT_PATH_KEYS_MAX = 64 };

typedef struct {
    uint8_t type;
    /// Digits behind the point of a decimal (0 to 18); for `EVENT_FIELD_EPOCH` 0, 3 or 6 for s, ms or us.
    uint8_t scale;
    bool is_optional;
    bool is_nullable;
    /// Inclusive bounds of int and decimal.
    int64_t integer_min;
    int64_t integer_max;
    /// Inclusive bounds of float.
    double float_min;
    double float_max;
} event_field;

typedef struct {
    uint16_t code;
    /// The field at fault, or -1.
    int16_t field;
    /// Where in the event, in bytes.
    uint32_t byte_offset;
} event_fault;

typedef struct {
    const uint8_t *bytes;
    size_t length;
} event_string;

/// Where a decoded event goes; every array has one element per field, in the order of `event_decoder_add_field`.
typedef struct {
    /// The value, 0 where it is not present or is a string.
    int64_t *words;
    uint8_t *presence;
    /// Only of present string fields; valid until the decoder's next call.
    event_string *strings;
} event_row;

typedef struct event_decoder event_decoder;

/// A decoder for one schema and one thread; NULL if there is no memory. Fields are added, then `event_decoder_finish`
/// is called once, then it decodes.
event_decoder *event_decoder_create(size_t event_bytes_max, size_t depth_max, size_t string_bytes_max);
void event_decoder_destroy(event_decoder *decoder);

/// Adds a field without a path; its index is the number of fields before it.
bool event_decoder_add_field(event_decoder *decoder, event_field field);
/// Adds a key to the path of the field added last; outermost first.
bool event_decoder_add_key(event_decoder *decoder, const uint8_t *bytes, size_t length);
bool event_decoder_finish(event_decoder *decoder);

/// Says which field (-1: none) the next column of a CSV row holds.
bool event_decoder_add_column(event_decoder *decoder, int32_t field);
/// Says that the column added last holds another field as well.
bool event_decoder_share_column(event_decoder *decoder, int32_t field);

/// Decodes one JSON event. With a fault, what is in the row says nothing.
event_fault event_decoder_decode_json(event_decoder *decoder, const uint8_t *bytes, size_t length, event_row row);
/// Decodes one CSV record, without its line end. With a fault, what is in the row says nothing.
event_fault event_decoder_decode_csv(event_decoder *decoder, const uint8_t *bytes, size_t length, event_row row);

/// The end of the cell that starts at `start` (the place of the comma behind it, or `length`); `is_quoted` tells its
/// form. `length + 1` if the quotes are not closed, or if something stands behind the closing quote.
size_t event_csv_cell_end(const uint8_t *bytes, size_t length, size_t start, bool *is_quoted);

/// The place of the first `byte`, or `length`.
size_t event_find_byte(const uint8_t *bytes, size_t length, uint8_t byte);

/// The version of simdjson that this was built with: major, minor, revision.
void riffle_simdjson_version(int32_t version[3]);

#ifdef __cplusplus
}
#endif
#endif
