/// Numbers to text and back, exact and free of any locale: a plain C surface over libstdc++'s <charconv>.
#ifndef RIFFLE_CHARCONV_H
#define RIFFLE_CHARCONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// No number's text is longer: the caller's buffer holds at least so many bytes.
enum { CHARCONV_BYTES_MAX = 32 };

/// Writes the shortest text that reads back to the same value ("nan" and "inf" for those) and returns its length.
size_t charconv_write_float(float value, uint8_t *out);
size_t charconv_write_double(double value, uint8_t *out);
size_t charconv_write_int64(int64_t value, uint8_t *out);

/// Writes units x 10^-scale with exactly `scale` (0 to 18) digits behind the point and returns the length.
size_t charconv_write_decimal(int64_t units, uint32_t scale, uint8_t *out);

/// True if all of the bytes are one number within the type; `out` is written only then. Never reads beyond `length`.
bool charconv_parse_double(const uint8_t *bytes, size_t length, double *out);
bool charconv_parse_int64(const uint8_t *bytes, size_t length, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
