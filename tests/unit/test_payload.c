#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/event.h"
#include "cdc/payload.h"
#include "tests/support/event_builder.h"

struct seen {
    unsigned count;
    uint8_t last_type;
    size_t last_len;
    int answer;
};

static int see(void *user, struct sl_span event, struct sl_err *err)
{
    struct seen *seen = user;

    (void)err;
    seen->count++;
    seen->last_type = event.data[4];
    seen->last_len = event.len;
    return seen->answer;
}

/* The head of a payload: its size (ignored), compression, end. */
static void begin(struct sl_buf *body, uint8_t compression)
{
    const uint8_t wide[] = {1, 1, 9, 2, 3, 0xfc, compression, 0, 0};
    const uint8_t narrow[] = {1, 1, 9, 2, 1, compression, 0};

    sl_buf_clear(body);
    assert_int_equal(compression > 250 ? sl_buf_add(body, wide, sizeof(wide))
                                       : sl_buf_add(body, narrow, sizeof(narrow)),
                     SL_OK);
}

static void add_event(struct sl_buf *body, uint8_t type, size_t len)
{
    const struct sl_event_parts parts = {.type = type};
    struct sl_buf event = {0};
    uint8_t *text = calloc(1, len + 1);

    assert_non_null(text);
    sl_event_build(&event, &parts, text, len);
    assert_int_equal(sl_buf_add(body, event.data, event.len), SL_OK);
    sl_buf_release(&event);
    free(text);
}

static int read_all(const struct sl_buf *body, size_t len, uint64_t limit, struct seen *seen)
{
    struct sl_payload payload = {0};
    uint8_t *copy = malloc(len > 0 ? len : 1); /* exactly as long, for AddressSanitizer */
    int rc;

    assert_non_null(copy);
    memcpy(copy, body->data, len);
    rc = sl_payload_each(&payload, sl_span_make(copy, len), limit, see, seen, NULL);
    free(copy);
    sl_payload_release(&payload);
    return rc;
}

static void uncompressed_payload_is_split(void **state)
{
    struct sl_buf body = {0};
    struct seen seen = {0};

    (void)state;
    begin(&body, 255);
    add_event(&body, SL_EVENT_QUERY, 20);
    add_event(&body, SL_EVENT_WRITE_ROWS, 200000);
    add_event(&body, SL_EVENT_XID, 8);
    assert_int_equal(read_all(&body, body.len, 1 << 20, &seen), SL_OK);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.last_type, SL_EVENT_XID);
    assert_int_equal(seen.last_len, 27);
    sl_buf_release(&body);
}

static void unknown_compression_is_refused(void **state)
{
    struct sl_buf body = {0};
    struct seen seen = {0};

    (void)state;
    begin(&body, 7);
    add_event(&body, SL_EVENT_XID, 8);
    assert_int_equal(read_all(&body, body.len, 1 << 20, &seen), SL_EUNSUPPORTED);
    assert_int_equal(seen.count, 0);
    sl_buf_release(&body);
}

static void inner_event_above_the_limit_is_refused(void **state)
{
    struct sl_buf body = {0};
    struct seen seen = {0};

    (void)state;
    begin(&body, 255);
    add_event(&body, SL_EVENT_WRITE_ROWS, 2000);
    assert_int_equal(read_all(&body, body.len, 2018, &seen), SL_ELIMIT);
    assert_int_equal(read_all(&body, body.len, 2019, &seen), SL_OK);
    sl_buf_release(&body);
}

static void every_cut_is_refused_or_between_events(void **state)
{
    struct sl_buf body = {0};
    struct seen seen = {0};
    size_t head;

    (void)state;
    begin(&body, 255);
    head = body.len;
    add_event(&body, SL_EVENT_QUERY, 5);
    add_event(&body, SL_EVENT_XID, 8);
    for (size_t len = 0; len < body.len; len++) {
        int rc = read_all(&body, len, 1 << 20, &seen);

        assert_int_equal(rc, len == head || len == head + 24 ? SL_OK : SL_ETRUNC);
    }
    sl_buf_release(&body);
}

static void answer_of_the_callback_ends_it(void **state)
{
    struct sl_buf body = {0};
    struct seen seen = {.answer = SL_ESTOPPED};

    (void)state;
    begin(&body, 255);
    add_event(&body, SL_EVENT_QUERY, 5);
    add_event(&body, SL_EVENT_XID, 8);
    assert_int_equal(read_all(&body, body.len, 1 << 20, &seen), SL_ESTOPPED);
    assert_int_equal(seen.count, 1);
    sl_buf_release(&body);
}

static void damaged_zstd_is_refused_and_the_engine_recovers(void **state)
{
    struct sl_event_list list;
    struct sl_payload payload = {0};
    unsigned refused = 0;

    (void)state;
    sl_event_list_load(&list, "mysql-payload");
    for (size_t i = 0; i < list.count; i++) {
        struct sl_span body = sl_span_make(list.events[i].data + SL_EVENT_HEADER_BYTES,
                                           list.events[i].len - SL_EVENT_HEADER_BYTES);
        struct seen seen = {0};
        uint8_t *byte = &list.events[i].data[list.events[i].len / 2];

        if (list.events[i].data[4] != SL_EVENT_TRANSACTION_PAYLOAD) {
            continue;
        }
        *byte ^= 0xff;
        refused += sl_payload_each(&payload, body, 1 << 20, see, &seen, NULL) != SL_OK;
        *byte ^= 0xff;
        seen = (struct seen){0};
        assert_int_equal(sl_payload_each(&payload, body, 1 << 20, see, &seen, NULL), SL_OK);
        assert_true(seen.count >= 4);
        assert_int_equal(seen.last_type, SL_EVENT_XID);
    }
    assert_true(refused > 0);
    sl_payload_release(&payload);
    sl_event_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncompressed_payload_is_split),
        cmocka_unit_test(unknown_compression_is_refused),
        cmocka_unit_test(inner_event_above_the_limit_is_refused),
        cmocka_unit_test(every_cut_is_refused_or_between_events),
        cmocka_unit_test(answer_of_the_callback_ends_it),
        cmocka_unit_test(damaged_zstd_is_refused_and_the_engine_recovers),
    };

    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
