/*
 * encode_redis.c - row images to Redis commands, written straight into a batch.
 *
 * A hash row is HSET of the fields that are not NULL and HDEL of those that are: together they
 * leave exactly the row, whatever values the key held before, without the cost of rebuilding the
 * hash that DEL would have. DEL comes first only where the fields may be others: when a table is
 * loaded again.
 */
#include "cdc/base/hash.h"
#include "cdc/resp.h"
#include "filters/encode_private.h"
#include "filters/mask.h"
#include "filters/transform.h"

/* "*3 $4 HSET": the array head varies, the rest is constant. */
#define SL_ARG_HSET   "$4\r\nHSET\r\n"
#define SL_ARG_HDEL   "$4\r\nHDEL\r\n"
#define SL_ARG_DEL    "*2\r\n$3\r\nDEL\r\n"
#define SL_ARG_SET    "$3\r\nSET\r\n"
#define SL_ARG_EXPIRE "*3\r\n$6\r\nEXPIRE\r\n"

#define SL_ADD(out, text) sl_buf_add(out, text, sizeof(text) - 1)

int sl_encode_add_key(struct sl_span key, struct sl_buf *out, uint32_t *key_at)
{
    int rc = sl_resp_bulk(out, key.data, key.len);

    if (rc == SL_OK) {
        *key_at = (uint32_t)(out->len - 2 - key.len);
    }
    return rc;
}

int sl_encode_del(struct sl_span key, struct sl_buf *out, uint32_t *key_at)
{
    size_t before = out->len;
    int rc = SL_ADD(out, SL_ARG_DEL);

    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, key_at);
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

/*
 * Keys that are written together should not expire together. What is added follows from the key
 * alone: whoever writes it again, writes the same.
 */
uint64_t sl_encode_ttl(const struct sl_shape *shape, struct sl_span key)
{
    const struct sl_table_rule *rule = shape->rule;

    return rule->ttl_jitter_s == 0
               ? rule->ttl_s
               : rule->ttl_s + sl_hash_bytes(key.data, key.len, 0) % (rule->ttl_jitter_s + 1);
}

int sl_encode_add_expire(const struct sl_shape *shape, struct sl_span key, struct sl_buf *out,
                         uint16_t *commands)
{
    uint32_t key_at;
    int rc;

    if (shape->rule->ttl_s == 0) {
        return SL_OK;
    }
    rc = SL_ADD(out, SL_ARG_EXPIRE);
    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, &key_at);
    }
    if (rc == SL_OK) {
        rc = sl_resp_u64(out, sl_encode_ttl(shape, key));
    }
    *commands += 1;
    return rc;
}

/* How many chosen cells are in STATE (NULL), or are neither that nor absent. */
struct tally {
    uint32_t values;
    uint32_t nulls;
};

static uint32_t state_of(const struct sl_shape *shape, uint32_t i, const struct sl_cell *cells)
{
    uint32_t state = cells[shape->columns[i]].state;

    return state != SL_CELL_ABSENT && sl_shape_hides(shape, i) ? SL_CELL_NULL : state;
}

static struct tally count_cells(const struct sl_shape *shape, const struct sl_cell *cells)
{
    struct tally tally = {0};

    for (uint32_t i = 0; i < shape->column_count; i++) {
        uint32_t state = state_of(shape, i, cells);

        tally.nulls += state == SL_CELL_NULL;
        tally.values += state != SL_CELL_NULL && state != SL_CELL_ABSENT;
    }
    return tally;
}

/* Redis would end the connection, again and again. */
static int refuse_length(const struct sl_table *table, struct sl_span column, size_t len,
                         size_t max, struct sl_err *err)
{
    return sl_err_set(
        err, SL_ELIMIT,
        "a value of table %.*s.%.*s%s%.*s has %zu bytes, and Redis takes no more than "
        "%zu (its proto-max-bulk-len): leave what is so long out by \"except\" or "
        "\"where\"",
        (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
        (const char *)table->name.data, column.len > 0 ? ", column " : "", (int)column.len,
        (const char *)column.data, len, max);
}

int sl_encode_end_value(const struct sl_shape *shape, struct sl_span column, struct sl_buf *out,
                        size_t guess, size_t start, struct sl_err *err)
{
    size_t at = start + sl_resp_head_width(guess);
    int rc = sl_pack_tail(&shape->pack, out, at);

    if (rc != SL_OK) {
        return rc;
    }
    if (out->len - at > shape->value_max_bytes) {
        return refuse_length(shape->table, column, out->len - at, shape->value_max_bytes, err);
    }
    return sl_resp_end(out, guess, start);
}

static int add_field(const struct sl_shape *shape, uint32_t i, struct sl_row row,
                     struct sl_buf *out, struct sl_err *err)
{
    uint32_t number = shape->columns[i];
    const struct sl_cell *cell = &row.cells[number];
    size_t guess = shape->guesses[i] != 0 ? shape->guesses[i] : cell->len;
    size_t start = 0;
    size_t at;
    int rc = sl_buf_add(out, shape->heads[i].data, shape->heads[i].len);

    if (rc == SL_OK) {
        rc = sl_resp_begin(out, guess, &start);
    }
    at = out->len;
    if (rc == SL_OK) {
        rc = sl_encode_text(&shape->table->columns[number], cell,
                            row.base != NULL ? &row.base[number] : NULL, out, err);
    }
    if (rc == SL_OK && shape->masks != NULL && shape->masks[i] != NULL) {
        rc = sl_mask_tail(shape->masks[i], out, at);
    }
    return rc == SL_OK ? sl_encode_end_value(shape, shape->table->columns[number].name, out, guess,
                                             start, err)
                       : rc;
}

static int add_fields(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                      struct sl_err *err)
{
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < shape->column_count; i++) {
        uint32_t state = state_of(shape, i, row.cells);

        if (state != SL_CELL_NULL && state != SL_CELL_ABSENT) {
            rc = add_field(shape, i, row, out, err);
        }
    }
    return rc;
}

static int add_null_names(const struct sl_shape *shape, const struct sl_cell *cells,
                          struct sl_buf *out)
{
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < shape->column_count; i++) {
        if (state_of(shape, i, cells) == SL_CELL_NULL) {
            rc = sl_buf_add(out, shape->heads[i].data, shape->heads[i].len);
        }
    }
    return rc;
}

static int add_hset(const struct sl_shape *shape, struct sl_row row, uint32_t fields,
                    struct sl_span key, struct sl_buf *out, uint32_t *key_at, struct sl_err *err)
{
    int rc = sl_resp_array(out, 2 + 2 * (size_t)fields);

    if (rc == SL_OK) {
        rc = SL_ADD(out, SL_ARG_HSET);
    }
    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, key_at);
    }
    return rc == SL_OK ? add_fields(shape, row, out, err) : rc;
}

static int add_hdel(const struct sl_shape *shape, const struct sl_cell *cells, uint32_t fields,
                    struct sl_span key, struct sl_buf *out)
{
    uint32_t key_at;
    int rc = sl_resp_array(out, 2 + (size_t)fields);

    if (rc == SL_OK) {
        rc = SL_ADD(out, SL_ARG_HDEL);
    }
    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, &key_at);
    }
    return rc == SL_OK ? add_null_names(shape, cells, out) : rc;
}

static int put_hash(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                    struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    struct tally tally = count_cells(shape, row.cells);
    int rc;

    *commands = 1;
    if (tally.values == 0) {
        return sl_encode_del(key, out, key_at); /* Redis has no hash without a field */
    }
    rc = add_hset(shape, row, tally.values, key, out, key_at, err);
    if (rc == SL_OK && tally.nulls > 0) {
        *commands = 2;
        rc = add_hdel(shape, row.cells, tally.nulls, key, out);
    }
    return rc == SL_OK ? sl_encode_add_expire(shape, key, out, commands) : rc;
}

static int put_json(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                    struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    enum { GUESS = 300 }; /* most JSON rows have a length of three digits */

    uint64_t ttl = sl_encode_ttl(shape, key);
    size_t before = out->len;
    size_t start = 0;
    int rc = sl_resp_array(out, ttl > 0 ? 5 : 3);

    *commands = 1;
    if (rc == SL_OK) {
        rc = SL_ADD(out, SL_ARG_SET);
    }
    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, key_at);
    }
    if (rc == SL_OK) {
        rc = sl_resp_begin(out, GUESS, &start);
    }
    if (rc == SL_OK) {
        rc = shape->transform != NULL ? sl_transform_json(shape, row, out, err)
                                      : sl_encode_json(shape, row, out, err);
    }
    if (rc == SL_DONE) {
        out->len = before;
        return sl_encode_del(key, out, key_at);
    }
    if (rc == SL_OK) {
        rc = sl_encode_end_value(shape, sl_span_make("", 0), out, GUESS, start, err);
    }
    if (rc == SL_OK && ttl > 0) {
        rc = SL_ADD(out, "$2\r\nEX\r\n");
        rc = rc == SL_OK ? sl_resp_u64(out, ttl) : rc;
    }
    return rc;
}

static int put_row(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                   struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    return shape->transform != NULL
               ? sl_encode_transformed(shape, row, key, out, key_at, commands, err)
               : put_hash(shape, row, key, out, key_at, commands, err);
}

static int put_document(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                        struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                        struct sl_err *err)
{
    enum { GUESS = 300 };

    size_t before = out->len;
    size_t start = 0;
    int rc = sl_resp_array(out, 4);

    *commands = 1;
    rc = rc == SL_OK ? sl_resp_text(out, "JSON.SET") : rc;
    rc = rc == SL_OK ? sl_encode_add_key(key, out, key_at) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "$") : rc;
    rc = rc == SL_OK ? sl_resp_begin(out, GUESS, &start) : rc;
    if (rc == SL_OK) {
        rc = shape->transform != NULL ? sl_transform_json(shape, row, out, err)
                                      : sl_encode_json(shape, row, out, err);
    }
    if (rc == SL_DONE) {
        out->len = before;
        return sl_encode_del(key, out, key_at);
    }
    rc = rc == SL_OK ? sl_encode_end_value(shape, sl_span_make("", 0), out, GUESS, start, err) : rc;
    return rc == SL_OK ? sl_encode_add_expire(shape, key, out, commands) : rc;
}

/* The key may hold something of another type, over which JSON.SET does not write. */
static int replace_document(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                            struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                            struct sl_err *err)
{
    int rc = sl_encode_del(key, out, key_at);

    rc = rc == SL_OK ? put_document(shape, row, key, out, key_at, commands, err) : rc;
    *commands += 1;
    return rc;
}

static int put_nothing(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                       struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    const struct sl_table *table = shape->table;

    (void)row;
    (void)key;
    (void)out;
    (void)key_at;
    (void)commands;
    return sl_err_set(
        err, SL_EUNSUPPORTED,
        "rows of table %.*s.%.*s are not in Redis: the \"value\" of its rule keeps none",
        (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
        (const char *)table->name.data);
}

typedef int (*put_fn)(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                      struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err);

int sl_encode_put(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                  struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    static const put_fn puts[] = {[SL_VALUE_HASH] = put_row,
                                  [SL_VALUE_JSON] = put_json,
                                  [SL_VALUE_REJSON] = put_document,
                                  [SL_VALUE_INVALIDATE] = put_nothing,
                                  [SL_VALUE_STREAM] = put_nothing};
    size_t before = out->len;
    int rc = puts[shape->rule->value](shape, row, key, out, key_at, commands, err);

    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

static int replace_fields(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                          struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                          struct sl_err *err)
{
    struct tally tally = count_cells(shape, row.cells);
    int rc = sl_encode_del(key, out, key_at);

    *commands = 1;
    if (rc != SL_OK || tally.values == 0) {
        return rc;
    }
    *commands = 2;
    rc = add_hset(shape, row, tally.values, key, out, key_at, err);
    return rc == SL_OK ? sl_encode_add_expire(shape, key, out, commands) : rc;
}

static int replace_hash(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                        struct sl_buf *out, uint32_t *key_at, uint16_t *commands,
                        struct sl_err *err)
{
    return shape->transform != NULL
               ? sl_encode_transformed(shape, row, key, out, key_at, commands, err)
               : replace_fields(shape, row, key, out, key_at, commands, err);
}

int sl_encode_replace(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                      struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    static const put_fn replaces[] = {[SL_VALUE_HASH] = replace_hash,
                                      [SL_VALUE_JSON] = put_json,
                                      [SL_VALUE_REJSON] = replace_document,
                                      [SL_VALUE_INVALIDATE] = put_nothing,
                                      [SL_VALUE_STREAM] = put_nothing};
    size_t before = out->len;
    int rc = replaces[shape->rule->value](shape, row, key, out, key_at, commands, err);

    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

/*
 * KEYS[1] the row; ARGV: how many fields to set, then field, value pairs, then fields to remove. In
 * slices, as unpack() is limited by Lua's stack.
 */
static const char merge_script[] =
    "if redis.call('EXISTS',KEYS[1])==0 then return 0 end "
    "local n=2*tonumber(ARGV[1])+1 "
    "for i=2,n,2 do redis.call('HSET',KEYS[1],ARGV[i],ARGV[i+1]) end "
    "for i=n+1,#ARGV do redis.call('HDEL',KEYS[1],ARGV[i]) end "
    "return 1";

static int merge_hash(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                      struct sl_buf *out, uint32_t *key_at, struct sl_err *err)
{
    struct tally tally = count_cells(shape, row.cells);
    int rc = sl_resp_array(out, 5 + 2 * (size_t)tally.values + tally.nulls);

    if (rc == SL_OK) {
        rc = SL_ADD(out, "$4\r\nEVAL\r\n");
    }
    if (rc == SL_OK) {
        rc = sl_resp_text(out, merge_script);
    }
    if (rc == SL_OK) {
        rc = SL_ADD(out, "$1\r\n1\r\n");
    }
    if (rc == SL_OK) {
        rc = sl_encode_add_key(key, out, key_at);
    }
    if (rc == SL_OK) {
        rc = sl_resp_u64(out, tally.values);
    }
    if (rc == SL_OK) {
        rc = add_fields(shape, row, out, err);
    }
    return rc == SL_OK ? add_null_names(shape, row.cells, out) : rc;
}

int sl_encode_merge(const struct sl_shape *shape, struct sl_row row, struct sl_span key,
                    struct sl_buf *out, uint32_t *key_at, uint16_t *commands, struct sl_err *err)
{
    size_t before = out->len;
    int rc;

    *commands = 1;
    rc = merge_hash(shape, row, key, out, key_at, err);
    if (rc == SL_OK) {
        rc = sl_encode_add_expire(shape, key, out, commands);
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
