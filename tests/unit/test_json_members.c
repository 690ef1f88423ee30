#include "tests/support/check.h"

#include "filters/json_members.h"

static void members_end_where_their_values_do(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* "name=value;" …, or NULL: refused */
    } cases[] = {
        {"{}", ""},
        {" { } ", ""},
        {"{\"a\":1}", "a=1;"},
        {"{\"a\":1,\"b\":\"x,}\",\"c\":null}", "a=1;b=\"x,}\";c=null;"},
        {"{\"a\":\"\\\"\\\\\",\"b\":2}", "a=\"\\\"\\\\\";b=2;"},
        {"{\"a\\\"b\":1}", "a\\\"b=1;"},
        {"{\"a\":{\"b\":[1,{\"c\":\"]\"}]},\"d\":[]}", "a={\"b\":[1,{\"c\":\"]\"}]};d=[];"},
        {"{ \"a\" : 1 , \"b\" : [ 1, 2 ] }", "a=1;b=[ 1, 2 ];"},
        {"", NULL},
        {"[]", NULL},
        {"{", NULL},
        {"{\"a\"", NULL},
        {"{\"a\":", NULL},
        {"{\"a\":}", NULL},
        {"{\"a\":1", NULL},
        {"{\"a\":\"x", NULL},
        {"{\"a\":\"x\\", NULL},
        {"{\"a\":[1}", NULL},
        {"{\"a\":1,}", NULL},
        {"{\"a\":1 \"b\":2}", NULL},
        {"{a:1}", NULL},
        {"{\"a\":1}}", NULL},
        {"{\"a\":1}x", NULL},
    };
    struct sl_json_members members = {0};
    struct sl_buf shown = {0};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        int rc = sl_json_members_read(&members, sl_check_span(cases[i].text));

        sl_buf_clear(&shown);
        for (size_t at = 0; rc == SL_OK && at < members.count; at++) {
            assert_int_equal(sl_buf_add_format(&shown, "%.*s=%.*s;",
                                               (int)members.items[at].name.len,
                                               (const char *)members.items[at].name.data,
                                               (int)members.items[at].value.len,
                                               (const char *)members.items[at].value.data),
                             SL_OK);
        }
        if (rc != (cases[i].want == NULL ? SL_EFORMAT : SL_OK)) {
            fail_msg("%s: %d", cases[i].text, rc);
        }
        if (cases[i].want != NULL) {
            assert_buf(&shown, cases[i].want);
        }
    }
    sl_buf_release(&shown);
    sl_json_members_release(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_end_where_their_values_do),
    };

    return cmocka_run_group_tests_name("json members", tests, NULL, NULL);
}
