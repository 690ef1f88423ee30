/*
 * mapper.h - the configured rules as a hop: row changes to entries of a batch.
 */
#ifndef SLUICE_FILTERS_MAPPER_H
#define SLUICE_FILTERS_MAPPER_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/clock.h"
#include "cdc/dictionary.h"
#include "cdc/mapper.h"
#include "cdc/rereads.h"
#include "filters/options.h"

/*
 * RULES and REREADS are borrowed for the mapper's life. REREADS may be NULL: then an image that is
 * not enough is an error. NULL when out of memory. Free with mapper->ops->free().
 */
struct sl_mapper *sl_rule_mapper_new(const struct sl_table_rule *rules, size_t count,
                                     const struct sl_rereads *rereads);

/*
 * Does the rule's `where` want the row of CELLS, read by SELECT, in the cache? For a TABLE that
 * `table` has been called for, by the thread that maps rows. SL_ERULE: it fails on the row.
 */
int sl_rule_mapper_keeps(struct sl_mapper *mapper, const struct sl_table *table,
                         const struct sl_cell *cells, bool *keeps, struct sl_err *err) SL_MUSTCHECK;

/* Values are encoded as they are, whatever the rules say of compression: for who compares. */
void sl_rule_mapper_leave_unpacked(struct sl_mapper *mapper);

/* The dictionaries for rules that want one; borrowed for the mapper's life. Before any table. */
void sl_rule_mapper_use_dictionaries(struct sl_mapper *mapper,
                                     const struct sl_dictionaries *dictionaries);

/* What one value may have, where the sink says so: a longer one is refused by SL_ELIMIT. 0: what
 * Redis takes by default. Before any table. */
void sl_rule_mapper_limit_values(struct sl_mapper *mapper, size_t bytes);

/* SET, the key of sluice's sorted set of keys that are to be removed once more
 * (cdc/redelete_note.h), and CLOCK are borrowed for the mapper's life. Without, nothing is noted.
 */
void sl_rule_mapper_use_redelete(struct sl_mapper *mapper, struct sl_span set,
                                 const struct sl_clock *clock);

/* NOTICE is called for what an operator should know of, by the thread that maps rows. */
void sl_rule_mapper_on_notice(struct sl_mapper *mapper, sl_notice_fn notice, void *user);

#endif
