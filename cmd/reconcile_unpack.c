/*
 * reconcile_unpack.c - what keys hold, without its compression. Rows are compared unpacked: bytes
 * that another release of zstd, another level or an older dictionary made are no drift.
 */
#include "cmd/reconcile_private.h"

int sl_reconcile_unpack(struct sl_reconcile *r, const struct sl_held *held,
                        const struct sl_held **plain, struct sl_err *err)
{
    struct sl_err why = {0};
    int rc;

    *plain = held;
    if (r->current->rule->compress == SL_COMPRESS_NONE) {
        return SL_OK;
    }
    rc = sl_unpack_held(r->unpacker, held, &r->unpacked, &why);
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "%s", why.status != SL_OK ? why.text : "out of memory");
    }
    if (r->unpacked.held.is_damaged && r->said_unreadable != r->current) {
        r->said_unreadable = r->current;
        sl_reconcile_say(r->report, "table %.*s.%.*s: %s; others of the table are not said",
                         (int)r->current->db.len, (const char *)r->current->db.data,
                         (int)r->current->name.len, (const char *)r->current->name.data, why.text);
    }
    *plain = &r->unpacked.held;
    return SL_OK;
}
