/*
 * mgtid.c - MariaDB's GTID positions: the last identifier of each domain, in the text form of
 * gtid_binlog_pos (sql/rpl_gtid.cc: rpl_slave_state_tostring_helper, gtid_parse_helper).
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/gtid.h"

enum { SL_MGTID_TEXT_MAX = 1 << 20 };

void sl_mgtid_list_release(struct sl_mgtid_list *list)
{
    free(list->items);
    *list = (struct sl_mgtid_list){0};
}

static int reserve(struct sl_mgtid_list *list, size_t need)
{
    size_t cap = list->cap > 0 ? list->cap : 1;
    struct sl_mgtid *items;

    if (need <= list->cap) {
        return SL_OK;
    }
    while (cap < need) {
        cap *= 2;
    }
    items = realloc(list->items, cap * sizeof(*items));
    if (items == NULL) {
        return SL_ENOMEM;
    }
    list->items = items;
    list->cap = cap;
    return SL_OK;
}

int sl_mgtid_list_copy(struct sl_mgtid_list *to, const struct sl_mgtid_list *from)
{
    int rc = to == from ? SL_OK : reserve(to, from->count);

    if (rc == SL_OK && to != from) {
        if (from->count > 0) {
            memcpy(to->items, from->items, from->count * sizeof(*to->items));
        }
        to->count = from->count;
    }
    return rc;
}

/* The first item of DOMAIN or of one behind it. Servers have a handful of domains at most. */
static size_t find(const struct sl_mgtid_list *list, uint32_t domain)
{
    size_t low = 0;
    size_t high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (list->items[middle].domain < domain) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct sl_mgtid *sl_mgtid_list_get(const struct sl_mgtid_list *list, uint32_t domain)
{
    size_t at = find(list, domain);

    return at < list->count && list->items[at].domain == domain ? &list->items[at] : NULL;
}

int sl_mgtid_list_set(struct sl_mgtid_list *list, const struct sl_mgtid *gtid)
{
    size_t at = find(list, gtid->domain);
    int rc;

    if (at < list->count && list->items[at].domain == gtid->domain) {
        list->items[at] = *gtid;
        return SL_OK;
    }
    rc = reserve(list, list->count + 1);
    if (rc != SL_OK) {
        return rc;
    }
    memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof(*list->items));
    list->items[at] = *gtid;
    list->count++;
    return SL_OK;
}

static void skip_spaces(struct sl_span *text)
{
    while (text->len > 0 &&
           (text->data[0] == ' ' || (text->data[0] >= '\t' && text->data[0] <= '\r'))) {
        text->data++;
        text->len--;
    }
}

/* Takes decimal digits off the front: a number up to MAX. */
static int take_number(struct sl_span *text, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;
    size_t used = 0;

    while (used < text->len && text->data[used] >= '0' && text->data[used] <= '9') {
        uint64_t digit = (uint64_t)text->data[used] - '0';

        if (value > max / 10 || value * 10 > max - digit) {
            return SL_EINVAL;
        }
        value = value * 10 + digit;
        used++;
    }
    if (used == 0) {
        return SL_EINVAL;
    }
    *number = value;
    return sl_span_skip(text, used);
}

static int take_dash(struct sl_span *text)
{
    return text->len > 0 && text->data[0] == '-' ? sl_span_skip(text, 1) : SL_EINVAL;
}

/* "domain-server-sequence" and the spaces around it. */
static int take_item(struct sl_span *text, struct sl_mgtid *gtid)
{
    uint64_t domain = 0;
    uint64_t server = 0;
    int rc;

    skip_spaces(text);
    rc = take_number(text, UINT32_MAX, &domain);
    if (rc == SL_OK) {
        rc = take_dash(text);
    }
    if (rc == SL_OK) {
        rc = take_number(text, UINT32_MAX, &server);
    }
    if (rc == SL_OK) {
        rc = take_dash(text);
    }
    if (rc == SL_OK) {
        rc = take_number(text, UINT64_MAX, &gtid->sequence);
    }
    gtid->domain = (uint32_t)domain;
    gtid->server = (uint32_t)server;
    skip_spaces(text);
    return rc;
}

static int parse_item(struct sl_span *rest, size_t len, struct sl_mgtid_list *list,
                      struct sl_err *err)
{
    struct sl_mgtid gtid;
    int rc = take_item(rest, &gtid);

    if (rc == SL_OK && rest->len > 0 && (rest->data[0] != ',' || rest->len == 1)) {
        rc = SL_EINVAL;
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc,
                          "GTID list: cannot be read at character %zu; write it as in "
                          "gtid_binlog_pos, for example 0-1-100,1-1-42",
                          len - rest->len + 1);
    }
    if (sl_mgtid_list_get(list, gtid.domain) != NULL) {
        return sl_err_set(err, SL_EINVAL,
                          "GTID list: domain %u is named twice; keep its last identifier only",
                          gtid.domain);
    }
    if (rest->len > 0) { /* the comma */
        rest->data++;
        rest->len--;
    }
    rc = sl_mgtid_list_set(list, &gtid);
    return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "GTID list: %s", sl_status_str(rc));
}

int sl_mgtid_list_parse(struct sl_mgtid_list *list, struct sl_span text, struct sl_err *err)
{
    struct sl_mgtid_list parsed = {0};
    struct sl_span rest = text;
    int rc = SL_OK;

    if (text.len > SL_MGTID_TEXT_MAX) {
        return sl_err_set(err, SL_ELIMIT, "GTID list: %zu bytes are more than the %d allowed",
                          text.len, SL_MGTID_TEXT_MAX);
    }
    skip_spaces(&rest);
    while (rc == SL_OK && rest.len > 0) {
        rc = parse_item(&rest, text.len, &parsed, err);
    }
    if (rc != SL_OK) {
        sl_mgtid_list_release(&parsed);
        return rc;
    }
    sl_mgtid_list_release(list);
    *list = parsed;
    return SL_OK;
}

int sl_mgtid_format(const struct sl_mgtid *gtid, struct sl_buf *out)
{
    int rc = sl_buf_add_u64(out, gtid->domain);

    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '-');
    }
    if (rc == SL_OK) {
        rc = sl_buf_add_u64(out, gtid->server);
    }
    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '-');
    }
    return rc == SL_OK ? sl_buf_add_u64(out, gtid->sequence) : rc;
}

int sl_mgtid_list_format(const struct sl_mgtid_list *list, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < list->count; i++) {
        rc = i > 0 ? sl_buf_add_byte(out, ',') : SL_OK;
        if (rc == SL_OK) {
            rc = sl_mgtid_format(&list->items[i], out);
        }
    }
    return rc;
}
