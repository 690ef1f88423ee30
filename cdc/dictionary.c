#include "cdc/dictionary.h"

#include <stdlib.h>

void sl_dictionaries_release(struct sl_dictionaries *dictionaries)
{
    for (size_t i = 0; i < dictionaries->count; i++) {
        sl_buf_release(&dictionaries->items[i].db);
        sl_buf_release(&dictionaries->items[i].table);
        sl_buf_release(&dictionaries->items[i].bytes);
    }
    free(dictionaries->items);
    *dictionaries = (struct sl_dictionaries){0};
}

struct sl_dictionary *sl_dictionaries_add(struct sl_dictionaries *dictionaries)
{
    struct sl_dictionary *items =
        realloc(dictionaries->items, (dictionaries->count + 1) * sizeof(*items));

    if (items == NULL) {
        return NULL;
    }
    dictionaries->items = items;
    items[dictionaries->count] = (struct sl_dictionary){0};
    return &items[dictionaries->count++];
}

static bool is_same(const struct sl_buf *name, struct sl_span other)
{
    return name->len == other.len &&
           (other.len == 0 || memcmp(name->data, other.data, other.len) == 0);
}

const struct sl_dictionary *sl_dictionaries_find(const struct sl_dictionaries *dictionaries,
                                                 struct sl_span db, struct sl_span table)
{
    for (size_t i = 0; i < dictionaries->count; i++) {
        const struct sl_dictionary *item = &dictionaries->items[i];

        if (is_same(&item->db, db) && is_same(&item->table, table)) {
            return item;
        }
    }
    return NULL;
}
