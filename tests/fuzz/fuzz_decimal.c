/*
 * fuzz_decimal.c - two texts parted by a newline. Their order is that of the numbers: it turns
 * round with the texts and with both signs, and zeros at the ends do not matter.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/decimal_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4096 };

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

/* The same number with another sign, or with zeros around it. */
static struct sl_span rewrite(struct sl_span text, char *out, int flips)
{
    bool is_negative = text.len > 0 && text.data[0] == '-';
    bool has_sign = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
    bool has_point = memchr(text.data, '.', text.len) != NULL;
    size_t len = 0;

    if (is_negative != (flips != 0)) {
        out[len++] = '-';
    }
    out[len++] = '0';
    memcpy(out + len, text.data + has_sign, text.len - has_sign);
    len += text.len - has_sign;
    if (has_point) {
        out[len++] = '0';
    }
    return sl_span_make(out, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    char rooms[2][ROOM + 8];
    struct sl_span a;
    struct sl_span b;
    int order;
    int other;

    if (end == NULL || size > ROOM) {
        return 0;
    }
    a = sl_span_make(data, (size_t)(end - data));
    b = sl_span_make(end + 1, size - a.len - 1);
    if (!sl_decimal_compare(a, b, &order)) {
        must(!sl_decimal_compare(b, a, &other));
        return 0;
    }
    must(order >= -1 && order <= 1);
    must(sl_decimal_compare(b, a, &other) && other == -order);
    must(sl_decimal_compare(a, a, &other) && other == 0);
    must(sl_decimal_compare(a, rewrite(a, rooms[0], 0), &other) && other == 0);
    must(sl_decimal_compare(rewrite(a, rooms[0], 1), rewrite(b, rooms[1], 1), &other));
    must(other == -order);
    return 0;
}
