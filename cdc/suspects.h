/*
 * suspects.h - the keys that looked different and are to be looked at again: a bounded set, the
 * only thing that a comparison keeps. A key is the name of an item (mapper.h).
 */
#ifndef SLUICE_CDC_SUSPECTS_H
#define SLUICE_CDC_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/span.h"
#include "cdc/base/status.h"
#include "cdc/held.h"
#include "cdc/look.h"

enum { SL_SUSPECT_IMAGES = 4 };

struct sl_suspect {
    struct sl_suspect *next; /* the set's */
    struct sl_look look;
    enum sl_drift drift;    /* what the last look found */
    size_t row_bytes;       /* about how much the row and the key's content take */
    uint64_t first_seen_ms; /* since 1970 */
    const char *low_file;   /* a place of the source's log before it was first seen; borrowed */
    uint64_t low_offset;
    uint64_t images[SL_SUSPECT_IMAGES]; /* hashes of what the row has been, the newest first */
    uint8_t image_count;
    bool is_due;    /* the user's: it is in the batch at hand */
    uint32_t facet; /* of the row: 0 its own keys, else the number of an index */
    uint32_t key_len;
    uint8_t key[];
};

struct sl_suspects;

/* At most COUNT_MAX keys, and BYTES_MAX bytes with all that belongs to them. NULL: no memory. */
struct sl_suspects *sl_suspects_new(size_t count_max, size_t bytes_max);
void sl_suspects_free(struct sl_suspects *suspects);

/* Adds KEY of FACET, zeroed but for these; *OUT is it, or the one that is there already (then
 * SL_DONE). SL_ELIMIT: there are too many; SL_ENOMEM. */
int sl_suspects_add(struct sl_suspects *suspects, uint32_t facet, struct sl_span key,
                    struct sl_suspect **out) SL_MUSTCHECK;
void sl_suspects_remove(struct sl_suspects *suspects, struct sl_suspect *suspect);
size_t sl_suspects_count(const struct sl_suspects *suspects);

/* Up to CAP of those of one facet that are due at NOW_MS into OUT, all of whose next looks are made
 * with the row locked, or none is, and whose row_bytes are not more than BYTES_MAX together (but
 * for the first). Returns how many. */
size_t sl_suspects_due(const struct sl_suspects *suspects, uint64_t now_ms, size_t bytes_max,
                       struct sl_suspect **out, size_t cap);
/* When the next one is due; UINT64_MAX: there is none. */
uint64_t sl_suspects_next_due(const struct sl_suspects *suspects);

/* Notes that the row was seen as HASH. */
void sl_suspect_note_image(struct sl_suspect *suspect, uint64_t hash);
/* True when the row was seen as HASH, and is something else now. */
bool sl_suspect_was(const struct sl_suspect *suspect, uint64_t hash);

static inline struct sl_span sl_suspect_key(const struct sl_suspect *suspect)
{
    return sl_span_make(suspect->key, suspect->key_len);
}

#endif
