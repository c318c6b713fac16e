#include "charconv.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace {

template <typename Value>
size_t write(Value value, uint8_t *out) noexcept {
    char *first = reinterpret_cast<char *>(out);
    return size_t(std::to_chars(first, first + CHARCONV_BYTES_MAX, value).ptr - first);
}

}  // namespace

extern "C" {

size_t charconv_write_float(float value, uint8_t *out) { return write(value, out); }

size_t charconv_write_double(double value, uint8_t *out) { return write(value, out); }

size_t charconv_write_int64(int64_t value, uint8_t *out) { return write(value, out); }

size_t charconv_write_decimal(int64_t units, uint32_t scale, uint8_t *out) {
    if (scale == 0) return write(units, out);
    if (scale > 18) scale = 18;
    // The magnitude is taken without a sign, so that the least integer has one.
    uint64_t rest = units < 0 ? 0 - uint64_t(units) : uint64_t(units);
    uint8_t digits[CHARCONV_BYTES_MAX];
    size_t place = CHARCONV_BYTES_MAX;
    uint32_t written = 0;
    while (rest != 0 || written <= scale) {
        if (written == scale) digits[--place] = '.';
        digits[--place] = uint8_t('0' + rest % 10);
        rest /= 10;
        written += 1;
    }
    if (units < 0) digits[--place] = '-';
    size_t length = CHARCONV_BYTES_MAX - place;
    std::memcpy(out, digits + place, length);
    return length;
}

bool charconv_parse_double(const uint8_t *bytes, size_t length, double *out) {
    const char *first = reinterpret_cast<const char *>(bytes);
    double value = 0;
    auto result = std::from_chars(first, first + length, value);
    // A number too small for a double is refused too: the standard leaves no value to give back.
    if (result.ec != std::errc() || result.ptr != first + length || !std::isfinite(value)) return false;
    *out = value;
    return true;
}

bool charconv_parse_int64(const uint8_t *bytes, size_t length, int64_t *out) {
    const char *first = reinterpret_cast<const char *>(bytes);
    int64_t value = 0;
    auto result = std::from_chars(first, first + length, value);
    if (result.ec != std::errc() || result.ptr != first + length) return false;
    *out = value;
    return true;
}

}  // extern "C"
