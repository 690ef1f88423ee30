#include "cdc/base/span.h"

int sl_span_lenenc(struct sl_span *span, uint64_t *out)
{
    struct sl_span rest = *span;
    uint8_t lead;
    int rc = sl_span_u8(&rest, &lead);

    if (rc != SL_OK) {
        return rc;
    }
    switch (lead) {
    case 0xfb:
    case 0xff:
        return SL_EFORMAT;
    case 0xfc:
        rc = sl_span_le(&rest, 2, out);
        break;
    case 0xfd:
        rc = sl_span_le(&rest, 3, out);
        break;
    case 0xfe:
        rc = sl_span_le(&rest, 8, out);
        break;
    default:
        *out = lead;
        break;
    }
    if (rc == SL_OK) {
        *span = rest;
    }
    return rc;
}

int sl_span_lenenc_bytes(struct sl_span *span, struct sl_span *out)
{
    struct sl_span rest = *span;
    uint64_t len;
    int rc = sl_span_lenenc(&rest, &len);

    if (rc != SL_OK) {
        return rc;
    }
    if (len > rest.len) {
        return SL_ETRUNC;
    }
    rc = sl_span_take(&rest, (size_t)len, out);
    *span = rest;
    return rc;
}
