/*
 * explain_out.h - what `sluice explain` prints, gathered. The first failure (no memory) is kept,
 * and what comes behind it is left out.
 */
#ifndef SLUICE_CMD_EXPLAIN_OUT_H
#define SLUICE_CMD_EXPLAIN_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/* Zeroed: empty. */
struct sl_explain_out {
    struct sl_buf buf;
    int rc;
    bool has_member; /* JSON: the object or array that is being written is not empty */
};

void sl_explain_add(struct sl_explain_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sl_explain_add_span(struct sl_explain_out *out, struct sl_span text);

/* For people: what is not printable is escaped, and of more than MAX bytes only the first are
 * shown, with how many there are more. */
void sl_explain_add_shown(struct sl_explain_out *out, struct sl_span bytes, size_t max);

/* ---- JSON ---- */

/* A comma where one is due, and NAME; NULL: an element. */
void sl_explain_member(struct sl_explain_out *out, const char *name);
/* NAME and the begin of an object or array, and its end. */
void sl_explain_open(struct sl_explain_out *out, const char *name, char bracket);
void sl_explain_close(struct sl_explain_out *out, char bracket);
/* A string; {"base64":"..."} of bytes that none can hold. */
void sl_explain_string(struct sl_explain_out *out, const char *name, struct sl_span text);
void sl_explain_text(struct sl_explain_out *out, const char *name, const char *text);
void sl_explain_number(struct sl_explain_out *out, const char *name, uint64_t number);
void sl_explain_bool(struct sl_explain_out *out, const char *name, bool value);

/* Writes what there is to the standard output and empties OUT; false when that cannot be done. */
bool sl_explain_flush(struct sl_explain_out *out);

#endif
