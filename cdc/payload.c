#include "cdc/payload.h"

#include <zstd.h>

#include "cdc/event.h"

enum {
    SL_PAYLOAD_END = 0,
    SL_PAYLOAD_COMPRESSION = 2, /* 1 and 3 are the sizes before and after compression */
    SL_PAYLOAD_ZSTD = 0,
    SL_PAYLOAD_NONE = 255,
    SL_PAYLOAD_STEP = 64 * 1024,
};

/* Where inner events come out of: the compressed bytes, or with no compression the bytes
 * themselves. */
struct sl_payload_input {
    struct sl_payload *owner;
    ZSTD_inBuffer in;
    uint64_t compression;
};

void sl_payload_release(struct sl_payload *payload)
{
    (void)ZSTD_freeDCtx(payload->engine);
    sl_buf_release(&payload->event);
    *payload = (struct sl_payload){0};
}

static int read_head(struct sl_span *body, uint64_t *compression)
{
    uint64_t type = SL_PAYLOAD_END;
    int rc = sl_span_lenenc(body, &type);

    *compression = SL_PAYLOAD_NONE;
    while (rc == SL_OK && type != SL_PAYLOAD_END) {
        struct sl_span value;

        rc = sl_span_lenenc_bytes(body, &value);
        if (rc == SL_OK && type == SL_PAYLOAD_COMPRESSION) {
            rc = sl_span_lenenc(&value, compression);
        }
        if (rc == SL_OK) {
            rc = sl_span_lenenc(body, &type);
        }
    }
    return rc;
}

static int start(struct sl_payload_input *input, struct sl_payload *payload, struct sl_span body,
                 struct sl_err *err)
{
    int rc = read_head(&body, &input->compression);

    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the head of the transaction payload is damaged");
    }
    if (input->compression != SL_PAYLOAD_ZSTD && input->compression != SL_PAYLOAD_NONE) {
        return sl_err_set(
            err, SL_EUNSUPPORTED,
            "the transaction payload has compression type %llu, which is not known; set "
            "binlog_transaction_compression=OFF on the source",
            (unsigned long long)input->compression);
    }
    if (payload->engine == NULL) {
        payload->engine = ZSTD_createDCtx();
    }
    if (payload->engine == NULL) {
        return sl_err_set(err, SL_ENOMEM, "no memory to decompress a transaction");
    }
    (void)ZSTD_DCtx_reset(payload->engine, ZSTD_reset_session_only);
    input->in = (ZSTD_inBuffer){.src = body.data, .size = body.len};
    return SL_OK;
}

/* Fills OUT as far as the input goes. */
static int pump(struct sl_payload_input *input, ZSTD_outBuffer *out)
{
    if (input->compression == SL_PAYLOAD_NONE) {
        const uint8_t *from = (const uint8_t *)input->in.src + input->in.pos;
        size_t left = input->in.size - input->in.pos;
        size_t len = out->size < left ? out->size : left;

        if (len > 0) {
            memcpy(out->dst, from, len);
        }
        input->in.pos += len;
        out->pos = len;
        return SL_OK;
    }
    for (;;) {
        size_t in_before = input->in.pos;
        size_t out_before = out->pos;
        size_t rc = ZSTD_decompressStream(input->owner->engine, out, &input->in);

        if (ZSTD_isError(rc)) {
            return SL_EFORMAT;
        }
        if (out->pos == out->size || (input->in.pos == in_before && out->pos == out_before)) {
            return SL_OK;
        }
    }
}

/*
 * Appends up to WANT bytes to the event; fewer only at the end of the input. Memory grows with what
 * really comes, not with what a header promises.
 */
static int fetch(struct sl_payload_input *input, size_t want)
{
    struct sl_buf *event = &input->owner->event;

    while (want > 0) {
        size_t step = want < SL_PAYLOAD_STEP ? want : SL_PAYLOAD_STEP;
        ZSTD_outBuffer out = {.size = step};
        int rc = sl_buf_reserve(event, step);

        if (rc != SL_OK) {
            return rc;
        }
        out.dst = sl_buf_tail(event);
        rc = pump(input, &out);
        if (rc != SL_OK) {
            return rc;
        }
        sl_buf_commit(event, out.pos);
        want -= out.pos;
        if (out.pos < step) {
            return SL_OK;
        }
    }
    return SL_OK;
}

/* Puts the next inner event together. SL_DONE: there is no more. */
static int next_event(struct sl_payload_input *input, uint64_t limit, struct sl_err *err)
{
    struct sl_buf *event = &input->owner->event;
    size_t size;
    int rc;

    sl_buf_clear(event);
    rc = fetch(input, SL_EVENT_HEADER_BYTES);
    if (rc == SL_OK && event->len == 0) {
        return SL_DONE;
    }
    if (rc == SL_OK && event->len < SL_EVENT_HEADER_BYTES) {
        rc = SL_ETRUNC;
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the transaction payload is damaged");
    }
    size = (size_t)sl_load_le(event->data + 9, 4);
    if (size > limit) {
        return sl_err_set(
            err, SL_ELIMIT,
            "an event of %zu bytes inside of the transaction payload is larger than the "
            "%llu that are allowed; raise memory_limit or leave the table out",
            size, (unsigned long long)limit);
    }
    if (size < SL_EVENT_HEADER_BYTES) {
        return sl_err_set(err, SL_EFORMAT, "the transaction payload is damaged");
    }
    rc = fetch(input, size - SL_EVENT_HEADER_BYTES);
    if (rc == SL_OK && event->len < size) {
        rc = SL_ETRUNC;
    }
    return rc == SL_OK ? SL_OK : sl_err_set(err, rc, "the transaction payload is damaged");
}

int sl_payload_each(struct sl_payload *payload, struct sl_span body, uint64_t limit,
                    sl_payload_fn each, void *user, struct sl_err *err)
{
    struct sl_payload_input input = {.owner = payload};
    int rc = start(&input, payload, body, err);

    while (rc == SL_OK) {
        rc = next_event(&input, limit, err);
        if (rc == SL_DONE) {
            return SL_OK;
        }
        if (rc == SL_OK) {
            rc = each(user, sl_span_make(payload->event.data, payload->event.len), err);
        }
    }
    return rc;
}
