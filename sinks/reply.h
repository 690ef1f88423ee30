/*
 * reply.h - replies of a pipelined stream, counted instead of built: hiredis parses, and its
 * object functions only note what matters, so that a reply costs no allocation.
 */
#ifndef SLUICE_SINKS_REPLY_H
#define SLUICE_SINKS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/err.h"

enum sl_reply_kind {
    SL_REPLY_STATUS,
    SL_REPLY_ERROR,
    SL_REPLY_INTEGER,
    SL_REPLY_STRING,
    SL_REPLY_NIL,
    SL_REPLY_ARRAY,
};

enum { SL_REPLY_TEXT_MAX = 256 };

/* One top-level reply. For an array: the first error among its elements. */
struct sl_reply {
    enum sl_reply_kind kind;
    long long integer;            /* INTEGER: its value */
    size_t elements;              /* ARRAY: how many */
    bool has_error;               /* ERROR, or an ARRAY with one in it */
    size_t error_at;              /* ARRAY: its index */
    char text[SL_REPLY_TEXT_MAX]; /* the error or status, cut to fit, NUL-terminated */
};

struct sl_reply_reader;

struct sl_reply_reader *sl_reply_reader_new(void);
void sl_reply_reader_free(struct sl_reply_reader *reader);

/* Adds bytes from the peer. SL_EFORMAT: they are not RESP. */
int sl_reply_feed(struct sl_reply_reader *reader, const void *data, size_t len,
                  struct sl_err *err) SL_MUSTCHECK;
/* The next whole reply; SL_AGAIN when there is none yet. */
int sl_reply_next(struct sl_reply_reader *reader, struct sl_reply *reply,
                  struct sl_err *err) SL_MUSTCHECK;

#endif
