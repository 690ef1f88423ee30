/*
 * Every event of the golden files is cut at every byte, and every byte of it is changed: the stream
 * must neither read beyond what it is given (run under AddressSanitizer) nor take a damaged event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/event.h"
#include "cdc/source_file.h"
#include "tests/support/event_builder.h"
#include "tests/support/stream_dump.h"

static struct sl_stream *open_stream(struct sl_stream_dump *dump, bool verify)
{
    const struct sl_stream_options options = {.verify_checksum = verify,
                                              .max_event_bytes = 1 << 20};
    struct sl_stream_handler handler = sl_stream_dump_handler(dump);
    struct sl_position start;

    sl_position_init(&start);
    dump->stream = sl_stream_new(&options, &handler, &start);
    assert_non_null(dump->stream);
    return dump->stream;
}

static void close_stream(struct sl_stream_dump *dump)
{
    sl_stream_free(dump->stream);
    sl_buf_release(&dump->text);
    dump->stream = NULL;
}

/* Feeds what comes before event NTH, then its first LEN bytes with a header that says so. */
static int feed_cut(const struct sl_event_list *list, size_t nth, size_t len)
{
    struct sl_stream_dump dump = {0};
    struct sl_stream *stream = open_stream(&dump, false);
    uint8_t *cut = malloc(len > 0 ? len : 1);
    int rc;

    assert_non_null(cut);
    for (size_t i = 0; i < nth; i++) {
        assert_int_equal(sl_stream_feed(stream, sl_buf_span(&list->events[i]), NULL), SL_OK);
    }
    memcpy(cut, list->events[nth].data, len);
    if (len >= SL_EVENT_HEADER_BYTES) {
        for (size_t i = 0; i < 4; i++) {
            cut[9 + i] = (uint8_t)(len >> (8 * i));
        }
    }
    rc = sl_stream_feed(stream, sl_span_make(cut, len), NULL);
    free(cut);
    close_stream(&dump);
    return rc;
}

/* Events whose end is not checked by anything but their size may be cut and still make sense. */
static bool has_open_end(uint8_t type)
{
    switch (type) {
    case SL_EVENT_FORMAT_DESCRIPTION: /* shorter lists of event types are those of older servers */
    case SL_EVENT_QUERY:              /* the text goes up to the end */
    case SL_EVENT_ROTATE:
    case SL_EVENT_ROWS_QUERY:
    case SL_EVENT_USER_VAR:
    case SL_EVENT_RAND:
    case SL_EVENT_XID:
    case SL_EVENT_GTID: /* commit timestamps and sizes are not read */
    case SL_EVENT_ANONYMOUS_GTID:
    case SL_EVENT_GTID_TAGGED:
    case SL_EVENT_MARIADB_GTID:
    case SL_EVENT_MARIADB_ANNOTATE_ROWS:
    case SL_EVENT_MARIADB_BINLOG_CHECKPOINT:
    case SL_EVENT_TABLE_MAP:  /* metadata fields are optional */
    case SL_EVENT_WRITE_ROWS: /* may be cut between two rows */
    case SL_EVENT_WRITE_ROWS_V1:
    case SL_EVENT_UPDATE_ROWS:
    case SL_EVENT_UPDATE_ROWS_V1:
    case SL_EVENT_PARTIAL_UPDATE_ROWS:
    case SL_EVENT_MARIADB_GTID_LIST:   /* two bytes of padding behind an empty list */
    case SL_EVENT_TRANSACTION_PAYLOAD: /* zstd's last bytes hold no data */
        return true;
    default:
        return false;
    }
}

static void cut_everywhere(const struct sl_event_list *list, size_t nth)
{
    const struct sl_buf *event = &list->events[nth];

    for (size_t len = 0; len < event->len; len++) {
        int rc = feed_cut(list, nth, len);

        if (rc == SL_OK && (len < SL_EVENT_HEADER_BYTES || !has_open_end(event->data[4]))) {
            fail_msg("event %zu of type %u is taken when cut to %zu of %zu bytes", nth,
                     event->data[4], len, event->len);
        }
    }
}

static void cut_events_are_refused(void **state)
{
    struct sl_event_list list;

    sl_event_list_load(&list, *state);
    for (size_t nth = 0; nth < list.count; nth++) {
        cut_everywhere(&list, nth);
    }
    sl_event_list_release(&list);
}

/* Changes one byte of every event of a file with checksums. */
static void changed_events_are_refused(void **state)
{
    char path[SL_GOLDEN_PATH_MAX];
    const char *paths[] = {path};
    struct sl_source *source = NULL;
    struct sl_stream_dump dump = {0};
    struct sl_stream *stream = open_stream(&dump, true);
    struct sl_position start;
    struct sl_span event;
    size_t refused = 0;

    sl_golden_path(path, *state, "capture.binlog");
    sl_position_init(&start);
    assert_int_equal(sl_source_file_new(paths, 1, &source, NULL), SL_OK);
    assert_int_equal(source->ops->open(source, SL_START_EARLIEST, &start, NULL), SL_OK);
    while (source->ops->next(source, &event, NULL) == SL_OK) {
        uint8_t *copy = malloc(event.len);

        assert_non_null(copy);
        memcpy(copy, event.data, event.len);
        /* The artificial rotate has no checksum, and the flag of a file in use is not covered. */
        for (size_t i = 19; event.data[4] != SL_EVENT_ROTATE && i < event.len; i++) {
            copy[i] ^= 0x10;
            assert_int_not_equal(sl_stream_feed(stream, sl_span_make(copy, event.len), NULL),
                                 SL_OK);
            copy[i] ^= 0x10;
            refused++;
        }
        assert_int_equal(sl_stream_feed(stream, event, NULL), SL_OK);
        free(copy);
    }
    assert_true(refused > 500);
    source->ops->free(source);
    close_stream(&dump);
}

static void in_use_flag_is_not_part_of_the_checksum(void **state)
{
    struct sl_stream_dump dump = {0};
    struct sl_stream *stream = open_stream(&dump, true);
    char path[SL_GOLDEN_PATH_MAX];
    const char *paths[] = {path};
    struct sl_source *source = NULL;
    struct sl_position start;
    struct sl_span event;
    uint8_t copy[512];

    (void)state;
    sl_golden_path(path, "mysql-xa", "capture.binlog");
    sl_position_init(&start);
    assert_int_equal(sl_source_file_new(paths, 1, &source, NULL), SL_OK);
    assert_int_equal(source->ops->open(source, SL_START_EARLIEST, &start, NULL), SL_OK);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_OK);
    assert_int_equal(source->ops->next(source, &event, NULL), SL_OK);
    assert_true(event.len <= sizeof(copy));
    memcpy(copy, event.data, event.len);
    copy[17] |= 1;
    assert_int_equal(sl_stream_feed(stream, sl_span_make(copy, event.len), NULL), SL_OK);
    source->ops->free(source);
    close_stream(&dump);
}

#define CUT(name)                                                                  \
    {                                                                              \
        "cut " name, cut_events_are_refused, NULL, NULL, (void *)(uintptr_t)(name) \
    }
#define CHANGED(name)                                                                      \
    {                                                                                      \
        "changed " name, changed_events_are_refused, NULL, NULL, (void *)(uintptr_t)(name) \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CUT("mysql-types"),
        CUT("mysql-json"),
        CUT("mysql-payload"),
        CUT("mysql-xa"),
        CUT("mysql-images"),
        CUT("mysql-transactions"),
        CUT("mariadb-types"),
        CUT("mariadb-compressed"),
        CUT("mariadb-xa"),
        CUT("mariadb-nolog"),
        CHANGED("mysql-transactions"),
        CHANGED("mysql-payload"),
        CHANGED("mariadb-types"),
        CHANGED("mariadb-compressed"),
        cmocka_unit_test(in_use_flag_is_not_part_of_the_checksum),
    };

    return cmocka_run_group_tests_name("stream damage", tests, NULL, NULL);
}
