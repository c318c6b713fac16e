#include "event_fields.hpp"

using namespace riffle;

namespace {

/// A quoted cell's content, with doubled quotes made single. `out` is written only where there are some.
struct CellText {
    const uint8_t *start;
    size_t length;
};

CellText content_of(const Cell &cell, const uint8_t *text, uint8_t *&unescaped) noexcept {
    const uint8_t *start = text + cell.start;
    if (!cell.isQuoted) return {start, cell.length};
    ++start;
    size_t length = cell.length - 2;
    if (event_find_byte(start, length, '"') == length) return {start, length};
    uint8_t *first = unescaped, *out = first;
    for (size_t place = 0; place < length; ++place) {
        *out++ = start[place];
        if (start[place] == '"') ++place;
    }
    // As with JSON strings: a number's text must not run into what an earlier event left here.
    *out = 0;
    unescaped = out + 1;
    return {first, size_t(out - first)};
}

bool is_word(CellText text, const char *word) noexcept {
    return text.length == std::strlen(word) && std::memcmp(text.start, word, text.length) == 0;
}

/// pandas writes flags as 0 and 1, or as True and False.
bool parse_bool(CellText text, int64_t &word) noexcept {
    bool isTrue = is_word(text, "true") || is_word(text, "1") || is_word(text, "True");
    bool isFalse = is_word(text, "false") || is_word(text, "0") || is_word(text, "False");
    word = isTrue ? 1 : 0;
    return isTrue || isFalse;
}

uint16_t store(event_decoder &decoder, int32_t field, CellText text, event_row row) noexcept {
    const event_field &plan = decoder.fields[size_t(field)].plan;
    switch (plan.type) {
        case EVENT_FIELD_STRING:
            if (text.length > decoder.stringBytesMax) return EVENT_FAULT_STRING_TOO_LONG;
            row.strings[field] = {text.start, text.length};
            return EVENT_FAULT_NONE;
        case EVENT_FIELD_BOOL: return parse_bool(text, row.words[field]) ? EVENT_FAULT_NONE : EVENT_FAULT_WRONG_TYPE;
        default: return convert_text(plan, text.start, text.length, row.words[field]);
    }
}

/// Finds the cells of a record before any is read: a wrong count makes what stands in them meaningless.
event_fault split(event_decoder &decoder, const uint8_t *text, size_t length) noexcept {
    size_t start = 0, column = 0;
    for (;; ++column) {
        if (column == decoder.cells.size()) return {EVENT_FAULT_WRONG_COLUMN_COUNT, -1, uint32_t(start)};
        Cell &cell = decoder.cells[column];
        size_t end = event_csv_cell_end(text, length, start, &cell.isQuoted);
        if (end > length) return {EVENT_FAULT_INVALID_CSV, -1, uint32_t(start)};
        cell.start = start;
        cell.length = end - start;
        if (end == length) break;
        start = end + 1;
    }
    if (column + 1 != decoder.cells.size()) return {EVENT_FAULT_WRONG_COLUMN_COUNT, -1, uint32_t(length)};
    return {EVENT_FAULT_NONE, -1, 0};
}

}  // namespace

extern "C" size_t event_csv_cell_end(const uint8_t *bytes, size_t length, size_t start, bool *is_quoted) {
    *is_quoted = start < length && bytes[start] == '"';
    size_t place = start;
    if (!*is_quoted) {
        // Cells are short: a plain loop beats a call.
        while (place < length && bytes[place] != ',') ++place;
        return place;
    }
    for (++place;; place += 2) {
        place += event_find_byte(bytes + place, length - place, '"');
        if (place == length) return length + 1;
        if (place + 1 == length || bytes[place + 1] == ',') return place + 1;
        if (bytes[place + 1] != '"') return length + 1;
    }
}

extern "C" event_fault event_decoder_decode_csv(
    event_decoder *decoder, const uint8_t *bytes, size_t length, event_row row
) {
    decoder->clear(row);
    if (length > decoder->eventBytesMax) return {EVENT_FAULT_EVENT_TOO_LARGE, -1, uint32_t(decoder->eventBytesMax)};
    if (!decoder->load(bytes, length)) return {EVENT_FAULT_EVENT_TOO_LARGE, -1, 0};
    const uint8_t *text = decoder->text.data();
    if (!is_utf8(text, length)) {
        return {EVENT_FAULT_INVALID_UTF8, -1, uint32_t(sound_utf8_length(text, length))};
    }
    event_fault fault = split(*decoder, text, length);
    if (fault.code != EVENT_FAULT_NONE) return fault;
    uint8_t *unescaped = decoder->unescaped.data();
    for (size_t column = 0; column < decoder->columns.size(); ++column) {
        const Cell &cell = decoder->cells[column];
        int32_t field = decoder->columns[column];
        // An empty cell without quotes is no value.
        if (field < 0 || cell.length == 0) continue;
        CellText content = content_of(cell, text, unescaped);
        for (; field >= 0; field = decoder->fields[size_t(field)].nextOfSame) {
            uint16_t code = store(*decoder, field, content, row);
            if (code != EVENT_FAULT_NONE) return {code, int16_t(field), uint32_t(cell.start)};
            row.presence[field] = EVENT_PRESENT;
        }
    }
    for (size_t field = 0; field < decoder->fields.size(); ++field) {
        const event_field &plan = decoder->fields[field].plan;
        bool accepted = row.presence[field] == EVENT_PRESENT || plan.is_optional || plan.is_nullable;
        if (accepted || plan.type == EVENT_FIELD_OUTSIDE) continue;
        return {EVENT_FAULT_FIELD_MISSING, int16_t(field), uint32_t(length)};
    }
    return fault;
}
