/*
 * rows.c - see rows.h. The loops over columns are the hottest code of the program: one pass over
 * the columns of an image does everything, with a version of its own for full images.
 */
#include "cdc/rows.h"

#include "cdc/event.h"
#include "cdc/table_map.h"

enum {
    SL_ROWS_DUMMY_ID = 0xffffff, /* sql/log_event.cc: ends a statement that wrote no row */
    SL_ROWS_PARTIAL_JSON = 1,    /* value_options: PARTIAL_JSON_UPDATES */
};

struct sl_rows_kind {
    enum sl_op op;
    bool is_rows;
    bool is_v2;
    bool is_compressed;
};

/* By event type: every event is looked up here. */
static const struct sl_rows_kind kinds[UINT8_MAX + 1] = {
    [SL_EVENT_WRITE_ROWS_V1] = {SL_OP_INSERT, true, false, false},
    [SL_EVENT_UPDATE_ROWS_V1] = {SL_OP_UPDATE, true, false, false},
    [SL_EVENT_DELETE_ROWS_V1] = {SL_OP_DELETE, true, false, false},
    [SL_EVENT_WRITE_ROWS] = {SL_OP_INSERT, true, true, false},
    [SL_EVENT_UPDATE_ROWS] = {SL_OP_UPDATE, true, true, false},
    [SL_EVENT_DELETE_ROWS] = {SL_OP_DELETE, true, true, false},
    [SL_EVENT_PARTIAL_UPDATE_ROWS] = {SL_OP_UPDATE, true, true, false},
    [SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED_V1] = {SL_OP_INSERT, true, false, true},
    [SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED_V1] = {SL_OP_UPDATE, true, false, true},
    [SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED_V1] = {SL_OP_DELETE, true, false, true},
    [SL_EVENT_MARIADB_WRITE_ROWS_COMPRESSED] = {SL_OP_INSERT, true, true, true},
    [SL_EVENT_MARIADB_UPDATE_ROWS_COMPRESSED] = {SL_OP_UPDATE, true, true, true},
    [SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED] = {SL_OP_DELETE, true, true, true},
};

bool sl_rows_is_type(uint8_t type)
{
    return kinds[type].is_rows;
}

bool sl_rows_is_compressed(uint8_t type)
{
    return kinds[type].is_compressed;
}

/* Version 2 has tagged extra information here (NDB, partition numbers): nothing that a cache needs.
 */
static int skip_extra(struct sl_span *rest)
{
    uint16_t len; /* its own two bytes included */
    int rc = sl_span_u16le(rest, &len);

    if (rc != SL_OK) {
        return rc;
    }
    return len < 2 ? SL_EFORMAT : sl_span_skip(rest, len - 2U);
}

static int take_bitmap(struct sl_span *rest, uint32_t columns, const uint8_t **bits)
{
    struct sl_span bytes;
    int rc = sl_span_take(rest, (columns + 7) / 8, &bytes);

    if (rc == SL_OK) {
        *bits = bytes.data;
    }
    return rc;
}

static int take_header(const struct sl_rows_kind *kind, struct sl_span *rest, struct sl_rows *rows)
{
    uint64_t columns;
    int rc = sl_span_skip(rest, SL_TABLE_MAP_ID_BYTES);

    if (rc == SL_OK && kind->is_v2) {
        rc = skip_extra(rest);
    }
    if (rc == SL_OK) {
        rc = sl_span_lenenc(rest, &columns);
    }
    if (rc != SL_OK) {
        return rc;
    }
    if (columns > SL_TABLE_COLUMNS_MAX) {
        return SL_EFORMAT;
    }
    rows->column_count = (uint32_t)columns;
    rc = take_bitmap(rest, rows->column_count, &rows->before_columns);
    rows->after_columns = rows->before_columns;
    if (rc == SL_OK && kind->op == SL_OP_UPDATE) {
        rc = take_bitmap(rest, rows->column_count, &rows->after_columns);
    }
    return rc;
}

int sl_rows_parse(uint8_t type, struct sl_span body, struct sl_rows *rows, struct sl_err *err)
{
    const struct sl_rows_kind *kind = &kinds[type];
    struct sl_rows parsed = {0};
    int rc = sl_table_map_id(body, &parsed.table_id, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (!kind->is_rows) {
        return sl_err_set(err, SL_EINVAL, "event type %u has no rows", type);
    }
    parsed.op = kind->op;
    parsed.is_partial = type == SL_EVENT_PARTIAL_UPDATE_ROWS;
    parsed.is_dummy = parsed.table_id == SL_ROWS_DUMMY_ID;
    rc = take_header(kind, &body, &parsed);
    if (rc != SL_OK && parsed.is_dummy) {
        rc = SL_OK;
        body.len = 0;
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the header of the rows is %s",
                          rc == SL_ETRUNC ? "cut off" : "malformed");
    }
    parsed.data = body;
    *rows = parsed;
    return SL_OK;
}

/* What one image of the rows of an event is read by. */
struct sl_image {
    const struct sl_column *columns;
    uint32_t column_count;
    const uint8_t *present; /* bits */
    uint32_t present_count;
    struct sl_cell *cells;
};

/* What load_bits() makes of a bitmap of ones. */
static inline uint64_t load_mask(uint32_t from, uint32_t count)
{
    return count - from >= 64 ? UINT64_MAX : (UINT64_C(1) << (count - from)) - 1;
}

/* COUNT bits of a bitmap from bit FROM on, a multiple of 64; at most 64, those behind them are 0.
 */
static inline uint64_t load_bits(const uint8_t *bits, uint32_t from, uint32_t count)
{
    uint32_t left = count - from;

    bits += from / 8;
    switch (left < 64 ? (left + 7) / 8 : 8) {
    case 1:
        return bits[0] & load_mask(from, count);
    case 2:
        return sl_load_le(bits, 2) & load_mask(from, count);
    case 8:
        return sl_load_le(bits, 8) & load_mask(from, count);
    default:
        return sl_load_le(bits, (left + 7) / 8) & load_mask(from, count);
    }
}

/* The length of a value in the WIDTH (1 to 4) bytes at AT. */
static inline int load_len(const uint8_t *at, const uint8_t *end, unsigned width, uint32_t *len)
{
    static const uint32_t masks[] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff};

    if ((size_t)(end - at) >= sizeof(*len)) {
        *len = (uint32_t)sl_load_le(at, sizeof(*len)) & masks[width];
        return SL_OK;
    }
    if ((size_t)(end - at) < width) {
        return SL_ETRUNC;
    }
    *len = (uint32_t)sl_load_le(at, width);
    return SL_OK;
}

/* Makes *CELL the value of COLUMN at *AT and moves *AT behind it. */
static inline int take_value(const struct sl_column *column, const uint8_t **at, const uint8_t *end,
                             struct sl_cell *cell)
{
    const uint8_t *from = *at;
    uint32_t len = column->fixed_len;

    if (column->length_bytes > 0) {
        int rc = load_len(from, end, column->length_bytes, &len);

        if (rc != SL_OK) {
            return rc;
        }
        if (len > column->max_len) {
            return SL_EFORMAT;
        }
        from += column->length_bytes;
    }
    if (len > (size_t)(end - from)) {
        return SL_ETRUNC;
    }
    cell->data = from;
    cell->len = len;
    cell->state = SL_CELL_VALUE;
    *at = from + len;
    return SL_OK;
}

/* COUNT (at most 64) values, NULL where a bit of NULLS says so. */
static inline int take_values(const struct sl_column *columns, uint32_t count, uint64_t nulls,
                              const uint8_t **at, const uint8_t *end, struct sl_cell *cells)
{
    const struct sl_column *last = columns + count;
    int rc;

    if (nulls == 0) {
        for (; columns < last; columns++, cells++) {
            rc = take_value(columns, at, end, cells);
            if (rc != SL_OK) {
                return rc;
            }
        }
        return SL_OK;
    }
    for (; columns < last; columns++, cells++, nulls >>= 1) {
        if ((nulls & 1) != 0) {
            *cells = (struct sl_cell){.state = SL_CELL_NULL};
            continue;
        }
        rc = take_value(columns, at, end, cells);
        if (rc != SL_OK) {
            return rc;
        }
    }
    return SL_OK;
}

/* A full image: bit and column numbers are the same. Not inlined, so that this loop has the
 * registers to itself. */
static __attribute__((noinline)) int read_full(const struct sl_image *image, const uint8_t *nulls,
                                               struct sl_span *rest)
{
    const uint8_t *at = rest->data;
    const uint8_t *end = at + rest->len;
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < image->column_count; i += 64) {
        uint32_t left = image->column_count - i;

        rc = take_values(&image->columns[i], left < 64 ? left : 64,
                         load_bits(nulls, i, image->column_count), &at, end, &image->cells[i]);
    }
    if (rc == SL_OK) {
        *rest = sl_span_make(at, (size_t)(end - at));
    }
    return rc;
}

/*
 * An image that lacks columns or has JSON diffs. DIFFS has a bit for each JSON column of the table,
 * in the image or not; NULL when none is a diff.
 */
static int read_sparse(const struct sl_image *image, const uint8_t *nulls, const uint8_t *diffs,
                       struct sl_span *rest)
{
    const uint8_t *at = rest->data;
    const uint8_t *end = at + rest->len;
    uint32_t bit = 0;
    uint32_t json = 0;

    for (uint32_t i = 0; i < image->column_count; i++) {
        struct sl_cell *cell = &image->cells[i];
        bool is_diff = false;
        int rc = SL_OK;

        if (diffs != NULL && image->columns[i].type == SL_TYPE_JSON) {
            is_diff = sl_bit(diffs, json++);
        }
        if (!sl_bit(image->present, i)) {
            *cell = (struct sl_cell){.state = SL_CELL_ABSENT};
        } else if (sl_bit(nulls, bit++)) {
            *cell = (struct sl_cell){.state = SL_CELL_NULL};
        } else {
            rc = take_value(&image->columns[i], &at, end, cell);
        }
        if (rc != SL_OK) {
            return rc;
        }
        if (is_diff && cell->state == SL_CELL_VALUE) {
            cell->state = SL_CELL_JSON_DIFF;
        }
    }
    *rest = sl_span_make(at, (size_t)(end - at));
    return SL_OK;
}

/* Both servers give each image a NULL bit for every column that is in it. */
static int read_image(const struct sl_image *image, const uint8_t *diffs, struct sl_span *rest)
{
    struct sl_span nulls;
    int rc = sl_span_take(rest, (image->present_count + 7) / 8, &nulls);

    if (rc != SL_OK) {
        return rc;
    }
    if (image->present_count == image->column_count && diffs == NULL) {
        return read_full(image, nulls.data, rest);
    }
    return read_sparse(image, nulls.data, diffs, rest);
}

int sl_rows_split(const struct sl_table *table, struct sl_span image, struct sl_cell *cells)
{
    const struct sl_image full = {.columns = table->columns,
                                  .column_count = table->column_count,
                                  .present_count = table->column_count,
                                  .cells = cells};
    int rc = read_image(&full, NULL, &image);

    return rc == SL_OK && image.len > 0 ? SL_EFORMAT : rc;
}

/* In front of the second image of a partial update: options and, when set, a bit a JSON column. */
static int read_options(const struct sl_layout *layout, struct sl_span *rest, const uint8_t **diffs)
{
    uint64_t options;
    int rc = sl_span_lenenc(rest, &options);

    if (rc != SL_OK) {
        return rc;
    }
    *diffs = NULL;
    if ((options & ~(uint64_t)SL_ROWS_PARTIAL_JSON) != 0) {
        return SL_EUNSUPPORTED;
    }
    return options == 0 ? SL_OK : take_bitmap(rest, layout->json_count, diffs);
}

/* Most images are full, which is seen at once. */
static uint32_t count_bits(const uint8_t *bits, uint32_t count)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < count; i += 64) {
        uint64_t some = load_bits(bits, i, count);

        set += some == load_mask(i, count) ? (count - i < 64 ? count - i : 64)
                                           : (uint32_t)__builtin_popcountll(some);
    }
    return set;
}

static struct sl_image make_image(const struct sl_layout *layout, const uint8_t *present,
                                  struct sl_cell *cells)
{
    return (struct sl_image){.columns = layout->table.columns,
                             .column_count = layout->table.column_count,
                             .present = present,
                             .present_count = count_bits(present, layout->table.column_count),
                             .cells = cells};
}

/* The rows of an event and what is read of them; one row after another. */
struct sl_row_walk {
    const struct sl_rows *rows;
    const struct sl_layout *layout;
    struct sl_image first;
    struct sl_image second; /* of UPDATE */
    struct sl_row_change change;
};

static int read_row(struct sl_row_walk *walk, struct sl_span *rest)
{
    const uint8_t *diffs = NULL;
    size_t before = rest->len;
    struct sl_span last = *rest;
    int rc = read_image(&walk->first, NULL, rest);

    if (rc == SL_OK && walk->rows->op == SL_OP_UPDATE) {
        if (walk->rows->is_partial) {
            rc = read_options(walk->layout, rest, &diffs);
        }
        last = *rest;
        if (rc == SL_OK) {
            rc = read_image(&walk->second, diffs, rest);
        }
    }
    last.len = walk->change.after_is_full && diffs == NULL ? last.len - rest->len : 0;
    walk->change.after_image = last;
    /*
     * An INSERT of defaults only, under binlog_row_image=MINIMAL, has no columns and so no bytes:
     * it is read once. With bytes left, a row without any would never end the loop.
     */
    return rc == SL_OK && rest->len == before && before > 0 ? SL_EFORMAT : rc;
}

static void start_walk(struct sl_row_walk *walk, const struct sl_rows *rows,
                       const struct sl_layout *layout)
{
    struct sl_row_change *change = &walk->change;
    bool first_is_after = rows->op == SL_OP_INSERT;

    walk->rows = rows;
    walk->layout = layout;
    walk->first =
        make_image(layout, rows->before_columns, first_is_after ? layout->after : layout->before);
    walk->second = make_image(layout, rows->after_columns, layout->after);
    *change = (struct sl_row_change){.op = rows->op,
                                     .table = &layout->table,
                                     .before = first_is_after ? NULL : layout->before,
                                     .after = rows->op == SL_OP_DELETE ? NULL : layout->after,
                                     .timestamp = rows->timestamp};
    change->before_is_full =
        change->before != NULL && walk->first.present_count == layout->table.column_count;
    change->after_is_full =
        change->after != NULL && walk->second.present_count == layout->table.column_count;
}

int sl_rows_each(const struct sl_rows *rows, const struct sl_layout *layout, sl_row_fn each,
                 void *user, uint64_t *count, struct sl_err *err)
{
    struct sl_span rest = rows->data;
    struct sl_row_walk walk;

    if (rows->column_count != layout->table.column_count) {
        return sl_err_set(err, SL_ESCHEMA, "the rows have %u columns, but their table map has %u",
                          rows->column_count, layout->table.column_count);
    }
    start_walk(&walk, rows, layout);
    do {
        int rc = read_row(&walk, &rest);

        if (rc != SL_OK) {
            return sl_err_set(err, rc, "row %llu of the event cannot be split into its columns",
                              (unsigned long long)*count + 1);
        }
        rc = each(user, &walk.change, err);
        if (rc != SL_OK) {
            return rc;
        }
        (*count)++;
    } while (rest.len > 0);
    return SL_OK;
}
