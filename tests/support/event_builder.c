#include "tests/support/event_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/event.h"

enum {
    SL_FORMAT_ALGORITHM_BACK = 5, /* the algorithm's place from the end of a format description */
};

static void check(int rc)
{
    if (rc != SL_OK) {
        abort(); /* tests have memory */
    }
}

static void add_le(struct sl_buf *out, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        check(sl_buf_add_byte(out, (uint8_t)(value >> (8 * i))));
    }
}

void sl_event_build(struct sl_buf *out, const struct sl_event_parts *parts, const void *body,
                    size_t len)
{
    sl_buf_clear(out);
    add_le(out, parts->timestamp, 4);
    add_le(out, parts->type, 1);
    add_le(out, parts->server_id, 4);
    add_le(out, SL_EVENT_HEADER_BYTES + len, 4);
    add_le(out, parts->end_pos, 4);
    add_le(out, parts->flags, 2);
    check(sl_buf_add(out, body, len));
}

void sl_event_build_format(struct sl_buf *out, const char *server)
{
    const struct sl_event_parts parts = {.type = SL_EVENT_FORMAT_DESCRIPTION};
    uint8_t body[2 + 50 + 4 + 1 + 5] = {4};

    for (size_t i = 0; server[i] != '\0'; i++) {
        body[2 + i] = (uint8_t)server[i];
    }
    body[56] = SL_EVENT_HEADER_BYTES;
    sl_event_build(out, &parts, body, sizeof(body));
}

/* Turns the file's event EVENT into one without checksum. */
static void strip(struct sl_buf *out, const uint8_t *event, size_t size, int *has_checksum)
{
    check(sl_buf_add(out, event, size));
    assert(out->data != NULL);
    if (event[4] == SL_EVENT_FORMAT_DESCRIPTION) {
        *has_checksum = event[size - SL_FORMAT_ALGORITHM_BACK] == 1;
        out->data[size - SL_FORMAT_ALGORITHM_BACK] = 0;
    } else if (*has_checksum) {
        uint32_t left = (uint32_t)size - SL_EVENT_CHECKSUM_BYTES;

        out->len = left;
        for (int i = 0; i < 4; i++) {
            out->data[9 + i] = (uint8_t)(left >> (8 * i));
        }
    }
}

void sl_golden_path(char out[SL_GOLDEN_PATH_MAX], const char *name, const char *file)
{
    const char *folder = getenv("SLUICE_TEST_DATA"); /* NOLINT(concurrency-mt-unsafe): one thread */

    (void)snprintf(out, SL_GOLDEN_PATH_MAX, "%s/golden/%s/%s", folder, name, file);
}

static void read_all(struct sl_buf *out, const char *name)
{
    char path[SL_GOLDEN_PATH_MAX];
    FILE *file;
    size_t got;

    sl_golden_path(path, name, "capture.binlog");
    file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        abort();
    }
    do {
        check(sl_buf_reserve(out, 4096));
        got = fread(sl_buf_tail(out), 1, 4096, file);
        sl_buf_commit(out, got);
    } while (got > 0);
    (void)fclose(file);
}

void sl_event_list_load(struct sl_event_list *list, const char *name)
{
    struct sl_buf file = {0};
    int has_checksum = 0;

    *list = (struct sl_event_list){0};
    read_all(&file, name);
    for (size_t at = 4; at < file.len;) {
        size_t size = (size_t)sl_load_le(file.data + at + 9, 4);

        list->events = realloc(list->events, (list->count + 1) * sizeof(*list->events));
        if (list->events == NULL) {
            abort();
        }
        list->events[list->count] = (struct sl_buf){0};
        strip(&list->events[list->count++], file.data + at, size, &has_checksum);
        at += size;
    }
    sl_buf_release(&file);
}

void sl_event_list_release(struct sl_event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        sl_buf_release(&list->events[i]);
    }
    free(list->events);
    *list = (struct sl_event_list){0};
}
