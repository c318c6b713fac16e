/// What a decoder knows: its fields, the tree of their paths, its buffers. Shared by the JSON and the CSV side.
#ifndef RIFFLE_EVENT_FIELDS_HPP
#define RIFFLE_EVENT_FIELDS_HPP

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "event_decoder.h"
#include "scalar_text.hpp"
#include "structural_index.hpp"

namespace riffle {

/// What identifies a key at a glance; longer keys are compared whole as well. Needs 8 readable bytes at `bytes`.
struct KeyImage {
    uint64_t first;
    uint64_t last;
    size_t length;

    static KeyImage of(const uint8_t *bytes, size_t length) noexcept {
        KeyImage image{0, 0, length};
        std::memcpy(&image.first, bytes, 8);
        if (length >= 8) {
            std::memcpy(&image.last, bytes + length - 8, 8);
        } else {
            // Little-endian: the bytes behind the key are the high ones.
            image.first &= (uint64_t(1) << (length * 8)) - 1;
        }
        return image;
    }

    uint64_t hash() const noexcept {
        return (first ^ (last * 0x9E3779B97F4A7C15u) ^ length) * 0xD6E8FEB86659FD93u;
    }
};

struct Field {
    event_field plan;
    std::vector<std::string> path;
    /// Another field that reads the same value, or -1.
    int32_t nextOfSame = -1;
};

/// A place in the tree of paths.
struct Node {
    /// The first field that stands here (`Field::nextOfSame` leads to others), or -1.
    int32_t field = -1;
    /// The lowest field here or below, or -1 for a root without fields.
    int32_t lowestField = -1;
    /// The children's slots: an open-addressed table of 1 << slotBits, at least half of it empty.
    uint32_t slotStart = 0;
    uint32_t slotBits = 0;
    /// Where in `event_decoder::expected` the object's keys stand.
    uint32_t expectedStart = 0;
    /// The event in which the key was last seen.
    uint64_t seenIn = 0;
};

struct Slot {
    KeyImage image;
    const uint8_t *bytes;
    /// -1: empty.
    int32_t node;
    /// The key is written in JSON as it is, without escapes.
    bool isPlain;

    /// Needs 8 readable bytes at `key`.
    bool matches(const uint8_t *key, const KeyImage &other) const noexcept {
        if (image.first != other.first || image.last != other.last || image.length != other.length) return false;
        return image.length <= 16 || std::memcmp(bytes, key, image.length) == 0;
    }
};

/// Of so many keys of an object is remembered where they led in the last event.
constexpr uint32_t expectedKeysMax = 32;

struct Cell {
    size_t start;
    size_t length;
    bool isQuoted;
};

/// A buffer of bytes that grows in powers of two and is never cleared.
class Bytes {
public:
    Bytes() = default;
    ~Bytes() { delete[] start_; }
    Bytes(const Bytes &) = delete;
    Bytes &operator=(const Bytes &) = delete;

    bool reserve(size_t capacity) noexcept {
        uint8_t *grown = new (std::nothrow) uint8_t[capacity]();
        if (grown == nullptr) return false;
        delete[] start_;
        start_ = grown;
        return true;
    }

    uint8_t *data() const noexcept { return start_; }

private:
    uint8_t *start_ = nullptr;
};

/// The code of a number in a numeric field, or of the time that it stands for.
uint16_t convert_number(const event_field &plan, const NumberToken &token, int64_t &word) noexcept;

/// The code of a text in a field whose type may be written as text, in JSON as well as in CSV.
uint16_t convert_text(const event_field &plan, const uint8_t *text, size_t length, int64_t &word) noexcept;

/// How many bytes of a padded text are UTF-8; slow, for telling where a fault is.
size_t sound_utf8_length(const uint8_t *text, size_t length) noexcept;

}  // namespace riffle

struct event_decoder {
    size_t eventBytesMax;
    size_t depthMax;
    size_t stringBytesMax;

    std::vector<riffle::Field> fields;
    std::vector<riffle::Node> nodes;
    std::vector<riffle::Slot> slots;
    /// The slots (-1: none) of each object's first keys in the last event: producers write them in the same order.
    std::vector<int32_t> expected;
    /// The fields at or below each node, for an object that is null.
    std::vector<std::vector<int32_t>> fieldsBelow;
    /// The keys, each followed by eight bytes that may be read.
    std::vector<std::unique_ptr<std::string>> keys;
    size_t requiredCount = 0;

    riffle::StructuralIndex index;
    size_t capacity = 0;
    /// The event, padded: what Kafka hands out has nothing behind it that may be read.
    riffle::Bytes text;
    /// Strings that had escapes, written out.
    riffle::Bytes unescaped;
    /// Which brackets are open in a value that is skipped.
    riffle::Bytes brackets;
    uint64_t eventNumber = 0;

    /// The first field of each CSV column (`Field::nextOfSame` leads to others), or -1.
    std::vector<int32_t> columns;
    std::vector<riffle::Cell> cells;

    /// Copies an event into `text` with spaces behind it; false if there is no memory.
    bool load(const uint8_t *bytes, size_t length) noexcept;
    /// Sets all of a row to absent.
    void clear(event_row row) const noexcept;
    /// The fault of the first required field that is absent.
    event_fault missing(event_row row, size_t length) const noexcept;
    /// The slot that `key` leads to, or -1. Needs 8 readable bytes at `key`.
    int32_t find(const riffle::Node &parent, const uint8_t *key, size_t length) const noexcept {
        riffle::KeyImage image = riffle::KeyImage::of(key, length);
        uint64_t mask = (uint64_t(1) << parent.slotBits) - 1;
        for (uint64_t place = image.hash() >> (64 - parent.slotBits);; place = (place + 1) & mask) {
            const riffle::Slot &slot = slots[parent.slotStart + place];
            if (slot.node < 0) return -1;
            if (slot.matches(key, image)) return int32_t(parent.slotStart + place);
        }
    }
};

#endif
