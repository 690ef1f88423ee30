/*
 * changed_handler.c - the handler of a stream that notes keys.
 */
#include <stdlib.h>

#include "filters/changed_private.h"
#include "filters/key.h"
#include "filters/rule.h"

static const char by_statement[] = "a statement changed it as a whole";
static const char unread_statement[] = "a statement about tables could not be read";
static const char too_many[] = "more of its keys changed than are remembered";
static const char old_layout[] = "its layout at that place of the log is not known";
static const char no_key_columns[] = "its row images lack columns that its keys are made of";
static const char no_item_columns[] = "its row images lack columns that its indexes are made of";
static const char named_parts[] = "a function names the keys of its rows";
static const char early_xa[] = "an XA transaction was committed that had been prepared before";

/* What hangs on a table of the stream. */
struct layout {
    struct sl_key key;
    struct sl_indexes *indexes; /* NULL: none */
    struct sl_changed_entry *entry;
};

static int no_memory(struct sl_err *err)
{
    return sl_err_set(err, SL_ENOMEM, "no memory for the keys that changed");
}

/* Time goes back at times, the log does not. */
static bool has_begun(struct sl_changed_keys *changed)
{
    if (!changed->has_begun) {
        changed->has_begun = sl_stream_event_time(changed->stream) >= changed->options.from_time;
    }
    return changed->has_begun;
}

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    (void)is_xa;
    (void)err;
    (void)has_begun(user);
    return SL_OK;
}

static void free_layout(void *user)
{
    struct layout *layout = user;

    sl_key_release(&layout->key);
    sl_indexes_free(layout->indexes);
    free(layout);
}

static int compile(const struct sl_table_rule *rule, struct sl_table *table, struct sl_err *err)
{
    struct layout *layout = table->user;
    int rc = table->has_names ? sl_key_compile(rule->key_template, table, &layout->key, err)
                              : SL_ESCHEMA;

    return rc == SL_OK ? sl_indexes_new(rule, table, &layout->indexes, err) : rc;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_changed_keys *changed = user;
    const struct sl_table_rule *rule = sl_changed_rule(changed, table->db, table->name);
    struct sl_changed_entry *entry = sl_changed_find_or_add(changed, table->db, table->name);
    struct layout *layout = entry != NULL ? calloc(1, sizeof(*layout)) : NULL;
    int rc;

    if (layout == NULL) {
        return no_memory(err);
    }
    layout->entry = entry;
    table->user = layout;
    table->user_free = free_layout;
    rc = rule != NULL ? compile(rule, table, NULL) : SL_ESCHEMA;
    if (rc == SL_ENOMEM) {
        return no_memory(err);
    }
    if (rc != SL_OK) {
        sl_changed_make_whole(changed, entry, old_layout);
    } else if (rule->part_template != NULL) {
        sl_changed_make_whole(changed, entry, named_parts);
    }
    *skip = entry->whole != NULL;
    return SL_OK;
}

static void keep_within(struct sl_changed_keys *changed)
{
    while (changed->bytes > changed->options.bytes_max) {
        struct sl_changed_entry *most = NULL;

        for (struct sl_changed_entry *entry = changed->entries; entry != NULL;
             entry = entry->next) {
            if (entry->facets > 0 &&
                (most == NULL || sl_changed_entry_bytes(entry) > sl_changed_entry_bytes(most))) {
                most = entry;
            }
        }
        if (most == NULL) {
            return;
        }
        sl_changed_make_whole(changed, most, too_many);
    }
}

static int make_facet(struct sl_changed_entry *entry, size_t facet)
{
    struct sl_key_set **sets;

    if (facet < entry->facets) {
        return SL_OK;
    }
    sets = realloc(entry->sets, (facet + 1) * sizeof(struct sl_key_set *));
    if (sets == NULL) {
        return SL_ENOMEM;
    }
    entry->sets = sets;
    while (entry->facets <= facet) {
        entry->sets[entry->facets++] = NULL;
    }
    return SL_OK;
}

static int make_set(struct sl_changed_keys *changed, struct sl_changed_entry *entry, size_t facet)
{
    int rc = make_facet(entry, facet);

    if (rc == SL_OK && entry->sets[facet] == NULL) {
        entry->sets[facet] = sl_key_set_new();
        rc = entry->sets[facet] != NULL ? SL_OK : SL_ENOMEM;
        changed->bytes += rc == SL_OK ? sl_key_set_bytes(entry->sets[facet]) : 0;
    }
    return rc;
}

static int add_key(struct sl_changed_keys *changed, struct sl_changed_entry *entry, size_t facet,
                   struct sl_span name)
{
    size_t before;
    int rc = make_set(changed, entry, facet);

    if (rc != SL_OK) {
        return rc;
    }
    before = sl_key_set_bytes(entry->sets[facet]);
    rc = sl_key_set_add(entry->sets[facet], name);
    changed->bytes += sl_key_set_bytes(entry->sets[facet]) - before;
    if (rc == SL_ELIMIT) {
        sl_changed_make_whole(changed, entry, too_many);
        return SL_OK;
    }
    if (rc == SL_OK) {
        keep_within(changed);
    }
    return rc == SL_DONE ? SL_OK : rc;
}

static int take_key(struct sl_changed_keys *changed, const struct sl_table *table,
                    const struct sl_cell *cells, const struct sl_cell *fallback)
{
    struct layout *layout = table->user;
    int rc;

    if (cells == NULL || layout->entry->whole != NULL) {
        return SL_OK;
    }
    sl_buf_clear(&changed->key);
    rc = sl_key_render(&layout->key, table, cells, fallback, &changed->key, NULL);
    if (rc == SL_ENOMEM) {
        return rc;
    }
    if (rc != SL_OK) {
        sl_changed_make_whole(changed, layout->entry, no_key_columns);
        return SL_OK;
    }
    return add_key(changed, layout->entry, 0, sl_span_make(changed->key.data, changed->key.len));
}

static int take_item(struct sl_changed_keys *changed, const struct sl_table *table, size_t number,
                     const struct sl_cell *cells, const struct sl_cell *fallback)
{
    struct layout *layout = table->user;
    const struct sl_index *index = &layout->indexes->items[number];
    int rc;

    if (!sl_index_is_known(index, cells, fallback)) {
        sl_changed_make_whole(changed, layout->entry, no_item_columns);
        return SL_OK;
    }
    rc = sl_index_render(index, table, cells, fallback, &changed->item, NULL);
    if (rc != SL_OK || !changed->item.is_there) {
        return rc;
    }
    return add_key(changed, layout->entry, number + 1,
                   sl_index_view(index, &changed->item).name.bytes);
}

static int take_items(struct sl_changed_keys *changed, const struct sl_table *table,
                      const struct sl_cell *cells, const struct sl_cell *fallback)
{
    const struct layout *layout = table->user;
    size_t count = cells != NULL && layout->indexes != NULL ? layout->indexes->count : 0;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count && layout->entry->whole == NULL; i++) {
        rc = take_item(changed, table, i, cells, fallback);
    }
    return rc;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct sl_changed_keys *changed = user;
    const struct layout *layout = change->table->user;
    bool is_twice =
        change->op == SL_OP_UPDATE && sl_key_same(&layout->key, change->before, change->after);
    int rc;

    if (!has_begun(changed) || changed->whole != NULL) {
        return SL_OK;
    }
    rc = take_key(changed, change->table, change->before, NULL);
    if (rc == SL_OK && !is_twice) {
        rc = take_key(changed, change->table, change->after, change->before);
    }
    rc = rc == SL_OK ? take_items(changed, change->table, change->before, NULL) : rc;
    rc = rc == SL_OK ? take_items(changed, change->table, change->after, change->before) : rc;
    return rc == SL_OK ? SL_OK : no_memory(err);
}

static int on_boundary(void *user, struct sl_err *err)
{
    (void)user;
    (void)err;
    return SL_OK;
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_changed_keys *changed = user;
    int rc = has_begun(changed) ? sl_key_set_add(changed->xids, xid) : SL_OK;

    return rc >= SL_OK ? SL_OK : no_memory(err);
}

static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    struct sl_changed_keys *changed = user;

    (void)err;
    if (has_begun(changed) && !sl_key_set_has(changed->xids, xid)) {
        sl_changed_all_whole(changed, early_xa);
    }
    return SL_OK;
}

static int on_xa_rollback(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)xid;
    return on_boundary(user, err);
}

/* What no rule chooses is not remembered. */
static int name_whole(struct sl_changed_keys *changed, struct sl_span db, struct sl_span table)
{
    if (table.len > 0 && sl_changed_rule(changed, db, table) == NULL) {
        return SL_OK;
    }
    return sl_changed_keys_add_whole(changed, db, table, by_statement);
}

static int judge(struct sl_changed_keys *changed, const struct sl_ddl *ddl)
{
    int rc;

    switch (ddl->kind) {
    case SL_DDL_OTHER:
    case SL_DDL_CREATE_TABLE: /* its rows come as events, or as DML */
        return SL_OK;
    case SL_DDL_UNPARSED:
        sl_changed_all_whole(changed, unread_statement);
        return SL_OK;
    case SL_DDL_DML:
        if (ddl->table.len == 0) {
            sl_changed_all_whole(changed, by_statement);
            return SL_OK;
        }
        break;
    case SL_DDL_ALTER_TABLE:
    case SL_DDL_DROP_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_TRUNCATE:
    case SL_DDL_RENAME_TABLE:
        break;
    }
    rc = name_whole(changed, ddl->db, ddl->table);
    return rc == SL_OK && ddl->to_table.len > 0 ? name_whole(changed, ddl->to_db, ddl->to_table)
                                                : rc;
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    int rc = has_begun(user) ? judge(user, ddl) : SL_OK;

    return rc == SL_OK ? SL_OK : no_memory(err);
}

struct sl_stream_handler sl_changed_keys_handler(struct sl_changed_keys *changed)
{
    return (struct sl_stream_handler){
        .begin = on_begin,
        .table = on_table,
        .row = on_row,
        .commit = on_boundary,
        .rollback = on_boundary,
        .xa_prepare = on_xa_prepare,
        .xa_commit = on_xa_commit,
        .xa_rollback = on_xa_rollback,
        .ddl = on_ddl,
        .idle = on_boundary,
        .user = changed,
    };
}
