/*
 * redis_dictionary.h - the dictionaries of compressed values, kept beside them:
 *
 *     sluice:{PIPELINE}:dict:ID   a string, the dictionary: never changed, and never removed by
 *                                 sluice, as values that were compressed with it may still be there
 *     sluice:{PIPELINE}:dicts     a hash, "DB.TABLE" (see sl_load_field_format()) to the ID of the
 *                                 one that the table's values are compressed with now
 *
 * Every call connects.
 */
#ifndef SLUICE_SINKS_REDIS_DICTIONARY_H
#define SLUICE_SINKS_REDIS_DICTIONARY_H

#include <stdatomic.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/dictionary.h"
#include "sinks/options.h"

/* Where dictionaries are. All is borrowed; STOP may be NULL. */
struct sl_redis_dictionaries {
    const struct sl_redis_options *options;
    const char *pipeline;
    const atomic_bool *stop;
};

/* Appends the bytes of dictionary ID to OUT; USER is a struct sl_redis_dictionaries. SL_DONE: there
 * is none. */
int sl_redis_dictionary_find(void *user, uint32_t id, struct sl_buf *out, struct sl_err *err);

/* Replaces *OUT (released by the caller) by the dictionaries that are noted for tables. */
int sl_redis_dictionaries_read(const struct sl_redis_dictionaries *place,
                               struct sl_dictionaries *out, struct sl_err *err) SL_MUSTCHECK;

/* Keeps DICTIONARY and notes it for its table, in one step. SL_EINVAL: another one has its id. */
int sl_redis_dictionary_store(const struct sl_redis_dictionaries *place,
                              const struct sl_dictionary *dictionary,
                              struct sl_err *err) SL_MUSTCHECK;

#endif
