/*
 * xid.h - identifiers of XA transactions, in the one printed form X'67…',X'62…',N (hexadecimal,
 * lower case) that both servers use in their statements.
 */
#ifndef SLUICE_CDC_XID_H
#define SLUICE_CDC_XID_H

#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

enum {
    SL_XID_PART_MAX = 64, /* bytes of gtrid and of bqual */
    SL_XID_TEXT_MAX = 2 * (2 * SL_XID_PART_MAX + 4) + 12,
};

struct sl_xid {
    char text[SL_XID_TEXT_MAX + 1];
    size_t len;
};

/* Prints an identifier. SL_EFORMAT when a part is too long. */
int sl_xid_set(struct sl_xid *xid, struct sl_span gtrid, struct sl_span bqual,
               uint32_t format) SL_MUSTCHECK;

/* Reads an identifier as a statement names it: X'…' or '…', twice, and a number; the last two may
 * lack. SL_EFORMAT. */
int sl_xid_parse(struct sl_xid *xid, struct sl_span text) SL_MUSTCHECK;

static inline struct sl_span sl_xid_span(const struct sl_xid *xid)
{
    return sl_span_make(xid->text, xid->len);
}

#endif
