/*
 * reader_savepoint.c - rows that a transaction takes back. Servers leave them in the log, followed
 * by ROLLBACK TO, once the transaction changed a table that has no transactions.
 */
#include <stdlib.h>
#include <strings.h>

#include "cdc/reader_private.h"

void sl_reader_forget_savepoints(struct sl_reader *reader)
{
    reader->savepoint_count = 0;
}

void sl_reader_free_savepoints(struct sl_reader *reader)
{
    for (size_t i = 0; i < reader->savepoint_cap; i++) {
        sl_buf_release(&reader->savepoints[i].name);
    }
    free(reader->savepoints);
    reader->savepoints = NULL;
    reader->savepoint_cap = 0;
    reader->savepoint_count = 0;
}

static int reserve(struct sl_reader *reader)
{
    size_t cap = reader->savepoint_cap > 0 ? reader->savepoint_cap * 2 : 4;
    struct sl_savepoint *savepoints;

    if (reader->savepoint_count < reader->savepoint_cap) {
        return SL_OK;
    }
    savepoints = realloc(reader->savepoints, cap * sizeof(*savepoints));
    if (savepoints == NULL) {
        return SL_ENOMEM;
    }
    memset(savepoints + reader->savepoint_cap, 0,
           (cap - reader->savepoint_cap) * sizeof(*savepoints));
    reader->savepoints = savepoints;
    reader->savepoint_cap = cap;
    return SL_OK;
}

int sl_reader_savepoint(void *user, struct sl_span name, struct sl_err *err)
{
    struct sl_reader *reader = user;
    struct sl_savepoint *savepoint;
    int rc = reserve(reader);

    (void)err;
    if (rc != SL_OK) {
        return rc;
    }
    savepoint = &reader->savepoints[reader->savepoint_count];
    sl_buf_clear(&savepoint->name);
    rc = sl_buf_add(&savepoint->name, name.data, name.len);
    if (rc == SL_OK) {
        savepoint->mark = sl_batch_here(reader->batch);
        savepoint->parts = reader->parts;
        reader->savepoint_count++;
    }
    return rc;
}

/* Names of savepoints do not tell cases apart; a newer one hides an older one of its name. */
static struct sl_savepoint *find(struct sl_reader *reader, struct sl_span name)
{
    for (size_t i = reader->savepoint_count; i > 0; i--) {
        struct sl_savepoint *savepoint = &reader->savepoints[i - 1];

        if (savepoint->name.len == name.len &&
            strncasecmp((const char *)savepoint->name.data, (const char *)name.data, name.len) ==
                0) {
            reader->savepoint_count = i; /* those set later are gone */
            return savepoint;
        }
    }
    return NULL;
}

int sl_reader_rollback_to(void *user, struct sl_span name, struct sl_err *err)
{
    struct sl_reader *reader = user;
    const struct sl_savepoint *savepoint = find(reader, name);

    if (savepoint == NULL || savepoint->parts != reader->parts) {
        return sl_err_set(
            err, SL_EGAP,
            "a transaction was rolled back to the savepoint %.*s, behind which rows were "
            "passed on already: load its tables again",
            (int)name.len, (const char *)name.data);
    }
    sl_reader_watch_undo(reader, savepoint->mark.entry);
    sl_batch_rollback(reader->batch, savepoint->mark);
    return SL_OK;
}
