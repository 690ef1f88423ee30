/*
 * A whole log: each event is a length of four bytes, lowest first, and that many bytes. The size in
 * the event's header is made to fit, or nothing but that check would be fuzzed.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/event.h"
#include "tests/support/stream_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed_copy(struct sl_stream *stream, struct sl_span event)
{
    uint8_t *copy = malloc(event.len > 0 ? event.len : 1);
    struct sl_err err = {0};
    int rc;

    if (copy == NULL) {
        abort();
    }
    if (event.len > 0) {
        memcpy(copy, event.data, event.len);
    }
    for (size_t i = 0; i < 4 && event.len >= SL_EVENT_HEADER_BYTES; i++) {
        copy[9 + i] = (uint8_t)(event.len >> (8 * i));
    }
    rc = sl_stream_feed(stream, sl_span_make(copy, event.len), &err);
    if (rc != SL_OK && err.text[0] == '\0') {
        abort(); /* a refusal says why */
    }
    free(copy);
    return rc;
}

static void feed_all(struct sl_stream_dump *dump, struct sl_span input)
{
    int rc = SL_OK;

    while (rc == SL_OK && input.len > 0) {
        struct sl_span event = {0};
        uint32_t len;

        if (sl_span_u32le(&input, &len) != SL_OK) {
            return;
        }
        if (len > input.len) {
            len = (uint32_t)input.len;
        }
        if (sl_span_take(&input, len, &event) != SL_OK) {
            abort();
        }
        rc = feed_copy(dump->stream, event);
        sl_buf_clear(&dump->text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sl_stream_options options = {.max_event_bytes = 1 << 16};
    struct sl_stream_dump dump = {0};
    struct sl_stream_handler handler = sl_stream_dump_handler(&dump);
    struct sl_position start;

    sl_position_init(&start);
    dump.stream = sl_stream_new(&options, &handler, &start);
    if (dump.stream != NULL) {
        feed_all(&dump, sl_span_make(data, size));
    }
    sl_stream_free(dump.stream);
    sl_buf_release(&dump.text);
    return 0;
}
