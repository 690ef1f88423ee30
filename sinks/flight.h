/*
 * flight.h - what is on the way to Redis: parts of groups, in order, with the replies they are due.
 *
 * Pure bookkeeping: bytes to write come out at one side, replies go in at the other, and what a
 * whole group came to is told by sl_flights_reply(). Nothing here does I/O.
 */
#ifndef SLUICE_SINKS_FLIGHT_H
#define SLUICE_SINKS_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "sinks/reply.h"

struct sl_flight {
    struct sl_batch *batch; /* owned; NULL: only head and tail */
    struct sl_buf head;
    struct sl_buf tail;
    uint64_t head_replies;
    uint64_t body_replies;
    uint64_t tail_replies; /* without the last one */
    bool ends_group;       /* the last reply is EXEC's, or DISCARD's */
    bool is_discard;
    uint64_t replies;  /* that came */
    size_t written;    /* bytes of head, rows and tail that were sent */
    uint64_t began_us; /* when its group began; the sink's */
    struct sl_flight *next;
};

struct sl_flights {
    struct sl_flight *first;
    struct sl_flight *last;
    struct sl_flight *writing; /* the first with unsent bytes; NULL: none */
    struct sl_flight *free;
    size_t count;
    size_t bytes;                  /* of all, sent or not */
    uint64_t group_commands;       /* of the group at the front, in parts that are done with */
    bool group_failed;             /* a command of it was refused when it was queued */
    char error[SL_REPLY_TEXT_MAX]; /* that refusal */
    char key[SL_REPLY_TEXT_MAX];   /* the key of that command, printable; "" unknown */
};

enum sl_outcome {
    SL_OUTCOME_MORE,      /* nothing to be told yet */
    SL_OUTCOME_PART,      /* a part is complete; its batch can be given back */
    SL_OUTCOME_APPLIED,   /* the group was applied, and every command in it succeeded */
    SL_OUTCOME_DISCARDED, /* the group was undone, as asked */
    SL_OUTCOME_FENCED,    /* EXEC did nothing: the guard was not as it should be */
    SL_OUTCOME_FAILED,    /* see error and key */
};

void sl_flights_release(struct sl_flights *flights);

/* An empty flight, not yet on its way; NULL when out of memory. */
struct sl_flight *sl_flights_new(struct sl_flights *flights);
/* Puts it at the end. BATCH and the reply counts are set, head and tail filled. */
void sl_flights_add(struct sl_flights *flights, struct sl_flight *flight);

/* Fills up to MAX pieces with the next bytes to send; returns how many. */
int sl_flights_pieces(const struct sl_flights *flights, struct iovec *iov, int max);
/* BYTES of them were sent. */
void sl_flights_wrote(struct sl_flights *flights, size_t bytes);

/*
 * Takes one reply. With PART, APPLIED and DISCARDED the first flight is complete: take it off with
 * sl_flights_shift() before the next call. SL_EFORMAT in *ERR is FAILED, too: a reply nobody asked
 * for.
 */
enum sl_outcome sl_flights_reply(struct sl_flights *flights, const struct sl_reply *reply);

/* Takes the first flight off; returns its batch (to be given back by the caller) or NULL. */
struct sl_batch *sl_flights_shift(struct sl_flights *flights);

#endif
