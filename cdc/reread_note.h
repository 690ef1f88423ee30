/*
 * reread_note.h - notes that a key is to be read again, as they stand in Redis: the stream has seen
 * a change of its row, and the change's image is not enough to write the row from.
 *
 * The hash sluice:{PIPELINE}:rereads has a field for each such key:
 *     shop.users shop:users:7     the table (bytes '%', '.', '=' and ' ' of names as %hh: the
 *                                 note's scope), a space, and the Redis key as it is
 *     id=7                        the columns that the key is made of and their texts, likewise;
 *                                 a NULL without '='
 *     shop.users shop.users       of a table: which keys its rows have had is not known, so that it
 *     (nothing)                   is to be loaded again
 * A note is written in the step that moves the position behind the change, and removed in the step
 * that writes the row, or later: so there is always one or the other.
 */
#ifndef SLUICE_CDC_REREAD_NOTE_H
#define SLUICE_CDC_REREAD_NOTE_H

#include "cdc/base/arena.h"
#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "cdc/column.h"

/* All is borrowed. A table's note has no cells. */
struct sl_reread_note {
    struct sl_span scope;
    struct sl_span key;
    struct sl_span cells;
};

/* Appends the scope of a table. */
int sl_reread_scope_format(struct sl_span db, struct sl_span table,
                           struct sl_buf *out) SL_MUSTCHECK;
/* The reverse; replaces DB and TABLE. SL_EFORMAT. */
int sl_reread_scope_parse(struct sl_span scope, struct sl_buf *db,
                          struct sl_buf *table) SL_MUSTCHECK;

/* Appends one column to the cells of a note. CELL: TEXT, VALUE or NULL. Other states, and values
 * that are none: SL_ESCHEMA or as sl_value_text(). */
int sl_reread_add_cell(struct sl_buf *cells, const struct sl_column *column,
                       const struct sl_cell *cell, struct sl_err *err) SL_MUSTCHECK;
/*
 * Fills TABLE's column_count CELLS: TEXT or NULL for the columns that TEXT names, with their bytes
 * in ARENA; ABSENT for the others. SL_DONE: the table has no such column (any more), or the text is
 * none; then CELLS are of no use.
 */
int sl_reread_cells_parse(struct sl_span text, const struct sl_table *table, struct sl_arena *arena,
                          struct sl_cell *cells) SL_MUSTCHECK;

/* Takes a field of the hash apart. SL_EFORMAT: it is none of ours. */
int sl_reread_field_parse(struct sl_span field, struct sl_reread_note *note) SL_MUSTCHECK;

/* Adds the command that writes NOTE into HASH, sluice's key, as an entry of the note's key. */
int sl_reread_note_add(struct sl_batch *batch, struct sl_span hash,
                       const struct sl_reread_note *note) SL_MUSTCHECK;
/* The same for a table's note. Its entry has no key's name (item.h). */
int sl_reread_note_table(struct sl_batch *batch, struct sl_span hash,
                         struct sl_span scope) SL_MUSTCHECK;
/* Views of the note that ENTRY of BATCH, which is one, writes. */
int sl_reread_note_view(const struct sl_batch *batch, const struct sl_batch_entry *entry,
                        struct sl_reread_note *note) SL_MUSTCHECK;

#endif
