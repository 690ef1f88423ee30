#include "cmd/observed.h"

#include <stdlib.h>
#include <string.h>

static void free_loads(struct sl_observed *observed)
{
    for (size_t i = 0; i < observed->load_count; i++) {
        free(observed->loads[i].table);
    }
    free(observed->loads);
    observed->loads = NULL;
    observed->load_count = 0;
}

void sl_observed_release(struct sl_observed *observed)
{
    free_loads(observed);
    *observed = (struct sl_observed){0};
}

void sl_observed_clear_sink(struct sl_observed *observed)
{
    free_loads(observed);
    observed->has_sink = false;
    memset(observed->tables, 0, sizeof(observed->tables));
    observed->reconciled = (struct sl_reconciled){0};
}

static int add_load(struct sl_observed *observed, const char *table, size_t len, uint64_t rows,
                    uint64_t estimate)
{
    struct sl_observed_load *loads =
        realloc(observed->loads, (observed->load_count + 1) * sizeof(*loads));

    if (loads == NULL) {
        return SL_ENOMEM;
    }
    observed->loads = loads;
    loads[observed->load_count] =
        (struct sl_observed_load){.table = strndup(table, len), .rows = rows, .estimate = estimate};
    if (loads[observed->load_count].table == NULL) {
        return SL_ENOMEM;
    }
    observed->load_count++;
    return SL_OK;
}

int sl_observed_note_load(struct sl_observed *observed, struct sl_span name, struct sl_span value)
{
    struct sl_load_state state = {0};
    int rc = sl_load_state_parse(&state, value);

    if (rc != SL_OK) {
        return rc == SL_ENOMEM ? rc : SL_OK;
    }
    observed->tables[state.phase]++;
    if (state.phase != SL_LOAD_DONE && state.phase != SL_LOAD_FAILED &&
        !sl_span_equals(name, SL_LOAD_ALL) && observed->load_count < SL_OBSERVED_LOADS_MAX) {
        rc = add_load(observed, (const char *)name.data, name.len, state.rows, state.estimate);
    }
    sl_load_state_release(&state);
    return rc;
}

int sl_observed_copy(struct sl_observed *copy, const struct sl_observed *observed)
{
    int rc = SL_OK;

    *copy = *observed;
    copy->loads = NULL;
    copy->load_count = 0;
    for (size_t i = 0; rc == SL_OK && i < observed->load_count; i++) {
        const struct sl_observed_load *load = &observed->loads[i];

        rc = add_load(copy, load->table, strlen(load->table), load->rows, load->estimate);
    }
    return rc;
}
