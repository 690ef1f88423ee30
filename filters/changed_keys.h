/*
 * changed_keys.h - which keys of the sink a stretch of the binary log says something about: the
 * handler of a stream that writes nothing. Of an update it is the old and the new key, of a deleted
 * row the key that it had; of what is rolled back, too, which is no harm. The same goes for the
 * items of indexes.
 *
 * Where keys do not say it all, the table counts as changed as a whole: a statement took rows,
 * moved them or gave them another layout, rows were written by statement, the layout that an event
 * was written with is not known, an XA transaction is decided whose rows lie before the stretch, or
 * more keys changed than are to be kept.
 */
#ifndef SLUICE_FILTERS_CHANGED_KEYS_H
#define SLUICE_FILTERS_CHANGED_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/key_set.h"
#include "cdc/stream.h"
#include "filters/options.h"

struct sl_changed_options {
    const struct sl_table_rule *rules; /* borrowed: the keys, and which tables */
    size_t rule_count;
    /* Which of these tables; NULL: all. */
    bool (*is_asked)(void *user, struct sl_span db, struct sl_span table);
    void *user;
    size_t bytes_max; /* memory for keys: at more, the table with the most is changed as a whole */
    uint32_t from_time; /* transactions before the first event of that time do not count; 0: all */
};

struct sl_changed_keys;

/* OPTIONS are copied. NULL: no memory. */
struct sl_changed_keys *sl_changed_keys_new(const struct sl_changed_options *options);
void sl_changed_keys_free(struct sl_changed_keys *changed);

/* For sl_stream_new(). */
struct sl_stream_handler sl_changed_keys_handler(struct sl_changed_keys *changed);
/* For sl_stream_options: USER is what was made here. */
bool sl_changed_keys_wants(void *user, struct sl_span db, struct sl_span table);
/* The stream that calls; to be set before the first event. */
void sl_changed_keys_attach(struct sl_changed_keys *changed, const struct sl_stream *stream);

/* Makes a table count as changed as a whole. WHY is part of a sentence, and static. SL_ENOMEM. */
int sl_changed_keys_add_whole(struct sl_changed_keys *changed, struct sl_span db,
                              struct sl_span table, const char *why) SL_MUSTCHECK;

/* What changed of a table. Valid until the next call or event. */
struct sl_changed_table {
    const char *whole; /* why as a whole; NULL: only what is in SETS */
    struct sl_key_set *const *sets;
    size_t facets;
};

/* What changed of FACET: names of items (mapper.h). NULL: nothing. */
const struct sl_key_set *sl_changed_keys_of(const struct sl_changed_table *table, uint32_t facet);

struct sl_changed_table sl_changed_keys_find(const struct sl_changed_keys *changed,
                                             struct sl_span db, struct sl_span table);
/* Rows' keys, of all tables. */
size_t sl_changed_keys_count(const struct sl_changed_keys *changed);

#endif
