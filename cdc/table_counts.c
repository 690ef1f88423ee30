#include "cdc/table_counts.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/base/buf.h"
#include "cdc/load_state.h"

struct sl_table_counts {
    struct sl_table_count items[SL_TABLE_COUNTS_MAX + 1];
    atomic_size_t len; /* items behind it are nobody's yet */
};

struct sl_table_counts *sl_table_counts_new(void)
{
    struct sl_table_counts *counts = calloc(1, sizeof(*counts));

    if (counts == NULL) {
        return NULL;
    }
    counts->items[0].name = strdup(SL_TABLE_COUNTS_OTHER);
    if (counts->items[0].name == NULL) {
        free(counts);
        return NULL;
    }
    atomic_store(&counts->len, 1);
    return counts;
}

void sl_table_counts_free(struct sl_table_counts *counts)
{
    size_t len = counts != NULL ? atomic_load(&counts->len) : 0;

    for (size_t i = 0; i < len; i++) {
        free(counts->items[i].name);
    }
    free(counts);
}

static struct sl_table_count *add(struct sl_table_counts *counts, size_t len, const char *name)
{
    struct sl_table_count *count = &counts->items[len];

    if (len > SL_TABLE_COUNTS_MAX) {
        return NULL;
    }
    count->name = strdup(name);
    if (count->name == NULL) {
        return NULL;
    }
    atomic_store_explicit(&counts->len, len + 1, memory_order_release);
    return count;
}

static struct sl_table_count *find(struct sl_table_counts *counts, const char *name)
{
    size_t len = atomic_load_explicit(&counts->len, memory_order_relaxed);

    for (size_t i = 1; i < len; i++) {
        if (strcmp(counts->items[i].name, name) == 0) {
            return &counts->items[i];
        }
    }
    return add(counts, len, name);
}

struct sl_table_count *sl_table_counts_find(struct sl_table_counts *counts, struct sl_span db,
                                            struct sl_span table)
{
    struct sl_table_count *found = NULL;
    struct sl_buf name = {0};
    const char *text = NULL;

    if (sl_load_field_format(db, table, &name) == SL_OK) {
        text = sl_buf_cstr(&name);
    }
    if (text != NULL) {
        found = find(counts, text);
    }
    sl_buf_release(&name);
    return found != NULL ? found : &counts->items[0];
}

/* There is one writer: what it adds to is what it has written. */
static void increment(atomic_uint_fast64_t *number)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

void sl_table_count_row(struct sl_table_count *count, enum sl_op op, uint64_t number)
{
    increment(&count->rows[op]);
    if (count->last != number) {
        count->last = number;
        increment(&count->transactions);
    }
}

size_t sl_table_counts_len(const struct sl_table_counts *counts)
{
    return atomic_load_explicit(&counts->len, memory_order_acquire);
}

const struct sl_table_count *sl_table_counts_at(const struct sl_table_counts *counts, size_t i)
{
    return &counts->items[i];
}

const char *sl_op_name(enum sl_op op)
{
    static const char *const names[SL_OPS] = {
        [SL_OP_INSERT] = "insert", [SL_OP_UPDATE] = "update", [SL_OP_DELETE] = "delete"};

    return names[op];
}
