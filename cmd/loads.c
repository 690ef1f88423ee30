#include "cmd/loads.h"

#include <stdlib.h>
#include <string.h>

void sl_loads_release(struct sl_loads *loads)
{
    for (size_t i = 0; i < loads->count; i++) {
        free(loads->items[i].table);
        sl_load_state_release(&loads->items[i].state);
    }
    free(loads->items);
    *loads = (struct sl_loads){0};
}

static int take_field(void *user, struct sl_span name, struct sl_span value)
{
    struct sl_loads *loads = user;
    struct sl_load *items = realloc(loads->items, (loads->count + 1) * sizeof(*items));
    struct sl_load *load;

    if (items == NULL) {
        return SL_ENOMEM;
    }
    loads->items = items;
    load = &items[loads->count];
    *load = (struct sl_load){.table = strndup((const char *)name.data, name.len)};
    if (load->table == NULL) {
        return SL_ENOMEM;
    }
    loads->count++;
    return sl_load_state_parse(&load->state, value);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sl_load *)a)->table, ((const struct sl_load *)b)->table);
}

int sl_loads_read(struct sl_load_store *store, struct sl_loads *loads, struct sl_err *err)
{
    struct sl_loads read = {0};
    int rc = store->ops->states(store, take_field, &read, err);

    if (rc == SL_EFORMAT && (err == NULL || err->text[0] == '\0')) {
        rc = sl_err_set(err, rc, "a field of %s is not what sluice writes", store->state_key);
    }
    if (rc != SL_OK) {
        sl_loads_release(&read);
        return rc;
    }
    if (read.count > 0) {
        qsort(read.items, read.count, sizeof(*read.items), by_name);
    }
    sl_loads_release(loads);
    *loads = read;
    return SL_OK;
}

bool sl_load_is_unfinished(const struct sl_load *load)
{
    return load->state.phase != SL_LOAD_DONE && load->state.phase != SL_LOAD_FAILED;
}

/* The estimate may be wrong either way: only the end is 100 %. */
int sl_load_percent(const struct sl_load_state *state)
{
    uint64_t percent;

    if (state->estimate == 0) {
        return -1;
    }
    percent = (uint64_t)((double)state->rows * 100. / (double)state->estimate);
    return percent > 99 ? 99 : (int)percent;
}

uint64_t sl_load_rows_left(const struct sl_load_state *state)
{
    return state->phase < SL_LOAD_SWEEPING && state->estimate > state->rows
               ? state->estimate - state->rows
               : 0;
}
