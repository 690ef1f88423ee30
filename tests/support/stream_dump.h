/*
 * stream_dump.h - a stream handler that writes every callback as a line of text, for golden tests.
 */
#ifndef SLUICE_TESTS_STREAM_DUMP_H
#define SLUICE_TESTS_STREAM_DUMP_H

#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/stream.h"

struct sl_stream_dump {
    struct sl_buf text;
    struct sl_stream *stream; /* set by the caller, for positions; NULL: none are written */
    const char *fail_in;      /* the callback that returns SL_ESTOPPED; NULL: none */
};

/* A handler whose callbacks write into DUMP. */
struct sl_stream_handler sl_stream_dump_handler(struct sl_stream_dump *dump);

/* Feeds the files PATHS from their beginning through a stream into DUMP; the last status. */
int sl_stream_dump_files(struct sl_stream_dump *dump, const char *const *paths, size_t count,
                         const struct sl_stream_options *options, struct sl_err *err);

#endif
