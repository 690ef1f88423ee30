/*
 * snapshot_range.c - the windows of a table's load: a chunk is read, and when the stream has come
 * to where the log ended then, the rows that the stream has not changed meanwhile are written.
 */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

struct window {
    struct sl_snapshot_load *load;
    struct sl_chunk chunk;
    struct sl_buf keys; /* of the rows, one behind another */
    size_t *ends;       /* of each in keys */
    struct sl_buf after;
    struct sl_snapshot_keys again; /* of which the stream had only a part */
};

static void release(struct window *window)
{
    sl_buf_release(&window->keys);
    sl_buf_release(&window->after);
    sl_snapshot_keys_release(&window->again);
    free(window->ends);
}

static int render_keys(struct window *window, struct sl_err *err)
{
    struct sl_mapper *mapper = window->load->worker->snapshot->options.mapper;
    const struct sl_table *table = window->load->table;
    struct sl_buf key = {0};
    int rc = SL_OK;

    window->ends = calloc(window->chunk.row_count + 1, sizeof(*window->ends));
    if (window->ends == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < window->chunk.row_count; i++) {
        rc = mapper->ops->key(mapper, table, window->chunk.cells + i * table->column_count, &key,
                              err);
        if (rc == SL_OK) {
            rc = sl_buf_add(&window->keys, key.data, key.len);
        }
        window->ends[i + 1] = window->keys.len;
    }
    sl_buf_release(&key);
    return rc;
}

static struct sl_span key_of(const struct window *window, size_t row)
{
    return sl_span_make(window->keys.data + window->ends[row],
                        window->ends[row + 1] - window->ends[row]);
}

/* Writes how far the load is, in one step with the last rows or behind them. */
static int put_progress(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    struct window *window = user;
    struct sl_load_state next = load->state; /* borrows its texts */

    next.after = window->after;
    next.rows += window->chunk.row_count;
    next.changed_ms = sl_clock_wall_ms(sl_clock_real());
    return sl_snapshot_put_state(reader, load->worker->store, load->db, load->name, &next);
}

static int put_row(struct window *window, struct sl_reader *reader, size_t row, struct sl_err *err)
{
    struct sl_snapshot_load *load = window->load;
    int rc;

    switch (sl_snapshot_touch(load, key_of(window, row))) {
    case SL_TOUCH_WHOLE:
    case SL_TOUCH_NOTED:
        return SL_OK;
    case SL_TOUCH_PART:
        return sl_snapshot_keys_add(&window->again, key_of(window, row));
    case SL_TOUCH_NONE:
        break;
    }
    atomic_fetch_add(&load->worker->snapshot->stats.put, 1);
    rc = sl_reader_put_row(reader, load->table,
                           window->chunk.cells + row * load->table->column_count,
                           sl_snapshot_write(load), err);
    if (rc == SL_OK) {
        sl_reader_tell_watches(reader, load->watch, key_of(window, row));
    }
    return rc;
}

static int close_window(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct window *window = user;
    int rc = sl_snapshot_judge(window->load);

    for (size_t i = 0; rc == SL_OK && i < window->chunk.row_count; i++) {
        rc = put_row(window, reader, i, err);
    }
    if (rc == SL_OK && window->again.count == 0) {
        rc = put_progress(window->load, reader, window);
    }
    if (rc == SL_OK) {
        sl_table_watch_end(window->load->watch);
    }
    return rc;
}

/* What the chunk reader says of a table that is no longer what it was. */
static int judge_read(struct sl_snapshot_load *load, int rc)
{
    if (rc == SL_EINVAL && load->state.after.len > 0) {
        return SL_ALTERED;
    }
    return rc == SL_ESCHEMA ? SL_ALTERED : rc;
}

/* The key reads that may follow take the chunk's bytes away; an empty chunk has no place. */
static int keep_after(struct window *window)
{
    struct sl_span after = window->chunk.row_count > 0
                               ? window->chunk.after
                               : sl_snapshot_span(&window->load->state.after);

    return sl_buf_add(&window->after, after.data, after.len);
}

static int read_chunk(struct window *window, size_t rows, struct sl_err *err)
{
    struct sl_snapshot_load *load = window->load;
    struct sl_chunk_reader *chunks = load->worker->chunks;
    const struct sl_chunk_limit limit = {.rows = rows,
                                         .bytes = load->worker->snapshot->options.chunk_bytes};
    int rc = chunks->ops->read_range(chunks, sl_snapshot_span(&load->state.after), &load->low,
                                     &limit, &window->chunk, err);

    if (rc != SL_OK) {
        return judge_read(load, rc);
    }
    sl_snapshot_count_query(load, &window->chunk);
    rc = keep_after(window);
    return rc == SL_OK ? render_keys(window, err) : rc;
}

static int run_window(struct window *window, size_t rows, struct sl_err *err)
{
    struct sl_snapshot_load *load = window->load;
    struct sl_snapshot_settling settling = {
        .keys = &window->again, .finish = put_progress, .user = window};
    int rc = sl_snapshot_open_window(load, err);

    if (rc == SL_OK) {
        rc = read_chunk(window, rows, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_visit(load->worker->snapshot->options.reader, &window->chunk.high,
                             close_window, window, err);
    }
    return rc == SL_OK && window->again.count > 0 ? sl_snapshot_settle(load, &settling, err) : rc;
}

static int advance(struct window *window, size_t asked, bool *is_last)
{
    struct sl_snapshot_load *load = window->load;

    sl_buf_clear(&load->state.after);
    load->state.rows += window->chunk.row_count;
    load->restarts = 0;
    load->worker->failures = 0;
    *is_last = window->chunk.is_last;
    sl_snapshot_adapt(load, &window->chunk, asked);
    return sl_buf_add(&load->state.after, window->after.data, window->after.len);
}

static int load_chunk(struct sl_snapshot_load *load, bool *is_last, struct sl_err *err)
{
    struct window window = {.load = load};
    size_t rows = sl_snapshot_chunk_rows(load);
    int rc = run_window(&window, rows, err);

    sl_snapshot_spend(load, window.chunk.row_count);
    if (rc == SL_OK) {
        rc = advance(&window, rows, is_last);
    } else if (rc == SL_OVERRUN) {
        load->chunk_rows = rows > 1 ? rows / 2 : 1;
        rc = SL_OK;
    }
    release(&window);
    return rc;
}

int sl_snapshot_load_rows(struct sl_snapshot_load *load, struct sl_err *err)
{
    bool is_last = false;
    int rc = SL_OK;

    while (rc == SL_OK && !is_last) {
        rc = sl_snapshot_pace(load, err);
        if (rc == SL_OK) {
            rc = load_chunk(load, &is_last, err);
        }
    }
    return rc;
}
