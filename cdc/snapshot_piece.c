/*
 * snapshot_piece.c - rows of a chunk on their way into the stream. They are made commands of before
 * the visit that puts them, for which the stream stands still; in it they are only judged.
 */
#include <stdlib.h>

#include "cdc/snapshot_private.h"

/* Of batch_bytes a piece may have, as parts are only about as long as they were meant to be. */
enum { SL_PIECE_FACTOR = 2 };

static void free_piece(struct sl_snapshot_piece *piece)
{
    sl_batch_free(piece->batch);
    sl_buf_release(&piece->after);
    free(piece);
}

void sl_snapshot_drop_first(struct sl_snapshot_pieces *pieces)
{
    struct sl_snapshot_piece *first = pieces->first;

    pieces->first = first->next;
    if (pieces->first == NULL) {
        pieces->last = NULL;
    }
    free_piece(first);
}

void sl_snapshot_pieces_release(struct sl_snapshot_pieces *pieces)
{
    while (pieces->first != NULL) {
        sl_snapshot_drop_first(pieces);
    }
    sl_buf_release(&pieces->key);
}

static struct sl_snapshot_piece *add_piece(const struct sl_snapshot_load *load,
                                           struct sl_snapshot_pieces *pieces)
{
    struct sl_snapshot_piece *piece = calloc(1, sizeof(*piece));

    if (piece == NULL) {
        return NULL;
    }
    if (sl_reader_lend_batch(load->worker->snapshot->options.reader, &piece->batch) != SL_OK) {
        free_piece(piece);
        return NULL;
    }
    if (pieces->last != NULL) {
        pieces->last->next = piece;
    } else {
        pieces->first = piece;
    }
    pieces->last = piece;
    return piece;
}

static int add_row(const struct sl_snapshot_load *load, struct sl_snapshot_piece *piece,
                   const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err)
{
    struct sl_mapper *mapper = load->worker->snapshot->options.mapper;
    struct sl_loaded_row row = {.table = load->table, .cells = cells};
    int rc = mapper->ops->key(mapper, load->table, cells, key, err);

    if (rc != SL_OK) {
        return rc;
    }
    row.key = sl_snapshot_span(key);
    row.write = sl_snapshot_write(load, row.key);
    rc = mapper->ops->put_row(mapper, &row, piece->batch, err);
    piece->rows += rc == SL_OK;
    return rc;
}

static bool is_full(const struct sl_snapshot_load *load, const struct sl_snapshot_piece *piece)
{
    size_t most = load->worker->snapshot->options.batch_bytes;

    return most > 0 && piece->batch->data.len >= most * SL_PIECE_FACTOR;
}

int sl_snapshot_make_pieces(struct sl_snapshot_load *load, struct sl_snapshot_pieces *pieces,
                            const struct sl_chunk *chunk, struct sl_err *err)
{
    struct sl_snapshot_piece *piece = add_piece(load, pieces);
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && piece != NULL && i < chunk->row_count; i++) {
        if (is_full(load, piece)) {
            load->made_bytes += piece->batch->data.len;
            piece = add_piece(load, pieces);
        }
        if (piece != NULL) {
            rc = add_row(load, piece, chunk->cells + i * load->table->column_count, &pieces->key,
                         err);
        }
    }
    if (rc != SL_OK || piece == NULL) {
        return rc != SL_OK ? rc : SL_ENOMEM;
    }
    load->read_bytes += chunk->bytes;
    load->made_bytes += piece->batch->data.len;
    piece->has_after = true;
    return sl_buf_add(&piece->after, chunk->after.data, chunk->after.len);
}

int sl_snapshot_judge_piece(const struct sl_snapshot_load *load, struct sl_snapshot_piece *piece,
                            struct sl_snapshot_keys *again)
{
    struct sl_batch *batch = piece->batch;
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < batch->entry_count; i++) {
        struct sl_span key = sl_batch_key(batch, &batch->entries[i]);
        enum sl_touch touch =
            batch->entries[i].is_dead ? SL_TOUCH_NONE : sl_snapshot_touch(load, key);

        if (touch != SL_TOUCH_NONE) {
            sl_batch_kill(batch, i);
        }
        if (touch == SL_TOUCH_PART) {
            rc = sl_snapshot_keys_add(again, key);
        }
    }
    atomic_fetch_add(&load->worker->snapshot->stats.put, batch->entry_count - batch->dead_count);
    return rc;
}
