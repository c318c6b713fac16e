/// Numbers and times from text: one definition for JSON tokens, JSON strings and CSV cells.
///
/// Every function here reads up to a byte that cannot be part of a number; callers pass padded buffers, in which one
/// follows.
#ifndef RIFFLE_SCALAR_TEXT_HPP
#define RIFFLE_SCALAR_TEXT_HPP

#include <cstddef>
#include <cstdint>

namespace riffle {

/// A number as it is written, before it is given a type: (mantissa + something below one if `sticky`) x 10^exponent.
struct NumberToken {
    const uint8_t *start;
    const uint8_t *end;
    /// All significant digits, or the first 19 of them.
    uint64_t mantissa;
    int64_t exponent;
    /// The power of ten of the last digit that is not zero; only meaningful if `sticky`.
    int64_t lowest;
    bool negative;
    /// Digits other than zero stand behind those in the mantissa.
    bool sticky;
    /// Written without point and exponent.
    bool integer;
};

/// As many digits fit into a mantissa.
constexpr int mantissaDigitsMax = 19;

inline unsigned digit(uint8_t byte) noexcept { return unsigned(byte) - '0'; }

/// Reads `e[+-]digits`; huge exponents stop growing, since no event is long enough to make up for them.
bool scan_exponent(const uint8_t *&place, int64_t &exponent) noexcept;

/// Reads the digits again where there are more of them than a mantissa can hold.
void scan_long_mantissa(NumberToken &token, int64_t writtenExponent) noexcept;

/// True if a number by the grammar of RFC 8259 starts at `start`; what follows `token.end` is the caller's business.
inline bool scan_number(const uint8_t *start, NumberToken &token) noexcept {
    const uint8_t *place = start;
    token.start = start;
    token.negative = *place == '-';
    place += token.negative ? 1 : 0;
    const uint8_t *digits = place;
    uint64_t mantissa = 0;
    if (digit(*place) > 9) return false;
    if (*place == '0') {
        ++place;
        if (digit(*place) <= 9) return false;
    } else {
        for (; digit(*place) <= 9; ++place) mantissa = mantissa * 10 + digit(*place);
    }
    int64_t count = place - digits;
    int64_t exponent = 0, behindPoint = 0;
    token.integer = true;
    if (*place == '.') {
        const uint8_t *fraction = ++place;
        if (digit(*place) > 9) return false;
        for (; digit(*place) <= 9; ++place) mantissa = mantissa * 10 + digit(*place);
        behindPoint = place - fraction;
        count += behindPoint;
        token.integer = false;
    }
    if ((*place | 0x20) == 'e') {
        if (!scan_exponent(place, exponent)) return false;
        token.integer = false;
    }
    token.end = place;
    token.mantissa = mantissa;
    token.exponent = exponent - behindPoint;
    token.sticky = false;
    token.lowest = 0;
    if (count > mantissaDigitsMax) scan_long_mantissa(token, exponent);
    return true;
}

enum class Scaled { exact, inexact, overflow };

inline bool apply_sign(uint64_t magnitude, bool negative, int64_t &out) noexcept {
    constexpr uint64_t limit = uint64_t(1) << 63;
    if (magnitude > limit || (magnitude == limit && !negative)) return false;
    out = negative ? int64_t(0 - magnitude) : int64_t(magnitude);
    return true;
}

Scaled scale_slowly(const NumberToken &token, int64_t power, int64_t &out) noexcept;

/// The number x 10^power as a 64-bit integer, exactly, without passing through a double.
inline Scaled scale_exactly(const NumberToken &token, int64_t power, int64_t &out) noexcept {
    // Most numbers are written with just the digits that their field has.
    if (token.exponent + power != 0 || token.sticky) return scale_slowly(token, power, out);
    return apply_sign(token.mantissa, token.negative, out) ? Scaled::exact : Scaled::overflow;
}

/// The greatest integer at or below the number x 10^power; false if that is beyond 64 bits.
bool scale_floor(const NumberToken &token, int64_t power, int64_t &out) noexcept;

/// The nearest double; false if it overflows. What is too small becomes zero.
bool to_double(const NumberToken &token, double &out) noexcept;

enum class TimeText { valid, invalid, outOfRange };

/// Microseconds since 1970 from ISO 8601 / RFC 3339 text; a fraction beyond microseconds is cut off, towards the past.
TimeText parse_iso8601(const uint8_t *text, size_t length, int64_t &microseconds) noexcept;

/// Microseconds since 1970 from a number of 10^-digits seconds (0: s, 3: ms, 6: us); cut off towards the past, except
/// that a number of microseconds has to be whole.
TimeText epoch_time(const NumberToken &token, int digits, int64_t &microseconds) noexcept;

/// Whether a time is within years 1 to 9999, the bounds of `EventTime`.
bool is_time_in_range(int64_t microseconds) noexcept;

}  // namespace riffle
#endif
