/*
 * index_entry.h - items of indexes as commands, and as entries of a batch.
 */
#ifndef SLUICE_FILTERS_INDEX_ENTRY_H
#define SLUICE_FILTERS_INDEX_ENTRY_H

#include "cdc/batch.h"
#include "cdc/mapper.h"

/* Appends the command that makes ITEM be there, with its value. TTL_S: seconds until a key expires,
 * 0: never; members do not. *AT is where the name's bytes stand. On failure OUT is as before. */
int sl_item_encode_put(const struct sl_item *item, uint64_t ttl_s, struct sl_buf *out,
                       uint32_t *at) SL_MUSTCHECK;
int sl_item_encode_del(struct sl_item_name name, struct sl_buf *out, uint32_t *at) SL_MUSTCHECK;

/* The same as entries of their own. */
int sl_item_put(struct sl_batch *batch, const struct sl_item *item, uint64_t ttl_s) SL_MUSTCHECK;
int sl_item_del(struct sl_batch *batch, struct sl_item_name name) SL_MUSTCHECK;

#endif
