#include "cmd/row_sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "cdc/base/xrand.h"
#include "cdc/mapper.h"
#include "filters/expect.h"
#include "filters/facet.h"
#include "filters/mapper.h"

enum {
    SL_SAMPLE_BYTES_MAX = 256 * 1024 * 1024,
    SL_CHUNK_LOOKED_AT = 5000, /* rows that the source looks at for a chunk, about */
    SL_CHUNK_BYTES = 4 * 1024 * 1024,
};

/* A table that is being sampled. */
struct sampling {
    struct sl_row_sample *sample;
    struct sl_chunk_reader *reader;
    struct sl_mapper *mapper;
    struct sl_table *table;
    struct sl_position low;
    struct sl_xrand rand;
    struct sl_expect expect;
    struct sl_buf key;
    struct sl_span db;
    struct sl_span name;
    uint32_t parts; /* the facet of the parts that are sampled instead of rows; 0: rows are */
    double share;   /* of them that the source sends, 1: all */
    bool at_source;
    struct sl_err *err;
};

static void empty_sample(struct sl_row_sample *sample)
{
    for (size_t i = 0; i < sample->count; i++) {
        sl_buf_release(&sample->rows[i]);
    }
    sample->count = 0;
    sample->bytes = 0;
    sample->seen = 0;
    sample->sent = 0;
}

void sl_row_sample_release(struct sl_row_sample *sample)
{
    empty_sample(sample);
    free(sample->rows);
    *sample = (struct sl_row_sample){0};
}

/* ---- which rows stay ---- */

static int put_row(struct sl_row_sample *sample, size_t at, struct sl_span row)
{
    int rc;

    sample->bytes -= sample->rows[at].len;
    sl_buf_clear(&sample->rows[at]);
    rc = sl_buf_add(&sample->rows[at], row.data, row.len);
    sample->bytes += sample->rows[at].len;
    return rc;
}

/* Fewer rows where they are long. */
static void shrink(struct sl_row_sample *sample, struct sl_xrand *rand)
{
    while (sample->bytes > SL_SAMPLE_BYTES_MAX && sample->count > 1) {
        size_t at = (size_t)sl_xrand_below(rand, sample->count);
        struct sl_buf row = sample->rows[at];

        sample->bytes -= row.len;
        sample->rows[at] = sample->rows[--sample->count];
        sample->cap = sample->count;
        sl_buf_release(&row);
    }
}

/* Every row that came has the same chance (reservoir sampling). */
static int offer(struct sl_row_sample *sample, struct sl_xrand *rand, struct sl_span row)
{
    uint64_t at = sample->count;
    int rc;

    sample->seen++;
    if (sample->count < sample->cap) {
        sample->rows[sample->count++] = (struct sl_buf){0};
    } else {
        at = sl_xrand_below(rand, sample->seen);
    }
    if (at >= sample->cap) {
        return SL_OK;
    }
    rc = put_row(sample, (size_t)at, row);
    shrink(sample, rand);
    return rc;
}

/* ---- reading ---- */

static int note_estimate(void *user, struct sl_span db, struct sl_span table, uint64_t rows)
{
    struct sampling *sampling = user;

    if (db.len == sampling->db.len && table.len == sampling->name.len &&
        memcmp(db.data, sampling->db.data, db.len) == 0 &&
        memcmp(table.data, sampling->name.data, table.len) == 0) {
        sampling->sample->estimate = rows;
    }
    return SL_OK;
}

static int take_part(void *user, const struct sl_item *item)
{
    struct sampling *sampling = user;

    return offer(sampling->sample, &sampling->rand, item->commands);
}

static int take_row(struct sampling *sampling, const struct sl_cell *cells)
{
    bool keeps = true;
    int rc = sl_rule_mapper_keeps(sampling->mapper, sampling->table, cells, &keeps, sampling->err);

    if (rc != SL_OK || !keeps) {
        return rc;
    }
    if (sampling->parts > 0) {
        return sampling->mapper->ops->items(sampling->mapper, sampling->table, sampling->parts,
                                            cells, take_part, sampling, sampling->err);
    }
    rc = sampling->mapper->ops->key(sampling->mapper, sampling->table, cells, &sampling->key,
                                    sampling->err);
    if (rc == SL_OK) {
        rc = sl_expect_row(&sampling->expect, sampling->table->user, cells,
                           sl_span_make(sampling->key.data, sampling->key.len), sampling->err);
    }
    return rc == SL_OK
               ? offer(sampling->sample, &sampling->rand,
                       sl_span_make(sampling->expect.commands.data, sampling->expect.commands.len))
               : rc;
}

static int read_chunk(struct sampling *sampling, struct sl_buf *after, bool *is_last)
{
    double rows = SL_CHUNK_LOOKED_AT * sampling->share;
    const struct sl_chunk_limit limit = {.rows = rows < 1 ? 1 : (size_t)rows,
                                         .bytes = SL_CHUNK_BYTES};
    struct sl_chunk chunk = {0};
    int rc =
        sampling->reader->ops->read_range(sampling->reader, sl_span_make(after->data, after->len),
                                          &sampling->low, &limit, &chunk, sampling->err);

    if (rc != SL_OK) {
        sampling->at_source = true;
        return rc;
    }
    *is_last = chunk.is_last;
    sampling->sample->sent += chunk.row_count;
    sl_buf_clear(after);
    rc = sl_buf_add(after, chunk.after.data, chunk.after.len);
    for (size_t i = 0; rc == SL_OK && i < chunk.row_count; i++) {
        rc = take_row(sampling, chunk.cells + i * sampling->table->column_count);
    }
    return rc;
}

static int read_all(struct sampling *sampling)
{
    struct sl_buf after = {0};
    bool is_last = false;
    int rc = sampling->mapper->ops->table(sampling->mapper, sampling->table, sampling->err);

    if (rc == SL_OK) {
        const struct sl_shape *shape = sampling->table->user;

        sampling->parts = sl_rule_part_facet(shape->rule);
    }
    while (rc == SL_OK && !is_last) {
        rc = read_chunk(sampling, &after, &is_last);
    }
    sl_buf_release(&after);
    return rc;
}

static int read_share(struct sampling *sampling)
{
    const char *where = NULL;
    char condition[32];
    int rc;

    if (sampling->share < 1) {
        (void)snprintf(condition, sizeof(condition), "RAND() < %.9f", sampling->share);
        where = condition;
    }
    rc = sampling->reader->ops->open_table(sampling->reader, sampling->db, sampling->name, where,
                                           &sampling->table, sampling->err);
    if (rc != SL_OK) {
        sampling->at_source = rc < SL_OK;
        return rc;
    }
    rc = read_all(sampling);
    sampling->reader->ops->close_table(sampling->reader);
    return rc;
}

/*
 * Of a large table the source sends only some rows, by chance, so that they come from all over its
 * key. Estimates may be half of what there is, or twice, and the rule may want few of the rows:
 * then more are asked for.
 */
static int read_table(struct sampling *sampling)
{
    struct sl_row_sample *sample = sampling->sample;
    double wanted = 2.0 * (double)sample->cap;
    int rc;

    sampling->share = 1;
    if ((double)sample->estimate > 2 * wanted) {
        sampling->share = wanted / (double)sample->estimate;
    }
    rc = read_share(sampling);
    while (rc == SL_OK && sampling->share < 1 && sample->seen < sample->cap) {
        sampling->share = sampling->share < 0.125 ? 8 * sampling->share : 1;
        empty_sample(sample);
        rc = read_share(sampling);
    }
    sample->is_all = sampling->share >= 1;
    return rc;
}

static int prepare(struct sampling *sampling, const struct sl_row_sampling *what)
{
    int rc;

    sampling->mapper = sl_rule_mapper_new(what->config->tables, what->config->table_count, NULL);
    sampling->sample->rows = calloc(what->rows, sizeof(*sampling->sample->rows));
    if (sampling->mapper == NULL || sampling->sample->rows == NULL) {
        return SL_ENOMEM;
    }
    sampling->sample->cap = what->rows;
    sl_rule_mapper_use_dictionaries(sampling->mapper, what->dictionaries);
    if (!what->packs) {
        sl_rule_mapper_leave_unpacked(sampling->mapper);
    }
    rc = sampling->reader->ops->list(sampling->reader, note_estimate, sampling, sampling->err);
    if (rc == SL_OK) {
        rc = sampling->reader->ops->end(sampling->reader, &sampling->low, sampling->err);
    }
    sampling->at_source = rc != SL_OK;
    return rc;
}

int sl_row_sample_take(struct sl_row_sample *sample, const struct sl_row_sampling *what,
                       bool *at_source, struct sl_err *err)
{
    struct sampling sampling = {.sample = sample,
                                .reader = what->reader,
                                .rand = {.state = sl_xrand_entropy()},
                                .db = what->db,
                                .name = what->table,
                                .err = err};
    int rc;

    sl_position_init(&sampling.low);
    rc = prepare(&sampling, what);
    rc = rc == SL_OK ? read_table(&sampling) : rc;
    if (sampling.mapper != NULL) {
        sampling.mapper->ops->free(sampling.mapper);
    }
    sl_expect_release(&sampling.expect);
    sl_buf_release(&sampling.key);
    sl_position_release(&sampling.low);
    *at_source = sampling.at_source;
    return rc;
}
