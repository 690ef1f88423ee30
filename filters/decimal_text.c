#include "filters/decimal_text.h"

#include <string.h>

/* Views of the text: zeros that say nothing are cut off on both sides. */
struct decimal {
    bool is_negative; /* never of a zero */
    struct sl_span whole;
    struct sl_span fraction;
};

static struct sl_span take_digits(struct sl_span *rest)
{
    struct sl_span digits = sl_span_make(rest->data, 0);

    while (digits.len < rest->len && rest->data[digits.len] >= '0' &&
           rest->data[digits.len] <= '9') {
        digits.len++;
    }
    if (digits.len > 0) {
        *rest = sl_span_make(rest->data + digits.len, rest->len - digits.len);
    }
    return digits;
}

static bool take_byte(struct sl_span *rest, char byte)
{
    if (rest->len == 0 || rest->data[0] != (uint8_t)byte) {
        return false;
    }
    *rest = sl_span_make(rest->data + 1, rest->len - 1);
    return true;
}

static void trim(struct decimal *decimal)
{
    while (decimal->whole.len > 0 && decimal->whole.data[0] == '0') {
        decimal->whole = sl_span_make(decimal->whole.data + 1, decimal->whole.len - 1);
    }
    while (decimal->fraction.len > 0 && decimal->fraction.data[decimal->fraction.len - 1] == '0') {
        decimal->fraction.len--;
    }
    decimal->is_negative =
        decimal->is_negative && (decimal->whole.len > 0 || decimal->fraction.len > 0);
}

static bool parse(struct sl_span text, struct decimal *out)
{
    struct decimal decimal = {.is_negative = take_byte(&text, '-')};
    size_t digits;

    if (!decimal.is_negative) {
        (void)take_byte(&text, '+');
    }
    decimal.whole = take_digits(&text);
    digits = decimal.whole.len;
    if (take_byte(&text, '.')) {
        decimal.fraction = take_digits(&text);
        digits += decimal.fraction.len;
    }
    if (digits == 0 || text.len > 0) {
        return false;
    }
    trim(&decimal);
    *out = decimal;
    return true;
}

static int compare_bytes(struct sl_span a, struct sl_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
    int order;

    if (a->whole.len != b->whole.len) {
        return a->whole.len < b->whole.len ? -1 : 1;
    }
    order = compare_bytes(a->whole, b->whole);
    return order != 0 ? order : compare_bytes(a->fraction, b->fraction);
}

bool sl_decimal_compare(struct sl_span a, struct sl_span b, int *order)
{
    struct decimal x;
    struct decimal y;

    if (!parse(a, &x) || !parse(b, &y)) {
        return false;
    }
    if (x.is_negative != y.is_negative) {
        *order = x.is_negative ? -1 : 1;
    } else {
        *order = x.is_negative ? -compare_sizes(&x, &y) : compare_sizes(&x, &y);
    }
    return true;
}
