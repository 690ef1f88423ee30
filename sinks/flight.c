#include "sinks/flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_flight(struct sl_flight *flight)
{
    sl_batch_free(flight->batch);
    sl_buf_release(&flight->head);
    sl_buf_release(&flight->tail);
    free(flight);
}

static void free_list(struct sl_flight *list)
{
    while (list != NULL) {
        struct sl_flight *next = list->next;

        free_flight(list);
        list = next;
    }
}

void sl_flights_release(struct sl_flights *flights)
{
    free_list(flights->first);
    free_list(flights->free);
    *flights = (struct sl_flights){0};
}

struct sl_flight *sl_flights_new(struct sl_flights *flights)
{
    struct sl_flight *flight = flights->free;
    struct sl_buf head;
    struct sl_buf tail;

    if (flight == NULL) {
        return calloc(1, sizeof(*flight));
    }
    flights->free = flight->next;
    head = flight->head;
    tail = flight->tail;
    *flight = (struct sl_flight){.head = head, .tail = tail};
    sl_buf_clear(&flight->head);
    sl_buf_clear(&flight->tail);
    return flight;
}

static size_t body_length(const struct sl_flight *flight)
{
    return flight->batch != NULL ? flight->batch->data.len : 0;
}

static size_t length(const struct sl_flight *flight)
{
    return flight->head.len + body_length(flight) + flight->tail.len;
}

void sl_flights_add(struct sl_flights *flights, struct sl_flight *flight)
{
    flight->next = NULL;
    if (flights->last != NULL) {
        flights->last->next = flight;
    } else {
        flights->first = flight;
    }
    flights->last = flight;
    if (flights->writing == NULL) {
        flights->writing = flight;
    }
    flights->count++;
    flights->bytes += length(flight);
}

/* Adds the part of a piece that lies behind the first *SKIP bytes. */
static void add_piece(uint8_t *data, size_t len, size_t *skip, struct iovec *iov, int *count)
{
    if (*skip >= len) {
        *skip -= len;
        return;
    }
    iov[(*count)++] = (struct iovec){.iov_base = data + *skip, .iov_len = len - *skip};
    *skip = 0;
}

int sl_flights_pieces(const struct sl_flights *flights, struct iovec *iov, int max)
{
    int count = 0;

    for (const struct sl_flight *at = flights->writing; at != NULL && count + 3 <= max;
         at = at->next) {
        size_t skip = at->written;

        add_piece(at->head.data, at->head.len, &skip, iov, &count);
        if (at->batch != NULL) {
            add_piece(at->batch->data.data, at->batch->data.len, &skip, iov, &count);
        }
        add_piece(at->tail.data, at->tail.len, &skip, iov, &count);
    }
    return count;
}

void sl_flights_wrote(struct sl_flights *flights, size_t bytes)
{
    while (flights->writing != NULL) {
        struct sl_flight *at = flights->writing;
        size_t left = length(at) - at->written;
        size_t taken = bytes < left ? bytes : left;

        at->written += taken;
        bytes -= taken;
        if (taken < left) {
            return;
        }
        flights->writing = at->next;
    }
}

/* Keys are bytes of the user's rows; a message shows the printable ones. */
static void note_key(struct sl_flights *flights, struct sl_span key)
{
    size_t len = key.len < sizeof(flights->key) - 1 ? key.len : sizeof(flights->key) - 1;

    for (size_t i = 0; i < len; i++) {
        flights->key[i] = key.data[i] >= ' ' && key.data[i] != 0x7f ? (char)key.data[i] : '?';
    }
    flights->key[len] = '\0';
}

static void note_error(struct sl_flights *flights, const char *text, struct sl_span key)
{
    if (flights->group_failed) {
        return; /* the first one is the cause */
    }
    flights->group_failed = true;
    (void)snprintf(flights->error, sizeof(flights->error), "%s", text);
    note_key(flights, key);
}

static struct sl_span key_of_command(const struct sl_flight *flight, uint64_t number)
{
    return flight->batch != NULL && number < flight->body_replies
               ? sl_batch_key_of_command(flight->batch, number)
               : sl_span_make(NULL, 0);
}

static void forget_group(struct sl_flights *flights)
{
    flights->group_commands = 0;
    flights->group_failed = false;
    flights->key[0] = '\0';
}

static enum sl_outcome judge_exec(struct sl_flights *flights, const struct sl_reply *reply)
{
    const struct sl_flight *flight = flights->first;
    enum sl_outcome outcome = SL_OUTCOME_APPLIED;

    if (reply->kind == SL_REPLY_NIL) {
        return SL_OUTCOME_FENCED;
    }
    if (reply->kind == SL_REPLY_ARRAY && reply->has_error) {
        struct sl_span key =
            reply->error_at < flights->group_commands
                ? sl_span_make(NULL, 0)
                : key_of_command(flight, reply->error_at - flights->group_commands);

        note_error(flights, reply->text, key);
        outcome = SL_OUTCOME_FAILED;
    } else if (reply->kind != SL_REPLY_ARRAY) {
        note_error(flights, reply->text, sl_span_make(NULL, 0));
        outcome = SL_OUTCOME_FAILED;
    } else if (flights->group_failed) {
        /* What stands before MULTI was refused, the guard's step for one (OOM, BUSY), and EXEC did
           its work without it. */
        outcome = SL_OUTCOME_FAILED;
    }
    return outcome;
}

static enum sl_outcome judge_last(struct sl_flights *flights, const struct sl_reply *reply)
{
    enum sl_outcome outcome;

    if (flights->first->is_discard) {
        outcome = reply->kind == SL_REPLY_ERROR ? SL_OUTCOME_FAILED : SL_OUTCOME_DISCARDED;
        if (outcome == SL_OUTCOME_FAILED) {
            note_error(flights, reply->text, sl_span_make(NULL, 0));
        }
    } else {
        outcome = judge_exec(flights, reply);
    }
    if (outcome == SL_OUTCOME_APPLIED || outcome == SL_OUTCOME_DISCARDED) {
        forget_group(flights);
    }
    return outcome;
}

/* A command was queued, or refused; Redis then refuses the EXEC of its group as a whole. */
static void judge_queued(struct sl_flights *flights, const struct sl_reply *reply, uint64_t number)
{
    const struct sl_flight *flight = flights->first;

    if (reply->kind == SL_REPLY_ERROR) {
        note_error(flights, reply->text,
                   number < flight->head_replies
                       ? sl_span_make(NULL, 0)
                       : key_of_command(flight, number - flight->head_replies));
    }
}

enum sl_outcome sl_flights_reply(struct sl_flights *flights, const struct sl_reply *reply)
{
    struct sl_flight *flight = flights->first;
    uint64_t due;
    uint64_t number;

    if (flight == NULL) {
        note_error(flights, "a reply that no command was sent for", sl_span_make(NULL, 0));
        return SL_OUTCOME_FAILED;
    }
    due = flight->head_replies + flight->body_replies + flight->tail_replies;
    number = flight->replies++;
    if (number == due) {
        return judge_last(flights, reply);
    }
    judge_queued(flights, reply, number);
    if (flight->replies == due && !flight->ends_group) {
        flights->group_commands += flight->body_replies;
        return SL_OUTCOME_PART;
    }
    return SL_OUTCOME_MORE;
}

struct sl_batch *sl_flights_shift(struct sl_flights *flights)
{
    struct sl_flight *flight = flights->first;
    struct sl_batch *batch = flight->batch;

    flights->bytes -= length(flight);
    flights->count--;
    if (flights->writing == flight) {
        flights->writing = flight->next;
    }
    flights->first = flight->next;
    if (flights->first == NULL) {
        flights->last = NULL;
    }
    flight->batch = NULL;
    flight->next = flights->free;
    flights->free = flight;
    return batch;
}
