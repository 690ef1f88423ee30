/*
 * redelete_note.h - notes that a key is to be removed once more, as they stand in Redis: others
 * fill these keys from the source, and who read a row before it changed may write it after the key
 * was removed.
 *
 * The sorted set sluice:{PIPELINE}:redelete has a member for each, scored by when it is due
 * (milliseconds since 1970):
 *     shop.users user:7     the table (a scope, see reread_note.h), a space, and the key as it is
 *     shop.users            without a space: all keys of the table; "shop.": of the database
 * A note is written in the step that removes the key, and removed with the second removal or later.
 */
#ifndef SLUICE_CDC_REDELETE_NOTE_H
#define SLUICE_CDC_REDELETE_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/base/status.h"

struct sl_redelete_note {
    struct sl_span scope;
    struct sl_span key; /* empty: all keys of the scope */
};

/* Appends the scope of a table, or (TABLE empty) of a database. */
int sl_redelete_scope_format(struct sl_span db, struct sl_span table,
                             struct sl_buf *out) SL_MUSTCHECK;
/* The reverse; replaces DB and TABLE. SL_EFORMAT. */
int sl_redelete_scope_parse(struct sl_span scope, struct sl_buf *db,
                            struct sl_buf *table) SL_MUSTCHECK;

/* Takes a member apart. SL_EFORMAT: it is none of ours. */
int sl_redelete_note_parse(struct sl_span member, struct sl_redelete_note *note) SL_MUSTCHECK;

/* Appends the command that writes NOTE, which is due at DUE_MS, into the sorted set SET. A note
 * that is there already becomes due then. */
int sl_redelete_add(struct sl_buf *out, struct sl_span set, uint64_t due_ms,
                    const struct sl_redelete_note *note) SL_MUSTCHECK;

/*
 * Where the LEN bytes at COMMAND begin with what sl_redelete_add() appends for SET: writes DUE_MS
 * over the time that they say. False, and nothing is changed, where they do not.
 */
bool sl_redelete_put_off(uint8_t *command, size_t len, struct sl_span set, uint64_t due_ms);

#endif
