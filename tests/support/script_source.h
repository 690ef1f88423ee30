/*
 * script_source.h - a source that plays the events of a captured binary log, changed as a test
 * wants: events left out or replaced, an end of any kind, or no end until it is interrupted.
 */
#ifndef SLUICE_TESTS_SUPPORT_SCRIPT_SOURCE_H
#define SLUICE_TESTS_SUPPORT_SCRIPT_SOURCE_H

#include <stdatomic.h>

#include "cdc/base/buf.h"
#include "cdc/source.h"

enum { SL_SCRIPT_EVENTS = 128 };

struct sl_script {
    struct sl_source base; /* first: the two are cast into each other */
    struct sl_buf events[SL_SCRIPT_EVENTS];
    size_t count;
    size_t at;  /* next to be played */
    int end;    /* what next() returns behind the last one */
    bool waits; /* it blocks there first until it is interrupted */
    atomic_size_t
        gate; /* it blocks before the event of this number until the gate is moved; 0: none */
    size_t repeat_from; /* behind event repeat_to it plays from here again, without an end ... */
    size_t repeat_to;   /* ... unless this is 0 */
    void (*before)(void *user); /* called before each event; may be NULL */
    void *before_user;
    int open_status;
    char uuid[SL_SERVER_UUID_TEXT + 1]; /* of the server that it plays */
    atomic_bool is_interrupted;
    atomic_bool is_waiting; /* has been at the gate or at the end */
    atomic_bool is_at_end;  /* all events have been played, and dealt with */
    unsigned closed;
};

/* Loads tests/golden/CASE/capture.binlog, an artificial rotate event first. */
void sl_script_load(struct sl_script *script, const char *name);
void sl_script_release(struct sl_script *script);

/* The number of the NTH (0: the first) event of TYPE; fails the test when there is none. */
size_t sl_script_find(const struct sl_script *script, uint8_t type, unsigned nth);
/* Leaves out COUNT events from FROM on. */
void sl_script_cut(struct sl_script *script, size_t from, size_t count);
/* Turns event NUMBER into a Query event with the text of event LIKE, a "BEGIN", replaced by TEXT.
 */
void sl_script_make_query(struct sl_script *script, size_t number, size_t like, const char *text);
/* Puts such an event before event NUMBER; LIKE lies before it. */
void sl_script_insert_query(struct sl_script *script, size_t number, size_t like, const char *text);

#endif
