/*
 * held.h - what a sink holds under a key, or should hold: the common ground on which what the
 * encoder would write is compared with what the sink says.
 */
#ifndef SLUICE_CDC_HELD_H
#define SLUICE_CDC_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/span.h"

enum sl_held_kind {
    SL_HELD_NOTHING, /* no such key */
    SL_HELD_FIELDS,
    SL_HELD_TEXT,
    SL_HELD_OTHER, /* something that no row is written as */
};

struct sl_held_field {
    struct sl_span name;
    struct sl_span value;
};

/* All is borrowed. Names are without repeats, their order is of no account. */
struct sl_held {
    enum sl_held_kind kind;
    const struct sl_held_field *fields;
    size_t field_count;
    struct sl_span text;
    bool expires;    /* has a time to live */
    bool is_damaged; /* some of it cannot be read as what it is: it is like nothing else */
    bool waits;      /* to be read again: what it holds is old, and that is known */
};

/* How a sink differs from its source at one key. */
enum sl_drift {
    SL_DRIFT_NONE,
    SL_DRIFT_MISSING,    /* a row, and no key */
    SL_DRIFT_ORPHAN,     /* a key, and no row */
    SL_DRIFT_DIFFERENT,  /* the key holds something else than the row */
    SL_DRIFT_STALE,      /* as DIFFERENT: what the row held a moment ago */
    SL_DRIFT_WRONG_TYPE, /* the key is of a type that no row is written as */
    SL_DRIFT_NO_TTL,     /* holds the row, but for ever, though it should expire */
    SL_DRIFT_EXPIRED,    /* as MISSING, where keys expire: nothing to worry about */
    SL_DRIFT_KINDS,
};

const char *sl_drift_name(enum sl_drift drift); /* "missing", "wrong_type" */

/* What HAVE, read from the sink, is to WANT; never STALE. */
enum sl_drift sl_held_compare(const struct sl_held *want, const struct sl_held *have);

/*
 * A number that tells contents apart: the same for the same fields in any order. Whether it expires
 * does not count. Where it stands for a comparison, SEED is to be one that nobody can guess.
 */
uint64_t sl_held_hash(const struct sl_held *held, uint64_t seed);

/* The names that stand in only one of the two or with another value, not more than CAP, into NAMES
 * (views); returns how many. Only of FIELDS. */
size_t sl_held_differing(const struct sl_held *want, const struct sl_held *have,
                         struct sl_span *names, size_t cap);

#endif
