/// The vectorised first pass over a JSON text: where its tokens start, and whether its encoding and strings are sound.
#ifndef RIFFLE_STRUCTURAL_INDEX_HPP
#define RIFFLE_STRUCTURAL_INDEX_HPP

#include <cstddef>
#include <cstdint>

namespace riffle {

/// Bytes that have to be readable behind a text.
constexpr size_t textPadding = 64;

/// Owner of a simdjson parser of which only the first stage is used.
///
/// The second pass is Riffle's own (`event_json.cpp`): On-Demand does not look into values that are skipped, and a
/// document tree would be built only to be read once.
class StructuralIndex {
public:
    StructuralIndex() noexcept;
    ~StructuralIndex();
    StructuralIndex(const StructuralIndex &) = delete;
    StructuralIndex &operator=(const StructuralIndex &) = delete;

    /// Makes room for texts of `capacity` bytes; false if there is no memory.
    bool reserve(size_t capacity) noexcept;

    /// Finds the tokens: `{ } [ ] : ,`, the opening quote of each string, the first byte of anything else.
    ///
    /// False if the text is not UTF-8, has no token, a string that does not end, or a control character in a string.
    /// Needs `length` within the capacity and `textPadding` readable bytes behind it.
    bool run(const uint8_t *text, size_t length) noexcept;

    /// Positions in rising order; `positions()[count()]` is the text's length.
    const uint32_t *positions() const noexcept { return positions_; }
    uint32_t count() const noexcept { return count_; }

private:
    void *parser_ = nullptr;
    const uint32_t *positions_ = nullptr;
    uint32_t count_ = 0;
};

bool is_utf8(const uint8_t *bytes, size_t length) noexcept;

}  // namespace riffle
#endif
