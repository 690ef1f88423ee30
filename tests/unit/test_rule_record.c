/* test_rule_record.c - what keys were made with, as text. */
#include "tests/support/check.h"

#include "cdc/rule_record.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_written_is_read(void **state)
{
    struct sl_rule_record record = {
        .digest = DIGEST, .form = "json/ks", .pk_count = 2, .is_stale = true};
    struct sl_rule_record again = {0};
    struct sl_buf text = {0};

    (void)state;
    assert_int_equal(sl_rule_record_add_template(&record, sl_check_span("a:{id}")), SL_OK);
    assert_int_equal(sl_rule_record_add_template(&record, sl_check_span("b:{id}")), SL_OK);
    assert_int_equal(sl_rule_record_format(&record, &text), SL_OK);
    assert_buf(&text,
               "digest=" DIGEST " form=json/ks pk=2 stale=1 key=613a7b69647d key=623a7b69647d");
    assert_int_equal(sl_rule_record_parse(&again, sl_span_make(text.data, text.len)), SL_OK);
    assert_string_equal(again.digest, DIGEST);
    assert_string_equal(again.form, "json/ks");
    assert_int_equal(again.pk_count, 2);
    assert_true(again.is_stale);
    assert_int_equal(again.template_count, 2);
    assert_buf(&again.templates[1], "b:{id}");
    sl_rule_record_release(&record);
    sl_rule_record_release(&again);
    sl_buf_release(&text);
}

static void a_record_of_all_rules_is_a_digest(void **state)
{
    const struct sl_rule_record record = {.digest = DIGEST};
    struct sl_buf text = {0};

    (void)state;
    assert_int_equal(sl_rule_record_format(&record, &text), SL_OK);
    assert_buf(&text, "digest=" DIGEST);
    sl_buf_release(&text);
}

static void words_of_later_versions_are_passed_over(void **state)
{
    struct sl_rule_record record = {0};

    (void)state;
    assert_int_equal(
        sl_rule_record_parse(&record, sl_check_span("later=1 digest=" DIGEST " more=x")), SL_OK);
    assert_string_equal(record.digest, DIGEST);
    sl_rule_record_release(&record);
}

static void what_is_none_of_ours_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "nonsense",
        "form=hash",
        "digest=" DIGEST "0",
        "digest=0123",
        "digest=0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "digest=" DIGEST " form=",
        "digest=" DIGEST " form=HASH",
        "digest=" DIGEST " form=abcdefghijklmnopqrstuvwxyzabcdefghijklmnop",
        "digest=" DIGEST " pk=x",
        "digest=" DIGEST " pk=70000",
        "digest=" DIGEST " key=",
        "digest=" DIGEST " key=6",
        "digest=" DIGEST " key=zz",
        "digest=" DIGEST " word"};
    struct sl_rule_record record = {.form = "kept"};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(wrong); i++) {
        if (sl_rule_record_parse(&record, sl_check_span(wrong[i])) != SL_EFORMAT) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
    }
    assert_string_equal(record.form, "kept");
}

static void there_are_not_more_templates_than_somebody_needs(void **state)
{
    struct sl_rule_record record = {0};
    struct sl_buf text = {0};

    (void)state;
    assert_int_equal(sl_buf_add_str(&text, "digest=" DIGEST), SL_OK);
    for (int i = 0; i < SL_RULE_TEMPLATES_MAX; i++) {
        assert_int_equal(sl_buf_add_str(&text, " key=61"), SL_OK);
    }
    assert_int_equal(sl_rule_record_parse(&record, sl_span_make(text.data, text.len)), SL_OK);
    assert_int_equal(sl_rule_record_add_template(&record, sl_check_span("a")), SL_ELIMIT);
    sl_rule_record_release(&record);
    assert_int_equal(sl_buf_add_str(&text, " key=61"), SL_OK);
    assert_int_equal(sl_rule_record_parse(&record, sl_span_make(text.data, text.len)), SL_EFORMAT);
    sl_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_record_of_all_rules_is_a_digest),
        cmocka_unit_test(words_of_later_versions_are_passed_over),
        cmocka_unit_test(what_is_none_of_ours_is_refused),
        cmocka_unit_test(there_are_not_more_templates_than_somebody_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
