#include "filters/key_parse.h"

#include "cdc/mapper.h"
#include "filters/key_part.h"
#include "filters/key_text.h"

enum {
    SL_STEPS_MAX = 100000, /* a template of many values side by side has too many ways */
    SL_INTEGER_MAX = 256,  /* digits: ZEROFILL pads up to 255 */
};

/* The search for the ways to part a key. Values are held as they stand in the key: two encoded
 * values are the same exactly when the values are. */
struct search {
    const struct sl_key *key;
    const struct sl_table *table;
    struct sl_span *values; /* of every part, on the way that is being tried */
    struct sl_span *found;  /* the first way that led to the end */
    unsigned ways;
    unsigned steps;
};

static bool is_integer(struct sl_span text, bool is_unsigned)
{
    size_t at = !is_unsigned && text.len > 0 && text.data[0] == '-';

    if (at == text.len || text.len > SL_INTEGER_MAX) {
        return false;
    }
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9') {
        at++;
    }
    return at == text.len;
}

/* "2026-11-21 12:00:00" and up to six digits more; in a key ":" takes three bytes. How many digits
 * is not known of every layout. */
static bool has_datetime_length(struct sl_span text)
{
    return text.len == 23 || (text.len >= 25 && text.len <= 30);
}

/* False when COLUMN has no value whose encoded text is TEXT. Of most types nothing is certain. */
static bool may_hold(const struct sl_column *column, struct sl_span text)
{
    if (sl_key_is_null(text)) {
        return true;
    }
    switch (column->type) {
    case SL_TYPE_TINY:
    case SL_TYPE_SHORT:
    case SL_TYPE_INT24:
    case SL_TYPE_LONG:
    case SL_TYPE_LONGLONG:
        return is_integer(text, column->is_unsigned);
    case SL_TYPE_BIT:
    case SL_TYPE_YEAR:
        return is_integer(text, true);
    case SL_TYPE_DATE:
        return text.len == 10;
    case SL_TYPE_DATETIME2:
    case SL_TYPE_TIMESTAMP2:
        return has_datetime_length(text);
    default:
        return true;
    }
}

/* The name of a part is not empty, and never NULL. */
static bool may_be(const struct search *search, size_t part, struct sl_span text)
{
    uint32_t column = search->key->parts[part].column;

    return column == SL_KEY_PART_NAME ? text.len > 0 && !sl_key_is_null(text)
                                      : may_hold(&search->table->columns[column], text);
}

/* A column that stands in the template twice has one value. */
static bool agrees(const struct search *search, size_t part)
{
    struct sl_span here = search->values[part];

    for (size_t i = 0; i < part; i++) {
        if (search->key->parts[i].column == search->key->parts[part].column &&
            (search->values[i].len != here.len ||
             (here.len > 0 && memcmp(search->values[i].data, here.data, here.len) != 0))) {
            return false;
        }
    }
    return true;
}

static bool is_over(const struct search *search)
{
    return search->ways > 1 || search->steps > SL_STEPS_MAX;
}

static void try_from(struct search *search, size_t part, struct sl_span rest);

/* NOLINTNEXTLINE(misc-no-recursion) */
static void try_value(struct search *search, size_t part, struct sl_span rest, size_t len)
{
    search->values[part] = sl_span_make(rest.data, len);
    if (may_be(search, part, search->values[part]) && agrees(search, part)) {
        try_from(search, part + 1, sl_span_make(rest.data + len, rest.len - len));
    }
}

/* Every end that the value can have. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void try_values(struct search *search, size_t part, struct sl_span rest)
{
    size_t len = 0;
    size_t unit;

    if (sl_key_is_null(rest)) {
        try_value(search, part, rest, 2);
    }
    do {
        try_value(search, part, rest, len);
        unit = sl_key_unit_length(sl_span_make(rest.data + len, rest.len - len));
        len += unit;
        search->steps++;
    } while (unit > 0 && !is_over(search));
}

static void keep_way(struct search *search)
{
    if (search->ways++ == 0) {
        memcpy(search->found, search->values, search->key->count * sizeof(*search->found));
    }
}

/* Recursion is as deep as the template has parts. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void try_from(struct search *search, size_t part, struct sl_span rest)
{
    const struct sl_key_part *here = &search->key->parts[part];

    search->steps++;
    if (part == search->key->count) {
        if (rest.len == 0) {
            keep_way(search);
        }
        return;
    }
    if (here->column != SL_KEY_LITERAL) {
        try_values(search, part, rest);
        return;
    }
    if (rest.len >= here->len &&
        memcmp(rest.data, search->key->literals.data + here->at, here->len) == 0) {
        search->values[part] = sl_span_make(rest.data, here->len);
        try_from(search, part + 1, sl_span_make(rest.data + here->len, rest.len - here->len));
    }
}

static uint8_t hex_digit(uint8_t byte)
{
    return (uint8_t)(byte <= '9' ? byte - '0' : byte - 'A' + 10);
}

static int decode(struct sl_span text, struct sl_arena *arena, struct sl_cell *cell)
{
    uint8_t *out;
    uint32_t len = 0;

    if (sl_key_is_null(text)) {
        *cell = (struct sl_cell){.state = SL_CELL_NULL};
        return SL_OK;
    }
    out = sl_arena_alloc(arena, text.len + 1);
    if (out == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '%') {
            out[len++] = (uint8_t)(hex_digit(text.data[i + 1]) << 4 | hex_digit(text.data[i + 2]));
            i += 2;
        } else {
            out[len++] = text.data[i];
        }
    }
    *cell = (struct sl_cell){.data = out, .len = len, .state = SL_CELL_TEXT};
    return SL_OK;
}

static int take_way(const struct search *search, struct sl_arena *arena, struct sl_cell *cells)
{
    int rc = SL_OK;

    memset(cells, 0, search->table->column_count * sizeof(*cells));
    for (size_t i = 0; rc == SL_OK && i < search->key->count; i++) {
        uint32_t column = search->key->parts[i].column;

        if (column != SL_KEY_LITERAL && column != SL_KEY_PART_NAME) {
            rc = decode(search->found[i], arena, &cells[column]);
        }
    }
    return rc;
}

int sl_key_parse(const struct sl_key *key, const struct sl_table *table, struct sl_span text,
                 struct sl_arena *arena, struct sl_cell *cells)
{
    struct search search = {
        .key = key,
        .table = table,
        .values = sl_arena_array(arena, key->count, sizeof(*search.values)),
        .found = sl_arena_array(arena, key->count, sizeof(*search.found)),
    };

    if (search.values == NULL || search.found == NULL || text.len >= UINT32_MAX) {
        return SL_ENOMEM;
    }
    try_from(&search, 0, text.len > 0 ? text : sl_span_make("", 0));
    if (is_over(&search)) {
        return SL_KEY_UNCLEAR;
    }
    return search.ways == 1 ? take_way(&search, arena, cells) : SL_DONE;
}
