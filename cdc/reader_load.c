/*
 * reader_load.c - what statements do to whole tables: their keys are removed, or the table is
 * loaded again, in order with the rows before and after.
 *
 * A load reads the table as it is now, which may be long after the statement that asked for it. The
 * cache is right all the same once the stream has come to that moment, since every change of a row
 * between the two is still to come:
 *  - a full image says what the row was then, whatever is there already; the row's last image is
 * what the load read, or newer;
 *  - a row that was read and deleted since has its DELETE to come, one that was deleted before was
 * not read, and the changes to it before its DELETE put back what the DELETE takes away;
 *  - a MINIMAL image sets the columns that it has, and each column's last image is what the load
 * read; where it meets no key, the row was not there to be read, so that its DELETE is to come;
 *  - a statement that gives the table another layout, other rows or another name loads or purges
 * again. Until then a row may show a state that is newer than its neighbours'.
 *
 * While rows are read nobody fetches from the replication connection: the server waits in its
 * write, for which connect.c gives it an hour at a time, and no timeout of ours runs, as none is
 * asked to read. The heartbeat and the lease belong to the loop.
 */
#include <stdio.h>

#include "cdc/reader_private.h"

/* What was gathered before goes ahead, in a group that ends here. */
static int end_group(struct sl_reader *reader)
{
    if (reader->batch != NULL && (reader->batch->entry_count > 0 || reader->group_is_open)) {
        return sl_reader_push(reader, true, sl_stream_position(reader->stream));
    }
    return SL_OK;
}

int sl_reader_purge(struct sl_reader *reader, struct sl_key_pattern *pattern)
{
    int rc = end_group(reader);

    if (rc == SL_OK) {
        rc = sl_reader_need_batch(reader);
    }
    if (rc != SL_OK) {
        pattern->free(pattern);
        return rc;
    }
    reader->batch->task = SL_TASK_PURGE;
    reader->batch->purge = pattern;
    rc = sl_reader_push(reader, true, NULL);
    if (rc == SL_OK) {
        rc = sl_reader_need_batch(reader);
    }
    return rc;
}

struct load {
    struct sl_reader *reader;
    struct sl_key_pattern *purge; /* owned until it is passed on */
    bool unless_primary;
};

static void tell(const struct sl_reader *reader, const struct sl_table *table)
{
    char text[512];

    if (reader->options.notice == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text), "table %.*s.%.*s is loaded again after a DDL statement",
                   (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                   (const char *)table->name.data);
    reader->options.notice(reader->options.notice_user, false, text);
}

static int on_load_begin(void *user, struct sl_table *table, struct sl_err *err)
{
    struct load *load = user;
    struct sl_reader *reader = load->reader;
    struct sl_key_pattern *purge = load->purge;
    int rc;

    if (load->unless_primary && table->key_is_primary) {
        return SL_DONE;
    }
    rc = sl_reader_use_table(reader, table, err);
    if (rc != SL_OK) {
        return rc;
    }
    tell(reader, table);
    load->purge = NULL;
    return purge != NULL ? sl_reader_purge(reader, purge) : SL_OK;
}

static int on_load_row(void *user, const struct sl_table *table, const struct sl_cell *cells,
                       struct sl_err *err)
{
    struct sl_reader *reader = ((struct load *)user)->reader;
    const struct sl_loaded_row row = {.table = table, .cells = cells, .write = SL_WRITE_REPLACE};
    int rc = reader->mapper->ops->load_row(reader->mapper, &row, reader->batch, err);

    return rc == SL_OK ? sl_reader_push_if_full(reader) : rc;
}

static int no_loader(const struct sl_effect *effect, struct sl_err *err)
{
    return sl_err_set(err, SL_EGAP,
                      "table %.*s.%.*s got other columns, rows or another name by a statement, and "
                      "there is no server to load it from",
                      (int)effect->db.len, (const char *)effect->db.data, (int)effect->table.len,
                      (const char *)effect->table.data);
}

int sl_reader_load(struct sl_reader *reader, const struct sl_effect *effect, struct sl_err *err)
{
    struct load load = {
        .reader = reader, .purge = effect->purge, .unless_primary = effect->unless_primary};
    const struct sl_load_handler handler = {
        .begin = on_load_begin, .row = on_load_row, .user = &load};
    int rc;

    rc = reader->options.load != NULL ? reader->options.load(reader->options.load_user, effect->db,
                                                             effect->table, &handler, err)
                                      : no_loader(effect, err);
    if (load.purge != NULL) {
        load.purge->free(load.purge);
    }
    return rc == SL_DONE ? SL_OK : rc;
}
