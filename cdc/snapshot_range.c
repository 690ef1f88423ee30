/*
 * snapshot_range.c - the windows of a table's load: a chunk is read, and when the stream has come
 * to where the log ended then, the rows that the stream has not changed meanwhile are written.
 *
 *     SELECT   part   part   part   part      (COMMIT)
 *     pieces      made   made   made   made
 *     visits               put    put    put…put
 *
 * Where HIGH is known before the SELECT, rows come in parts and are put while the source still
 * sends. The source's transaction never waits for the sink: when there is no room, or the stream
 * cannot be visited, pieces wait in memory until all rows were read.
 */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum { SL_PATIENCE_MS = 2 }; /* with a visit, while the source keeps a transaction open */

struct window {
    struct sl_snapshot_load *load;
    struct sl_chunk chunk;            /* the part that was read last */
    size_t rows;                      /* that were read */
    struct sl_snapshot_pieces pieces; /* that wait to be put */
    struct sl_snapshot_keys again;    /* of which the stream had only a part */
    size_t unsaid;                    /* rows that were put, of which the progress does not say */
    struct sl_buf after;              /* and the place behind them */
};

static struct sl_reader *reader_of(const struct window *window)
{
    return window->load->worker->snapshot->options.reader;
}

static void release(struct window *window)
{
    struct sl_chunk_reader *chunks = window->load->worker->chunks;

    if (window->chunk.has_more) {
        chunks->ops->end_range(chunks);
    }
    sl_snapshot_pieces_release(&window->pieces);
    sl_snapshot_keys_release(&window->again);
    sl_buf_release(&window->after);
}

/* ---- progress ---- */

/* What the sink is to know of the load; borrows its texts. */
static struct sl_load_state next_state(const struct window *window)
{
    struct sl_load_state next = window->load->state;

    next.after = window->after;
    next.rows += window->unsaid;
    next.changed_ms = sl_clock_wall_ms(sl_clock_real());
    return next;
}

/* It was said: from here the load would go on. */
static int advance(struct window *window)
{
    struct sl_snapshot_load *load = window->load;

    load->state.rows += window->unsaid;
    window->unsaid = 0;
    load->restarts = 0;
    load->worker->failures = 0;
    sl_buf_clear(&load->state.after);
    return sl_buf_add(&load->state.after, window->after.data, window->after.len);
}

/* Says how far the load is behind the last row that was read again. */
static int put_progress(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    const struct sl_load_state next = next_state(user);

    return sl_snapshot_put_state(reader, load->worker->store, load->db, load->name, &next);
}

/* ---- visits ---- */

/* As long as rows are to be read again nothing behind them may be said to be loaded. */
static bool says_progress(const struct window *window, const struct sl_snapshot_piece *piece)
{
    return piece->has_after && window->again.count == 0;
}

static int take_after(struct window *window, const struct sl_snapshot_piece *piece)
{
    sl_buf_clear(&window->after);
    return sl_buf_add(&window->after, piece->after.data, piece->after.len);
}

/* Keys get what they must hold: who reads them, too, because they were noted, may have older rows.
 */
static void tell_watches(const struct sl_snapshot_load *load, struct sl_reader *reader,
                         const struct sl_batch *batch)
{
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        if (!batch->entries[i].is_dead) {
            sl_reader_tell_watches(reader, load->watch, sl_batch_item(batch, &batch->entries[i]));
        }
    }
}

/* A piece that the stream has changed all rows of leaves nothing to be put. */
static int pass_on(const struct sl_snapshot_load *load, struct sl_snapshot_piece *piece,
                   struct sl_reader *reader)
{
    struct sl_batch *batch = piece->batch;

    if (batch->entry_count == batch->dead_count) {
        return SL_OK;
    }
    tell_watches(load, reader, batch);
    piece->batch = NULL;
    return sl_reader_put_batch(reader, batch);
}

static int put_first(struct window *window, struct sl_reader *reader)
{
    struct sl_snapshot_load *load = window->load;
    struct sl_snapshot_piece *piece = window->pieces.first;
    int rc = sl_snapshot_judge_piece(load, piece, &window->again);
    bool says = says_progress(window, piece);

    window->unsaid += piece->rows;
    if (rc == SL_OK && piece->has_after) {
        rc = take_after(window, piece);
    }
    if (rc == SL_OK && says) {
        const struct sl_load_state next = next_state(window);

        rc = sl_snapshot_add_state(piece->batch, load->worker->store, load->db, load->name, &next);
    }
    rc = rc == SL_OK ? pass_on(load, piece, reader) : rc;
    sl_snapshot_drop_first(&window->pieces);
    return rc == SL_OK && says ? advance(window) : rc;
}

static int put_pieces(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct window *window = user;
    int rc = sl_snapshot_judge(window->load);

    (void)err;
    while (rc == SL_OK && window->pieces.first != NULL) {
        rc = put_first(window, reader);
        if (!sl_reader_has_room(reader)) {
            break;
        }
    }
    if (rc == SL_OK && window->pieces.first == NULL && !window->chunk.has_more) {
        sl_table_watch_end(window->load->watch);
    }
    return rc;
}

/* While rows are being read: puts what can be put at once. */
static int put_some(struct window *window, struct sl_err *err)
{
    int rc;

    if (!sl_reader_has_room(reader_of(window))) {
        return SL_OK;
    }
    rc = sl_reader_visit_within(reader_of(window), &window->chunk.high, SL_PATIENCE_MS, put_pieces,
                                window, err);
    return rc == SL_TOO_LATE ? SL_OK : rc;
}

static int put_rest(struct window *window, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && window->pieces.first != NULL) {
        rc = sl_reader_wait_for_room(reader_of(window));
        rc = rc == SL_OK
                 ? sl_reader_visit(reader_of(window), &window->chunk.high, put_pieces, window, err)
                 : sl_err_set(err, rc, "the stream has ended");
    }
    return rc;
}

/* ---- reading ---- */

/* What the chunk reader says of a table that is no longer what it was. */
static int judge_read(struct sl_snapshot_load *load, int rc)
{
    if (rc == SL_EINVAL && load->state.after.len > 0) {
        return SL_ALTERED;
    }
    return rc == SL_ESCHEMA ? SL_ALTERED : rc;
}

static int read_first(struct window *window, size_t rows, struct sl_err *err)
{
    struct sl_snapshot_load *load = window->load;
    struct sl_chunk_reader *chunks = load->worker->chunks;
    const struct sl_chunk_limit limit = sl_snapshot_limit(load, rows);

    return judge_read(load, chunks->ops->read_range(chunks, sl_snapshot_span(&load->state.after),
                                                    &load->low, &limit, &window->chunk, err));
}

static int read_more(struct window *window, struct sl_err *err)
{
    struct sl_chunk_reader *chunks = window->load->worker->chunks;

    return judge_read(window->load, chunks->ops->read_more(chunks, &window->chunk, err));
}

static int take_part(struct window *window, struct sl_err *err)
{
    window->rows += window->chunk.row_count;
    sl_snapshot_count_query(window->load, &window->chunk);
    return sl_snapshot_make_pieces(window->load, &window->pieces, &window->chunk, err);
}

static int read_chunk(struct window *window, size_t rows, struct sl_err *err)
{
    int rc = read_first(window, rows, err);

    rc = rc == SL_OK ? take_part(window, err) : rc;
    while (rc == SL_OK && window->chunk.has_more) {
        rc = put_some(window, err);
        rc = rc == SL_OK ? read_more(window, err) : rc;
        rc = rc == SL_OK ? take_part(window, err) : rc;
    }
    return rc;
}

static int settle(struct window *window, struct sl_err *err)
{
    const struct sl_snapshot_settling settling = {
        .keys = &window->again, .finish = put_progress, .user = window};
    int rc = sl_snapshot_settle(window->load, &settling, err);

    return rc == SL_OK ? advance(window) : rc;
}

static int run_window(struct window *window, size_t rows, struct sl_err *err)
{
    int rc = sl_snapshot_open_window(window->load, err);

    rc = rc == SL_OK ? read_chunk(window, rows, err) : rc;
    rc = rc == SL_OK ? put_rest(window, err) : rc;
    return rc == SL_OK && window->again.count > 0 ? settle(window, err) : rc;
}

static int load_chunk(struct sl_snapshot_load *load, bool *is_last, struct sl_err *err)
{
    struct window window = {.load = load};
    size_t rows = sl_snapshot_chunk_rows(load);
    int rc = run_window(&window, rows, err);

    sl_snapshot_spend(load, window.rows);
    if (rc == SL_OK) {
        *is_last = window.chunk.is_last;
        sl_snapshot_adapt(load, rows, window.rows, window.chunk.query_us);
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
