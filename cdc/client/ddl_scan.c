#include "cdc/client/ddl_scan.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cdc/client/binlog.h"
#include "cdc/stream.h"

enum {
    SL_SCAN_NOTES_MAX = 65536, /* more than that many statements: every table counts as changed */
    SL_SCAN_WAITS_MAX = 200,   /* for the end of the log to be sent */
    SL_SCAN_WAIT_US = 10000,
};

static const uint64_t scan_event_max_bytes = 1024ULL * 1024 * 1024;

/* One table that a statement changed. */
struct sl_ddl_note {
    char *db; /* owned, with the table's name behind its NUL; NULL: any table */
    const char *table;
    char *file; /* owned; with the offset: the place before the statement */
    uint64_t offset;
};

struct sl_ddl_scan {
    struct sl_source *source;
    struct sl_stream *stream; /* while the log is read */
    struct sl_position from;  /* what the notes cover; no file: nothing */
    struct sl_position to;
    struct sl_ddl_note *notes;
    size_t count;
    size_t cap;
};

struct sl_ddl_scan *sl_ddl_scan_new_over(struct sl_source *source)
{
    struct sl_ddl_scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL || source == NULL) {
        if (source != NULL) {
            source->ops->free(source);
        }
        free(scan);
        return NULL;
    }
    scan->source = source;
    sl_position_init(&scan->from);
    sl_position_init(&scan->to);
    return scan;
}

struct sl_ddl_scan *sl_ddl_scan_new(const struct sl_source_options *options)
{
    return sl_ddl_scan_new_over(sl_binlog_source_new(options, "", true));
}

static void forget(struct sl_ddl_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        free(scan->notes[i].db);
        free(scan->notes[i].file);
    }
    scan->count = 0;
    scan->from.file[0] = '\0';
    scan->to.file[0] = '\0';
}

void sl_ddl_scan_free(struct sl_ddl_scan *scan)
{
    if (scan != NULL) {
        forget(scan);
        free(scan->notes);
        scan->source->ops->free(scan->source);
        sl_position_release(&scan->from);
        sl_position_release(&scan->to);
        free(scan);
    }
}

void sl_ddl_scan_interrupt(struct sl_ddl_scan *scan)
{
    scan->source->ops->interrupt(scan->source);
}

static char *join_names(struct sl_span db, struct sl_span table, const char **second)
{
    char *names = malloc(db.len + table.len + 2);

    if (names != NULL) {
        *second = names + db.len + 1;
        (void)snprintf(names, db.len + 1, "%.*s", (int)db.len, (const char *)db.data);
        (void)snprintf(names + db.len + 1, table.len + 1, "%.*s", (int)table.len,
                       (const char *)table.data);
    }
    return names;
}

static int make_room(struct sl_ddl_scan *scan)
{
    size_t cap = scan->cap > 0 ? scan->cap * 2 : 16;
    struct sl_ddl_note *notes;

    if (scan->count < scan->cap) {
        return SL_OK;
    }
    if (scan->count >= SL_SCAN_NOTES_MAX) {
        return SL_ELIMIT;
    }
    notes = realloc(scan->notes, cap * sizeof(*notes));
    if (notes == NULL) {
        return SL_ENOMEM;
    }
    scan->notes = notes;
    scan->cap = cap;
    return SL_OK;
}

/* An empty TABLE with a DB is every table of it, both empty every table there is. */
static int add_note(struct sl_ddl_scan *scan, struct sl_span db, struct sl_span table)
{
    const struct sl_position *place = sl_stream_read_position(scan->stream);
    struct sl_ddl_note note = {.offset = place->offset};
    int rc = make_room(scan);

    if (rc != SL_OK) {
        return rc;
    }
    note.db = join_names(db, table, &note.table);
    note.file = strdup(place->file);
    if (note.db == NULL || note.file == NULL) {
        free(note.db);
        free(note.file);
        return SL_ENOMEM;
    }
    scan->notes[scan->count++] = note;
    return SL_OK;
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    static const struct sl_span any = {0};
    int rc;

    (void)err;
    switch (ddl->kind) {
    case SL_DDL_OTHER:
    case SL_DDL_DML:
    case SL_DDL_TRUNCATE:
        return SL_OK; /* layouts stay */
    case SL_DDL_UNPARSED:
        return add_note(user, any, any);
    case SL_DDL_CREATE_TABLE:
    case SL_DDL_ALTER_TABLE:
    case SL_DDL_DROP_TABLE:
    case SL_DDL_DROP_DATABASE:
    case SL_DDL_RENAME_TABLE:
    default:
        rc = add_note(user, ddl->db, ddl->table);
        return rc == SL_OK && ddl->to_table.len > 0 ? add_note(user, ddl->to_db, ddl->to_table)
                                                    : rc;
    }
}

static int on_boundary(void *user, struct sl_err *err)
{
    (void)user;
    (void)err;
    return SL_OK;
}

static int on_begin(void *user, bool is_xa, struct sl_err *err)
{
    (void)is_xa;
    return on_boundary(user, err);
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    (void)user;
    (void)table;
    (void)err;
    *skip = true;
    return SL_OK;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    (void)user;
    (void)change;
    (void)err;
    return SL_OK;
}

static int on_xa(void *user, struct sl_span xid, struct sl_err *err)
{
    (void)user;
    (void)xid;
    (void)err;
    return SL_OK;
}

static bool wants_nothing(void *user, struct sl_span db, struct sl_span table)
{
    (void)user;
    (void)db;
    (void)table;
    return false;
}

static struct sl_stream *new_stream(struct sl_ddl_scan *scan, const struct sl_position *start)
{
    struct sl_stream_options options = {
        .verify_checksum = true,
        .max_event_bytes = scan_event_max_bytes,
        .wants = wants_nothing,
        .flavor = scan->source->flavor,
    };
    struct sl_stream_handler handler = {
        .begin = on_begin,
        .table = on_table,
        .row = on_row,
        .commit = on_boundary,
        .rollback = on_boundary,
        .xa_prepare = on_xa,
        .xa_commit = on_xa,
        .xa_rollback = on_xa,
        .ddl = on_ddl,
        .idle = on_boundary,
        .user = scan,
    };

    return sl_stream_new(&options, &handler, start);
}

static int feed_until(struct sl_ddl_scan *scan, const struct sl_position *end, struct sl_err *err)
{
    struct sl_span event;
    int rc = SL_OK;

    while (rc == SL_OK &&
           sl_position_compare_file(sl_stream_read_position(scan->stream), end) < 0) {
        rc = scan->source->ops->next(scan->source, &event, err);
        if (rc == SL_OK) {
            rc = sl_stream_feed(scan->stream, event, err);
        }
    }
    return rc;
}

/* Reads the log from scan->to to END and moves scan->to to where the reading ended. */
static int read_on(struct sl_ddl_scan *scan, const struct sl_position *end, struct sl_err *err)
{
    struct sl_position start;
    int rc;

    sl_position_init(&start);
    rc = sl_position_set_file(&start, scan->to.file, strlen(scan->to.file), scan->to.offset);
    rc = rc == SL_OK ? scan->source->ops->open(scan->source, SL_START_AT, &start, err) : rc;
    if (rc == SL_OK) {
        scan->stream = new_stream(scan, &start);
        rc = scan->stream != NULL ? feed_until(scan, end, err) : SL_ENOMEM;
    }
    if (rc >= SL_OK) {
        const struct sl_position *reached = sl_stream_read_position(scan->stream);

        rc = sl_position_set_file(&scan->to, reached->file, strlen(reached->file), reached->offset);
    }
    sl_stream_free(scan->stream);
    scan->stream = NULL;
    if (rc != SL_ESTOPPED) {
        scan->source->ops->close(scan->source); /* it would forget an interruption */
    }
    sl_position_release(&start);
    return rc;
}

static bool is_table(const struct sl_ddl_note *note, struct sl_span db, struct sl_span table)
{
    /* In any case: where names are not case-sensitive a statement may spell them differently. */
    bool same_db =
        note->db[0] == '\0' ||
        (strlen(note->db) == db.len && strncasecmp(note->db, (const char *)db.data, db.len) == 0);
    bool same_table = note->table[0] == '\0' ||
                      (strlen(note->table) == table.len &&
                       strncasecmp(note->table, (const char *)table.data, table.len) == 0);

    return same_db && same_table;
}

static bool search(const struct sl_ddl_scan *scan, const struct sl_position *from,
                   struct sl_span db, struct sl_span table)
{
    struct sl_position place;
    bool found = false;

    sl_position_init(&place);
    for (size_t i = scan->count; i > 0 && !found; i--) {
        const struct sl_ddl_note *note = &scan->notes[i - 1];

        if (sl_position_set_file(&place, note->file, strlen(note->file), note->offset) != SL_OK ||
            sl_position_compare_file(&place, from) < 0) {
            break; /* they stand in the log's order */
        }
        found = is_table(note, db, table);
    }
    sl_position_release(&place);
    return found;
}

static int begin_at(struct sl_ddl_scan *scan, const struct sl_position *from)
{
    int rc;

    forget(scan);
    rc = sl_position_set_file(&scan->from, from->file, strlen(from->file), from->offset);
    return rc == SL_OK
               ? sl_position_set_file(&scan->to, from->file, strlen(from->file), from->offset)
               : rc;
}

/*
 * A server shows an end of the log (SHOW MASTER STATUS) that is written but not synchronized, and
 * so not sent yet, while transactions commit: what is short of TO comes within moments.
 */
static int read_up_to(struct sl_ddl_scan *scan, const struct sl_position *to, struct sl_err *err)
{
    int rc = SL_OK;

    for (unsigned waits = 0;
         rc == SL_OK && waits < SL_SCAN_WAITS_MAX && sl_position_compare_file(&scan->to, to) < 0;
         waits++) {
        if (waits > 0) {
            (void)usleep(SL_SCAN_WAIT_US);
        }
        rc = read_on(scan, to, err);
    }
    return rc;
}

/* What stops the reading for a moment is the caller's to handle; all else leaves it unknown. */
static bool is_passing(int status)
{
    return status == SL_EIO || status == SL_ESTOPPED || status == SL_ENOMEM || status == SL_EAUTH;
}

int sl_ddl_scan_find(struct sl_ddl_scan *scan, const struct sl_position *from,
                     const struct sl_position *to, struct sl_span db, struct sl_span table,
                     struct sl_err *err)
{
    int rc = SL_OK;

    if (from->file[0] == '\0' || to->file[0] == '\0') {
        return SL_DONE;
    }
    if (scan->from.file[0] == '\0' || sl_position_compare_file(from, &scan->from) < 0) {
        rc = begin_at(scan, from);
    }
    rc = rc == SL_OK ? read_up_to(scan, to, err) : rc;
    if (rc != SL_OK) {
        forget(scan);
        return is_passing(rc) ? rc : SL_DONE;
    }
    if (sl_position_compare_file(&scan->to, to) < 0 || search(scan, from, db, table)) {
        return SL_DONE;
    }
    return SL_OK;
}
