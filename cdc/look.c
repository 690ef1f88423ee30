#include "cdc/look.h"

enum {
    SL_SECOND_MS = 200, /* a writer that was just behind has caught up by then */
    SL_THIRD_MS = 2000, /* and so has one that connected again */
    SL_LATE_MS = 500,
    SL_MOVED_MS = 100,
    SL_MOVED_MAX_MS = 5000,
};

static uint64_t counted_delay(unsigned counted)
{
    return counted < 2 ? SL_SECOND_MS : SL_THIRD_MS;
}

void sl_look_begin(struct sl_look *look, bool counts, uint64_t now_ms)
{
    *look = (struct sl_look){.due_ms = counts ? now_ms + counted_delay(1) : now_ms,
                             .counted = counts ? 1 : 0};
}

bool sl_look_is_locked(const struct sl_look *look)
{
    return look->counted + 1 >= SL_LOOKS || look->moved >= SL_LOOK_MOVES_LOCK;
}

/* 0.1, 0.2, 0.4 … seconds. */
static uint64_t moved_delay(unsigned moved)
{
    uint64_t delay = (uint64_t)SL_MOVED_MS << (moved < 8 ? moved : 8);

    return delay < SL_MOVED_MAX_MS ? delay : SL_MOVED_MAX_MS;
}

static enum sl_look_verdict take_different(struct sl_look *look, uint64_t now_ms)
{
    look->counted++;
    look->due_ms = now_ms + counted_delay(look->counted);
    return look->counted >= SL_LOOKS ? SL_LOOK_DRIFT : SL_LOOK_AGAIN;
}

static enum sl_look_verdict take_moved(struct sl_look *look, uint64_t now_ms)
{
    look->due_ms = now_ms + moved_delay(look->moved);
    look->moved++;
    return look->moved > SL_LOOK_MOVES_MAX ? SL_LOOK_UNSETTLED : SL_LOOK_AGAIN;
}

enum sl_look_verdict sl_look_take(struct sl_look *look, enum sl_look_outcome outcome,
                                  uint64_t now_ms)
{
    switch (outcome) {
    case SL_LOOK_EQUAL:
        return SL_LOOK_FINE;
    case SL_LOOK_DIFFERENT:
        return take_different(look, now_ms);
    case SL_LOOK_MOVED:
        return take_moved(look, now_ms);
    case SL_LOOK_LATE:
        look->due_ms = now_ms + SL_LATE_MS;
        return SL_LOOK_AGAIN;
    case SL_LOOK_VAIN:
        break;
    }
    return SL_LOOK_UNSETTLED;
}
