#include "event_fields.hpp"

using namespace riffle;

namespace {

/// What may follow a number or a literal.
constexpr bool is_delimiter(uint8_t byte) noexcept {
    return byte == ',' || byte == '}' || byte == ']' || byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' ||
           byte == ':';
}

constexpr bool is_space(uint8_t byte) noexcept { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

/// Four hexadecimal digits, or -1.
int32_t hex4(const uint8_t *text) noexcept {
    int32_t value = 0;
    for (int place = 0; place < 4; ++place) {
        uint8_t byte = text[place], letter = uint8_t((byte | 0x20) - 'a');
        unsigned decimal = unsigned(byte) - '0';
        if (decimal > 9 && letter > 5) return -1;
        value = value * 16 + int32_t(decimal <= 9 ? decimal : letter + 10u);
    }
    return value;
}

uint8_t *put_utf8(uint8_t *out, uint32_t scalar) noexcept {
    if (scalar < 0x80) {
        *out++ = uint8_t(scalar);
    } else if (scalar < 0x800) {
        *out++ = uint8_t(0xC0 | (scalar >> 6));
        *out++ = uint8_t(0x80 | (scalar & 0x3F));
    } else {
        if (scalar < 0x10000) {
            *out++ = uint8_t(0xE0 | (scalar >> 12));
        } else {
            *out++ = uint8_t(0xF0 | (scalar >> 18));
            *out++ = uint8_t(0x80 | ((scalar >> 12) & 0x3F));
        }
        *out++ = uint8_t(0x80 | ((scalar >> 6) & 0x3F));
        *out++ = uint8_t(0x80 | (scalar & 0x3F));
    }
    return out;
}

/// `uint8_t` may alias anything: a store to the presence column as such would make the walk read all of its state
/// again.
enum class PresenceByte : uint8_t { present = EVENT_PRESENT, null = EVENT_NULL };

/// One pass over the tokens of one event, from left to right, that stops at the first fault.
class JSONWalk {
public:
    JSONWalk(event_decoder &decoder, size_t length, event_row row) noexcept
        : decoder_(decoder), text_(decoder.text.data()), next_(decoder.index.positions()),
          end_(decoder.index.positions() + decoder.index.count()), length_(uint32_t(length)), row_(row),
          presence_(reinterpret_cast<PresenceByte *>(row.presence)), unescaped_(decoder.unescaped.data()) {
        // One look over all bytes spares a look at every string: escapes are rare.
        hasEscapes_ = event_find_byte(text_, length, '\\') != length;
    }

    event_fault run() noexcept {
        uint32_t root = take();
        bool isObject = text_[root] == '{';
        bool sound = isObject ? object(decoder_.nodes[0], 1) : skip(root, 0);
        if (!sound) return fault_;
        if (next_ != end_) return {EVENT_FAULT_INVALID_JSON, -1, take()};
        if (!isObject) return {EVENT_FAULT_NOT_AN_OBJECT, -1, root};
        if (requiredSeen_ == decoder_.requiredCount) return fault_;
        return decoder_.missing(row_, length_);
    }

private:
    struct Text {
        const uint8_t *start;
        size_t length;
    };

    enum class Kind { string, number, isTrue, isFalse, null, container };

    struct Value {
        uint32_t position;
        Kind kind;
        /// Of a string.
        Text text;
        /// Of a number.
        NumberToken token;
    };

    /// The position of the next token; that of the space behind the text once there is none, which no rule accepts.
    uint32_t take() noexcept { return next_ == end_ ? length_ : *next_++; }

    bool fail(uint16_t code, uint32_t position, int32_t field = -1) noexcept {
        fault_ = {code, int16_t(field), position};
        return false;
    }

    /// The content of the string that starts at `position`, which was just taken.
    bool string(uint32_t position, Text &out) noexcept {
        // Between the closing quote and the next token there is only space: no need to search from the front.
        uint32_t close = (next_ == end_ ? length_ : *next_) - 1;
        while (close > position && is_space(text_[close])) --close;
        if (close <= position || text_[close] != '"') return fail(EVENT_FAULT_INVALID_JSON, position);
        out = {text_ + position + 1, close - position - 1};
        return !hasEscapes_ || unescape(out);
    }

    /// Writes out a text's escapes, if it has any.
    bool unescape(Text &text) noexcept {
        if (event_find_byte(text.start, text.length, '\\') == text.length) return true;
        const uint8_t *in = text.start, *end = text.start + text.length;
        uint8_t *start = unescaped_, *out = start;
        while (in < end) {
            if (*in != '\\') {
                *out++ = *in++;
            } else if (!unescape_one(in, end, out)) {
                return false;
            }
        }
        // Texts are read up to something that is not part of a number: there is room, where the closing quote stood.
        *out = 0;
        text = {start, size_t(out - start)};
        unescaped_ = out + 1;
        return true;
    }

    /// Reads one escape at `in` and writes what it stands for.
    bool unescape_one(const uint8_t *&in, const uint8_t *end, uint8_t *&out) noexcept {
        auto position = uint32_t(in - text_);
        in += 2;
        switch (in[-1]) {
            case '"': case '\\': case '/': *out++ = in[-1]; return true;
            case 'b': *out++ = '\b'; return true;
            case 'f': *out++ = '\f'; return true;
            case 'n': *out++ = '\n'; return true;
            case 'r': *out++ = '\r'; return true;
            case 't': *out++ = '\t'; return true;
            case 'u': break;
            default: return fail(EVENT_FAULT_INVALID_JSON, position);
        }
        int32_t unit = end - in >= 4 ? hex4(in) : -1;
        if (unit < 0) return fail(EVENT_FAULT_INVALID_JSON, position);
        in += 4;
        auto scalar = uint32_t(unit);
        if (scalar >= 0xD800 && scalar < 0xE000) {
            // Half of a surrogate pair is allowed by the grammar, but is no text: no UTF-8 stands for it.
            bool hasPair = scalar < 0xDC00 && end - in >= 6 && in[0] == '\\' && in[1] == 'u';
            int32_t low = hasPair ? hex4(in + 2) : -1;
            if (hasPair && low < 0) return fail(EVENT_FAULT_INVALID_JSON, position + 6);
            if (low < 0xDC00 || low > 0xDFFF) return fail(EVENT_FAULT_INVALID_UTF8, position);
            in += 6;
            scalar = 0x10000 + ((scalar - 0xD800) << 10) + (uint32_t(low) - 0xDC00);
        }
        out = put_utf8(out, scalar);
        return true;
    }

    bool literal(uint32_t position, const char *word, uint32_t size) noexcept {
        bool matches = std::memcmp(text_ + position, word, size) == 0 && is_delimiter(text_[position + size]);
        return matches || fail(EVENT_FAULT_INVALID_JSON, position);
    }

    bool number(uint32_t position, NumberToken &token) noexcept {
        bool sound = scan_number(text_ + position, token) && is_delimiter(*token.end);
        return sound || fail(EVENT_FAULT_INVALID_JSON, position);
    }

    /// Checks a value that is no container.
    bool skip_scalar(uint32_t position) noexcept {
        switch (text_[position]) {
            case '"': {
                Text ignored;
                uint8_t *before = unescaped_;
                bool sound = string(position, ignored);
                unescaped_ = before;
                return sound;
            }
            case 't': return literal(position, "true", 4);
            case 'f': return literal(position, "false", 5);
            case 'n': return literal(position, "null", 4);
            default: {
                NumberToken ignored;
                return number(position, ignored);
            }
        }
    }

    /// The key of a member whose first token is at `position`, and its colon.
    bool key(uint32_t position, Text &out) noexcept {
        if (text_[position] != '"') return fail(EVENT_FAULT_INVALID_JSON, position);
        if (!string(position, out)) return false;
        uint32_t colon = take();
        return text_[colon] == ':' || fail(EVENT_FAULT_INVALID_JSON, colon);
    }

    /// Walks over a value that no field reads, inside `depth` containers: broken JSON is found there too.
    bool skip(uint32_t position, size_t depth) noexcept {
        uint8_t *brackets = decoder_.brackets.data();
        size_t open = depth;
        for (;;) {
            uint8_t byte = text_[position];
            bool isEmpty = false;
            if (byte == '{' || byte == '[') {
                if (open >= decoder_.depthMax) return fail(EVENT_FAULT_NESTED_TOO_DEEP, position);
                brackets[++open] = byte;
                position = take();
                isEmpty = text_[position] == (byte == '{' ? '}' : ']');
                if (isEmpty) {
                    --open;
                } else {
                    if (byte == '{' && !member(position)) return false;
                    continue;
                }
            } else if (!skip_scalar(position)) {
                return false;
            }
            if (!leave(position, open, depth)) return false;
            if (open == depth) return true;
        }
    }

    /// From the first token of a member to the first of its value.
    bool member(uint32_t &position) noexcept {
        Text ignored;
        uint8_t *before = unescaped_;
        if (!key(position, ignored)) return false;
        unescaped_ = before;
        position = take();
        return true;
    }

    /// From the end of a value to the first token of the next one, closing what closes here.
    bool leave(uint32_t &position, size_t &open, size_t depth) noexcept {
        while (open > depth) {
            bool isObject = decoder_.brackets.data()[open] == '{';
            position = take();
            if (text_[position] == ',') {
                position = take();
                return isObject ? member(position) : true;
            }
            if (text_[position] != (isObject ? '}' : ']')) return fail(EVENT_FAULT_INVALID_JSON, position);
            --open;
        }
        return true;
    }

    /// Whether the key at `position` is, byte by byte, the one in `slot`.
    bool is_key(uint32_t position, const Slot &slot) const noexcept {
        size_t length = slot.image.length;
        if (!slot.isPlain || position + 1 + length >= length_) return false;
        const uint8_t *name = text_ + position + 1;
        // A quote behind the very bytes of the key is the closing one: no backslash is among them.
        return name[-1] == '"' && name[length] == '"' && slot.matches(name, KeyImage::of(name, length));
    }

    /// Reads the `ordinal`th key of an object, and its colon; `slot` becomes where it leads, or -1.
    bool known_key(const Node &node, uint32_t ordinal, uint32_t position, int32_t &slot) noexcept {
        int32_t *expected = ordinal < expectedKeysMax ? &decoder_.expected[node.expectedStart + ordinal] : nullptr;
        if (expected != nullptr && *expected >= 0 && is_key(position, decoder_.slots[size_t(*expected)])) {
            slot = *expected;
            uint32_t colon = take();
            return text_[colon] == ':' || fail(EVENT_FAULT_INVALID_JSON, colon);
        }
        Text name;
        if (!key(position, name)) return false;
        slot = decoder_.find(node, name.start, name.length);
        if (expected != nullptr) *expected = slot;
        return true;
    }

    /// Decodes an object whose opening bracket, number `depth` from outside, was just taken.
    bool object(const Node &node, size_t depth) noexcept {
        uint32_t position = take();
        if (text_[position] == '}') return true;
        for (uint32_t ordinal = 0;; ++ordinal) {
            uint32_t keyPosition = position;
            int32_t slot = -1;
            if (!known_key(node, ordinal, position, slot)) return false;
            position = take();
            if (slot < 0) {
                if (!skip(position, depth)) return false;
            } else {
                Node &child = decoder_.nodes[size_t(decoder_.slots[size_t(slot)].node)];
                if (child.seenIn == decoder_.eventNumber) {
                    return fail(EVENT_FAULT_DUPLICATE_FIELD, keyPosition, child.lowestField);
                }
                child.seenIn = decoder_.eventNumber;
                if (!value(child, position, depth)) return false;
            }
            position = take();
            if (text_[position] == '}') return true;
            if (text_[position] != ',') return fail(EVENT_FAULT_INVALID_JSON, position);
            position = take();
        }
    }

    /// Decodes the value of a key that leads to a field or to an object with fields.
    bool value(const Node &node, uint32_t position, size_t depth) noexcept {
        if (text_[position] == '{' && node.field < 0) {
            if (depth >= decoder_.depthMax) return fail(EVENT_FAULT_NESTED_TOO_DEEP, position);
            return object(node, depth + 1);
        }
        Value value;
        value.position = position;
        value.kind = Kind::container;
        if (!read(position, depth, value)) return false;
        if (value.kind == Kind::null) {
            for (int32_t field : decoder_.fieldsBelow[size_t(&node - decoder_.nodes.data())]) {
                if (!set_null(field, position)) return false;
            }
            return true;
        }
        if (node.field < 0) return fail(EVENT_FAULT_WRONG_TYPE, position, node.lowestField);
        for (int32_t field = node.field; field >= 0; field = decoder_.fields[size_t(field)].nextOfSame) {
            if (!store(field, value)) return false;
        }
        return true;
    }

    /// Reads a value whatever its type: one that is not JSON is a fault before one of the wrong type is.
    bool read(uint32_t position, size_t depth, Value &value) noexcept {
        switch (text_[position]) {
            case '"': value.kind = Kind::string; return string(position, value.text);
            case '{': case '[': return skip(position, depth);
            case 't': value.kind = Kind::isTrue; return literal(position, "true", 4);
            case 'f': value.kind = Kind::isFalse; return literal(position, "false", 5);
            case 'n': value.kind = Kind::null; return literal(position, "null", 4);
            default: value.kind = Kind::number; return number(position, value.token);
        }
    }

    bool set_null(int32_t field, uint32_t position) noexcept {
        const event_field &plan = decoder_.fields[size_t(field)].plan;
        if (!plan.is_nullable) return fail(EVENT_FAULT_FIELD_NULL, position, field);
        set_presence(field, plan, PresenceByte::null);
        return true;
    }

    void set_presence(int32_t field, const event_field &plan, PresenceByte presence) noexcept {
        presence_[field] = presence;
        requiredSeen_ += plan.is_optional ? 0 : 1;
    }

    bool store(int32_t field, const Value &value) noexcept {
        const event_field &plan = decoder_.fields[size_t(field)].plan;
        uint16_t code = EVENT_FAULT_WRONG_TYPE;
        switch (value.kind) {
            case Kind::string: code = store_text(plan, value.text, field); break;
            case Kind::number: code = convert_number(plan, value.token, row_.words[field]); break;
            case Kind::isTrue: case Kind::isFalse:
                if (plan.type != EVENT_FIELD_BOOL) break;
                row_.words[field] = value.kind == Kind::isTrue ? 1 : 0;
                code = EVENT_FAULT_NONE;
                break;
            case Kind::null: case Kind::container: break;
        }
        if (code != EVENT_FAULT_NONE) return fail(code, value.position, field);
        set_presence(field, plan, PresenceByte::present);
        return true;
    }

    uint16_t store_text(const event_field &plan, Text content, int32_t field) noexcept {
        switch (plan.type) {
            case EVENT_FIELD_STRING:
                if (content.length > decoder_.stringBytesMax) return EVENT_FAULT_STRING_TOO_LONG;
                row_.strings[field] = {content.start, content.length};
                return EVENT_FAULT_NONE;
            // Money is often sent as text, so that no double comes between; times have both forms.
            case EVENT_FIELD_DECIMAL: case EVENT_FIELD_ISO8601: case EVENT_FIELD_EPOCH:
                return convert_text(plan, content.start, content.length, row_.words[field]);
            default: return EVENT_FAULT_WRONG_TYPE;
        }
    }

    event_decoder &decoder_;
    const uint8_t *text_;
    const uint32_t *next_;
    const uint32_t *end_;
    uint32_t length_;
    event_row row_;
    PresenceByte *presence_;
    uint8_t *unescaped_;
    size_t requiredSeen_ = 0;
    event_fault fault_ = {EVENT_FAULT_NONE, -1, 0};
    bool hasEscapes_;
};

/// The fault of an event that the first pass refused. That pass only says that there is one; this finds where.
event_fault locate(const uint8_t *text, size_t length) noexcept {
    size_t sound = sound_utf8_length(text, length);
    if (sound < length) return {EVENT_FAULT_INVALID_UTF8, -1, uint32_t(sound)};
    bool inString = false;
    for (size_t place = 0; place < length; ++place) {
        if (text[place] == '"') inString = !inString;
        if (text[place] == '\\') {
            ++place;
        } else if (inString && text[place] < 0x20) {
            return {EVENT_FAULT_INVALID_JSON, -1, uint32_t(place)};
        }
    }
    return {EVENT_FAULT_INVALID_JSON, -1, uint32_t(length)};
}

}  // namespace

extern "C" event_fault event_decoder_decode_json(
    event_decoder *decoder, const uint8_t *bytes, size_t length, event_row row
) {
    decoder->clear(row);
    if (length > decoder->eventBytesMax) return {EVENT_FAULT_EVENT_TOO_LARGE, -1, uint32_t(decoder->eventBytesMax)};
    if (!decoder->load(bytes, length)) return {EVENT_FAULT_EVENT_TOO_LARGE, -1, 0};
    decoder->eventNumber += 1;
    if (!decoder->index.run(decoder->text.data(), length)) return locate(decoder->text.data(), length);
    return JSONWalk(*decoder, length, row).run();
}
