/*
 * key_left.h - the keys that a rule of yesterday made of a table's rows, and that no other table
 * can have by the rules of today: what may go, or must, when a rule has changed.
 */
#ifndef SLUICE_FILTERS_KEY_LEFT_H
#define SLUICE_FILTERS_KEY_LEFT_H

#include "cdc/batch.h"
#include "filters/options.h"

struct sl_left_keys {
    const struct sl_table_rule *own; /* that chooses the table now; NULL: none does */
    const char *text;                /* the template that made them */
    struct sl_span db;
    struct sl_span table;
    uint32_t pk_count; /* 0: not known */
};

/* OWN is one of COUNT RULES, which are borrowed for the pattern's life. NULL when out of memory. */
struct sl_key_pattern *sl_key_left_pattern(const struct sl_table_rule *rules, size_t count,
                                           const struct sl_left_keys *left);

/* True when other tables that RULES choose have keys like these, and nothing in them tells whose
 * they are. */
bool sl_key_left_is_shared(const struct sl_table_rule *rules, size_t count,
                           const struct sl_left_keys *left);

#endif
