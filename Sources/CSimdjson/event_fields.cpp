#include "event_fields.hpp"

namespace riffle {
namespace {

uint16_t time_code(TimeText outcome) noexcept {
    switch (outcome) {
        case TimeText::valid: return EVENT_FAULT_NONE;
        case TimeText::invalid: return EVENT_FAULT_INVALID_TIME;
        case TimeText::outOfRange: return EVENT_FAULT_TIME_OUT_OF_RANGE;
    }
    return EVENT_FAULT_INVALID_TIME;
}

uint16_t convert_integer(const event_field &plan, const NumberToken &token, int64_t power, int64_t &word) noexcept {
    switch (scale_exactly(token, power, word)) {
        case Scaled::exact: break;
        case Scaled::inexact: return EVENT_FAULT_TOO_MANY_DECIMALS;
        case Scaled::overflow: return EVENT_FAULT_NUMBER_OUT_OF_RANGE;
    }
    bool within = word >= plan.integer_min && word <= plan.integer_max;
    return within ? EVENT_FAULT_NONE : EVENT_FAULT_NUMBER_OUT_OF_RANGE;
}

/// The length of the UTF-8 character at `text`, or 0 if there is none. Reads up to four bytes.
size_t character_length(const uint8_t *text) noexcept {
    uint8_t lead = text[0];
    if (lead < 0x80) return 1;
    // Bounds of the second byte, which exclude what is too long, a surrogate, or beyond U+10FFFF.
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || text[1] < low || text[1] > high) return 0;
    for (size_t place = 2; place < length; ++place) {
        if ((text[place] & 0xC0) != 0x80) return 0;
    }
    return length;
}

}  // namespace

size_t sound_utf8_length(const uint8_t *text, size_t length) noexcept {
    size_t place = 0;
    while (place < length) {
        // The padding behind the text ends a character that was cut off.
        size_t character = character_length(text + place);
        if (character == 0) return place;
        place += character;
    }
    return length;
}

uint16_t convert_number(const event_field &plan, const NumberToken &token, int64_t &word) noexcept {
    switch (plan.type) {
        case EVENT_FIELD_INT: return token.integer ? convert_integer(plan, token, 0, word) : EVENT_FAULT_WRONG_TYPE;
        case EVENT_FIELD_DECIMAL: return convert_integer(plan, token, plan.scale, word);
        case EVENT_FIELD_FLOAT: {
            double value = 0;
            if (!to_double(token, value)) return EVENT_FAULT_NUMBER_OUT_OF_RANGE;
            if (!(value >= plan.float_min && value <= plan.float_max)) return EVENT_FAULT_NUMBER_OUT_OF_RANGE;
            std::memcpy(&word, &value, sizeof word);
            return EVENT_FAULT_NONE;
        }
        case EVENT_FIELD_EPOCH: return time_code(epoch_time(token, plan.scale, word));
        default: return EVENT_FAULT_WRONG_TYPE;
    }
}

uint16_t convert_text(const event_field &plan, const uint8_t *text, size_t length, int64_t &word) noexcept {
    if (plan.type == EVENT_FIELD_ISO8601) return time_code(parse_iso8601(text, length, word));
    NumberToken token;
    if (scan_number(text, token) && token.end == text + length) return convert_number(plan, token, word);
    return plan.type == EVENT_FIELD_EPOCH ? EVENT_FAULT_INVALID_TIME : EVENT_FAULT_WRONG_TYPE;
}

}  // namespace riffle
