#include "scalar_text.hpp"

#include <charconv>
#include <cmath>

namespace riffle {
namespace {

constexpr int64_t exponentMax = 1'000'000'000'000;
constexpr int64_t microsecondsMin = -62'135'596'800'000'000;
constexpr int64_t microsecondsMax = 253'402'300'799'999'999;

constexpr uint64_t powersOfTen[] = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000,
    100'000'000'000, 1'000'000'000'000, 10'000'000'000'000, 100'000'000'000'000, 1'000'000'000'000'000,
    10'000'000'000'000'000, 100'000'000'000'000'000, 1'000'000'000'000'000'000, 10'000'000'000'000'000'000ULL};

/// Exact as doubles, so that a short number needs one correctly rounded operation.
constexpr double doublePowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace

bool scan_exponent(const uint8_t *&place, int64_t &exponent) noexcept {
    ++place;
    bool negative = *place == '-';
    if (*place == '-' || *place == '+') ++place;
    if (digit(*place) > 9) return false;
    int64_t value = 0;
    for (; digit(*place) <= 9; ++place) {
        if (value < exponentMax) value = value * 10 + digit(*place);
    }
    exponent = negative ? -value : value;
    return true;
}

void scan_long_mantissa(NumberToken &token, int64_t writtenExponent) noexcept {
    uint64_t mantissa = 0;
    int kept = 0;
    int64_t behindPoint = 0, dropped = 0, lastNonzeroDropped = 0;
    bool pointSeen = false;
    const uint8_t *place = token.start + (token.negative ? 1 : 0);
    for (; digit(*place) <= 9 || (*place == '.' && !pointSeen); ++place) {
        if (*place == '.') {
            pointSeen = true;
            continue;
        }
        behindPoint += pointSeen ? 1 : 0;
        unsigned value = digit(*place);
        if (kept == 0 && value == 0) continue;
        if (kept < mantissaDigitsMax) {
            mantissa = mantissa * 10 + value;
            kept += 1;
            continue;
        }
        dropped += 1;
        if (value != 0) lastNonzeroDropped = dropped;
    }
    token.mantissa = mantissa;
    token.exponent = writtenExponent - behindPoint + dropped;
    token.sticky = lastNonzeroDropped > 0;
    token.lowest = token.exponent - lastNonzeroDropped;
}

Scaled scale_slowly(const NumberToken &token, int64_t power, int64_t &out) noexcept {
    uint64_t magnitude = token.mantissa;
    int64_t exponent = token.exponent + power;
    if (magnitude == 0) {
        out = 0;
        return Scaled::exact;
    }
    // More than 19 significant digits: either the last is below one unit, or the first is beyond 64 bits.
    if (token.sticky) return token.lowest + power < 0 ? Scaled::inexact : Scaled::overflow;
    if (exponent < 0) {
        if (exponent < -mantissaDigitsMax) return Scaled::inexact;
        uint64_t divisor = powersOfTen[-exponent];
        if (magnitude % divisor != 0) return Scaled::inexact;
        magnitude /= divisor;
    } else if (exponent > 0) {
        if (exponent > 18) return Scaled::overflow;
        if (__builtin_mul_overflow(magnitude, powersOfTen[exponent], &magnitude)) return Scaled::overflow;
    }
    return apply_sign(magnitude, token.negative, out) ? Scaled::exact : Scaled::overflow;
}

bool scale_floor(const NumberToken &token, int64_t power, int64_t &out) noexcept {
    uint64_t magnitude = token.mantissa;
    int64_t exponent = token.exponent + power;
    bool cut = token.sticky;
    if (magnitude == 0) {
        out = 0;
        return true;
    }
    if (exponent < 0) {
        uint64_t divisor = exponent < -mantissaDigitsMax ? 0 : powersOfTen[-exponent];
        uint64_t rest = divisor == 0 ? magnitude : magnitude % divisor;
        magnitude = divisor == 0 ? 0 : magnitude / divisor;
        cut = cut || rest != 0;
    } else if (exponent > 0) {
        if (exponent > 18 || __builtin_mul_overflow(magnitude, powersOfTen[exponent], &magnitude)) return false;
    }
    if (token.negative && cut && __builtin_add_overflow(magnitude, uint64_t(1), &magnitude)) return false;
    return apply_sign(magnitude, token.negative, out);
}

bool to_double(const NumberToken &token, double &out) noexcept {
    // Both operands are exact, so that the one operation rounds once, as the standard asks for the whole.
    if (!token.sticky && token.mantissa <= (uint64_t(1) << 53) && token.exponent >= -22 && token.exponent <= 22) {
        double value = double(token.mantissa);
        value = token.exponent < 0 ? value / doublePowers[-token.exponent] : value * doublePowers[token.exponent];
        out = token.negative ? -value : value;
        return true;
    }
    double value = 0;
    auto first = reinterpret_cast<const char *>(token.start);
    auto last = reinterpret_cast<const char *>(token.end);
    auto result = std::from_chars(first, last, value);
    if (result.ec == std::errc::result_out_of_range) {
        // Newer libraries answer so for what is too small as well: then the leading digit is behind the point.
        if (token.mantissa != 0 && token.exponent > -mantissaDigitsMax) return false;
        value = token.negative ? -0.0 : 0.0;
    }
    if (!std::isfinite(value)) return false;
    out = value;
    return true;
}

bool is_time_in_range(int64_t microseconds) noexcept {
    return microseconds >= microsecondsMin && microseconds <= microsecondsMax;
}

namespace {

/// A cursor over fixed-width decimal fields that remembers whether anything was amiss.
struct DigitReader {
    const uint8_t *place;
    bool valid = true;

    int two() noexcept {
        unsigned tens = digit(place[0]), ones = digit(place[1]);
        valid = valid && tens <= 9 && ones <= 9;
        place += 2;
        return int(tens * 10 + ones);
    }

    void expect(uint8_t byte) noexcept {
        valid = valid && *place == byte;
        ++place;
    }
};

bool is_leap(int year) noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 1; false if there is no such day.
bool civil_days(int year, int month, int day, int64_t &days) noexcept {
    static constexpr int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    if (month < 1 || month > 12 || day < 1) return false;
    int leapDay = is_leap(year) ? 1 : 0;
    int length = before[month] - before[month - 1] + (month == 2 ? leapDay : 0);
    if (day > length) return false;
    int64_t whole = year - 1;
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    int64_t leapDays = whole / 4 - whole / 100 + whole / 400;
    int64_t dayOfYear = before[month - 1] + (month > 2 ? leapDay : 0) + day - 1;
    days = whole * 365 + leapDays + dayOfYear - 719'162;
    return true;
}

/// Reads `Z`, `+hh:mm`, `+hhmm`, `+hh` (or `-`) or nothing up to `end`; seconds east of Greenwich.
bool parse_offset(const uint8_t *place, const uint8_t *end, int64_t &seconds) noexcept {
    seconds = 0;
    if (place == end) return true;
    if (*place == 'Z' || *place == 'z') return place + 1 == end;
    if (*place != '+' && *place != '-') return false;
    bool west = *place == '-';
    ptrdiff_t length = end - ++place;
    if (length != 2 && length != 4 && length != 5) return false;
    DigitReader reader{place};
    int hours = reader.two(), minutes = 0;
    if (length == 5) reader.expect(':');
    if (length > 2) minutes = reader.two();
    if (!reader.valid || hours > 23 || minutes > 59) return false;
    seconds = (hours * 60 + minutes) * 60;
    if (west) seconds = -seconds;
    return true;
}

/// Reads the digits behind the point into microseconds; those after the sixth are cut off, which is towards the past.
bool parse_fraction(const uint8_t *&place, const uint8_t *end, int64_t &microseconds) noexcept {
    int64_t value = 0;
    int count = 0;
    for (; place < end && digit(*place) <= 9; ++place) {
        if (count < 6) value = value * 10 + digit(*place);
        count = count < 6 ? count + 1 : 7;
    }
    if (count == 0) return false;
    for (; count < 6; ++count) value *= 10;
    microseconds = value;
    return true;
}

}  // namespace

TimeText parse_iso8601(const uint8_t *text, size_t length, int64_t &microseconds) noexcept {
    constexpr size_t dateLength = 10, secondsLength = 19;
    if (length < dateLength || (length > dateLength && length < secondsLength)) return TimeText::invalid;
    DigitReader reader{text};
    int century = reader.two();
    int year = century * 100 + reader.two();
    reader.expect('-');
    int month = reader.two();
    reader.expect('-');
    int day = reader.two();
    int64_t days = 0, secondOfDay = 0, fraction = 0, offset = 0;
    if (!reader.valid || !civil_days(year, month, day, days)) return TimeText::invalid;
    if (length > dateLength) {
        uint8_t separator = *reader.place++;
        if (separator != 'T' && separator != 't' && separator != ' ') return TimeText::invalid;
        int hour = reader.two();
        reader.expect(':');
        int minute = reader.two();
        reader.expect(':');
        int second = reader.two();
        if (!reader.valid || hour > 23 || minute > 59 || second > 59) return TimeText::invalid;
        secondOfDay = (hour * 60 + minute) * 60 + second;
        const uint8_t *place = reader.place, *end = text + length;
        if (place < end && *place == '.' && !parse_fraction(++place, end, fraction)) return TimeText::invalid;
        if (!parse_offset(place, end, offset)) return TimeText::invalid;
    }
    if (year == 0) return TimeText::outOfRange;
    microseconds = (days * 86'400 + secondOfDay - offset) * 1'000'000 + fraction;
    return is_time_in_range(microseconds) ? TimeText::valid : TimeText::outOfRange;
}

TimeText epoch_time(const NumberToken &token, int digits, int64_t &microseconds) noexcept {
    if (digits == 6) {
        switch (scale_exactly(token, 0, microseconds)) {
            case Scaled::exact: break;
            case Scaled::inexact: return TimeText::invalid;
            case Scaled::overflow: return TimeText::outOfRange;
        }
    } else if (!scale_floor(token, 6 - digits, microseconds)) {
        return TimeText::outOfRange;
    }
    return is_time_in_range(microseconds) ? TimeText::valid : TimeText::outOfRange;
}

}  // namespace riffle
