/* reader_watch.c - tells the watches what the stream does to their tables. */
#include <stdlib.h>

#include "cdc/reader_private.h"
#include "cdc/reader_visit.h"

static void note_entries(struct sl_table_watch *watch, const struct sl_batch *batch, uint32_t from)
{
    for (uint32_t i = from; i < batch->entry_count; i++) {
        const struct sl_batch_entry *entry = &batch->entries[i];

        sl_table_watch_note(watch, sl_batch_item(batch, entry), (enum sl_write)entry->write);
    }
}

bool sl_reader_watches(const struct sl_reader *reader, const struct sl_table *table)
{
    for (size_t i = 0; i < reader->visits.watch_count; i++) {
        if (sl_table_watch_is_of(reader->visits.watches[i], table->db, table->name)) {
            return true;
        }
    }
    return false;
}

void sl_reader_watch_note(struct sl_reader *reader, const struct sl_table *table, uint32_t from)
{
    for (size_t i = 0; i < reader->visits.watch_count; i++) {
        struct sl_table_watch *watch = reader->visits.watches[i];

        if (table == NULL || sl_table_watch_is_of(watch, table->db, table->name)) {
            note_entries(watch, reader->batch, from);
        }
    }
}

/* A key that a watch does not know is none of its table's. */
static void undo_entries(struct sl_table_watch *watch, const struct sl_batch *batch, uint32_t from)
{
    for (uint32_t i = from; i < batch->entry_count; i++) {
        struct sl_item_name name = sl_batch_item(batch, &batch->entries[i]);

        if (sl_table_watch_find(watch, name) != SL_TOUCH_NONE) {
            sl_table_watch_undo(watch, name);
        }
    }
}

void sl_reader_watch_undo(struct sl_reader *reader, uint32_t from)
{
    for (size_t i = 0; i < reader->visits.watch_count; i++) {
        undo_entries(reader->visits.watches[i], reader->batch, from);
    }
}

void sl_reader_watch_undo_parts(struct sl_reader *reader)
{
    for (size_t i = 0; reader->parts > 0 && i < reader->visits.watch_count; i++) {
        sl_table_watch_undo_all(reader->visits.watches[i]);
    }
}

void sl_reader_tell_watches(struct sl_reader *reader, const struct sl_table_watch *teller,
                            struct sl_item_name name)
{
    for (size_t i = 0; i < reader->visits.watch_count; i++) {
        struct sl_table_watch *watch = reader->visits.watches[i];

        if (watch != teller && sl_table_watch_is_alike(watch, teller)) {
            sl_table_watch_note(watch, name, SL_WRITE_WHOLE);
        }
    }
}

static bool may_alter(const struct sl_ddl *ddl, const struct sl_table_watch *watch)
{
    switch (ddl->kind) {
    case SL_DDL_OTHER:
        return false;
    case SL_DDL_UNPARSED:
        return true;
    case SL_DDL_DML: /* a statement that names no table has been judged by the mapper */
        return ddl->table.len > 0 && sl_table_watch_is_of(watch, ddl->db, ddl->table);
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_ALTER_TABLE:
    case SL_DDL_DROP_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_TRUNCATE:
    case SL_DDL_RENAME_TABLE:
        break;
    }
    return sl_table_watch_is_of(watch, ddl->db, ddl->table) ||
           (ddl->to_table.len > 0 && sl_table_watch_is_of(watch, ddl->to_db, ddl->to_table));
}

void sl_reader_watch_ddl(struct sl_reader *reader, const struct sl_ddl *ddl)
{
    for (size_t i = 0; i < reader->visits.watch_count; i++) {
        if (may_alter(ddl, reader->visits.watches[i])) {
            sl_table_watch_alter(reader->visits.watches[i]);
        }
    }
}

int sl_reader_add_watch(struct sl_reader *reader, struct sl_table_watch *watch)
{
    struct sl_visits *visits = &reader->visits;

    if (visits->watch_count == visits->watch_cap) {
        size_t cap = visits->watch_cap > 0 ? visits->watch_cap * 2 : 4;
        struct sl_table_watch **watches =
            realloc(visits->watches, cap * sizeof(struct sl_table_watch *));

        if (watches == NULL) {
            return SL_ENOMEM;
        }
        visits->watches = watches;
        visits->watch_cap = cap;
    }
    visits->watches[visits->watch_count++] = watch;
    return SL_OK;
}

void sl_reader_remove_watch(struct sl_reader *reader, struct sl_table_watch *watch)
{
    struct sl_visits *visits = &reader->visits;

    for (size_t i = 0; i < visits->watch_count; i++) {
        if (visits->watches[i] == watch) {
            visits->watches[i] = visits->watches[--visits->watch_count];
            return;
        }
    }
}
