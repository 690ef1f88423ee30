/*
 * change_printer.h - prints what a stream tells as lines of JSON (change_line.h): the handler of a
 * stream that feeds people instead of a cache.
 *
 * The lines of a transaction are printed when it commits, in one piece, those of an XA transaction
 * when it is decided, and what is rolled back is never printed. A transaction too large to be
 * held is printed as it comes; should it be rolled back all the same, {"op":"rollback",…} says so.
 */
#ifndef SLUICE_FILTERS_CHANGE_PRINTER_H
#define SLUICE_FILTERS_CHANGE_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/stream.h"
#include "filters/options.h"

struct sl_change_printer_options {
    const struct sl_table_rule *rules; /* borrowed: which tables */
    size_t rule_count;                 /* 0: all */
    uint64_t limit;                    /* changes to print; 0: no limit */
    bool with_statements;              /* the text of DDL, too */
    bool may_guess;                    /* see sl_change_guess() */
    bool is_silent;                    /* renders and counts, but prints nothing */
    size_t flush_bytes; /* committed lines may wait until they are that many; 0: none waits */
    size_t hold_bytes;  /* of one transaction */
    size_t xa_bytes;    /* of all prepared transactions; more is SL_ELIMIT */
    /* Prints whole lines. Its status, if not SL_OK, ends the stream. */
    int (*write)(void *user, struct sl_span lines, struct sl_err *err);
    /* For what people should know beside the lines. */
    void (*notice)(void *user, const char *text);
    void *user;
};

struct sl_change_printer;

/* OPTIONS are copied. NULL when out of memory. */
struct sl_change_printer *sl_change_printer_new(const struct sl_change_printer_options *options);
void sl_change_printer_free(struct sl_change_printer *printer);

/* For sl_stream_new(). The handler's calls return SL_DONE when the limit is reached. */
struct sl_stream_handler sl_change_printer_handler(struct sl_change_printer *printer);
/* For sl_stream_options: USER is the printer. */
bool sl_change_printer_wants(void *user, struct sl_span db, struct sl_span table);
/* The stream that calls; to be set before the first event. */
void sl_change_printer_attach(struct sl_change_printer *printer, const struct sl_stream *stream);

/* Prints what committed transactions left waiting. */
int sl_change_printer_flush(struct sl_change_printer *printer, struct sl_err *err) SL_MUSTCHECK;

#endif
