/*
 * explain_memory.c - what the table may take in Redis: rows from all over its key, encoded as the
 * daemon would, what each takes by the sizes of Redis' structures, times how many there are.
 */
#include "cmd/explain_private.h"
#include "cmd/row_sample.h"
#include "sinks/redis_memory.h"

static uint64_t times(uint64_t number, uint64_t part, uint64_t whole)
{
    return whole > 0 ? (uint64_t)((double)number * (double)part / (double)whole + 0.5) : 0;
}

/* Of all sampled rows. */
struct sums {
    uint64_t key_bytes;
    uint64_t value_bytes;
    uint64_t memory;
};

static int add_up(const struct sl_row_sample *sample, struct sums *sums)
{
    struct sl_expect row = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < sample->count; i++) {
        rc = sl_expect_commands(&row, sl_span_make(sample->rows[i].data, sample->rows[i].len));
        if (rc == SL_OK) {
            sums->key_bytes += row.key.len;
            sums->value_bytes += sl_explain_held_bytes(&row.held);
            sums->memory += sl_redis_memory(row.key.len, &row.held);
        }
    }
    sl_expect_release(&row);
    return rc;
}

static int estimate(const struct sl_row_sample *sample, struct sl_explain_memory *memory)
{
    struct sums sums = {0};
    int rc = add_up(sample, &sums);

    memory->sampled = sample->count;
    memory->is_counted = sample->is_all;
    memory->rows = sample->is_all ? sample->sent : sample->estimate;
    memory->kept = times(memory->rows, sample->seen, sample->sent);
    memory->key_bytes = times(sums.key_bytes, 1, sample->count);
    memory->value_bytes = times(sums.value_bytes, 1, sample->count);
    memory->row_bytes = times(sums.memory, 1, sample->count);
    memory->bytes = times(memory->kept, sums.memory, sample->count);
    return rc;
}

void sl_explain_measure(struct sl_explain *explain, bool *at_source)
{
    const struct sl_row_sampling what = {.config = explain->config,
                                         .reader = explain->reader,
                                         .db = explain->db,
                                         .table = explain->name,
                                         .rows = explain->words->sample,
                                         .packs = true,
                                         .dictionaries = &explain->dictionaries};
    struct sl_row_sample sample = {0};
    struct sl_err *why = &explain->memory.why;
    int rc = sl_row_sample_take(&sample, &what, at_source, why);

    rc = rc == SL_OK ? estimate(&sample, &explain->memory) : rc;
    if (rc != SL_OK && why->status == SL_OK) {
        (void)sl_err_set(why, rc, "%s", sl_status_str(rc));
    }
    sl_row_sample_release(&sample);
}
