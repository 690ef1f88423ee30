#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/gtid_event.h"
#include "cdc/query_event.h"
#include "cdc/xid.h"

static const uint8_t uuid[17] = "\x6e\x0f\x1a\x52\x0c\x3b\x11\xf0\x9d\x5c\x02\x42\xac\x11\x00\x02";

/* As MySQL 9.7 wrote it for 6e0f1a52-0c3b-11f0-9d5c-0242acff80fe:manual:77. */
static const uint8_t tagged[] = {0x02, 0x76, 0x00, 0x00, 0x00, 0x02, 0xdc, 0x1e, 0x34, 0xa4,
                                 0x18, 0x76, 0x22, 0xc1, 0x03, 0x75, 0x02, 0xb8, 0x04, 0x84,
                                 0xb1, 0x02, 0xfd, 0x03, 0x01, 0x02, 0xf9, 0x03, 0x04, 0x69,
                                 0x02, 0x06, 0x0c, 0x6d, 0x61, 0x6e, 0x75, 0x61, 0x6c, 0x08};

static void tagged_identifier_is_read(void **state)
{
    struct sl_gtid gtid;

    (void)state;
    assert_int_equal(sl_gtid_event_parse_tagged(sl_span_make(tagged, sizeof(tagged)), &gtid, NULL),
                     SL_OK);
    assert_memory_equal(gtid.uuid,
                        "\x6e\x0f\x1a\x52\x0c\x3b\x11\xf0\x9d\x5c\x02\x42\xac\xff\x80\xfe", 16);
    assert_int_equal(gtid.number, 77);
    assert_int_equal(gtid.tag_len, 6);
    assert_memory_equal(gtid.tag, "manual", 6);
}

static void cut_identifiers_are_refused(void **state)
{
    uint8_t body[25] = {0};
    struct sl_mgtid mgtid;
    struct sl_gtid gtid;
    uint8_t flags;

    (void)state;
    for (size_t len = 0; len < sizeof(tagged) - 1; len++) {
        assert_int_equal(sl_gtid_event_parse_tagged(sl_span_make(tagged, len), &gtid, NULL),
                         SL_ETRUNC);
    }
    for (size_t len = 0; len < sizeof(body); len++) {
        assert_int_equal(sl_gtid_event_parse(sl_span_make(body, len), &gtid, NULL), SL_ETRUNC);
    }
    for (size_t len = 0; len < 13; len++) {
        assert_int_equal(sl_mgtid_event_parse(sl_span_make(body, len), 1, &mgtid, &flags, NULL),
                         SL_ETRUNC);
    }
}

static void newer_formats_are_refused(void **state)
{
    uint8_t copy[sizeof(tagged)];
    struct sl_gtid gtid;

    (void)state;
    memcpy(copy, tagged, sizeof(tagged));
    copy[0] = 0x04; /* format version 2 */
    assert_int_equal(sl_gtid_event_parse_tagged(sl_span_make(copy, sizeof(copy)), &gtid, NULL),
                     SL_EUNSUPPORTED);
    copy[0] = 0x02;
    copy[2] = 60; /* field 30 must be understood */
    assert_int_equal(sl_gtid_event_parse_tagged(sl_span_make(copy, sizeof(copy)), &gtid, NULL),
                     SL_EUNSUPPORTED);
}

static void integers_of_every_width_are_read(void **state)
{
    /* The number is field 2: 2^62 takes nine bytes, sign bit in front of it. */
    uint8_t body[64] = {0x02, 0x60, 0x00, 0x00, 0x00, 0x02};
    static const uint8_t rest[] = {0x04, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x06, 0x00};
    struct sl_gtid gtid;

    (void)state;
    memcpy(body + 22, rest, sizeof(rest));
    assert_int_equal(sl_gtid_event_parse_tagged(sl_span_make(body, 22 + sizeof(rest)), &gtid, NULL),
                     SL_OK);
    assert_true(gtid.number == UINT64_C(1) << 62);
    assert_int_equal(gtid.tag_len, 0);
}

static void plain_identifiers_are_read(void **state)
{
    uint8_t body[32] = {1};
    struct sl_mgtid mgtid;
    struct sl_gtid gtid;
    uint8_t flags;

    (void)state;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes, not text */
    memcpy(body + 1, uuid, 16);
    body[17] = 5;
    assert_int_equal(sl_gtid_event_parse(sl_span_make(body, 25), &gtid, NULL), SL_OK);
    assert_memory_equal(gtid.uuid, uuid, 16);
    assert_int_equal(gtid.number, 5);
    assert_int_equal(gtid.tag_len, 0);
    assert_int_equal(sl_mgtid_event_parse(sl_span_make("\7\0\0\0\0\0\0\0\3\0\0\0\x89", 13), 72,
                                          &mgtid, &flags, NULL),
                     SL_OK);
    assert_int_equal(mgtid.sequence, 7);
    assert_int_equal(mgtid.domain, 3);
    assert_int_equal(mgtid.server, 72);
    assert_int_equal(flags, 0x89);
}

static void list_keeps_the_last_of_each_domain(void **state)
{
    uint8_t body[4 + 32] = {2, 0, 0, 0x10};
    struct sl_mgtid_list list = {0};

    (void)state;
    body[4 + 4] = 8; /* domain 0, server 8, sequence 9, then the same domain at server 7 */
    body[4 + 8] = 9;
    body[20 + 4] = 7;
    body[20 + 8] = 12;
    assert_int_equal(sl_mgtid_list_event_parse(sl_span_make(body, sizeof(body)), &list, NULL),
                     SL_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].server, 7);
    assert_int_equal(list.items[0].sequence, 12);
    assert_int_equal(sl_mgtid_list_event_parse(sl_span_make(body, 35), &list, NULL), SL_ETRUNC);
    assert_int_equal(list.count, 1);
    sl_mgtid_list_release(&list);
}

static void xids_have_one_printed_form(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"X'6F6e',X'',1", "X'6f6e',X'',1"},
        {"'on'", "X'6f6e',X'',1"},
        {"  'on' , 'b' , 4294967295 ", "X'6f6e',X'62',4294967295"},
        {"X'',X'',0", "X'',X'',0"},
    };
    struct sl_xid xid;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(sl_xid_parse(&xid, sl_span_make(cases[i].text, strlen(cases[i].text))),
                         SL_OK);
        assert_true(sl_span_equals(sl_xid_span(&xid), cases[i].want));
    }
}

static void malformed_xids_are_refused(void **state)
{
    static const char *const cases[] = {"",   "X'6",   "X'6'",      "X'6g'",
                                        "'a", "'a',5", "'a','b',x", "'a','b',4294967296"};
    char long_text[200];
    struct sl_xid xid;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(sl_xid_parse(&xid, sl_span_make(cases[i], strlen(cases[i]))), SL_EFORMAT);
    }
    memset(long_text, 'a', sizeof(long_text));
    long_text[0] = '\'';
    long_text[66] = '\'';
    assert_int_equal(sl_xid_parse(&xid, sl_span_make(long_text, 67)), SL_EFORMAT);
    assert_int_equal(sl_xid_set(&xid, sl_span_make(long_text, 65), (struct sl_span){0}, 1),
                     SL_EFORMAT);
    assert_int_equal(
        sl_xid_set(&xid, sl_span_make(long_text, 64), sl_span_make(long_text, 64), UINT32_MAX),
        SL_OK);
    assert_int_equal(xid.len, 2 * 131 + 2 + 10);
}

static void frame_of_a_statement_is_read(void **state)
{
    const uint8_t body[] = {0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 9, 9, 9, 'd', 'b', 0, 'S', 'Q'};
    struct sl_query_event query;

    (void)state;
    assert_int_equal(sl_query_event_parse(sl_span_make(body, sizeof(body)), &query, NULL), SL_OK);
    assert_true(sl_span_equals(query.db, "db"));
    assert_true(sl_span_equals(query.text, "SQ"));
    for (size_t len = 0; len < 19; len++) {
        assert_int_equal(sl_query_event_parse(sl_span_make(body, len), &query, NULL), SL_ETRUNC);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tagged_identifier_is_read),
        cmocka_unit_test(cut_identifiers_are_refused),
        cmocka_unit_test(newer_formats_are_refused),
        cmocka_unit_test(integers_of_every_width_are_read),
        cmocka_unit_test(plain_identifiers_are_read),
        cmocka_unit_test(list_keeps_the_last_of_each_domain),
        cmocka_unit_test(xids_have_one_printed_form),
        cmocka_unit_test(malformed_xids_are_refused),
        cmocka_unit_test(frame_of_a_statement_is_read),
    };

    return cmocka_run_group_tests_name("gtid event", tests, NULL, NULL);
}
