#include "cdc/base/digits.h"

const char sl_digits_pairs[201] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

const uint64_t sl_digits_powers[20] = {
    0,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    UINT64_C(10000000000000000000),
};

/* The divisions of two halves do not wait for each other, those of pair after pair would. */
static inline void put_four(uint8_t *out, uint32_t value)
{
    sl_digits_two(out, value / 100);
    sl_digits_two(out + 2, value % 100);
}

static inline void put_eight(uint8_t *out, uint32_t value)
{
    put_four(out, value / 10000);
    put_four(out + 4, value % 10000);
}

void sl_digits_fixed(uint8_t *out, uint64_t value, size_t width)
{
    while (width >= 4) {
        width -= 4;
        put_four(out + width, (uint32_t)(value % 10000));
        value /= 10000;
    }
    if (width >= 2) {
        width -= 2;
        sl_digits_two(out + width, (uint32_t)(value % 100));
        value /= 100;
    }
    if (width == 1) {
        out[0] = (uint8_t)('0' + value % 10);
    }
}

static void put_small(uint8_t *end, uint32_t value)
{
    if (value >= 10000) {
        end -= 4;
        put_four(end, value % 10000);
        value /= 10000;
    }
    if (value >= 100) {
        end -= 2;
        sl_digits_two(end, value % 100);
        value /= 100;
    }
    if (value >= 10) {
        sl_digits_two(end - 2, value);
    } else {
        end[-1] = (uint8_t)('0' + value);
    }
}

size_t sl_digits_u64(uint8_t *out, uint64_t value)
{
    size_t width = sl_digits_count(value);
    uint8_t *end = out + width;

    while (value >= 100000000) {
        end -= 8;
        put_eight(end, (uint32_t)(value % 100000000));
        value /= 100000000;
    }
    put_small(end, (uint32_t)value);
    return width;
}

size_t sl_digits_i64(uint8_t *out, int64_t value)
{
    if (value >= 0) {
        return sl_digits_u64(out, (uint64_t)value);
    }
    out[0] = '-';
    return 1 + sl_digits_u64(out + 1, 0 - (uint64_t)value);
}
