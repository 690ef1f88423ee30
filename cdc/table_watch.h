/*
 * table_watch.h - what the stream does to a table while its rows are being read: which keys it has
 * written since a moment, and whether a statement has altered the table.
 *
 * The stream's thread notes, a snapshot asks; both only while the stream stands still for the other
 * (reader_visit.h), so there is no lock in here.
 */
#ifndef SLUICE_CDC_TABLE_WATCH_H
#define SLUICE_CDC_TABLE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/span.h"
#include "cdc/base/status.h"
#include "cdc/batch.h"

/* What became of a key since sl_table_watch_begin(). */
enum sl_touch {
    SL_TOUCH_NONE,
    SL_TOUCH_WHOLE, /* its last write was a whole one: the stream has what the key must hold */
    SL_TOUCH_PART,  /* or part of a row, or was undone: only reading the row again tells */
    SL_TOUCH_NOTED, /* not written at all, but noted to be read again (reread_note.h) */
};

struct sl_table_watch;

/* LIMIT bounds the bytes that are kept of keys. NULL when out of memory. */
struct sl_table_watch *sl_table_watch_new(struct sl_span db, struct sl_span table, size_t limit);
void sl_table_watch_free(struct sl_table_watch *watch);

/* TABLE empty: any of DB. */
bool sl_table_watch_is_of(const struct sl_table_watch *watch, struct sl_span db,
                          struct sl_span table);
bool sl_table_watch_is_alike(const struct sl_table_watch *watch,
                             const struct sl_table_watch *other);

/* Forgets all keys and notes from now on; sl_table_watch_end() stops that. */
void sl_table_watch_begin(struct sl_table_watch *watch);
void sl_table_watch_end(struct sl_table_watch *watch);

/* The key or member NAME was written, or noted (SL_WRITE_LATER). Beyond the limit, or without
 * memory, the watch is overrun. */
void sl_table_watch_note(struct sl_table_watch *watch, struct sl_item_name name,
                         enum sl_write write);
/* What was noted of NAME came to nothing (a rollback). */
void sl_table_watch_undo(struct sl_table_watch *watch, struct sl_item_name name);
/* The same for every key, where it is not known which of them were undone. */
void sl_table_watch_undo_all(struct sl_table_watch *watch);
/* True when keys are missing: what was read since begin() is of no use. */
bool sl_table_watch_is_overrun(const struct sl_table_watch *watch);
enum sl_touch sl_table_watch_find(const struct sl_table_watch *watch, struct sl_item_name name);

/* A statement altered, emptied, renamed or dropped the table since the watch was made: what was
   read so far is of no use. Stays so. */
void sl_table_watch_alter(struct sl_table_watch *watch);
bool sl_table_watch_is_altered(const struct sl_table_watch *watch);

#endif
