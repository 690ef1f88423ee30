/*
 * arena.h - memory that is handed out piece by piece and freed all at once: what one table layout
 * or one statement owns. Pieces never move, so pointers into them stay valid until release.
 */
#ifndef SLUICE_CDC_BASE_ARENA_H
#define SLUICE_CDC_BASE_ARENA_H

#include <stddef.h>

#include "cdc/base/span.h"

struct sl_arena_block;

/* A zeroed arena is a valid empty one. */
struct sl_arena {
    struct sl_arena_block *blocks; /* owned, the newest first */
};

/* Frees everything that was handed out. */
void sl_arena_release(struct sl_arena *arena);

/* LEN zeroed bytes, aligned for any type; NULL when there is no memory. */
void *sl_arena_alloc(struct sl_arena *arena, size_t len);

/* COUNT zeroed elements of SIZE bytes; NULL also when the product overflows. */
void *sl_arena_array(struct sl_arena *arena, size_t count, size_t size);

/* Replaces *SPAN by a view of a copy of its bytes. SL_ENOMEM. */
int sl_arena_keep(struct sl_arena *arena, struct sl_span *span) SL_MUSTCHECK;

#endif
