/*
 * source.h - where binary log events come from: a server (source_mysql.c,
 * source_mariadb.c), a file (source_file.c) or a scripted fake in tests.
 *
 * A source is used by one thread, but for interrupt(), which any thread may
 * call at any time to make a blocked next() or open() return SL_ESTOPPED.
 */
#ifndef SLUICE_CDC_SOURCE_H
#define SLUICE_CDC_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/position.h"

enum sl_flavor {
    SL_FLAVOR_UNKNOWN,
    SL_FLAVOR_MYSQL,
    SL_FLAVOR_MARIADB,
};

/* What kind of place the stream begins at. */
enum sl_start_kind {
    SL_START_AT,       /* at a position: GTID set if it has one, else file and offset */
    SL_START_NOW,      /* at the end of what is written when open() runs */
    SL_START_EARLIEST, /* at the first event that the server still has */
};

struct sl_source;

struct sl_source_ops {
    /*
     * Connects and asks for the stream from START (KIND says how to read it).
     * On success *START holds the position that was resolved: for NOW and EARLIEST file and
     * offset and, where the server has them, the GTIDs executed before it.
     * SL_EIO: try again later. SL_EAUTH, SL_EINVAL: wrong user, setting or privilege.
     * SL_EGAP: the server no longer has what lies behind START.
     */
    int (*open)(struct sl_source *source, enum sl_start_kind kind, struct sl_position *start,
                struct sl_err *err);
    /*
     * Waits for the next event and borrows its bytes (header first, checksum
     * included) until the next call. SL_DONE: the end of a file, or of the log
     * when the source was made to stop there. SL_EIO, SL_EGAP, SL_ESTOPPED.
     */
    int (*next)(struct sl_source *source, struct sl_span *event, struct sl_err *err);
    /* Thread-safe; see above. The source stays interrupted until close(). */
    void (*interrupt)(struct sl_source *source);
    void (*close)(struct sl_source *source); /* may be opened again */
    void (*free)(struct sl_source *source);  /* closes, too */
};

/* The first member of every implementation. */
struct sl_source {
    const struct sl_source_ops *ops;
    enum sl_flavor flavor; /* known after open(); for a file, from its format description */
    bool folds_names; /* known after open(): names of tables are lower case but in statements */
};

#endif
