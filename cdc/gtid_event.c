#include "cdc/gtid_event.h"

enum {
    /* Fields of the tagged form, numbered by their place in Gtid_event::define_fields(). */
    SL_GTID_FIELD_FLAGS = 0,
    SL_GTID_FIELD_UUID = 1,
    SL_GTID_FIELD_NUMBER = 2,
    SL_GTID_FIELD_TAG = 3,
    SL_GTID_FIELD_KNOWN = 11, /* the highest id of MySQL 9.7: commit_group_ticket */
    SL_GTID_LIST_COUNT_MASK = 0x0fffffff,
    SL_GTID_LIST_ITEM = 16,
};

static int bad(int status, struct sl_err *err)
{
    return sl_err_set(err, status, "the transaction's identifier %s",
                      status == SL_ETRUNC ? "is cut off" : "is malformed");
}

int sl_gtid_event_parse(struct sl_span body, struct sl_gtid *gtid, struct sl_err *err)
{
    struct sl_gtid parsed = {0};
    struct sl_span uuid;
    uint8_t flags;
    int rc = sl_span_u8(&body, &flags);

    if (rc == SL_OK) {
        rc = sl_span_take(&body, SL_UUID_BYTES, &uuid);
    }
    if (rc == SL_OK) {
        rc = sl_span_u64le(&body, &parsed.number);
    }
    if (rc != SL_OK) {
        return bad(rc, err);
    }
    memcpy(parsed.uuid, uuid.data, SL_UUID_BYTES);
    *gtid = parsed;
    return SL_OK;
}

/*
 * An integer of 1 to 9 bytes: the low bits of the first byte, ones up to a zero, count the bytes
 * that follow; the bits above, then those bytes, are the value, lowest first.
 */
static int take_varlen(struct sl_span *rest, uint64_t *value)
{
    struct sl_span bytes;
    size_t more = 0;
    uint64_t high;

    if (rest->len == 0) {
        return SL_ETRUNC;
    }
    while (more < 8 && (rest->data[0] >> more & 1) != 0) {
        more++;
    }
    if (sl_span_take(rest, more + 1, &bytes) != SL_OK) {
        return SL_ETRUNC;
    }
    high = sl_load_le(bytes.data + 1, more);
    *value = more < 7 ? (uint64_t)(bytes.data[0] >> (more + 1)) | high << (7 - more) : high;
    return SL_OK;
}

/* Each byte of the UUID is an integer of its own. */
static int take_uuid(struct sl_span *rest, struct sl_gtid *gtid)
{
    for (size_t i = 0; i < SL_UUID_BYTES; i++) {
        uint64_t byte;
        int rc = take_varlen(rest, &byte);

        if (rc != SL_OK) {
            return rc;
        }
        if (byte > UINT8_MAX) {
            return SL_EFORMAT;
        }
        gtid->uuid[i] = (uint8_t)byte;
    }
    return SL_OK;
}

static int take_tag(struct sl_span *rest, struct sl_gtid *gtid)
{
    struct sl_span tag;
    uint64_t len;
    int rc = take_varlen(rest, &len);

    if (rc != SL_OK) {
        return rc;
    }
    if (len > SL_GTID_TAG_MAX) {
        return SL_EFORMAT;
    }
    rc = sl_span_take(rest, (size_t)len, &tag);
    if (rc == SL_OK && len > 0) {
        memcpy(gtid->tag, tag.data, tag.len);
    }
    gtid->tag_len = (uint8_t)len;
    return rc;
}

/* Signed integers have their sign in the lowest bit. */
static int take_number(struct sl_span *rest, struct sl_gtid *gtid)
{
    uint64_t value;
    int rc = take_varlen(rest, &value);

    if (rc == SL_OK && (value & 1) != 0) {
        return SL_EFORMAT;
    }
    gtid->number = rc == SL_OK ? value >> 1 : 0;
    return rc;
}

static int take_field(struct sl_span *rest, uint64_t field, struct sl_gtid *gtid)
{
    uint64_t ignored;

    switch (field) {
    case SL_GTID_FIELD_FLAGS:
        return take_varlen(rest, &ignored);
    case SL_GTID_FIELD_UUID:
        return take_uuid(rest, gtid);
    case SL_GTID_FIELD_NUMBER:
        return take_number(rest, gtid);
    case SL_GTID_FIELD_TAG:
        return take_tag(rest, gtid);
    default:
        return SL_EFORMAT;
    }
}

/* Format version, size of the message, the last field that a reader must know; then fields, in
 * order. */
static int take_message_head(struct sl_span *rest, struct sl_err *err)
{
    uint64_t version;
    uint64_t size;
    uint64_t last = 0;
    int rc = take_varlen(rest, &version);

    if (rc == SL_OK && version != 1) {
        return sl_err_set(
            err, SL_EUNSUPPORTED,
            "the transaction's identifier has format version %llu, but only 1 is known",
            (unsigned long long)version);
    }
    rc = rc != SL_OK ? rc : take_varlen(rest, &size);
    rc = rc != SL_OK ? rc : take_varlen(rest, &last);
    if (rc != SL_OK) {
        return bad(rc, err);
    }
    if (last > SL_GTID_FIELD_KNOWN + 1) {
        return sl_err_set(
            err, SL_EUNSUPPORTED,
            "the transaction's identifier has field %llu, which this version does not know",
            (unsigned long long)last);
    }
    return SL_OK;
}

int sl_gtid_event_parse_tagged(struct sl_span body, struct sl_gtid *gtid, struct sl_err *err)
{
    struct sl_gtid parsed = {0};
    uint64_t wanted = SL_GTID_FIELD_FLAGS;
    int rc = take_message_head(&body, err);

    if (rc != SL_OK) {
        return rc;
    }
    /* The four fields that matter are the first and are always there. */
    for (; wanted <= SL_GTID_FIELD_TAG; wanted++) {
        uint64_t field;

        rc = take_varlen(&body, &field);
        if (rc == SL_OK && field != wanted) {
            rc = SL_EFORMAT;
        }
        if (rc == SL_OK) {
            rc = take_field(&body, field, &parsed);
        }
        if (rc != SL_OK) {
            return bad(rc, err);
        }
    }
    *gtid = parsed;
    return SL_OK;
}

int sl_mgtid_event_parse(struct sl_span body, uint32_t server_id, struct sl_mgtid *gtid,
                         uint8_t *flags, struct sl_err *err)
{
    struct sl_mgtid parsed = {.server = server_id};
    uint8_t bits = 0;
    int rc = sl_span_u64le(&body, &parsed.sequence);

    if (rc == SL_OK) {
        rc = sl_span_u32le(&body, &parsed.domain);
    }
    if (rc == SL_OK) {
        rc = sl_span_u8(&body, &bits);
    }
    if (rc != SL_OK) {
        return bad(rc, err);
    }
    *gtid = parsed;
    *flags = bits;
    return SL_OK;
}

int sl_mgtid_list_event_parse(struct sl_span body, struct sl_mgtid_list *list, struct sl_err *err)
{
    struct sl_mgtid_list parsed = {0};
    uint32_t count = 0;
    int rc = sl_span_u32le(&body, &count);

    count &= SL_GTID_LIST_COUNT_MASK; /* the bits above are flags */
    if (rc == SL_OK && count > body.len / SL_GTID_LIST_ITEM) {
        rc = SL_ETRUNC;
    }
    for (uint32_t i = 0; i < count && rc == SL_OK; i++) {
        const uint8_t *item = body.data + (size_t)i * SL_GTID_LIST_ITEM;
        struct sl_mgtid gtid = {.domain = (uint32_t)sl_load_le(item, 4),
                                .server = (uint32_t)sl_load_le(item + 4, 4),
                                .sequence = sl_load_le(item + 8, 8)};

        /* The last one listed of a domain is the last one written (rpl_gtid.cc). */
        rc = sl_mgtid_list_set(&parsed, &gtid);
    }
    if (rc != SL_OK) {
        sl_mgtid_list_release(&parsed);
        return bad(rc, err);
    }
    sl_mgtid_list_release(list);
    *list = parsed;
    return SL_OK;
}
