/*
 * dictionary.h - dictionaries that values are compressed with: the ground that filters/, which
 * compresses, and sinks/, which keeps them, have in common. The bytes are zstd's format; they hold
 * the id themselves.
 */
#ifndef SLUICE_CDC_DICTIONARY_H
#define SLUICE_CDC_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/* The most that one may have: readers and daemons keep them in memory. */
#define SL_DICTIONARY_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* The one that a table's values are compressed with now. */
struct sl_dictionary {
    struct sl_buf db;
    struct sl_buf table;
    uint32_t id;
    struct sl_buf bytes; /* empty: it is noted, but gone */
};

/* Zeroed: none. */
struct sl_dictionaries {
    struct sl_dictionary *items; /* owned */
    size_t count;
};

void sl_dictionaries_release(struct sl_dictionaries *dictionaries);

/* Adds an empty one; NULL: out of memory. Valid until the next. */
struct sl_dictionary *sl_dictionaries_add(struct sl_dictionaries *dictionaries);

/* The table's, or NULL. */
const struct sl_dictionary *sl_dictionaries_find(const struct sl_dictionaries *dictionaries,
                                                 struct sl_span db, struct sl_span table);

#endif
