/*
 * packs.h - how a mapper packs the values of its tables: one packer for all, and the dictionaries,
 * each prepared once for the level that its rule wants.
 */
#ifndef SLUICE_FILTERS_PACKS_H
#define SLUICE_FILTERS_PACKS_H

#include <stdbool.h>

#include "cdc/dictionary.h"
#include "cdc/mapper.h"
#include "filters/said.h"
#include "filters/shape.h"

struct sl_prepared; /* packs.c */

/* Zeroed: a valid empty one. Shapes that were given a pack must not outlive it. */
struct sl_packs {
    const struct sl_dictionaries *known; /* borrowed; NULL: none */
    bool is_off;                         /* values stay as they are */
    sl_notice_fn notice;                 /* may be NULL */
    void *notice_user;
    struct sl_packer *packer;     /* NULL: no table needed it yet */
    struct sl_prepared *prepared; /* owned */
    size_t prepared_count;
    struct sl_said warned; /* of what is missing */
};

void sl_packs_release(struct sl_packs *packs);

/* Sets shape->pack as its rule wants it. A table whose dictionary is missing is packed without, and
 * is spoken of once. SL_ENOMEM. */
int sl_packs_give(struct sl_packs *packs, struct sl_shape *shape) SL_MUSTCHECK;

#endif
