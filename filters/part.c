#include "filters/part.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/resp.h"
#include "filters/encode_private.h"
#include "filters/key_part.h"
#include "filters/transform.h"

void sl_parts_release(struct sl_parts *parts)
{
    free(parts->items);
    sl_buf_release(&parts->names);
    sl_buf_release(&parts->keys);
    sl_buf_release(&parts->values);
    *parts = (struct sl_parts){0};
}

void sl_parts_clear(struct sl_parts *parts)
{
    parts->count = 0;
    sl_buf_clear(&parts->names);
    sl_buf_clear(&parts->keys);
    sl_buf_clear(&parts->values);
}

struct sl_part *sl_parts_add(struct sl_parts *parts)
{
    if (parts->count == parts->cap) {
        size_t cap = parts->cap > 0 ? 2 * parts->cap : 8;
        struct sl_part *items = realloc(parts->items, cap * sizeof(*items));

        if (items == NULL) {
            return NULL;
        }
        parts->items = items;
        parts->cap = cap;
    }
    parts->items[parts->count] = (struct sl_part){0};
    return &parts->items[parts->count++];
}

/* ---- making them ---- */

/* Redis has no hash without a field. */
static void drop_empty(struct sl_parts *parts)
{
    size_t kept = 0;

    for (size_t i = 0; i < parts->count; i++) {
        if (parts->items[i].fields > 0) {
            parts->items[kept++] = parts->items[i];
        }
    }
    parts->count = kept;
}

/* The views are made last, when the keys do not move any more. */
static int add_keys(struct sl_parts *parts, const struct sl_shape *shape, struct sl_row row,
                    struct sl_err *err)
{
    const struct sl_part_place place = {
        .key = &shape->part_key, .table = shape->table, .cells = row.cells, .fallback = row.base};
    size_t at = 0;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < parts->count; i++) {
        size_t before = parts->keys.len;

        rc = sl_key_render_part(&place, parts->items[i].name, &parts->keys, err);
        parts->items[i].key.len = parts->keys.len - before;
    }
    for (size_t i = 0; i < parts->count; i++) {
        parts->items[i].key.data = parts->keys.data + at;
        at += parts->items[i].key.len;
    }
    return rc;
}

int sl_parts_make(struct sl_parts *parts, const struct sl_shape *shape, struct sl_row row,
                  bool is_asking, struct sl_err *err)
{
    int rc;

    sl_parts_clear(parts);
    rc = sl_transform_parts(shape, row, is_asking, parts, err);
    if (rc != SL_OK) {
        parts->count = 0;
        return rc == SL_DONE ? SL_OK : rc;
    }
    if (shape->rule->value == SL_VALUE_HASH) {
        drop_empty(parts);
    }
    rc = add_keys(parts, shape, row, err);
    parts->count = rc == SL_OK ? parts->count : 0;
    return rc;
}

int sl_part_compare(const void *a, const void *b)
{
    struct sl_span left = ((const struct sl_part *)a)->name;
    struct sl_span right = ((const struct sl_part *)b)->name;
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len > 0 ? memcmp(left.data, right.data, len) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

const struct sl_part *sl_parts_find(const struct sl_parts *parts, const struct sl_part *like)
{
    const struct sl_part *found = parts->count > 0 ? bsearch(like, parts->items, parts->count,
                                                             sizeof(*parts->items), sl_part_compare)
                                                   : NULL;
    bool is_same = found != NULL && found->key.len == like->key.len &&
                   memcmp(found->key.data, like->key.data, like->key.len) == 0;

    return is_same ? found : NULL;
}

/* ---- commands ---- */

static int add_value(const struct sl_part_writing *writing, struct sl_buf *out, struct sl_err *err)
{
    struct sl_span value = writing->part->value;
    size_t start = 0;
    int rc = sl_resp_begin(out, value.len, &start);

    rc = rc == SL_OK ? sl_buf_add(out, value.data, value.len) : rc;
    return rc == SL_OK ? sl_encode_end_value(writing->shape, sl_span_make("", 0), out, value.len,
                                             start, err)
                       : rc;
}

/* Its fields may be others than the key holds. */
static int put_fields(const struct sl_part_writing *writing, struct sl_buf *out, uint32_t *key_at,
                      uint16_t *commands, struct sl_err *err)
{
    const struct sl_part *part = writing->part;
    uint32_t ignored;
    int rc = sl_encode_del(part->key, out, key_at);

    (void)err;
    *commands = 2;
    rc = rc == SL_OK ? sl_resp_array(out, 2 + 2 * part->fields) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "HSET") : rc;
    rc = rc == SL_OK ? sl_encode_add_key(part->key, out, &ignored) : rc;
    rc = rc == SL_OK ? sl_buf_add(out, part->value.data, part->value.len) : rc;
    return rc == SL_OK ? sl_encode_add_expire(writing->shape, part->key, out, commands) : rc;
}

static int put_text(const struct sl_part_writing *writing, struct sl_buf *out, uint32_t *key_at,
                    uint16_t *commands, struct sl_err *err)
{
    uint64_t ttl = sl_encode_ttl(writing->shape, writing->part->key);
    int rc = sl_resp_array(out, ttl > 0 ? 5 : 3);

    *commands = 1;
    rc = rc == SL_OK ? sl_resp_text(out, "SET") : rc;
    rc = rc == SL_OK ? sl_encode_add_key(writing->part->key, out, key_at) : rc;
    rc = rc == SL_OK ? add_value(writing, out, err) : rc;
    if (rc == SL_OK && ttl > 0) {
        rc = sl_resp_text(out, "EX");
        rc = rc == SL_OK ? sl_resp_u64(out, ttl) : rc;
    }
    return rc;
}

static int put_document(const struct sl_part_writing *writing, struct sl_buf *out, uint32_t *key_at,
                        uint16_t *commands, struct sl_err *err)
{
    struct sl_span key = writing->part->key;
    uint32_t again;
    int rc = writing->replaces ? sl_encode_del(key, out, key_at) : SL_OK;

    *commands = writing->replaces ? 2 : 1;
    rc = rc == SL_OK ? sl_resp_array(out, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "JSON.SET") : rc;
    rc = rc == SL_OK ? sl_encode_add_key(key, out, writing->replaces ? &again : key_at) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "$") : rc;
    rc = rc == SL_OK ? add_value(writing, out, err) : rc;
    return rc == SL_OK ? sl_encode_add_expire(writing->shape, key, out, commands) : rc;
}

int sl_part_encode(const struct sl_part_writing *writing, struct sl_buf *out, uint32_t *key_at,
                   uint16_t *commands, struct sl_err *err)
{
    size_t before = out->len;
    int rc = SL_EUNSUPPORTED; /* the configuration has no parts of other kinds */

    switch (writing->shape->rule->value) {
    case SL_VALUE_HASH:
        rc = put_fields(writing, out, key_at, commands, err);
        break;
    case SL_VALUE_JSON:
        rc = put_text(writing, out, key_at, commands, err);
        break;
    case SL_VALUE_REJSON:
        rc = put_document(writing, out, key_at, commands, err);
        break;
    case SL_VALUE_INVALIDATE:
    case SL_VALUE_STREAM:
        break;
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
