/* snapshot_table.c - one table's load, from its opening to its last state. */
#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum {
    SL_FIRST_CHUNK_ROWS = 1000,
    SL_RESTARTS_MAX = 10, /* without a chunk in between: then there is something wrong */
};

static int copy_buf(struct sl_buf *to, const struct sl_buf *from)
{
    sl_buf_clear(to);
    return sl_buf_add(to, from->data, from->len);
}

int sl_snapshot_copy_state(struct sl_load_state *to, const struct sl_load_state *from)
{
    struct sl_load_state copy = *from;
    int rc;

    copy.after = to->after;
    copy.where = to->where;
    copy.reason = to->reason;
    *to = copy;
    rc = copy_buf(&to->after, &from->after);
    if (rc == SL_OK) {
        rc = copy_buf(&to->where, &from->where);
    }
    return rc == SL_OK ? copy_buf(&to->reason, &from->reason) : rc;
}

void sl_snapshot_count_query(struct sl_snapshot_load *load, const struct sl_chunk *chunk)
{
    struct sl_snapshot_stats *stats = &load->worker->snapshot->stats;

    atomic_fetch_add(&stats->rows, chunk->row_count);
    atomic_fetch_add(&stats->queries, chunk->has_more ? 0 : 1);
    atomic_fetch_add(&stats->query_us, chunk->query_us);
}

/* ---- windows ---- */

static int open_window(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;

    (void)err;
    if (sl_table_watch_is_altered(load->watch)) {
        return SL_ALTERED;
    }
    sl_table_watch_begin(load->watch);
    return sl_position_copy(&load->low, sl_reader_place(reader));
}

int sl_snapshot_open_window(struct sl_snapshot_load *load, struct sl_err *err)
{
    return sl_reader_visit(load->worker->snapshot->options.reader, NULL, open_window, load, err);
}

int sl_snapshot_judge(const struct sl_snapshot_load *load)
{
    if (!sl_snapshot_is_current(load) || !sl_snapshot_is_told(load)) {
        return SL_AGAIN;
    }
    if (sl_table_watch_is_altered(load->watch)) {
        return SL_ALTERED;
    }
    return sl_table_watch_is_overrun(load->watch) ? SL_OVERRUN : SL_OK;
}

static bool may_be_old(const struct sl_snapshot_load *load, struct sl_span key)
{
    const struct sl_snapshot_table *target = load->target;

    return target == NULL ||
           (load->state.may_have_orphans &&
            (!target->has_old || sl_snapshot_keys_find(&target->old[0], key) != NULL));
}

enum sl_write sl_snapshot_write(const struct sl_snapshot_load *load, struct sl_span key)
{
    return may_be_old(load, key) ? SL_WRITE_REPLACE : SL_WRITE_WHOLE;
}

enum sl_touch sl_snapshot_touch(const struct sl_snapshot_load *load, struct sl_span key)
{
    enum sl_touch touch = sl_table_watch_find(load->watch, sl_item_key(key));

    if (touch != SL_TOUCH_WHOLE && touch != SL_TOUCH_NOTED) {
        return touch;
    }
    return may_be_old(load, key) ? SL_TOUCH_PART : touch;
}

/* ---- opening ---- */

static int begin_watch(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;
    int rc = sl_reader_add_watch(reader, load->watch);

    (void)err;
    load->is_watched = rc == SL_OK;
    if (rc == SL_OK) {
        sl_snapshot_wants_notes(load);
    }
    return rc;
}

/* A stream with much to catch up with would make the first window a long one. */
static int catch_up(struct sl_snapshot_load *load, struct sl_err *err)
{
    struct sl_chunk_reader *chunks = load->worker->chunks;
    struct sl_position position = {0};
    int rc = chunks->ops->end(chunks, &position, err);

    if (rc == SL_OK) {
        rc = sl_reader_visit(load->worker->snapshot->options.reader, &position, begin_watch, load,
                             err);
    }
    sl_position_release(&position);
    return rc;
}

static int compile(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;

    if (sl_table_watch_is_altered(load->watch)) {
        return SL_ALTERED;
    }
    return sl_reader_compile(reader, load->table, err);
}

static int open_table(struct sl_snapshot_load *load, struct sl_err *err)
{
    struct sl_chunk_reader *chunks = load->worker->chunks;
    const char *where = load->state.where.len > 0 ? sl_buf_cstr(&load->state.where) : NULL;

    if (load->state.where.len > 0 && where == NULL) {
        return SL_ENOMEM;
    }
    return chunks->ops->open_table(chunks, load->db, load->name, where, &load->table, err);
}

/* The watch comes first: a statement between it and the reading of the layout is noticed. */
int sl_snapshot_open(struct sl_snapshot_load *load, struct sl_err *err)
{
    const struct sl_snapshot_options *options = &load->worker->snapshot->options;
    int rc;

    load->watch = sl_table_watch_new(load->db, load->name, options->watch_bytes);
    if (load->watch == NULL) {
        return SL_ENOMEM;
    }
    rc = catch_up(load, err);
    if (rc == SL_OK) {
        rc = open_table(load, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_visit(options->reader, NULL, compile, load, err);
    }
    return rc == SL_OK ? sl_snapshot_facets_init(load) : rc;
}

static int end_watch(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;

    (void)err;
    sl_reader_remove_watch(reader, load->watch);
    return SL_OK;
}

void sl_snapshot_close(struct sl_snapshot_load *load)
{
    struct sl_chunk_reader *chunks = load->worker->chunks;

    if (load->is_watched) {
        /* When this fails the reader has ended: it tells a watch nothing any more. */
        (void)!sl_reader_visit(load->worker->snapshot->options.reader, NULL, end_watch, load, NULL);
        load->is_watched = false;
    }
    sl_table_watch_free(load->watch);
    load->watch = NULL;
    sl_snapshot_facets_release(load);
    if (load->table != NULL) {
        chunks->ops->close_table(chunks);
        load->table = NULL;
    }
    sl_position_release(&load->low);
}

/* ---- a load ---- */

static int put_state(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;

    (void)err;
    if (!sl_snapshot_is_current(load) || !sl_snapshot_is_told(load)) {
        return SL_AGAIN;
    }
    load->state.changed_ms = sl_clock_wall_ms(sl_clock_real());
    return sl_snapshot_put_state(reader, load->worker->store, load->db, load->name, &load->state);
}

int sl_snapshot_finish(struct sl_snapshot_load *load, enum sl_load_phase phase, const char *reason,
                       struct sl_err *err)
{
    int rc = SL_OK;

    load->state.phase = phase;
    sl_buf_clear(&load->state.after);
    if (reason != NULL) {
        sl_buf_clear(&load->state.reason);
        rc = sl_buf_add_str(&load->state.reason, reason);
    }
    return rc == SL_OK
               ? sl_reader_visit(load->worker->snapshot->options.reader, NULL, put_state, load, err)
               : rc;
}

/* Keys that are there already may be of rows that are not there any more. */
static int begin(struct sl_snapshot_load *load, struct sl_err *err)
{
    int rc;

    if (load->state.phase != SL_LOAD_WAITING) {
        return SL_OK;
    }
    rc = sl_snapshot_find_old(load, err);
    if (rc != SL_OK) {
        return rc;
    }
    load->state.may_have_orphans = !load->target->has_old || sl_snapshot_has_any_old(load->target);
    load->state.phase = SL_LOAD_LOADING;
    load->state.rows = 0;
    load->state.removed = 0;
    sl_buf_clear(&load->state.after);
    load->state.began_ms = sl_clock_wall_ms(sl_clock_real());
    return SL_OK;
}

static int drop(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct sl_snapshot_load *load = user;
    int rc = sl_snapshot_judge(load);

    return rc == SL_OK || rc == SL_OVERRUN ? sl_reader_put_drop(reader, load->db, load->name, err)
                                           : rc;
}

/*
 * It may have gone in a gap, where nobody read the statement: then its keys are still there. One
 * that was made again since has altered the watch: its rows may be in the cache by now.
 */
static int end_without_table(struct sl_snapshot_load *load, struct sl_err *err)
{
    int rc = sl_reader_visit(load->worker->snapshot->options.reader, NULL, drop, load, err);

    return rc == SL_OK
               ? sl_snapshot_finish(load, SL_LOAD_DONE, "no such table, or no rule chooses it", err)
               : rc;
}

static int load_once(struct sl_snapshot_load *load, struct sl_err *err)
{
    enum sl_keeping keeping = SL_KEEPS_ROWS;
    int rc = sl_snapshot_ask_keeping(load, &keeping, err);

    if (rc == SL_OK && keeping != SL_KEEPS_ROWS) {
        return sl_snapshot_end_without_rows(load, keeping, err);
    }
    rc = rc == SL_OK ? sl_snapshot_open(load, err) : rc;
    if (rc == SL_DONE) {
        return end_without_table(load, err);
    }
    if (rc == SL_OK) {
        rc = begin(load, err);
    }
    if (rc == SL_OK && load->state.phase == SL_LOAD_LOADING) {
        rc = sl_snapshot_load_rows(load, err);
    }
    if (rc == SL_OK && load->state.may_have_orphans && load->state.where.len == 0) {
        load->state.phase = SL_LOAD_SWEEPING;
        rc = sl_snapshot_sweep(load, err);
    }
    return rc == SL_OK ? sl_snapshot_finish(load, SL_LOAD_DONE, NULL, err) : rc;
}

static int begin_anew(struct sl_snapshot_load *load, struct sl_err *err)
{
    if (load->restarts++ >= SL_RESTARTS_MAX) {
        return sl_err_set(err, SL_ESCHEMA,
                          "the table's layout changes again and again, or cannot be read: load it "
                          "again when it is settled");
    }
    sl_snapshot_notice(load->worker->snapshot, false,
                       "table %.*s.%.*s was altered while it was loaded: its load begins anew",
                       (int)load->db.len, (const char *)load->db.data, (int)load->name.len,
                       (const char *)load->name.data);
    if (load->state.phase != SL_LOAD_WAITING) {
        load->state.phase = SL_LOAD_LOADING;
    }
    load->target->has_old = false; /* keys of the old layout may have come */
    load->state.rows = 0;
    sl_buf_clear(&load->state.after);
    return SL_OK;
}

static int load_until_settled(struct sl_snapshot_load *load, struct sl_err *err)
{
    int rc;

    for (;;) {
        rc = load_once(load, err);
        sl_snapshot_close(load);
        if (rc == SL_ALTERED) {
            rc = begin_anew(load, err);
            if (rc == SL_OK) {
                continue;
            }
        }
        return rc;
    }
}

static bool is_of_table(int rc)
{
    return rc < 0 && rc != SL_EIO && rc != SL_ENOMEM && rc != SL_ESTOPPED && rc != SL_ESINK &&
           rc != SL_EFENCED;
}

static int fail(struct sl_snapshot_load *load, struct sl_err *err)
{
    struct sl_err other = {0};
    int rc;

    sl_snapshot_notice(load->worker->snapshot, true, "table %.*s.%.*s cannot be loaded: %s",
                       (int)load->db.len, (const char *)load->db.data, (int)load->name.len,
                       (const char *)load->name.data, err->text);
    rc = sl_snapshot_finish(load, SL_LOAD_FAILED, err->text, &other);
    if (rc < 0) {
        *err = other;
    }
    return rc;
}

int sl_snapshot_load_table(struct sl_snapshot_load *load, struct sl_err *err)
{
    int given;
    int rc;

    load->chunk_rows = SL_FIRST_CHUNK_ROWS;
    rc = load_until_settled(load, err);
    if (is_of_table(rc)) {
        rc = fail(load, err);
    }
    if (rc == SL_EIO) {
        sl_err_prefix(err, "table %.*s.%.*s", (int)load->db.len, (const char *)load->db.data,
                      (int)load->name.len, (const char *)load->name.data);
    }
    if (rc < 0 && load->state.phase >= SL_LOAD_DONE) {
        load->state.phase = SL_LOAD_LOADING; /* what was to be the last word was not said */
    }
    given = sl_snapshot_give_back(load, rc == SL_EIO);
    sl_load_state_release(&load->state);
    return rc < 0 ? rc : given;
}
