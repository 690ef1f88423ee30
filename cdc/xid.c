#include "cdc/xid.h"

#include <stdbool.h>
#include <stdio.h>

static size_t put_hex(char *out, struct sl_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;

    out[len++] = 'X';
    out[len++] = '\'';
    for (size_t i = 0; i < bytes.len; i++) {
        out[len++] = digits[bytes.data[i] >> 4];
        out[len++] = digits[bytes.data[i] & 15];
    }
    out[len++] = '\'';
    return len;
}

int sl_xid_set(struct sl_xid *xid, struct sl_span gtrid, struct sl_span bqual, uint32_t format)
{
    size_t len;

    if (gtrid.len > SL_XID_PART_MAX || bqual.len > SL_XID_PART_MAX) {
        return SL_EFORMAT;
    }
    len = put_hex(xid->text, gtrid);
    xid->text[len++] = ',';
    len += put_hex(xid->text + len, bqual);
    len += (size_t)snprintf(xid->text + len, sizeof(xid->text) - len, ",%u", format);
    xid->len = len;
    return SL_OK;
}

static int hex_value(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void skip_space(struct sl_span *rest)
{
    while (rest->len > 0 &&
           (rest->data[0] == ' ' || (rest->data[0] >= '\t' && rest->data[0] <= '\r'))) {
        (void)!sl_span_skip(rest, 1);
    }
}

static bool take_comma(struct sl_span *rest)
{
    skip_space(rest);
    if (rest->len == 0 || rest->data[0] != ',') {
        return false;
    }
    (void)!sl_span_skip(rest, 1);
    skip_space(rest);
    return true;
}

/* The digits up to the closing quote. */
static int take_hex(struct sl_span *rest, uint8_t *out, size_t *len)
{
    *len = 0;
    while (rest->len > 0 && rest->data[0] != '\'') {
        int high = hex_value(rest->data[0]);
        int low = rest->len > 1 ? hex_value(rest->data[1]) : -1;

        if (high < 0 || low < 0 || *len == SL_XID_PART_MAX) {
            return SL_EFORMAT;
        }
        out[(*len)++] = (uint8_t)(high << 4 | low);
        (void)!sl_span_skip(rest, 2);
    }
    return sl_span_skip(rest, 1);
}

static int take_quoted(struct sl_span *rest, uint8_t *out, size_t *len)
{
    *len = 0;
    while (rest->len > 0 && rest->data[0] != '\'') {
        if (*len == SL_XID_PART_MAX) {
            return SL_EFORMAT;
        }
        out[(*len)++] = rest->data[0];
        (void)!sl_span_skip(rest, 1);
    }
    return sl_span_skip(rest, 1);
}

static int take_part(struct sl_span *rest, uint8_t *out, size_t *len)
{
    if (rest->len >= 2 && (rest->data[0] | 0x20) == 'x' && rest->data[1] == '\'') {
        (void)!sl_span_skip(rest, 2);
        return take_hex(rest, out, len);
    }
    if (rest->len >= 1 && rest->data[0] == '\'') {
        (void)!sl_span_skip(rest, 1);
        return take_quoted(rest, out, len);
    }
    return SL_EFORMAT;
}

static int take_number(struct sl_span *rest, uint32_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;

    while (rest->len > 0 && rest->data[0] >= '0' && rest->data[0] <= '9' && digits < 10) {
        value = value * 10 + (uint64_t)(rest->data[0] - '0');
        digits++;
        (void)!sl_span_skip(rest, 1);
    }
    if (digits == 0 || value > UINT32_MAX) {
        return SL_EFORMAT;
    }
    *number = (uint32_t)value;
    return SL_OK;
}

int sl_xid_parse(struct sl_xid *xid, struct sl_span text)
{
    uint8_t gtrid[SL_XID_PART_MAX];
    uint8_t bqual[SL_XID_PART_MAX];
    size_t gtrid_len = 0;
    size_t bqual_len = 0;
    uint32_t format = 1;
    int rc;

    skip_space(&text);
    rc = take_part(&text, gtrid, &gtrid_len);
    if (rc == SL_OK && take_comma(&text)) {
        rc = take_part(&text, bqual, &bqual_len);
        if (rc == SL_OK && take_comma(&text)) {
            rc = take_number(&text, &format);
        }
    }
    if (rc != SL_OK) {
        return SL_EFORMAT;
    }
    return sl_xid_set(xid, sl_span_make(gtrid, gtrid_len), sl_span_make(bqual, bqual_len), format);
}
