#include "filters/known_keys.h"

#include <stdlib.h>

#include "cdc/base/arena.h"
#include "cdc/ddl.h"

struct sl_known_key {
    struct sl_arena arena; /* owns the names */
    struct sl_span db;
    struct sl_span table;
    struct sl_span *columns;
    size_t count;
    bool is_primary;
};

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void free_key(struct sl_known_key *key)
{
    if (key != NULL) {
        sl_arena_release(&key->arena);
        free(key);
    }
}

void sl_known_keys_release(struct sl_known_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free_key(keys->tables[i]);
    }
    free(keys->tables);
    *keys = (struct sl_known_keys){0};
}

void sl_known_keys_forget(struct sl_known_keys *keys, struct sl_span db, struct sl_span table)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        struct sl_known_key *key = keys->tables[i];

        if (same(key->db, db) && (table.len == 0 || same(key->table, table))) {
            free_key(key);
        } else {
            keys->tables[kept++] = key;
        }
    }
    keys->count = kept;
}

static size_t count_parts(const struct sl_shape *shape)
{
    size_t count = shape->key.count;

    for (size_t i = 0; shape->indexes != NULL && i < shape->indexes->count; i++) {
        count += shape->indexes->items[i].key.count + shape->indexes->items[i].value.count;
    }
    return count;
}

static int keep_columns(struct sl_known_key *known, const struct sl_table *table,
                        const struct sl_key *key)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < key->count; i++) {
        uint32_t number = key->parts[i].column;

        if (number != SL_KEY_LITERAL) {
            known->columns[known->count] = table->columns[number].name;
            rc = sl_arena_keep(&known->arena, &known->columns[known->count++]);
        }
    }
    return rc;
}

static int fill(struct sl_known_key *key, const struct sl_shape *shape)
{
    const struct sl_table *table = shape->table;
    int rc;

    key->db = table->db;
    key->table = table->name;
    key->is_primary = table->key_is_primary;
    key->columns = sl_arena_array(&key->arena, count_parts(shape), sizeof(*key->columns));
    rc = key->columns != NULL ? sl_arena_keep(&key->arena, &key->db) : SL_ENOMEM;
    rc = rc == SL_OK ? sl_arena_keep(&key->arena, &key->table) : rc;
    rc = rc == SL_OK ? keep_columns(key, table, &shape->key) : rc;
    for (size_t i = 0; rc == SL_OK && shape->indexes != NULL && i < shape->indexes->count; i++) {
        rc = keep_columns(key, table, &shape->indexes->items[i].key);
        rc = rc == SL_OK ? keep_columns(key, table, &shape->indexes->items[i].value) : rc;
    }
    return rc;
}

static int reserve(struct sl_known_keys *keys)
{
    size_t cap = keys->cap > 0 ? keys->cap * 2 : 16;
    struct sl_known_key **tables;

    if (keys->count < keys->cap) {
        return SL_OK;
    }
    tables = realloc(keys->tables, cap * sizeof(struct sl_known_key *));
    if (tables == NULL) {
        return SL_ENOMEM;
    }
    keys->tables = tables;
    keys->cap = cap;
    return SL_OK;
}

int sl_known_keys_set(struct sl_known_keys *keys, const struct sl_shape *shape)
{
    struct sl_known_key *key = calloc(1, sizeof(*key));
    int rc = key != NULL ? fill(key, shape) : SL_ENOMEM;

    sl_known_keys_forget(keys, shape->table->db, shape->table->name);
    rc = rc == SL_OK ? reserve(keys) : rc;
    if (rc != SL_OK) {
        free_key(key);
        return rc;
    }
    keys->tables[keys->count++] = key;
    return SL_OK;
}

const struct sl_known_key *sl_known_keys_find(const struct sl_known_keys *keys, struct sl_span db,
                                              struct sl_span table)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (same(keys->tables[i]->db, db) && same(keys->tables[i]->table, table)) {
            return keys->tables[i];
        }
    }
    return NULL;
}

bool sl_known_key_is_mentioned(const struct sl_known_key *key, struct sl_span text)
{
    for (size_t i = 0; i < key->count; i++) {
        if (sl_ddl_mentions(text, key->columns[i])) {
            return true;
        }
    }
    return false;
}

bool sl_known_key_is_primary(const struct sl_known_key *key)
{
    return key->is_primary;
}
