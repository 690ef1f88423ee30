/*
 * reconcile_look.h - a look at some keys, what the files share that make it:
 *
 *     reconcile_look.c       when which keys are looked at, in what order, and what follows
 *     reconcile_look_rows.c  the source's side: rows before and behind
 *     reconcile_look_keys.c  the sink's side: what the keys hold
 */
#ifndef SLUICE_CMD_RECONCILE_LOOK_H
#define SLUICE_CMD_RECONCILE_LOOK_H

#include "cmd/reconcile_private.h"

/* One key, or other item, of a look. */
struct sl_look_item {
    struct sl_suspect *suspect;
    struct sl_expect want; /* of the rows before */
    uint64_t image;        /* its hash */
    uint64_t image_behind;
    uint64_t found; /* hash of what the key held; SEED as for images */
    uint64_t expected_public;
    uint64_t found_public;
    enum sl_drift drift;
    struct sl_buf fields; /* JSON */
    struct sl_buf row;    /* the key of the row before; empty: there is none */
    bool is_out;          /* it need not be looked at any further */
    enum sl_look_outcome outcome;
};

/* The look at hand. */
struct sl_look_batch {
    struct sl_reconcile *r;
    struct sl_look_item *items;
    size_t count;
    uint32_t facet; /* of all items */
    bool is_locked;
    struct sl_cell *cells; /* of the parsed items */
    size_t parsed;
    struct sl_arena arena;
    struct sl_err *err;
};

/* ---- reconcile_look_rows.c ---- */

/* Finds which values the keys were made from; those that do not tell are out. */
int sl_look_parse_keys(struct sl_look_batch *look) SL_MUSTCHECK;
/* Reads the rows, locked if the look is. */
int sl_look_read_before(struct sl_look_batch *look) SL_MUSTCHECK;
/* Reads them again: what differed of a row that has changed does not count. */
int sl_look_read_behind(struct sl_look_batch *look) SL_MUSTCHECK;

/* ---- reconcile_look_keys.c ---- */

/* Reads what the keys that are still open hold, or only those of rows that are not there.
 * *IS_BEHIND: a writer began again from a place before the rows. */
int sl_look_read_keys(struct sl_look_batch *look, bool only_absent, bool *is_behind) SL_MUSTCHECK;
/* True when one of these differs. */
bool sl_look_any_differs(const struct sl_look_batch *look, bool only_absent);

#endif
