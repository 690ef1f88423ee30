/*
 * key_union.h - several patterns of keys as one, so that one walk through all keys finds them.
 */
#ifndef SLUICE_CDC_KEY_UNION_H
#define SLUICE_CDC_KEY_UNION_H

#include "cdc/batch.h"

/*
 * The pattern of all keys that A or B matches. Takes both over, A may be NULL, or what an earlier
 * call has returned. NULL when out of memory: then both are freed.
 */
struct sl_key_pattern *sl_key_pattern_join(struct sl_key_pattern *a, struct sl_key_pattern *b);

#endif
