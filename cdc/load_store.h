/*
 * load_store.h - what a snapshot reads from the sink; sinks/load_store.c implements it. It only
 * reads: everything is written through the stream, fenced and in order.
 */
#ifndef SLUICE_CDC_LOAD_STORE_H
#define SLUICE_CDC_LOAD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/batch.h"

struct sl_load_store;

/* What it returns, if not SL_OK, ends the reading. Views are valid during the call. */
typedef int (*sl_load_field_fn)(void *user, struct sl_span name, struct sl_span value);
typedef int (*sl_load_key_fn)(void *user, struct sl_span key);

/* Every call connects if there is no connection (any more): SL_EIO, SL_EAUTH, SL_ESINK,
 * SL_ESTOPPED. */
struct sl_load_store_ops {
    /* The fields of the hash sluice:{PIPELINE}:bootstrap, or :requests. */
    int (*states)(struct sl_load_store *store, sl_load_field_fn each, void *user,
                  struct sl_err *err);
    int (*requests)(struct sl_load_store *store, sl_load_field_fn each, void *user,
                    struct sl_err *err);
    /* The same of sluice:{PIPELINE}:rules. */
    int (*rules)(struct sl_load_store *store, sl_load_field_fn each, void *user,
                 struct sl_err *err);
    /* One step through the hash sluice:{PIPELINE}:rereads, with a cursor as below. */
    int (*rereads)(struct sl_load_store *store, uint64_t *cursor, sl_load_field_fn each, void *user,
                   struct sl_err *err);
    /* The members of the sorted set sluice:{PIPELINE}:redelete that are due until UNTIL_MS, in
       order, each with its score as a text; LIMIT at most, 0: all. NULL where nobody asks. */
    int (*due)(struct sl_load_store *store, uint64_t until_ms, size_t limit, sl_load_field_fn each,
               void *user, struct sl_err *err);
    /*
     * One step of a SCAN: calls EACH for keys that PATTERN matches. *CURSOR is 0 at the beginning,
     * and again at the end. A key may come more than once.
     */
    int (*scan)(struct sl_load_store *store, const struct sl_key_pattern *pattern, uint64_t *cursor,
                sl_load_key_fn each, void *user, struct sl_err *err);
    /*
     * One step of an SSCAN: calls EACH for members of the set KEY, as above. What is no set, or not
     * there, has none.
     */
    int (*members)(struct sl_load_store *store, struct sl_span key, uint64_t *cursor,
                   sl_load_key_fn each, void *user, struct sl_err *err);
    /* Thread-safe: a call that is under way and all later ones fail with SL_ESTOPPED. */
    void (*interrupt)(struct sl_load_store *store);
    void (*free)(struct sl_load_store *store);
};

/* The first member of every implementation. One thread uses it. */
struct sl_load_store {
    const struct sl_load_store_ops *ops;
    const char *state_key; /* sluice:{PIPELINE}:bootstrap */
    const char *requests_key;
    const char *rules_key;
    const char *redelete_key;
};

#endif
