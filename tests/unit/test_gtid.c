#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/gtid.h"

#define A "11111111-1111-1111-1111-111111111111"
#define B "22222222-2222-2222-2222-222222222222"

static struct sl_span text_span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static struct sl_gtid_set parse(const char *text)
{
    struct sl_gtid_set set = {0};
    struct sl_err err = {0};

    if (sl_gtid_set_parse(&set, text_span(text), &err) != SL_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return set;
}

static void assert_text(const struct sl_gtid_set *set, const char *want)
{
    struct sl_buf out = {0};

    assert_int_equal(sl_gtid_set_format(set, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), want);
    sl_buf_release(&out);
}

static struct sl_gtid gtid_at(const char *tag, uint64_t number)
{
    struct sl_gtid gtid = {.number = number};

    memset(gtid.uuid, 0x11, sizeof(gtid.uuid));
    assert_int_equal(sl_gtid_take_tag(&gtid, text_span(tag)), SL_OK);
    return gtid;
}

static void set_text_is_printed_as_the_server_prints_it(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", ""},
        {" \n", ""},
        {A ":1", A ":1"},
        {A ":1-5:7", A ":1-5:7"},
        {A ":7:1-5", A ":1-5:7"},
        {A ":1-5:6", A ":1-6"},         /* adjacent intervals are one */
        {A ":6:1-5", A ":1-6"},         /* from either side */
        {A ":1-3:5-7:4", A ":1-7"},     /* a gap that is filled */
        {A ":1-3:5-7:9:2-8", A ":1-9"}, /* one that covers several */
        {A ":5-7:1-10", A ":1-10"},
        {A ":1-10:5-7", A ":1-10"},
        {A ":1:3:5:7", A ":1:3:5:7"},
        {A ":1-1", A ":1"},
        {B ":1," A ":2", A ":2," B ":1"}, /* sorted by UUID */
        {A ":1," A ":2", A ":1-2"},
        {"," A ":1,,\n" B ":1,", A ":1," B ":1"},
        {" " A " : 1 - 5 : 7 , " B ":1", A ":1-5:7," B ":1"},
        {"AABBCCDD-EEFF-0011-2233-445566778899:1", "aabbccdd-eeff-0011-2233-445566778899:1"},
        {A ":9223372036854775806", A ":9223372036854775806"},
        {A ":1-3:tag:1-9", A ":1-3:tag:1-9"},
        {A ":tag:1-9:11", A ":tag:1-9:11"},
        {A ":Tag_1:1:_x:2", A ":_x:2:tag_1:1"},
        {A ":tag:5," A ":1-3", A ":1-3:tag:5"},
        {A ":b:5:a:1:b:6", A ":a:1:b:5-6"},
        {A ":ab:1:a:1:abc:1:b:1", A ":a:1:ab:1:abc:1:b:1"},
        {A ":tag:1," B ":2:tag:3", A ":tag:1," B ":2:tag:3"},
        {A ":abcdefghijabcdefghijabcdefghij12:1", A ":abcdefghijabcdefghijabcdefghij12:1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_gtid_set set = parse(cases[i].text);

        assert_text(&set, cases[i].want);
        sl_gtid_set_release(&set);
    }
}

static void malformed_text_is_refused_and_changes_nothing(void **state)
{
    static const char *const cases[] = {
        "x",
        A,
        A ":",
        A ":0",
        A ":01",
        A ":0-5",
        A ":5-3",
        A ":1-",
        A ":-5",
        A ":1-2-3",
        A ":1 2",
        A ":1;" B ":1",
        A ":tag",
        A ":1:tag",
        A ":1:tag:",
        A ":9223372036854775807",
        A ":1-9223372036854775807",
        A ":99999999999999999999999999",
        A ":1tag:1",
        A ":t-g:1",
        A ":abcdefghijabcdefghijabcdefghij123:1",
        "11111111-1111-1111-1111-11111111111",
        "11111111-1111-1111-1111-11111111111g:1",
        "1111111111111-1111-1111-111111111111:1",
        "ANONYMOUS",
        A ":1\xff",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_gtid_set set = parse(B ":1-3");
        struct sl_err err = {0};

        if (sl_gtid_set_parse(&set, text_span(cases[i]), &err) != SL_EINVAL) {
            fail_msg("accepted: %s", cases[i]);
        }
        assert_non_null(strstr(err.text, "character"));
        assert_text(&set, B ":1-3");
        sl_gtid_set_release(&set);
    }
}

static void oversized_text_is_refused_before_it_is_read(void **state)
{
    struct sl_gtid_set set = {0};
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_gtid_set_parse(&set, sl_span_make(A, (16 << 20) + 1), &err), SL_ELIMIT);
}

static void add_follows_a_stream_without_allocating(void **state)
{
    struct sl_gtid_set set = parse(A ":1-10:20-30," B ":5");
    struct sl_gtid gtid = gtid_at("", 11);
    struct sl_gtid_interval *intervals = set.sources[0].intervals;
    size_t cap = set.sources[0].cap;

    (void)state;
    for (; gtid.number < 20; gtid.number++) {
        assert_int_equal(sl_gtid_set_add(&set, &gtid), SL_OK);
    }
    assert_text(&set, A ":1-30," B ":5");
    assert_ptr_equal(set.sources[0].intervals, intervals);
    assert_int_equal(set.sources[0].cap, cap);
    gtid = gtid_at("", 31);
    assert_int_equal(sl_gtid_set_add(&set, &gtid), SL_OK);
    assert_int_equal(sl_gtid_set_add(&set, &gtid), SL_OK); /* once more changes nothing */
    assert_text(&set, A ":1-31," B ":5");
    sl_gtid_set_release(&set);
}

static void add_refuses_numbers_that_no_transaction_has(void **state)
{
    static const uint64_t numbers[] = {0, SL_GTID_NUMBER_MAX + 1, UINT64_MAX};
    struct sl_gtid_set set = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sl_gtid gtid = gtid_at("", numbers[i]);

        assert_int_equal(sl_gtid_set_add(&set, &gtid), SL_EFORMAT);
    }
    assert_int_equal(set.count, 0);
    sl_gtid_set_release(&set);
}

static void contains_finds_ends_and_not_gaps(void **state)
{
    struct sl_gtid_set set = parse(A ":2-5:8:tag:3");

    static const struct {
        const char *tag;
        uint64_t number;
        bool want;
    } cases[] = {{"", 1, false},    {"", 2, true},    {"", 5, true},  {"", 6, false},
                 {"", 7, false},    {"", 8, true},    {"", 9, false}, {"tag", 3, true},
                 {"tag", 2, false}, {"tah", 3, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_gtid gtid = gtid_at(cases[i].tag, cases[i].number);

        assert_int_equal(sl_gtid_set_contains(&set, &gtid), cases[i].want);
    }
    sl_gtid_set_release(&set);
}

static void covers_and_subtract_agree(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        const char *left; /* a - b */
    } cases[] = {
        {"", "", ""},
        {A ":1-5", "", A ":1-5"},
        {"", A ":1-5", ""},
        {A ":1-5", A ":1-5", ""},
        {A ":1-5", A ":1-6", ""},
        {A ":1-5", A ":2-4", A ":1:5"},
        {A ":1-5", A ":1-2", A ":3-5"},
        {A ":1-5", A ":4-9", A ":1-3"},
        {A ":1-5", A ":6-9", A ":1-5"},
        {A ":1-20", A ":2:4:6-8:30", A ":1:3:5:9-20"},
        {A ":1-3:7-9", A ":3-7", A ":1-2:8-9"},
        {A ":1-3:7-9:11", A ":1-3:7-9:11:13", ""},
        {A ":1-5", B ":1-5", A ":1-5"},
        {A ":1-5," B ":1-5", A ":1-9", B ":1-5"},
        {A ":1-5:tag:1-5", A ":1-5", A ":tag:1-5"},
        {A ":tag:1-5", A ":tag:1-5:uag:1", ""},
        {A ":9223372036854775800-9223372036854775806", A ":9223372036854775805-9223372036854775806",
         A ":9223372036854775800-9223372036854775804"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_gtid_set a = parse(cases[i].a);
        struct sl_gtid_set b = parse(cases[i].b);
        struct sl_gtid_set left = parse(B ":77"); /* to be replaced */

        assert_int_equal(sl_gtid_set_subtract(&a, &b, &left), SL_OK);
        assert_text(&left, cases[i].left);
        assert_int_equal(sl_gtid_set_covers(&b, &a), left.count == 0);
        assert_int_equal(sl_gtid_set_add_set(&left, &b), SL_OK);
        assert_true(sl_gtid_set_covers(&left, &a));
        sl_gtid_set_release(&a);
        sl_gtid_set_release(&b);
        sl_gtid_set_release(&left);
    }
}

static void copy_is_deep_and_reuses_memory(void **state)
{
    struct sl_gtid_set from = parse(A ":1-5:7," B ":1:tag:2");
    struct sl_gtid_set to = {0};
    struct sl_gtid_source *sources;
    struct sl_gtid gtid = gtid_at("", 6);

    (void)state;
    assert_int_equal(sl_gtid_set_copy(&to, &from), SL_OK);
    assert_int_equal(sl_gtid_set_add(&from, &gtid), SL_OK);
    assert_text(&to, A ":1-5:7," B ":1:tag:2");
    sources = to.sources;
    sl_gtid_set_clear(&to);
    assert_text(&to, "");
    assert_int_equal(sl_gtid_set_copy(&to, &from), SL_OK);
    assert_ptr_equal(to.sources, sources);
    assert_text(&to, A ":1-7," B ":1:tag:2");
    assert_int_equal(sl_gtid_set_copy(&to, &to), SL_OK);
    sl_gtid_set_release(&from);
    sl_gtid_set_release(&to);
}

static void single_gtid_is_printed_with_its_tag(void **state)
{
    struct sl_gtid plain = gtid_at("", 7);
    struct sl_gtid tagged = gtid_at("Blue", 8);
    struct sl_buf out = {0};

    (void)state;
    assert_int_equal(sl_gtid_format(&plain, &out), SL_OK);
    assert_int_equal(sl_buf_add_byte(&out, ' '), SL_OK);
    assert_int_equal(sl_gtid_format(&tagged, &out), SL_OK);
    assert_string_equal(sl_buf_cstr(&out), A ":7 " A ":blue:8");
    sl_buf_release(&out);
}

/* A model that cannot be wrong: a bit a number. */
enum { SL_MODEL_NUMBERS = 64 };

static void random_sets_agree_with_a_bitmap(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct sl_gtid_set set = {0};
        uint64_t model = 0;

        for (int step = 0; step < 24; step++) {
            struct sl_gtid gtid = gtid_at("", 1);
            uint64_t last;

            seed = seed * 1664525U + 1013904223U;
            gtid.number = 1 + (seed >> 8) % SL_MODEL_NUMBERS;
            last = gtid.number + (seed >> 20) % 4;
            last = last > SL_MODEL_NUMBERS ? SL_MODEL_NUMBERS : last;
            assert_int_equal(sl_gtid_set_add_range(&set, &gtid, last), SL_OK);
            for (uint64_t n = gtid.number; n <= last; n++) {
                model |= UINT64_C(1) << (n - 1);
            }
        }
        for (uint64_t n = 1; n <= SL_MODEL_NUMBERS; n++) {
            struct sl_gtid gtid = gtid_at("", n);

            assert_int_equal(sl_gtid_set_contains(&set, &gtid), model >> (n - 1) & 1);
        }
        for (size_t i = 1; i < set.sources[0].count; i++) {
            assert_true(set.sources[0].intervals[i].first >
                        set.sources[0].intervals[i - 1].last + 1);
        }
        sl_gtid_set_release(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_text_is_printed_as_the_server_prints_it),
        cmocka_unit_test(malformed_text_is_refused_and_changes_nothing),
        cmocka_unit_test(oversized_text_is_refused_before_it_is_read),
        cmocka_unit_test(add_follows_a_stream_without_allocating),
        cmocka_unit_test(add_refuses_numbers_that_no_transaction_has),
        cmocka_unit_test(contains_finds_ends_and_not_gaps),
        cmocka_unit_test(covers_and_subtract_agree),
        cmocka_unit_test(copy_is_deep_and_reuses_memory),
        cmocka_unit_test(single_gtid_is_printed_with_its_tag),
        cmocka_unit_test(random_sets_agree_with_a_bitmap),
    };

    return cmocka_run_group_tests_name("gtid", tests, NULL, NULL);
}
