#include "cdc/suspects.h"

#include <stdlib.h>

#include "cdc/base/hash.h"
#include "cdc/base/xrand.h"

enum { SL_SLOTS_MIN = 64 };

struct slot {
    struct sl_suspect *first;
};

struct sl_suspects {
    struct slot *slots; /* lists by the key's hash */
    size_t slot_count;  /* a power of two */
    size_t count;
    size_t count_max;
    size_t bytes;
    size_t bytes_max;
    uint64_t seed;
};

struct sl_suspects *sl_suspects_new(size_t count_max, size_t bytes_max)
{
    struct sl_suspects *suspects = calloc(1, sizeof(*suspects));

    if (suspects == NULL) {
        return NULL;
    }
    *suspects = (struct sl_suspects){
        .slots = calloc(SL_SLOTS_MIN, sizeof(*suspects->slots)),
        .slot_count = SL_SLOTS_MIN,
        .count_max = count_max,
        .bytes_max = bytes_max,
        .seed = sl_xrand_entropy(),
    };
    if (suspects->slots == NULL) {
        free(suspects);
        return NULL;
    }
    return suspects;
}

void sl_suspects_free(struct sl_suspects *suspects)
{
    if (suspects == NULL) {
        return;
    }
    for (size_t i = 0; i < suspects->slot_count; i++) {
        while (suspects->slots[i].first != NULL) {
            struct sl_suspect *first = suspects->slots[i].first;

            suspects->slots[i].first = first->next;
            free(first);
        }
    }
    free(suspects->slots);
    free(suspects);
}

static struct sl_suspect **slot_of(const struct sl_suspects *suspects, uint32_t facet,
                                   struct sl_span key)
{
    uint64_t hash = sl_hash_bytes(key.data, key.len, suspects->seed + facet);

    return &suspects->slots[hash & (suspects->slot_count - 1)].first;
}

/* Fails silently: then the lists get longer. */
static void grow(struct sl_suspects *suspects)
{
    size_t old_count = suspects->slot_count;
    struct slot *old = suspects->slots;
    struct slot *slots = calloc(2 * old_count, sizeof(*slots));

    if (slots == NULL) {
        return;
    }
    suspects->slots = slots;
    suspects->slot_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i].first != NULL) {
            struct sl_suspect *first = old[i].first;
            struct sl_suspect **slot = slot_of(suspects, first->facet, sl_suspect_key(first));

            old[i].first = first->next;
            first->next = *slot;
            *slot = first;
        }
    }
    free(old);
}

static struct sl_suspect *find(const struct sl_suspects *suspects, uint32_t facet,
                               struct sl_span key)
{
    struct sl_suspect *at = *slot_of(suspects, facet, key);

    while (at != NULL && (at->facet != facet || at->key_len != key.len ||
                          (key.len > 0 && memcmp(at->key, key.data, key.len) != 0))) {
        at = at->next;
    }
    return at;
}

static size_t cost(size_t key_len)
{
    return sizeof(struct sl_suspect) + key_len + 2 * sizeof(void *);
}

int sl_suspects_add(struct sl_suspects *suspects, uint32_t facet, struct sl_span key,
                    struct sl_suspect **out)
{
    struct sl_suspect *made = find(suspects, facet, key);
    struct sl_suspect **slot;

    if (made != NULL) {
        *out = made;
        return SL_DONE;
    }
    if (suspects->count >= suspects->count_max || key.len > UINT32_MAX / 2 ||
        cost(key.len) > suspects->bytes_max - suspects->bytes) {
        return SL_ELIMIT;
    }
    made = calloc(1, sizeof(*made) + key.len);
    if (made == NULL) {
        return SL_ENOMEM;
    }
    if (key.len > 0) {
        memcpy(made->key, key.data, key.len);
    }
    made->key_len = (uint32_t)key.len;
    made->facet = facet;
    if (suspects->count >= suspects->slot_count) {
        grow(suspects);
    }
    slot = slot_of(suspects, facet, key);
    made->next = *slot;
    *slot = made;
    suspects->count++;
    suspects->bytes += cost(key.len);
    *out = made;
    return SL_OK;
}

void sl_suspects_remove(struct sl_suspects *suspects, struct sl_suspect *suspect)
{
    struct sl_suspect **at = slot_of(suspects, suspect->facet, sl_suspect_key(suspect));

    while (*at != suspect) {
        at = &(*at)->next;
    }
    *at = suspect->next;
    suspects->count--;
    suspects->bytes -= cost(suspect->key_len);
    free(suspect);
}

size_t sl_suspects_count(const struct sl_suspects *suspects)
{
    return suspects->count;
}

/* True when both can be in one batch. */
static bool is_alike(const struct sl_suspect *a, const struct sl_suspect *b)
{
    return a->facet == b->facet && sl_look_is_locked(&a->look) == sl_look_is_locked(&b->look);
}

size_t sl_suspects_due(const struct sl_suspects *suspects, uint64_t now_ms, size_t bytes_max,
                       struct sl_suspect **out, size_t cap)
{
    size_t count = 0;
    size_t bytes = 0;

    for (size_t i = 0; i < suspects->slot_count; i++) {
        for (struct sl_suspect *at = suspects->slots[i].first; at != NULL && count < cap;
             at = at->next) {
            if (at->look.due_ms > now_ms ||
                (count > 0 && (at->row_bytes > bytes_max - bytes || !is_alike(at, out[0])))) {
                continue;
            }
            out[count++] = at;
            bytes += at->row_bytes < bytes_max - bytes ? at->row_bytes : bytes_max - bytes;
        }
    }
    return count;
}

uint64_t sl_suspects_next_due(const struct sl_suspects *suspects)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < suspects->slot_count; i++) {
        for (const struct sl_suspect *at = suspects->slots[i].first; at != NULL; at = at->next) {
            next = at->look.due_ms < next ? at->look.due_ms : next;
        }
    }
    return next;
}

void sl_suspect_note_image(struct sl_suspect *suspect, uint64_t hash)
{
    if (suspect->image_count > 0 && suspect->images[0] == hash) {
        return;
    }
    memmove(suspect->images + 1, suspect->images,
            (SL_SUSPECT_IMAGES - 1) * sizeof(*suspect->images));
    suspect->images[0] = hash;
    if (suspect->image_count < SL_SUSPECT_IMAGES) {
        suspect->image_count++;
    }
}

bool sl_suspect_was(const struct sl_suspect *suspect, uint64_t hash)
{
    for (size_t i = 1; i < suspect->image_count; i++) {
        if (suspect->images[i] == hash && suspect->images[0] != hash) {
            return true;
        }
    }
    return false;
}
