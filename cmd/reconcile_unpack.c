/*
 * reconcile_unpack.c - what keys hold, without its compression. Rows are compared unpacked: bytes
 * that another release of zstd, another level or an older dictionary made are no drift.
 */
#include "cmd/reconcile_private.h"
#include "filters/facet.h"
#include "filters/json_canonical.h"

/* Servers keep the value of a document and print it in their own way. */
static int take_document(struct sl_reconcile *r, const struct sl_held *held,
                         const struct sl_held **plain, struct sl_err *err)
{
    struct sl_unpacked *unpacked = &r->unpacked;
    int rc;

    sl_buf_clear(&unpacked->bytes);
    rc = sl_json_canonical(held->text, &unpacked->bytes);
    if (rc == SL_ENOMEM) {
        return sl_err_set(err, rc, "out of memory");
    }
    unpacked->held = *held;
    unpacked->held.is_damaged = rc != SL_OK;
    unpacked->held.text = sl_span_make(unpacked->bytes.data, unpacked->bytes.len);
    *plain = &unpacked->held;
    return SL_OK;
}

int sl_reconcile_unpack(struct sl_reconcile *r, uint32_t facet, const struct sl_held *held,
                        const struct sl_held **plain, struct sl_err *err)
{
    struct sl_err why = {0};
    int rc;

    *plain = held;
    if (sl_reconcile_form(r, facet).is_document && held->kind == SL_HELD_TEXT) {
        return take_document(r, held, plain, err);
    }
    if (sl_rule_index(r->current->rule, facet) != NULL ||
        r->current->rule->compress == SL_COMPRESS_NONE) {
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
