/*
 * event_builder.h - raw binary log events for tests: made by hand, or taken from the golden files
 * with their checksums removed, so that they can be cut and changed.
 */
#ifndef SLUICE_TESTS_EVENT_BUILDER_H
#define SLUICE_TESTS_EVENT_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

struct sl_event_parts {
    uint8_t type;
    uint32_t timestamp;
    uint32_t server_id;
    uint32_t end_pos;
    uint16_t flags;
};

/* Replaces OUT by one event without checksum. */
void sl_event_build(struct sl_buf *out, const struct sl_event_parts *parts, const void *body,
                    size_t len);

/* Replaces OUT by a format description of SERVER that says that events have no checksum. */
void sl_event_build_format(struct sl_buf *out, const char *server);

enum { SL_GOLDEN_PATH_MAX = 512 };

/* The path of tests/golden/NAME/FILE. */
void sl_golden_path(char out[SL_GOLDEN_PATH_MAX], const char *name, const char *file);

struct sl_event_list {
    struct sl_buf *events; /* owned */
    size_t count;
};

/* Reads the events of tests/golden/NAME/capture.binlog, checksums removed. Fails the test if it
 * cannot. */
void sl_event_list_load(struct sl_event_list *list, const char *name);
void sl_event_list_release(struct sl_event_list *list);

static inline struct sl_span sl_buf_span(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

#endif
