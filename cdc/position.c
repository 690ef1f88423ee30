#include "cdc/position.h"

#include <string.h>

void sl_position_init(struct sl_position *position)
{
    *position = (struct sl_position){0};
}

void sl_position_release(struct sl_position *position)
{
    sl_gtid_set_release(&position->gtids);
    sl_mgtid_list_release(&position->mgtids);
    sl_position_init(position);
}

int sl_position_copy(struct sl_position *to, const struct sl_position *from)
{
    int rc;

    if (to == from) {
        return SL_OK;
    }
    rc = sl_gtid_set_copy(&to->gtids, &from->gtids);
    if (rc == SL_OK) {
        rc = sl_mgtid_list_copy(&to->mgtids, &from->mgtids);
    }
    if (rc != SL_OK) {
        return rc;
    }
    memcpy(to->file, from->file, sizeof(to->file));
    memcpy(to->server_uuid, from->server_uuid, sizeof(to->server_uuid));
    memcpy(to->applied_file, from->applied_file, sizeof(to->applied_file));
    to->applied_offset = from->applied_offset;
    to->offset = from->offset;
    to->has_gtid = from->has_gtid;
    to->event_time = from->event_time;
    return SL_OK;
}

int sl_position_set_file(struct sl_position *position, const char *file, size_t len,
                         uint64_t offset)
{
    if (len >= sizeof(position->file)) {
        return SL_ELIMIT;
    }
    if (len > 0) {
        memmove(position->file, file, len);
    }
    memset(position->file + len, 0, sizeof(position->file) - len);
    position->offset = offset;
    return SL_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "FILE:POS"; the last colon counts, for a file name may hold one. */
static int parse_file(struct sl_position *position, const char *text, struct sl_err *err)
{
    const char *colon = strrchr(text, ':');
    const char *at;
    uint64_t offset = 0;

    if (colon == NULL || colon == text || !is_digit(colon[1])) {
        return sl_err_set(
            err, SL_EINVAL,
            "position \"%.100s\": expected FILE:POS (binlog.000042:1234), a MySQL GTID "
            "set or a MariaDB GTID list (0-1-100)",
            text);
    }
    for (at = colon + 1; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (offset > (UINT64_MAX - digit) / 10) {
            return sl_err_set(err, SL_EINVAL, "position \"%.100s\": the number is too large", text);
        }
        offset = offset * 10 + digit;
    }
    if (*at != '\0') {
        return sl_err_set(err, SL_EINVAL,
                          "position \"%.100s\": expected digits only behind the last colon", text);
    }
    if (sl_position_set_file(position, text, (size_t)(colon - text), offset) != SL_OK) {
        return sl_err_set(err, SL_EINVAL,
                          "position: a file name of %zu bytes is longer than the %d allowed",
                          (size_t)(colon - text), SL_BINLOG_NAME_MAX - 1);
    }
    return SL_OK;
}

static bool looks_like_uuid(struct sl_span text)
{
    uint8_t uuid[SL_UUID_BYTES];

    return sl_uuid_take(&text, uuid) == SL_OK;
}

int sl_position_parse(struct sl_position *position, const char *text, struct sl_err *err)
{
    struct sl_position parsed;
    struct sl_span span;
    int rc;

    text += strspn(text, " \t\r\n");
    span = sl_span_make(text, strlen(text));
    sl_position_init(&parsed);
    if (looks_like_uuid(span)) {
        parsed.has_gtid = true;
        rc = sl_gtid_set_parse(&parsed.gtids, span, err);
    } else if (span.len > 0 && strspn(text, "0123456789-, \t\r\n") == span.len) {
        parsed.has_gtid = true;
        rc = sl_mgtid_list_parse(&parsed.mgtids, span, err);
    } else {
        rc = parse_file(&parsed, text, err);
    }
    if (rc != SL_OK) {
        sl_position_release(&parsed);
        return rc;
    }
    sl_position_release(position);
    *position = parsed;
    return SL_OK;
}

int sl_position_format_gtid(const struct sl_position *position, struct sl_buf *out)
{
    if (!position->has_gtid) {
        return SL_OK;
    }
    if (position->mgtids.count > 0) {
        return sl_mgtid_list_format(&position->mgtids, out);
    }
    return sl_gtid_set_format(&position->gtids, out);
}

int sl_position_format(const struct sl_position *position, struct sl_buf *out)
{
    bool has_file = position->file[0] != '\0';
    int rc = SL_OK;

    if (has_file) {
        rc =
            sl_buf_add_format(out, "%s:%llu", position->file, (unsigned long long)position->offset);
    } else if (!position->has_gtid) {
        return sl_buf_add_str(out, "unknown position");
    }
    if (rc == SL_OK && position->has_gtid) {
        rc = sl_buf_add_str(out, has_file ? " (GTID " : "GTID ");
        if (rc == SL_OK) {
            rc = sl_position_format_gtid(position, out);
        }
        if (rc == SL_OK && has_file) {
            rc = sl_buf_add_byte(out, ')');
        }
    }
    return rc;
}

/* The number behind the last dot; 0 without one. Servers count up from 1, past 6 digits when
 * needed. */
static uint64_t file_number(const char *file)
{
    const char *dot = strrchr(file, '.');
    uint64_t number = 0;

    for (const char *at = dot != NULL ? dot + 1 : ""; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (number > (UINT64_MAX - digit) / 10) {
            return UINT64_MAX;
        }
        number = number * 10 + digit;
    }
    return number;
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int sl_position_compare_file(const struct sl_position *a, const struct sl_position *b)
{
    int order = compare(file_number(a->file), file_number(b->file));

    return order != 0 ? order : compare(a->offset, b->offset);
}

bool sl_position_has_applied(const struct sl_position *position, const char *file, uint64_t offset)
{
    int order = compare(file_number(position->applied_file), file_number(file));

    return position->applied_file[0] != '\0' &&
           (order > 0 || (order == 0 && position->applied_offset >= offset));
}
