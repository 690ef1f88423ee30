/*
 * key_set.h - distinct keys in the order in which they came, in two blocks of memory.
 */
#ifndef SLUICE_CDC_KEY_SET_H
#define SLUICE_CDC_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/span.h"
#include "cdc/base/status.h"

struct sl_key_set;

/* NULL: no memory. */
struct sl_key_set *sl_key_set_new(void);
void sl_key_set_free(struct sl_key_set *set);

/* Copies KEY (at most 2^31 bytes) into the set. SL_DONE: it was there. SL_ENOMEM; SL_ELIMIT: the
 * keys have 4 GiB together. */
int sl_key_set_add(struct sl_key_set *set, struct sl_span key) SL_MUSTCHECK;
bool sl_key_set_has(const struct sl_key_set *set, struct sl_span key);
size_t sl_key_set_count(const struct sl_key_set *set);
/* Memory that it takes. */
size_t sl_key_set_bytes(const struct sl_key_set *set);

/* Goes through the keys: *AT is 0 before the first call and the set's afterwards. *KEY is valid
 * until the next add. False: there are no more. */
bool sl_key_set_next(const struct sl_key_set *set, size_t *at, struct sl_span *key);

#endif
