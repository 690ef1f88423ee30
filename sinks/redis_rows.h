/*
 * redis_rows.h - reads many cached rows, together with the checkpoint that they belong to: in one
 * MULTI/EXEC, so that the rows are exactly those that had been written when the checkpoint was.
 */
#ifndef SLUICE_SINKS_REDIS_ROWS_H
#define SLUICE_SINKS_REDIS_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/held.h"
#include "cdc/position.h"
#include "sinks/options.h"

/* What item number INDEX holds, during the call. What it returns, if not SL_OK, ends the reading.
 */
typedef int (*sl_redis_held_fn)(void *user, size_t index, const struct sl_held *held);

struct sl_redis_rows;

/* OPTIONS are borrowed; connects at its first call, and again when the connection was lost. STOP
 * ends every wait with SL_ESTOPPED. NULL: no memory. */
struct sl_redis_rows *sl_redis_rows_new(const struct sl_redis_options *options,
                                        const char *pipeline, const atomic_bool *stop);
void sl_redis_rows_free(struct sl_redis_rows *rows);

/* Replaces *POSITION (initialised) by the checkpoint. SL_DONE: there is none. */
int sl_redis_rows_checkpoint(struct sl_redis_rows *rows, struct sl_position *position,
                             struct sl_err *err) SL_MUSTCHECK;

/* How a row, or an item of it, is kept. */
struct sl_redis_form {
    bool is_text;     /* a string; else a hash */
    bool is_document; /* of the JSON type instead: its text is the server's */
    bool is_member;   /* or a member of a set: it holds an empty text, or nothing */
    bool expires;     /* look whether keys do */
};

struct sl_redis_reading {
    const struct sl_span *names; /* keys, or names of members (item.h) */
    size_t count;
    struct sl_redis_form form;
    struct sl_span scope;       /* of their table (reread_note.h), to see which rows wait to be read
                                   again; empty: that is not asked */
    const struct sl_span *rows; /* the keys of these rows; NULL: they are NAMES */
};

/*
 * Reads items. *POSITION (initialised) is replaced by the checkpoint of the same moment, before
 * EACH is called for the first one. SL_DONE: there is no checkpoint. SL_EIO, SL_EAUTH, SL_ESINK,
 * SL_EFORMAT.
 */
int sl_redis_rows_read(struct sl_redis_rows *rows, const struct sl_redis_reading *reading,
                       struct sl_position *position, sl_redis_held_fn each, void *user,
                       struct sl_err *err) SL_MUSTCHECK;

/* Bytes of values and field names that were read so far. */
uint64_t sl_redis_rows_bytes(const struct sl_redis_rows *rows);

#endif
