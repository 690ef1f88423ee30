/*
 * gtid_binary.c - the binary form of MySQL's GTID sets (sql/rpl_gtid_set.cc: Gtid_set::encode and
 * add_gtid_encoding; tags: libs/mysql/gtid/tag.cpp):
 *
 *     8 bytes: untagged: the number of sources; tagged: 1 in the top and the lowest byte, the
 *              number of sources between them
 *     a source: 16 bytes UUID, [tagged: tag length * 2 in a byte, tag], 8 bytes number of intervals
 *     an interval: 8 bytes first number, 8 bytes last number + 1
 *
 * The tag's length is a variable-length integer (libs/mysql/serialization), whose form of a single
 * byte, marked by a lowest bit of 0, holds every length that a tag may have.
 */
#include <string.h>

#include "cdc/gtid.h"

enum {
    SL_GTID_FORMAT_UNTAGGED = 0,
    SL_GTID_FORMAT_TAGGED = 1,
    SL_GTID_INTERVAL_BYTES = 16,
};

static bool is_tagged(const struct sl_gtid_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->sources[i].tag_len > 0) {
            return true;
        }
    }
    return false;
}

static int add_u64le(struct sl_buf *out, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    return sl_buf_add(out, bytes, sizeof(bytes));
}

static int encode_source(const struct sl_gtid_source *source, bool tagged, struct sl_buf *out)
{
    int rc = sl_buf_add(out, source->uuid, SL_UUID_BYTES);

    if (rc == SL_OK && tagged) {
        rc = sl_buf_add_byte(out, (uint8_t)(source->tag_len << 1));
        if (rc == SL_OK) {
            rc = sl_buf_add(out, source->tag, source->tag_len);
        }
    }
    if (rc == SL_OK) {
        rc = add_u64le(out, source->count);
    }
    for (size_t i = 0; rc == SL_OK && i < source->count; i++) {
        rc = add_u64le(out, source->intervals[i].first);
        if (rc == SL_OK) {
            rc = add_u64le(out, source->intervals[i].last + 1);
        }
    }
    return rc;
}

int sl_gtid_set_encode(const struct sl_gtid_set *set, struct sl_buf *out)
{
    bool tagged = is_tagged(set);
    uint64_t head = set->count;
    int rc;

    if (tagged) {
        head = (uint64_t)SL_GTID_FORMAT_TAGGED << 56 | head << 8 | SL_GTID_FORMAT_TAGGED;
    }
    rc = add_u64le(out, head);
    for (size_t i = 0; rc == SL_OK && i < set->count; i++) {
        rc = encode_source(&set->sources[i], tagged, out);
    }
    return rc;
}

static int decode_tag(struct sl_span *bytes, struct sl_gtid *gtid)
{
    struct sl_span tag;
    uint8_t head;
    int rc = sl_span_u8(bytes, &head);

    if (rc != SL_OK) {
        return rc;
    }
    if ((head & 1) != 0 || head >> 1 > SL_GTID_TAG_MAX) {
        return SL_EFORMAT;
    }
    rc = sl_span_take(bytes, head >> 1, &tag);
    if (rc != SL_OK) {
        return rc;
    }
    return sl_gtid_take_tag(gtid, tag) == SL_OK ? SL_OK : SL_EFORMAT;
}

static int decode_intervals(struct sl_span *bytes, struct sl_gtid *gtid, struct sl_gtid_set *set)
{
    uint64_t count;
    uint64_t end = 0;
    int rc = sl_span_u64le(bytes, &count);

    if (rc == SL_OK && count > bytes->len / SL_GTID_INTERVAL_BYTES) {
        rc = SL_ETRUNC;
    }
    for (uint64_t i = 0; rc == SL_OK && i < count; i++) {
        uint64_t previous = end;

        rc = sl_span_u64le(bytes, &gtid->number);
        if (rc == SL_OK) {
            rc = sl_span_u64le(bytes, &end);
        }
        if (rc == SL_OK && (gtid->number <= previous || end <= gtid->number)) {
            rc = SL_EFORMAT; /* the server refuses these, too */
        }
        if (rc == SL_OK) {
            rc = sl_gtid_set_add_range(set, gtid, end - 1);
        }
    }
    return rc;
}

static int decode_head(struct sl_span *bytes, uint64_t *count, bool *tagged)
{
    uint64_t head;
    int rc = sl_span_u64le(bytes, &head);

    if (rc != SL_OK) {
        return rc;
    }
    switch (head >> 56) {
    case SL_GTID_FORMAT_UNTAGGED:
        *tagged = false;
        *count = head;
        return SL_OK;
    case SL_GTID_FORMAT_TAGGED:
        *tagged = true;
        *count = (head & UINT64_C(0x00ffffffffffff00)) >> 8;
        return SL_OK;
    default:
        return SL_EFORMAT;
    }
}

static int decode_set(struct sl_span bytes, struct sl_gtid_set *set)
{
    uint64_t count = 0;
    bool tagged = false;
    int rc = decode_head(&bytes, &count, &tagged);

    for (uint64_t i = 0; rc == SL_OK && i < count; i++) {
        struct sl_gtid gtid = {0};
        struct sl_span uuid;

        rc = sl_span_take(&bytes, SL_UUID_BYTES, &uuid);
        if (rc == SL_OK) {
            memcpy(gtid.uuid, uuid.data, SL_UUID_BYTES);
            rc = tagged ? decode_tag(&bytes, &gtid) : SL_OK;
        }
        if (rc == SL_OK) {
            rc = decode_intervals(&bytes, &gtid, set);
        }
    }
    return rc == SL_OK && bytes.len > 0 ? SL_EFORMAT : rc;
}

int sl_gtid_set_decode(struct sl_gtid_set *set, struct sl_span bytes, struct sl_err *err)
{
    struct sl_gtid_set decoded = {0};
    int rc = decode_set(bytes, &decoded);

    if (rc != SL_OK) {
        sl_gtid_set_release(&decoded);
        return sl_err_set(err, rc, "GTID set in binary form, %zu bytes: %s", bytes.len,
                          sl_status_str(rc));
    }
    sl_gtid_set_release(set);
    *set = decoded;
    return SL_OK;
}
