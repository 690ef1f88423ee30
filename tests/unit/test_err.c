#include "tests/support/check.h"

static void sentence_and_status_are_kept(void **state)
{
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_err_set(&err, SL_EIO, "cannot read %s: %d", "file", 3), SL_EIO);
    assert_int_equal(err.status, SL_EIO);
    assert_string_equal(err.text, "cannot read file: 3");
    assert_int_equal(sl_err_prefix(&err, "source %u", 1U), SL_EIO);
    assert_string_equal(err.text, "source 1: cannot read file: 3");
    sl_err_clear(&err);
    assert_int_equal(err.status, SL_OK);
    assert_string_equal(err.text, "");
}

static void nobody_who_cares_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(sl_err_set(NULL, SL_EGAP, "gone"), SL_EGAP);
    (void)sl_err_prefix(NULL, "x");
    sl_err_clear(NULL);
}

static void a_sentence_is_one_line(void **state)
{
    struct sl_err err = {0};

    (void)state;
    (void)sl_err_set(&err, SL_EIO, "the server said \"%s\"", "a\r\nb\tc\033[31m");
    assert_string_equal(err.text, "the server said \"a  b c [31m\"");
    (void)sl_err_prefix(&err, "x\ny");
    assert_string_equal(err.text, "x y: the server said \"a  b c [31m\"");
}

static void long_sentences_are_cut(void **state)
{
    struct sl_err err = {0};
    char wide[2000];

    (void)state;
    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    (void)sl_err_set(&err, SL_EIO, "%s", wide);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_int_equal(sl_err_prefix(&err, "here"), SL_EIO);
    assert_memory_equal(err.text, "here: www", 9);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    (void)sl_err_prefix(&err, "%s", wide);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int status = SL_ERULE; status <= SL_OK; status++) {
        const char *name = sl_status_str(status);

        assert_non_null(name);
        for (int other = SL_ERULE; other < status; other++) {
            assert_string_not_equal(name, sl_status_str(other));
        }
    }
    assert_non_null(sl_status_str(-1000));
    assert_non_null(sl_status_str(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentence_and_status_are_kept),
        cmocka_unit_test(nobody_who_cares_is_allowed),
        cmocka_unit_test(a_sentence_is_one_line),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(every_status_has_a_name),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
