#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/query.h"

static const struct {
    const char *text;
    enum sl_query_kind want;
    const char *xid;
} cases[] = {
    {"BEGIN", SL_QUERY_BEGIN, ""},
    {"begin work", SL_QUERY_BEGIN, ""},
    {"START TRANSACTION", SL_QUERY_BEGIN, ""},
    {"start transaction with consistent snapshot", SL_QUERY_BEGIN, ""},
    {"COMMIT", SL_QUERY_COMMIT, ""},
    {"COMMIT /* implicit, from Xid_log_event */", SL_QUERY_COMMIT, ""},
    {"ROLLBACK", SL_QUERY_ROLLBACK, ""},
    {"rollback work", SL_QUERY_ROLLBACK, ""},
    {"SAVEPOINT `s``1`", SL_QUERY_SAVEPOINT, "s``1"},
    {"ROLLBACK TO `s2`", SL_QUERY_ROLLBACK_TO, "s2"},
    {"rollback work to savepoint s2", SL_QUERY_ROLLBACK_TO, "s2"},
    {"RELEASE SAVEPOINT s2", SL_QUERY_RELEASE_SAVEPOINT, "s2"},
    {"XA START X'616263',X'646566',3", SL_QUERY_XA_START, "X'616263',X'646566',3"},
    {"XA BEGIN X'616263',X'',1", SL_QUERY_XA_START, "X'616263',X'',1"},
    {"XA END X'616263',X'',1", SL_QUERY_XA_END, "X'616263',X'',1"},
    {"XA PREPARE X'616263',X'',1", SL_QUERY_XA_PREPARE, "X'616263',X'',1"},
    {"XA COMMIT X'6f6e65',X'',1", SL_QUERY_XA_COMMIT, "X'6f6e65',X'',1"},
    {"XA COMMIT X'6f6e65',X'',1 ONE PHASE", SL_QUERY_XA_COMMIT_ONE_PHASE, "X'6f6e65',X'',1"},
    {"xa commit 'abc' , 'd,\\'e' , 7 one phase", SL_QUERY_XA_COMMIT_ONE_PHASE,
     "'abc' , 'd,\\'e' , 7"},
    {"XA ROLLBACK X'616263',X'',4294967295", SL_QUERY_XA_ROLLBACK, "X'616263',X'',4294967295"},
    {"XA END X'61620063',X'',1", SL_QUERY_XA_END, "X'61620063',X'',1"},
    {"XA START 0x616263", SL_QUERY_XA_START, "0x616263"},
    {"", SL_QUERY_DUMMY, ""},
    {"  ", SL_QUERY_DUMMY, ""},
    {"# Dummy event replacing event type 160 that slave cannot handle.   ", SL_QUERY_DUMMY, ""},
    {"# Dum", SL_QUERY_DUMMY, ""},
    {"/* nothing */", SL_QUERY_DUMMY, ""},
    {"/* who */ BEGIN", SL_QUERY_BEGIN, ""},
    {"BEGIN NOT ATOMIC DELETE FROM t; END", SL_QUERY_DDL_OR_DML, ""},
    {"BEGINNING", SL_QUERY_DDL_OR_DML, ""},
    {"`BEGIN`", SL_QUERY_DDL_OR_DML, ""},
    {"START REPLICA", SL_QUERY_DDL_OR_DML, ""},
    {"XA RECOVER", SL_QUERY_DDL_OR_DML, ""},
    {"XA COMMIT", SL_QUERY_DDL_OR_DML, ""},
    {"XA COMMIT X'61',", SL_QUERY_DDL_OR_DML, ""},
    {"XA COMMIT X'61", SL_QUERY_DDL_OR_DML, ""},
    {"RELEASE", SL_QUERY_DDL_OR_DML, ""},
    {"TRUNCATE t", SL_QUERY_DDL_OR_DML, ""},
    {"; BEGIN", SL_QUERY_DDL_OR_DML, ""},
    {"/*! TRUNCATE t */", SL_QUERY_DDL_OR_DML, ""},
};

static void statements_are_classified_as_the_servers_print_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_span xid = sl_span_make("old", 3);
        struct sl_span text = sl_span_make(cases[i].text, strlen(cases[i].text));

        if (sl_query_classify(text, &xid) != cases[i].want) {
            fail_msg("%s", cases[i].text);
        }
        if (!sl_span_equals(xid, cases[i].xid)) {
            fail_msg("%s: xid %.*s", cases[i].text, (int)xid.len, (const char *)xid.data);
        }
    }
}

static void truncation_at_every_byte_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t len = 0; len < strlen(cases[i].text); len++) {
            uint8_t *exact = malloc(len + 1);
            struct sl_span xid;

            assert_non_null(exact);
            memcpy(exact, cases[i].text, len);
            (void)sl_query_classify(sl_span_make(exact, len), &xid);
            assert_true(xid.len <= len);
            free(exact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_are_classified_as_the_servers_print_them),
        cmocka_unit_test(truncation_at_every_byte_is_survived),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
