/*
 * stream_format.c - the format description at the head of a file or connection: which server wrote
 * it, whether events have checksums, and that headers have the sizes that the decoders rely on.
 *
 * Format: libs/mysql/binlog/event/control_events.h (Format_description_event). Its last five bytes
 * are the checksum algorithm and a checksum, which is there even when the algorithm is none.
 */
#include <libdeflate.h>
#include <stdio.h>

#include "cdc/stream_private.h"

enum {
    SL_FORMAT_VERSION = 4, /* of the binary log, since MySQL 5.0 */
    SL_FORMAT_SERVER_BYTES = 50,
    SL_FORMAT_HEAD = 2 + SL_FORMAT_SERVER_BYTES + 4 + 1,
    SL_FORMAT_TAIL = 1 + SL_EVENT_CHECKSUM_BYTES,
    SL_FORMAT_IN_USE_AT = 17, /* the byte of the header with the flag LOG_EVENT_BINLOG_IN_USE_F */
    SL_FORMAT_IN_USE = 0x01,
    SL_CHECKSUM_NONE = 0,
    SL_CHECKSUM_CRC32 = 1,
};

/* Sizes of fixed headers that the decoders take for granted; an event type that is not listed has
 * any. */
static const struct {
    uint8_t type;
    uint8_t bytes;
} headers[] = {
    {SL_EVENT_QUERY, 13},        {SL_EVENT_ROTATE, 8},         {SL_EVENT_TABLE_MAP, 8},
    {SL_EVENT_WRITE_ROWS_V1, 8}, {SL_EVENT_UPDATE_ROWS_V1, 8}, {SL_EVENT_DELETE_ROWS_V1, 8},
    {SL_EVENT_WRITE_ROWS, 10},   {SL_EVENT_UPDATE_ROWS, 10},   {SL_EVENT_DELETE_ROWS, 10},
};

bool sl_stream_checksum_fits(struct sl_span raw)
{
    size_t covered;

    if (raw.len < SL_EVENT_HEADER_BYTES + SL_EVENT_CHECKSUM_BYTES) {
        return false;
    }
    covered = raw.len - SL_EVENT_CHECKSUM_BYTES;
    return libdeflate_crc32(0, raw.data, covered) ==
           (uint32_t)sl_load_le(raw.data + covered, SL_EVENT_CHECKSUM_BYTES);
}

/* The flag of a file that is still written is set and cleared without a new checksum. */
static bool format_checksum_fits(struct sl_span raw)
{
    size_t covered = raw.len - SL_EVENT_CHECKSUM_BYTES;
    uint8_t flags = raw.data[SL_FORMAT_IN_USE_AT] & (uint8_t)~SL_FORMAT_IN_USE;
    uint32_t crc = libdeflate_crc32(0, raw.data, SL_FORMAT_IN_USE_AT);

    crc = libdeflate_crc32(crc, &flags, 1);
    crc = libdeflate_crc32(crc, raw.data + SL_FORMAT_IN_USE_AT + 1,
                           covered - SL_FORMAT_IN_USE_AT - 1);
    return crc == (uint32_t)sl_load_le(raw.data + covered, SL_EVENT_CHECKSUM_BYTES);
}

static int check_headers(const uint8_t *sizes, size_t count, struct sl_err *err)
{
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        size_t place = headers[i].type - 1U;

        if (place < count && sizes[place] != 0 && sizes[place] != headers[i].bytes) {
            return sl_err_set(
                err, SL_EUNSUPPORTED,
                "the source writes %s events with a header of %u bytes instead of %u: its "
                "version is not supported",
                sl_event_name(headers[i].type), sizes[place], headers[i].bytes);
        }
    }
    return SL_OK;
}

static bool contains(const uint8_t *text, size_t len, const char *word)
{
    return memmem(text, len, word, strlen(word)) != NULL;
}

static int check_version(const uint8_t *body, struct sl_err *err)
{
    unsigned version = (unsigned)sl_load_le(body, 2);

    if (version != SL_FORMAT_VERSION || body[SL_FORMAT_HEAD - 1] != SL_EVENT_HEADER_BYTES) {
        return sl_err_set(err, SL_EUNSUPPORTED,
                          "the binary log has format version %u, but only %u can be read", version,
                          SL_FORMAT_VERSION);
    }
    return SL_OK;
}

static int take_checksum(struct sl_stream *stream, struct sl_span raw, uint8_t algorithm,
                         struct sl_err *err)
{
    if (algorithm != SL_CHECKSUM_NONE && algorithm != SL_CHECKSUM_CRC32) {
        return sl_err_set(
            err, SL_EUNSUPPORTED,
            "the source's checksum algorithm %u is not known; set binlog_checksum=CRC32",
            algorithm);
    }
    if (algorithm == SL_CHECKSUM_CRC32 && stream->options.verify_checksum &&
        !format_checksum_fits(raw)) {
        return sl_err_set(err, SL_ECORRUPT,
                          "the checksum of the format description does not match its bytes: it was "
                          "damaged on the source's disk or on the way");
    }
    stream->has_checksum = algorithm == SL_CHECKSUM_CRC32;
    return SL_OK;
}

int sl_stream_format(struct sl_stream *stream, struct sl_span raw, const struct sl_event *event,
                     struct sl_err *err)
{
    const uint8_t *body = event->body.data;
    size_t len = event->body.len;
    int rc;

    if (len < SL_FORMAT_HEAD + SL_FORMAT_TAIL) {
        return sl_err_set(err, SL_ETRUNC, "the format description has only %zu bytes", len);
    }
    rc = check_version(body, err);
    if (rc == SL_OK) {
        rc = check_headers(body + SL_FORMAT_HEAD, len - SL_FORMAT_HEAD - SL_FORMAT_TAIL, err);
    }
    if (rc == SL_OK) {
        rc = take_checksum(stream, raw, body[len - SL_FORMAT_TAIL], err);
    }
    if (rc == SL_OK) {
        rc = sl_stream_abandon(stream, err);
    }
    if (rc == SL_OK) {
        stream->has_format = true;
        stream->is_mariadb = stream->options.flavor == SL_FLAVOR_MARIADB ||
                             contains(body + 2, SL_FORMAT_SERVER_BYTES, "MariaDB");
    }
    return rc;
}
