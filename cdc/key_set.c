#include "cdc/key_set.h"

#include <stdlib.h>

#include "cdc/base/buf.h"
#include "cdc/base/hash.h"
#include "cdc/base/xrand.h"

enum { SL_SLOTS_MIN = 16 };

/* Open addressing; never more than three quarters full. */
struct slot {
    uint32_t at; /* of the key's record in the bytes, and 1; 0: empty */
    uint32_t tag;
};

struct sl_key_set {
    struct sl_buf bytes; /* records: four bytes of length, the key */
    struct slot *slots;
    size_t slot_count; /* a power of two */
    size_t count;
    uint64_t seed;
};

struct sl_key_set *sl_key_set_new(void)
{
    struct sl_key_set *set = calloc(1, sizeof(*set));

    if (set == NULL) {
        return NULL;
    }
    set->seed = sl_xrand_entropy();
    set->slot_count = SL_SLOTS_MIN;
    set->slots = calloc(set->slot_count, sizeof(*set->slots));
    if (set->slots == NULL) {
        free(set);
        return NULL;
    }
    return set;
}

void sl_key_set_free(struct sl_key_set *set)
{
    if (set != NULL) {
        sl_buf_release(&set->bytes);
        free(set->slots);
        free(set);
    }
}

size_t sl_key_set_count(const struct sl_key_set *set)
{
    return set->count;
}

size_t sl_key_set_bytes(const struct sl_key_set *set)
{
    return sizeof(*set) + set->bytes.cap + set->slot_count * sizeof(*set->slots);
}

static struct sl_span key_at(const struct sl_key_set *set, size_t at)
{
    uint32_t len;

    memcpy(&len, set->bytes.data + at, sizeof(len));
    return sl_span_make(set->bytes.data + at + sizeof(len), len);
}

static bool is_same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The slot of KEY, or the empty one where it would be. */
static struct slot *slot_of(const struct sl_key_set *set, struct sl_span key, uint64_t hash)
{
    size_t at = (size_t)hash & (set->slot_count - 1);

    while (set->slots[at].at != 0 && (set->slots[at].tag != (uint32_t)(hash >> 32) ||
                                      !is_same(key_at(set, set->slots[at].at - 1), key))) {
        at = (at + 1) & (set->slot_count - 1);
    }
    return &set->slots[at];
}

static uint64_t hash_of(const struct sl_key_set *set, struct sl_span key)
{
    return sl_hash_bytes(key.data, key.len, set->seed);
}

static int grow(struct sl_key_set *set)
{
    struct sl_key_set bigger = *set;
    struct sl_span key;
    size_t at = 0;

    bigger.slot_count = 2 * set->slot_count;
    bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return SL_ENOMEM;
    }
    for (size_t before = 0; sl_key_set_next(set, &at, &key); before = at) {
        uint64_t hash = hash_of(set, key);

        *slot_of(&bigger, key, hash) =
            (struct slot){.at = (uint32_t)before + 1, .tag = (uint32_t)(hash >> 32)};
    }
    free(set->slots);
    *set = bigger;
    return SL_OK;
}

static int add_record(struct sl_key_set *set, struct sl_span key)
{
    uint32_t len = (uint32_t)key.len;
    int rc;

    if (key.len > INT32_MAX || set->bytes.len > UINT32_MAX - sizeof(len) - key.len - 1) {
        return SL_ELIMIT;
    }
    rc = sl_buf_reserve(&set->bytes, sizeof(len) + key.len);
    rc = rc == SL_OK ? sl_buf_add(&set->bytes, &len, sizeof(len)) : rc;
    return rc == SL_OK ? sl_buf_add(&set->bytes, key.data, key.len) : rc;
}

int sl_key_set_add(struct sl_key_set *set, struct sl_span key)
{
    uint64_t hash = hash_of(set, key);
    struct slot *slot = slot_of(set, key, hash);
    size_t at = set->bytes.len;
    int rc;

    if (slot->at != 0) {
        return SL_DONE;
    }
    if (4 * (set->count + 1) > 3 * set->slot_count) {
        rc = grow(set);
        if (rc != SL_OK) {
            return rc;
        }
        slot = slot_of(set, key, hash);
    }
    rc = add_record(set, key);
    if (rc == SL_OK) {
        *slot = (struct slot){.at = (uint32_t)at + 1, .tag = (uint32_t)(hash >> 32)};
        set->count++;
    }
    return rc;
}

bool sl_key_set_has(const struct sl_key_set *set, struct sl_span key)
{
    return slot_of(set, key, hash_of(set, key))->at != 0;
}

bool sl_key_set_next(const struct sl_key_set *set, size_t *at, struct sl_span *key)
{
    if (*at >= set->bytes.len) {
        return false;
    }
    *key = key_at(set, *at);
    *at += sizeof(uint32_t) + key->len;
    return true;
}
