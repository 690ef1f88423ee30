/*
 * known_keys.h - from which columns the keys of each table have been made, as far as rows of it
 * have been seen: an ALTER TABLE that concerns one of these leaves keys behind that no row has any
 * more.
 */
#ifndef SLUICE_FILTERS_KNOWN_KEYS_H
#define SLUICE_FILTERS_KNOWN_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/span.h"
#include "filters/shape.h"

struct sl_known_key; /* a table's */

/* Zeroed: empty. */
struct sl_known_keys {
    struct sl_known_key **tables;
    size_t count;
    size_t cap;
};

void sl_known_keys_release(struct sl_known_keys *keys);
/* Remembers the key of the table that SHAPE was compiled for. SL_ENOMEM: it is forgotten. */
int sl_known_keys_set(struct sl_known_keys *keys, const struct sl_shape *shape) SL_MUSTCHECK;
/* Forgets one table, or (TABLE empty) those of a database. */
void sl_known_keys_forget(struct sl_known_keys *keys, struct sl_span db, struct sl_span table);

/* NULL when it is not known. */
const struct sl_known_key *sl_known_keys_find(const struct sl_known_keys *keys, struct sl_span db,
                                              struct sl_span table);
/* True when the statement TEXT mentions a column of the key. */
bool sl_known_key_is_mentioned(const struct sl_known_key *key, struct sl_span text);
/* True when the key is the primary key, and no other index. */
bool sl_known_key_is_primary(const struct sl_known_key *key);

#endif
