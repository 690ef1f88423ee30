/*
 * reconcile_items.c - what rows have in the sink, by facets: their own keys are facet 0, each index
 * is one more, and their parts are the last.
 */
#include <string.h>

#include "cmd/reconcile_private.h"
#include "filters/facet.h"

struct sl_redis_form sl_reconcile_form(const struct sl_reconcile *r, uint32_t facet)
{
    const struct sl_table_rule *rule = r->current->rule;
    bool is_member = r->mapper->ops->has_members(r->mapper, r->table, facet);
    bool is_index = sl_rule_index(rule, facet) != NULL;

    return (struct sl_redis_form){
        .is_text = is_index || rule->value == SL_VALUE_JSON,
        .is_document = !is_index && rule->value == SL_VALUE_REJSON,
        .is_member = is_member,
        .expires = rule->ttl_s > 0 && !is_member,
    };
}

/* ---- names ---- */

struct naming {
    sl_reconcile_name_fn each;
    void *user;
};

static int take_name(void *user, const struct sl_item *item)
{
    const struct naming *naming = user;

    return naming->each(naming->user, item->name.bytes);
}

int sl_reconcile_names(struct sl_reconcile *r, uint32_t facet, const struct sl_cell *cells,
                       sl_reconcile_name_fn each, void *user, struct sl_err *err)
{
    struct naming naming = {.each = each, .user = user};
    int rc;

    if (facet > 0) {
        return r->mapper->ops->items(r->mapper, r->table, facet, cells, take_name, &naming, err);
    }
    rc = r->mapper->ops->key(r->mapper, r->table, cells, &r->key, err);
    return rc == SL_OK ? each(user, sl_span_make(r->key.data, r->key.len)) : rc;
}

/* ---- what they should hold ---- */

struct wanting {
    struct sl_expect *expect;
    struct sl_span name;
};

static int take_value(void *user, const struct sl_item *item)
{
    const struct wanting *wanting = user;
    struct sl_expect *expect = wanting->expect;
    struct sl_span name = item->name.bytes;

    if (name.len != wanting->name.len || memcmp(name.data, wanting->name.data, name.len) != 0) {
        return SL_OK;
    }
    if (item->commands.len > 0) {
        return sl_buf_add(&expect->commands, item->commands.data, item->commands.len);
    }
    expect->held.kind = SL_HELD_TEXT;
    return sl_buf_add(&expect->commands, item->value.data, item->value.len);
}

/* Of an index it is the value, of a part the commands. */
static int expect_found(struct sl_expect *expect)
{
    struct sl_span found = sl_span_make(expect->commands.data, expect->commands.len);

    if (expect->held.kind != SL_HELD_TEXT) {
        return sl_expect_commands(expect, found);
    }
    expect->held.text = found;
    return SL_OK;
}

int sl_reconcile_expect_item(struct sl_reconcile *r, struct sl_expect *expect,
                             const struct sl_cell *cells, struct sl_reconcile_item item,
                             struct sl_err *err)
{
    struct wanting wanting = {.expect = expect, .name = item.name};
    int rc;

    sl_expect_nothing(expect);
    rc = r->mapper->ops->items(r->mapper, r->table, item.facet, cells, take_value, &wanting, err);
    rc = rc == SL_OK ? expect_found(expect) : rc;
    if (rc == SL_OK && expect->held.kind != SL_HELD_NOTHING) {
        expect->held.expires = sl_reconcile_form(r, item.facet).expires;
    }
    return rc == SL_ENOMEM ? sl_err_set(err, rc, "out of memory") : rc;
}

static bool has_row_key(const struct sl_table *table, const struct sl_cell *cells)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (cells[table->key[i]].state == SL_CELL_ABSENT) {
            return false;
        }
    }
    return table->key_count > 0;
}

static bool is_row_key(const struct sl_table *table, uint32_t column)
{
    for (uint32_t i = 0; i < table->key_count; i++) {
        if (table->key[i] == column) {
            return true;
        }
    }
    return false;
}

/* Where an item tells the row key, nothing else is asked for: the server finds such a row by its
 * key, and locks no other. */
int sl_reconcile_parse(struct sl_reconcile *r, struct sl_reconcile_item item,
                       struct sl_arena *arena, struct sl_cell *cells)
{
    int rc = r->mapper->ops->parse_key(r->mapper, r->table, item.facet, item.name, arena, cells);

    for (uint32_t i = 0; rc == SL_OK && item.facet > 0 && has_row_key(r->table, cells) &&
                         i < r->table->column_count;
         i++) {
        if (!is_row_key(r->table, i)) {
            cells[i] = (struct sl_cell){.state = SL_CELL_ABSENT};
        }
    }
    return rc;
}

/* ---- rows against their items ---- */

struct piece {
    struct sl_reconcile *r;
    uint32_t facet;
    const struct sl_cell *row; /* the one at hand */
    struct sl_span names[SL_RECONCILE_BATCH];
    const struct sl_cell *cells[SL_RECONCILE_BATCH];
    size_t count;
    struct sl_arena arena;
    struct sl_err *err;
};

static int flush(struct piece *piece)
{
    int rc = sl_reconcile_rows(piece->r, piece->facet, piece->names, piece->cells, piece->count,
                               piece->err);

    sl_arena_release(&piece->arena);
    piece->count = 0;
    return rc;
}

static int add_name(void *user, struct sl_span name)
{
    struct piece *piece = user;
    int rc = piece->count == SL_RECONCILE_BATCH ? flush(piece) : SL_OK;

    if (rc != SL_OK) {
        return rc;
    }
    sl_key_filter_add(piece->r->filter, name);
    piece->names[piece->count] = name;
    if (sl_arena_keep(&piece->arena, &piece->names[piece->count]) != SL_OK) {
        return sl_err_set(piece->err, SL_ENOMEM, "out of memory");
    }
    piece->cells[piece->count++] = piece->row;
    return SL_OK;
}

static int compare_facet(struct piece *piece, const struct sl_cell *const *rows, size_t count)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        piece->row = rows[i];
        rc = sl_reconcile_names(piece->r, piece->facet, rows[i], add_name, piece, piece->err);
    }
    rc = rc == SL_OK ? flush(piece) : rc;
    sl_arena_release(&piece->arena);
    return rc;
}

int sl_reconcile_items(struct sl_reconcile *r, const struct sl_cell *const *rows, size_t count,
                       struct sl_err *err)
{
    int rc = SL_OK;

    for (uint32_t facet = 1; rc == SL_OK && facet < r->facets; facet++) {
        struct piece piece = {.r = r, .facet = facet, .err = err};

        rc = compare_facet(&piece, rows, count);
    }
    return rc;
}
