#include "tests/support/check.h"

#include "cdc/event.h"

/* A heartbeat of 6 bytes of body and its CRC-32, made by hand from the layout in the header. */
enum { BODY = 6, WHOLE = SL_EVENT_HEADER_BYTES + BODY + SL_EVENT_CHECKSUM_BYTES };

/* The bit-by-bit CRC-32 of zlib (polynomial 0xedb88320): slow, independent of the library in use.
 */
static uint32_t crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc % 2 == 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static void make(uint8_t out[WHOLE])
{
    static const uint8_t head[SL_EVENT_HEADER_BYTES] = {
        0x04, 0x03, 0x02, 0x01, SL_EVENT_HEARTBEAT, 0xe9, 3, 0, 0, WHOLE, 0, 0, 0, 0x78, 0x56,
        0x34, 0x12, 0xa0, 0x01};
    uint32_t crc;

    memcpy(out, head, sizeof(head));
    memcpy(out + sizeof(head), "binlog", BODY);
    crc = crc_of(out, WHOLE - 4);
    for (int i = 0; i < 4; i++) {
        out[WHOLE - 4 + i] = (uint8_t)(crc >> (8 * i));
    }
}

static void header_fields_are_read(void **state)
{
    uint8_t bytes[WHOLE];
    struct sl_event event = {0};
    struct sl_err err = {0};

    (void)state;
    make(bytes);
    assert_ok(sl_event_parse(sl_span_make(bytes, WHOLE), true, true, &event, &err), &err);
    assert_int_equal(event.timestamp, 0x01020304);
    assert_int_equal(event.type, SL_EVENT_HEARTBEAT);
    assert_int_equal(event.server_id, 1001);
    assert_int_equal(event.size, WHOLE);
    assert_int_equal(event.end_pos, 0x12345678);
    assert_int_equal(event.flags, SL_EVENT_FLAG_IGNORABLE | SL_EVENT_FLAG_ARTIFICIAL | 0x100);
    assert_span(event.body, "binlog");
}

static void without_checksum_the_body_reaches_to_the_end(void **state)
{
    uint8_t bytes[WHOLE];
    struct sl_event event = {0};

    (void)state;
    make(bytes);
    assert_int_equal(sl_event_parse(sl_span_make(bytes, WHOLE), false, true, &event, NULL), SL_OK);
    assert_int_equal(event.body.len, BODY + 4);
}

static void every_flipped_bit_is_noticed(void **state)
{
    uint8_t bytes[WHOLE];

    (void)state;
    for (size_t bit = 0; bit < (size_t)8 * WHOLE; bit++) {
        struct sl_event event = {.type = 99};
        struct sl_err err = {0};
        bool in_size = bit / 8 >= 9 && bit / 8 < 13;

        make(bytes);
        bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(sl_event_parse(sl_span_make(bytes, WHOLE), true, true, &event, &err),
                         in_size ? SL_EFORMAT : SL_ECORRUPT);
        assert_int_equal(err.status, in_size ? SL_EFORMAT : SL_ECORRUPT);
        assert_int_equal(event.type, 99);
    }
}

static void damage_is_let_through_when_not_asked_to_verify(void **state)
{
    uint8_t bytes[WHOLE];
    struct sl_event event = {0};

    (void)state;
    make(bytes);
    bytes[WHOLE - 1] ^= 1;
    assert_int_equal(sl_event_parse(sl_span_make(bytes, WHOLE), true, false, &event, NULL), SL_OK);
    assert_span(event.body, "binlog");
}

static void truncation_at_every_byte_is_refused(void **state)
{
    uint8_t bytes[WHOLE];

    (void)state;
    make(bytes);
    for (size_t len = 0; len < WHOLE; len++) {
        struct sl_event event = {0};
        size_t least = SL_EVENT_HEADER_BYTES + SL_EVENT_CHECKSUM_BYTES;
        uint8_t *copy = malloc(len + 1);

        assert_non_null(copy);
        memcpy(copy, bytes, len);
        assert_int_equal(sl_event_parse(sl_span_make(copy, len), true, true, &event, NULL),
                         len < least ? SL_ETRUNC : SL_EFORMAT);
        free(copy);
    }
}

static void empty_body_is_allowed(void **state)
{
    uint8_t bytes[SL_EVENT_HEADER_BYTES] = {[4] = SL_EVENT_STOP, [9] = SL_EVENT_HEADER_BYTES};
    struct sl_event event = {0};

    (void)state;
    assert_int_equal(sl_event_parse(sl_span_make(bytes, sizeof(bytes)), false, true, &event, NULL),
                     SL_OK);
    assert_int_equal(event.body.len, 0);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(sl_event_name(SL_EVENT_WRITE_ROWS), "WRITE_ROWS");
    assert_string_equal(sl_event_name(SL_EVENT_MARIADB_DELETE_ROWS_COMPRESSED),
                        "DELETE_ROWS_COMPRESSED");
    assert_string_equal(sl_event_name(0), "unknown");
    assert_string_equal(sl_event_name(172), "unknown");
    assert_string_equal(sl_event_name(255), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_fields_are_read),
        cmocka_unit_test(without_checksum_the_body_reaches_to_the_end),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(damage_is_let_through_when_not_asked_to_verify),
        cmocka_unit_test(truncation_at_every_byte_is_refused),
        cmocka_unit_test(empty_body_is_allowed),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
