/*
 * part_entry.h - parts of rows as entries of a batch.
 */
#ifndef SLUICE_FILTERS_PART_ENTRY_H
#define SLUICE_FILTERS_PART_ENTRY_H

#include "filters/part.h"

/* Adds the entry that writes a part. Fails as sl_part_encode(), and BATCH is as before then. */
int sl_part_put(struct sl_batch *batch, const struct sl_part_writing *writing,
                struct sl_err *err) SL_MUSTCHECK;

/* Adds entries for the parts of a row that was read by SELECT, and that `where` takes. Called by
 * any thread. */
int sl_parts_load(const struct sl_loaded_row *row, struct sl_batch *batch,
                  struct sl_err *err) SL_MUSTCHECK;
/* The same, but the commands become part of the batch's last entry. */
int sl_parts_extend(const struct sl_loaded_row *row, struct sl_batch *batch,
                    struct sl_err *err) SL_MUSTCHECK;

/* As the mapper's items, of the facet of parts, for a row that `where` takes. */
int sl_parts_list(const struct sl_table *table, const struct sl_cell *cells, sl_item_fn each,
                  void *user, struct sl_err *err) SL_MUSTCHECK;

#endif
