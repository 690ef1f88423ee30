#include "cdc/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

enum { SL_ARENA_BLOCK = 4096 };

struct sl_arena_block {
    struct sl_arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

void sl_arena_release(struct sl_arena *arena)
{
    while (arena->blocks != NULL) {
        struct sl_arena_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
}

static struct sl_arena_block *add_block(struct sl_arena *arena, size_t len)
{
    size_t size = len > SL_ARENA_BLOCK ? len : SL_ARENA_BLOCK;
    struct sl_arena_block *block = NULL;

    if (size <= SIZE_MAX - sizeof(*block)) {
        block = calloc(1, sizeof(*block) + size);
    }
    if (block != NULL) {
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *sl_arena_alloc(struct sl_arena *arena, size_t len)
{
    const size_t align = alignof(max_align_t);
    struct sl_arena_block *block = arena->blocks;
    void *piece;

    if (len > SIZE_MAX - align) {
        return NULL;
    }
    len = (len + align - 1) / align * align;
    if (block == NULL || len > block->size - block->used) {
        block = add_block(arena, len);
    }
    if (block == NULL) {
        return NULL;
    }
    piece = block->bytes + block->used;
    block->used += len;
    return piece;
}

void *sl_arena_array(struct sl_arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return sl_arena_alloc(arena, count * size);
}

int sl_arena_keep(struct sl_arena *arena, struct sl_span *span)
{
    uint8_t *copy = sl_arena_alloc(arena, span->len);

    if (copy == NULL) {
        return SL_ENOMEM;
    }
    if (span->len > 0) {
        memcpy(copy, span->data, span->len);
    }
    span->data = copy;
    return SL_OK;
}
