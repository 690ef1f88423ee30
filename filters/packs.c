#include "filters/packs.h"

#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>

struct sl_prepared {
    const struct sl_dictionary *dictionary;
    int level;
    ZSTD_CDict *engine;
};

void sl_packs_release(struct sl_packs *packs)
{
    for (size_t i = 0; i < packs->prepared_count; i++) {
        (void)ZSTD_freeCDict(packs->prepared[i].engine);
    }
    free(packs->prepared);
    sl_packer_free(packs->packer);
    sl_said_release(&packs->warned);
    *packs = (struct sl_packs){0};
}

/* ---- what is missing ---- */

static void warn(struct sl_packs *packs, const struct sl_table *table,
                 const struct sl_dictionary *gone)
{
    char name[264]; /* a dot between names of 64 characters, seldom of two bytes */
    char text[1280];

    if (packs->notice == NULL || !sl_said_first(&packs->warned, table)) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%.*s.%.*s", (int)table->db.len,
                   (const char *)table->db.data, (int)table->name.len,
                   (const char *)table->name.data);
    if (gone == NULL) {
        (void)snprintf(text, sizeof(text),
                       "table %s has no dictionary, so its values are compressed without one: run "
                       "sluice train --table %s, then restart",
                       name, name);
    } else {
        (void)snprintf(text, sizeof(text),
                       "the dictionary %lu of table %s is gone from Redis, so values that were "
                       "compressed with it cannot be read any more, and new ones are compressed "
                       "without: run sluice train --table %s, restart, and load the table again "
                       "by sluice bootstrap --table %s",
                       (unsigned long)gone->id, name, name, name);
    }
    packs->notice(packs->notice_user, true, text);
}

/* ---- what is there ---- */

static const ZSTD_CDict *find_prepared(const struct sl_packs *packs,
                                       const struct sl_dictionary *dictionary, int level)
{
    for (size_t i = 0; i < packs->prepared_count; i++) {
        if (packs->prepared[i].dictionary == dictionary && packs->prepared[i].level == level) {
            return packs->prepared[i].engine;
        }
    }
    return NULL;
}

static int prepare(struct sl_packs *packs, const struct sl_dictionary *dictionary, int level,
                   const ZSTD_CDict **out)
{
    struct sl_prepared *items =
        realloc(packs->prepared, (packs->prepared_count + 1) * sizeof(*items));
    ZSTD_CDict *engine;

    if (items == NULL) {
        return SL_ENOMEM;
    }
    packs->prepared = items;
    engine = ZSTD_createCDict(dictionary->bytes.data, dictionary->bytes.len, level);
    if (engine == NULL) {
        return SL_ENOMEM;
    }
    items[packs->prepared_count++] =
        (struct sl_prepared){.dictionary = dictionary, .level = level, .engine = engine};
    *out = engine;
    return SL_OK;
}

/* Any bytes can be used as a dictionary; only those of a trained one say which it is. */
static bool is_whole(const struct sl_dictionary *dictionary)
{
    return dictionary->id != 0 &&
           ZSTD_getDictID_fromDict(dictionary->bytes.data, dictionary->bytes.len) == dictionary->id;
}

static int give_dictionary(struct sl_packs *packs, struct sl_shape *shape)
{
    const struct sl_table *table = shape->table;
    const struct sl_dictionary *dictionary =
        packs->known != NULL ? sl_dictionaries_find(packs->known, table->db, table->name) : NULL;
    const ZSTD_CDict *engine;
    int rc = SL_OK;

    if (dictionary == NULL || !is_whole(dictionary)) {
        warn(packs, table, dictionary);
        return SL_OK;
    }
    engine = find_prepared(packs, dictionary, shape->pack.level);
    if (engine == NULL) {
        rc = prepare(packs, dictionary, shape->pack.level, &engine);
    }
    if (rc == SL_OK) {
        shape->pack.dictionary = engine;
    }
    return rc;
}

int sl_packs_give(struct sl_packs *packs, struct sl_shape *shape)
{
    const struct sl_table_rule *rule = shape->rule;

    if (rule->compress == SL_COMPRESS_NONE || packs->is_off) {
        return SL_OK;
    }
    if (packs->packer == NULL) {
        packs->packer = sl_packer_new();
    }
    if (packs->packer == NULL) {
        return SL_ENOMEM;
    }
    shape->pack = (struct sl_pack){.packer = packs->packer,
                                   .level = (int)rule->compress_level,
                                   .min_bytes = (size_t)rule->min_bytes};
    return rule->compress == SL_COMPRESS_DICT ? give_dictionary(packs, shape) : SL_OK;
}
