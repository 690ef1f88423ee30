#include "filters/changed_keys.h"

#include <stdlib.h>

#include "filters/key.h"
#include "filters/rule.h"

static const char by_statement[] = "a statement changed it as a whole";
static const char unread_statement[] = "a statement about tables could not be read";
static const char too_many[] = "more of its keys changed than are remembered";
static const char old_layout[] = "its layout at that place of the log is not known";
static const char no_key_columns[] = "its row images lack columns that its keys are made of";
static const char early_xa[] = "an XA transaction was committed that had been prepared before";

/* A table; with an empty name a whole database. */
struct entry {
    struct entry *next;
    const char *whole;
    struct sl_key_set *keys; /* NULL: none yet */
    struct sl_span db;       /* both behind this */
    struct sl_span name;
};

/* What hangs on a table of the stream. */
struct layout {
    struct sl_key key;
    struct entry *entry;
};

struct sl_changed_keys {
    struct sl_changed_options options;
    const struct sl_stream *stream;
    struct entry *entries;
    const char *whole;       /* why every table is changed as a whole */
    struct sl_key_set *xids; /* XA transactions that were prepared in the stretch */
    size_t bytes;            /* of all keys and entries */
    struct sl_buf key;
    bool has_begun;
};

struct sl_changed_keys *sl_changed_keys_new(const struct sl_changed_options *options)
{
    struct sl_changed_keys *changed = calloc(1, sizeof(*changed));

    if (changed == NULL) {
        return NULL;
    }
    changed->options = *options;
    changed->has_begun = options->from_time == 0;
    changed->xids = sl_key_set_new();
    if (changed->xids == NULL) {
        free(changed);
        return NULL;
    }
    return changed;
}

static void forget_keys(struct sl_changed_keys *changed, struct entry *entry)
{
    if (entry->keys != NULL) {
        changed->bytes -= sl_key_set_bytes(entry->keys);
        sl_key_set_free(entry->keys);
        entry->keys = NULL;
    }
}

void sl_changed_keys_free(struct sl_changed_keys *changed)
{
    if (changed == NULL) {
        return;
    }
    while (changed->entries != NULL) {
        struct entry *next = changed->entries->next;

        sl_key_set_free(changed->entries->keys);
        free(changed->entries);
        changed->entries = next;
    }
    sl_key_set_free(changed->xids);
    sl_buf_release(&changed->key);
    free(changed);
}

void sl_changed_keys_attach(struct sl_changed_keys *changed, const struct sl_stream *stream)
{
    changed->stream = stream;
}

/* ---- tables ---- */

static bool is_same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static struct entry *find(const struct sl_changed_keys *changed, struct sl_span db,
                          struct sl_span name)
{
    struct entry *entry = changed->entries;

    while (entry != NULL && !(is_same(entry->db, db) && is_same(entry->name, name))) {
        entry = entry->next;
    }
    return entry;
}

static struct sl_span keep(uint8_t *to, struct sl_span text)
{
    if (text.len > 0) {
        memcpy(to, text.data, text.len);
    }
    return sl_span_make(to, text.len);
}

/* NULL: no memory. */
static struct entry *find_or_add(struct sl_changed_keys *changed, struct sl_span db,
                                 struct sl_span name)
{
    struct entry *entry = find(changed, db, name);
    uint8_t *names;

    if (entry != NULL) {
        return entry;
    }
    entry = calloc(1, sizeof(*entry) + db.len + name.len);
    if (entry == NULL) {
        return NULL;
    }
    names = (uint8_t *)(entry + 1);
    entry->db = keep(names, db);
    entry->name = keep(names + db.len, name);
    entry->next = changed->entries;
    changed->entries = entry;
    changed->bytes += sizeof(*entry) + db.len + name.len;
    return entry;
}

static void make_whole(struct sl_changed_keys *changed, struct entry *entry, const char *why)
{
    entry->whole = entry->whole != NULL ? entry->whole : why;
    forget_keys(changed, entry);
}

static void all_whole(struct sl_changed_keys *changed, const char *why)
{
    changed->whole = changed->whole != NULL ? changed->whole : why;
    for (struct entry *entry = changed->entries; entry != NULL; entry = entry->next) {
        forget_keys(changed, entry);
    }
}

int sl_changed_keys_add_whole(struct sl_changed_keys *changed, struct sl_span db,
                              struct sl_span table, const char *why)
{
    struct entry *entry = find_or_add(changed, db, table);

    if (entry == NULL) {
        return SL_ENOMEM;
    }
    make_whole(changed, entry, why);
    return SL_OK;
}

static const char *whole_of(const struct sl_changed_keys *changed, struct sl_span db,
                            const struct entry *entry)
{
    static const struct sl_span any = {0};
    const struct entry *all = find(changed, db, any);

    if (changed->whole != NULL || (all != NULL && all->whole != NULL)) {
        return changed->whole != NULL ? changed->whole : all->whole;
    }
    return entry != NULL ? entry->whole : NULL;
}

struct sl_changed_table sl_changed_keys_find(const struct sl_changed_keys *changed,
                                             struct sl_span db, struct sl_span table)
{
    const struct entry *entry = find(changed, db, table);

    return (struct sl_changed_table){.whole = whole_of(changed, db, entry),
                                     .keys = entry != NULL ? entry->keys : NULL};
}

size_t sl_changed_keys_count(const struct sl_changed_keys *changed)
{
    size_t count = 0;

    for (const struct entry *entry = changed->entries; entry != NULL; entry = entry->next) {
        count += entry->keys != NULL ? sl_key_set_count(entry->keys) : 0;
    }
    return count;
}

/* A rule that cannot be applied is the business of who compares the table. */
static const struct sl_table_rule *rule_of(const struct sl_changed_keys *changed, struct sl_span db,
                                           struct sl_span table)
{
    const struct sl_changed_options *options = &changed->options;
    const struct sl_table_rule *rule = NULL;

    if (sl_rule_find(options->rules, options->rule_count, db, table, &rule, NULL) != SL_OK ||
        rule == NULL ||
        (options->is_asked != NULL && !options->is_asked(options->user, db, table))) {
        return NULL;
    }
    return rule;
}

bool sl_changed_keys_wants(void *user, struct sl_span db, struct sl_span table)
{
    const struct sl_changed_keys *changed = user;

    return rule_of(changed, db, table) != NULL &&
           whole_of(changed, db, find(changed, db, table)) == NULL;
}

/* ---- the handler ---- */

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
    free(layout);
}

static int compile(const struct sl_table_rule *rule, struct sl_table *table, struct sl_err *err)
{
    struct layout *layout = table->user;

    return table->has_names ? sl_key_compile(rule->key_template, table, &layout->key, err)
                            : SL_ESCHEMA;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct sl_changed_keys *changed = user;
    const struct sl_table_rule *rule = rule_of(changed, table->db, table->name);
    struct entry *entry = find_or_add(changed, table->db, table->name);
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
        make_whole(changed, entry, old_layout);
    }
    *skip = entry->whole != NULL;
    return SL_OK;
}

static void keep_within(struct sl_changed_keys *changed)
{
    while (changed->bytes > changed->options.bytes_max) {
        struct entry *most = NULL;

        for (struct entry *entry = changed->entries; entry != NULL; entry = entry->next) {
            if (entry->keys != NULL &&
                (most == NULL || sl_key_set_bytes(entry->keys) > sl_key_set_bytes(most->keys))) {
                most = entry;
            }
        }
        if (most == NULL) {
            return;
        }
        make_whole(changed, most, too_many);
    }
}

/* The key in changed->key. */
static int add_key(struct sl_changed_keys *changed, struct entry *entry)
{
    size_t before;
    int rc;

    if (entry->keys == NULL) {
        entry->keys = sl_key_set_new();
        if (entry->keys == NULL) {
            return SL_ENOMEM;
        }
        changed->bytes += sl_key_set_bytes(entry->keys);
    }
    before = sl_key_set_bytes(entry->keys);
    rc = sl_key_set_add(entry->keys, sl_span_make(changed->key.data, changed->key.len));
    changed->bytes += sl_key_set_bytes(entry->keys) - before;
    if (rc == SL_ELIMIT) {
        make_whole(changed, entry, too_many);
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
        make_whole(changed, layout->entry, no_key_columns);
        return SL_OK;
    }
    return add_key(changed, layout->entry);
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
        all_whole(changed, early_xa);
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
    if (table.len > 0 && rule_of(changed, db, table) == NULL) {
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
        all_whole(changed, unread_statement);
        return SL_OK;
    case SL_DDL_DML:
        if (ddl->table.len == 0) {
            all_whole(changed, by_statement);
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
