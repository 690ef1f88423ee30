/*
 * key_filter.h - which keys have been seen, in a fixed amount of memory: a Bloom filter (B. H.
 * Bloom: "Space/time trade-offs in hash coding with allowable errors", 1970). "Not seen" is
 * certain; "seen" is wrong less than once in a million times, for keys that nobody can choose in
 * advance.
 */
#ifndef SLUICE_CDC_KEY_FILTER_H
#define SLUICE_CDC_KEY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/span.h"

struct sl_key_filter;

/* For about COUNT keys; takes 16 bytes for each, from 64 KiB to 64 MiB. NULL: no memory. */
struct sl_key_filter *sl_key_filter_new(uint64_t count);
void sl_key_filter_free(struct sl_key_filter *filter);

void sl_key_filter_add(struct sl_key_filter *filter, struct sl_span key);
/* False: it was not added, or there are too many keys to say. */
bool sl_key_filter_has(const struct sl_key_filter *filter, struct sl_span key);

#endif
