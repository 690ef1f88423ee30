#include "tests/support/check.h"

#include "sinks/reply_class.h"
#include "sinks/request.h"

static void errors_of_redis_are_classified(void **state)
{
    static const struct {
        const char *text;
        enum sl_reply_class want;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", SL_REPLY_WAIT},
        {"LOADING Redis is loading the dataset in memory", SL_REPLY_WAIT},
        {"MISCONF Redis is configured to save RDB snapshots, but", SL_REPLY_WAIT},
        {"BUSY Redis is busy running a script.", SL_REPLY_WAIT},
        {"NOREPLICAS Not enough good replicas to write.", SL_REPLY_WAIT},
        {"CLUSTERDOWN Hash slot not served", SL_REPLY_WAIT},
        {"TRYAGAIN Multiple keys request during rehashing of slot", SL_REPLY_WAIT},
        {"ERR max number of clients reached", SL_REPLY_WAIT},
        {"READONLY You can't write against a read only replica.", SL_REPLY_MOVED},
        {"MASTERDOWN Link with MASTER is down", SL_REPLY_MOVED},
        {"NOAUTH Authentication required.", SL_REPLY_REFUSED},
        {"WRONGPASS invalid username-password pair or user is disabled.", SL_REPLY_REFUSED},
        {"NOPERM this user has no permissions to run the 'multi' command", SL_REPLY_REFUSED},
        {"ERR invalid password", SL_REPLY_REFUSED},
        {"WRONGTYPE Operation against a key holding the wrong kind of value", SL_REPLY_BROKEN},
        {"MOVED 3999 127.0.0.1:6381", SL_REPLY_BROKEN},
        {"ASK 3999 127.0.0.1:6381", SL_REPLY_BROKEN},
        {"CROSSSLOT Keys in request don't hash to the same slot", SL_REPLY_BROKEN},
        {"ERR unknown command", SL_REPLY_BROKEN},
        {"BUSYKEY Target key name already exists.", SL_REPLY_BROKEN},
        {"", SL_REPLY_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        if (sl_reply_classify(cases[i].text) != cases[i].want) {
            fail_msg("%s", cases[i].text);
        }
        assert_non_null(sl_reply_remedy(cases[i].text));
    }
    assert_string_equal(sl_reply_remedy("ERR unknown command"), "");
    assert_non_null(strstr(sl_reply_remedy("NOPERM x"), "ACL"));
}

static void classes_have_statuses_and_sentences(void **state)
{
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_reply_text_status("cannot write", "OOM x", &err), SL_EIO);
    assert_memory_equal(err.text, "cannot write: Redis answered \"OOM x\": raise", 42);
    assert_int_equal(sl_reply_text_status("w", "READONLY x", NULL), SL_EIO);
    assert_int_equal(sl_reply_text_status("w", "NOAUTH x", NULL), SL_EAUTH);
    assert_int_equal(sl_reply_text_status("w", "WRONGTYPE x", NULL), SL_ESINK);
    assert_int_equal(sl_reply_text_status("w", "ERR x", &err), SL_ESINK);
    assert_string_equal(err.text, "w: Redis answered \"ERR x\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_redis_are_classified),
        cmocka_unit_test(classes_have_statuses_and_sentences),
    };

    return cmocka_run_group_tests_name("reply class", tests, NULL, NULL);
}
