/*
 * look.h - when a difference between a source and a sink, both of which go on changing, is more
 * than a difference of the moment.
 *
 * A look compares one key. It counts only if the row stayed the same around it; a key drifts when
 * SL_LOOKS looks that counted, some time apart, all found it different. The last one, and each look
 * at a row that changed at many, is to be made with the row locked. A key that cannot be judged
 * even so is unsettled: not known to drift, not known to be equal.
 *
 * What the stream explains one look with a lock settles. The time between looks is for all else: a
 * writer that has connected again and goes over old ground, tables without row locks, rows that are
 * not there and so cannot be locked, a key that is being put right.
 */
#ifndef SLUICE_CDC_LOOK_H
#define SLUICE_CDC_LOOK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SL_LOOKS = 3,
    SL_LOOK_MOVES_LOCK = 6, /* looks that did not count before the row is locked */
    SL_LOOK_MOVES_MAX = 12, /* looks that may not count before a key is unsettled */
};

enum sl_look_outcome {
    SL_LOOK_EQUAL,
    SL_LOOK_DIFFERENT, /* and the row was the same before and behind it */
    SL_LOOK_MOVED,     /* the row changed meanwhile: it does not count */
    SL_LOOK_LATE,      /* the sink is not written that far: there was no look */
    SL_LOOK_VAIN,      /* there is no use in looking again */
};

enum sl_look_verdict {
    SL_LOOK_AGAIN, /* when due_ms has come */
    SL_LOOK_FINE,
    SL_LOOK_DRIFT,
    SL_LOOK_UNSETTLED,
};

/* One key's. Times are of any clock that does not go back. */
struct sl_look {
    uint64_t due_ms;
    uint8_t counted;
    uint8_t moved;
};

/* A first look has found a difference. COUNTS: the sink had been written that far. */
void sl_look_begin(struct sl_look *look, bool counts, uint64_t now_ms);
/* True when the next look is to be made with the row locked. */
bool sl_look_is_locked(const struct sl_look *look);
/* Takes what the next look found. */
enum sl_look_verdict sl_look_take(struct sl_look *look, enum sl_look_outcome outcome,
                                  uint64_t now_ms);

#endif
