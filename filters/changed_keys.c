#include <stdlib.h>

#include "filters/changed_private.h"
#include "filters/rule.h"

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

size_t sl_changed_entry_bytes(const struct sl_changed_entry *entry)
{
    size_t bytes = 0;

    for (size_t i = 0; i < entry->facets; i++) {
        bytes += entry->sets[i] != NULL ? sl_key_set_bytes(entry->sets[i]) : 0;
    }
    return bytes;
}

static void free_sets(struct sl_changed_entry *entry)
{
    for (size_t i = 0; i < entry->facets; i++) {
        sl_key_set_free(entry->sets[i]);
    }
    free(entry->sets);
    entry->sets = NULL;
    entry->facets = 0;
}

static void forget_keys(struct sl_changed_keys *changed, struct sl_changed_entry *entry)
{
    changed->bytes -= sl_changed_entry_bytes(entry);
    free_sets(entry);
}

void sl_changed_keys_free(struct sl_changed_keys *changed)
{
    if (changed == NULL) {
        return;
    }
    while (changed->entries != NULL) {
        struct sl_changed_entry *next = changed->entries->next;

        free_sets(changed->entries);
        free(changed->entries);
        changed->entries = next;
    }
    sl_key_set_free(changed->xids);
    sl_buf_release(&changed->key);
    sl_index_item_release(&changed->item);
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

static struct sl_changed_entry *find(const struct sl_changed_keys *changed, struct sl_span db,
                                     struct sl_span name)
{
    struct sl_changed_entry *entry = changed->entries;

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

struct sl_changed_entry *sl_changed_find_or_add(struct sl_changed_keys *changed, struct sl_span db,
                                                struct sl_span name)
{
    struct sl_changed_entry *entry = find(changed, db, name);
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

void sl_changed_make_whole(struct sl_changed_keys *changed, struct sl_changed_entry *entry,
                           const char *why)
{
    entry->whole = entry->whole != NULL ? entry->whole : why;
    forget_keys(changed, entry);
}

void sl_changed_all_whole(struct sl_changed_keys *changed, const char *why)
{
    changed->whole = changed->whole != NULL ? changed->whole : why;
    for (struct sl_changed_entry *entry = changed->entries; entry != NULL; entry = entry->next) {
        forget_keys(changed, entry);
    }
}

int sl_changed_keys_add_whole(struct sl_changed_keys *changed, struct sl_span db,
                              struct sl_span table, const char *why)
{
    struct sl_changed_entry *entry = sl_changed_find_or_add(changed, db, table);

    if (entry == NULL) {
        return SL_ENOMEM;
    }
    sl_changed_make_whole(changed, entry, why);
    return SL_OK;
}

static const char *whole_of(const struct sl_changed_keys *changed, struct sl_span db,
                            const struct sl_changed_entry *entry)
{
    static const struct sl_span any = {0};
    const struct sl_changed_entry *all = find(changed, db, any);

    if (changed->whole != NULL || (all != NULL && all->whole != NULL)) {
        return changed->whole != NULL ? changed->whole : all->whole;
    }
    return entry != NULL ? entry->whole : NULL;
}

struct sl_changed_table sl_changed_keys_find(const struct sl_changed_keys *changed,
                                             struct sl_span db, struct sl_span table)
{
    const struct sl_changed_entry *entry = find(changed, db, table);

    return (struct sl_changed_table){.whole = whole_of(changed, db, entry),
                                     .sets = entry != NULL ? entry->sets : NULL,
                                     .facets = entry != NULL ? entry->facets : 0};
}

const struct sl_key_set *sl_changed_keys_of(const struct sl_changed_table *table, uint32_t facet)
{
    return facet < table->facets ? table->sets[facet] : NULL;
}

size_t sl_changed_keys_count(const struct sl_changed_keys *changed)
{
    size_t count = 0;

    for (const struct sl_changed_entry *entry = changed->entries; entry != NULL;
         entry = entry->next) {
        count += entry->facets > 0 && entry->sets[0] != NULL ? sl_key_set_count(entry->sets[0]) : 0;
    }
    return count;
}

const struct sl_table_rule *sl_changed_rule(const struct sl_changed_keys *changed,
                                            struct sl_span db, struct sl_span table)
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

    return sl_changed_rule(changed, db, table) != NULL &&
           whole_of(changed, db, find(changed, db, table)) == NULL;
}
