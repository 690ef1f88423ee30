/* The errors of servers and client libraries, as they were seen, become the right status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cdc/source_error.h"

static const struct sl_source_peer peer = {.host = "db.example", .port = 3306, .user = "sluice"};

struct sl_case {
    const char *text;
    const char *remedy; /* part of the sentence */
    unsigned code;
    int status;
};

static int by_connect(const struct sl_case *item, struct sl_err *err)
{
    return sl_source_error_connect(
        &peer, &(struct sl_source_fault){.code = item->code, .text = item->text}, err);
}

static int by_stream(const struct sl_case *item, struct sl_err *err)
{
    return sl_source_error_stream(&peer, "binlog.000003:4",
                                  &(struct sl_source_fault){.code = item->code, .text = item->text},
                                  err);
}

static void check(const struct sl_case *items, size_t count,
                  int (*judge)(const struct sl_case *item, struct sl_err *err))
{
    for (size_t i = 0; i < count; i++) {
        struct sl_err err = {0};
        int status = judge(&items[i], &err);

        if (status != items[i].status || strstr(err.text, items[i].remedy) == NULL ||
            strstr(err.text, "db.example:3306") == NULL) {
            fail_msg("error %u (%s): %s, %s", items[i].code, items[i].text, sl_status_str(status),
                     err.text);
        }
        assert_int_equal(err.status, status);
    }
}

static void a_failed_login_names_the_remedy(void **state)
{
    static const struct sl_case cases[] = {
        {"Access denied for user 'sluice'@'10.0.0.9' (using password: YES)", "check source.user",
         1045, SL_EAUTH},
        {"Access denied for user 'sluice'@'localhost'", "check source.user", 1698, SL_EAUTH},
        {"Host '10.0.0.9' is not allowed to connect", "CREATE USER 'sluice'", 1130, SL_EAUTH},
        {"Host '10.0.0.9' is blocked", "host_cache", 1129, SL_EIO},
        {"Access denied for user 'sluice'@'%'. Account is locked.", "UNLOCK", 3118, SL_EAUTH},
        {"Access denied, this account is locked", "UNLOCK", 4151, SL_EAUTH},
        {"Your password has expired.", "new password", 1862, SL_EAUTH},
        {"Connections using insecure transport are prohibited", "source.tls.mode", 3159, SL_EAUTH},
        {"Can't connect to server on 'db.example' (115)", "listens", 2002, SL_EIO},
        {"Can't connect to MySQL server on 'db.example:3306' (111)", "listens", 2003, SL_EIO},
        {"Unknown server host 'db.example' (-2)", "source.host", 2005, SL_EIO},
        {"SSL connection error: certificate verify failed", "source.tls", 2026, SL_EAUTH},
        {"TLS/SSL error: Connection reset by peer (104)", "cannot reach", 2026, SL_EIO},
        {"TLS/SSL error: unexpected eof while reading", "cannot reach", 2026, SL_EIO},
        {"SSL connection error: error:00000000:lib(0)::reason(0)", "cannot reach", 2026, SL_EIO},
        {"Authentication plugin 'x' cannot be loaded", "plugin", 2059, SL_EAUTH},
        {"Too many connections", "Too many connections", 1040, SL_EIO},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_connect);
}

static void a_missing_past_is_a_gap(void **state)
{
    static const struct sl_case cases[] = {
        {"Could not find first log file name in binary log index file", "load the tables again",
         1236, SL_EGAP},
        {"Cannot replicate because the source purged required binary logs. Replicate the missing "
         "transactions from elsewhere",
         "binlog_expire_logs_seconds", 1236, SL_EGAP},
        {"The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master "
         "has purged binary logs containing GTIDs that the slave requires.",
         "binlog_expire_logs_seconds", 1236, SL_EGAP},
        {"Could not find GTID state requested by slave in any binlog files. Probably the slave "
         "state is too old and required binlog files have been purged.",
         "load the tables again", 1236, SL_EGAP},
        {"Error: connecting slave requested to start from GTID 0-7-99, which is not in the "
         "master's "
         "binlog",
         "load the tables again", 1236, SL_EGAP},
        {"Client requested source to start replication from position > file size", "sync_binlog",
         1236, SL_EGAP},
        {"Client requested master to start replication from impossible position", "sync_binlog",
         1236, SL_EGAP},
        {"bogus data in log event; the first event 'binlog.000001' at 300", "inside an event", 1236,
         SL_EGAP},
        {"binlog truncated in the middle of event; consider out of disk space on source",
         "inside an event", 1236, SL_EGAP},
        {"log event entry exceeded max_allowed_packet; Increase max_allowed_packet on master",
         "inside an event", 1236, SL_EGAP},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_second_reader_is_named_and_not_fought(void **state)
{
    static const struct sl_case cases[] = {
        {"A replica with the same server_uuid/server_id as this replica has connected to the "
         "source; the first event 'binlog.000002' at 476",
         "second client with the same server id", 1236, SL_EAUTH},
        {"A slave with the same server_uuid/server_id is already connected",
         "second client with the same server id", 4052, SL_EAUTH},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_setting_of_the_server_is_named(void **state)
{
    static const struct sl_case cases[] = {
        {"Binary log is not open", "log_bin", 1236, SL_EINVAL},
        {"The replication sender thread cannot start in AUTO_POSITION mode: this server has "
         "GTID_MODE = OFF instead of ON.",
         "gtid_mode = ON", 1236, SL_EINVAL},
        {"Misconfigured master - server_id was not set", "server_id", 1236, SL_EINVAL},
        {"Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)",
         "GRANT REPLICATION SLAVE ON *.* TO 'sluice'", 1227, SL_EAUTH},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_lost_connection_can_be_tried_again(void **state)
{
    static const struct sl_case cases[] = {
        {"Lost connection to server during query", "heartbeat", 2013, SL_EIO},
        {"Server has gone away", "heartbeat", 2006, SL_EIO},
        {"TLS/SSL error: Connection timed out (110)", "timed out", 2026, SL_EIO},
        {"Server shutdown in progress", "shutdown", 1053, SL_EIO},
        {"some text of a server yet to come", "yet to come", 1236, SL_EIO},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_refused_statement_names_the_grant(void **state)
{
    struct sl_source_fault denied = {
        .code = 1227, .text = "Access denied; you need the BINLOG MONITOR privilege(s)"};
    struct sl_source_fault other = {.code = 1205, .text = "Lock wait timeout exceeded"};
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_source_error_query(&peer, "read the position", &denied, &err), SL_EAUTH);
    assert_non_null(strstr(err.text, "GRANT REPLICATION SLAVE, REPLICATION CLIENT"));
    assert_int_equal(sl_source_error_query(&peer, "read the position", &other, &err), SL_EIO);
    assert_non_null(strstr(err.text, "cannot read the position on source db.example:3306"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_login_names_the_remedy),
        cmocka_unit_test(a_missing_past_is_a_gap),
        cmocka_unit_test(a_second_reader_is_named_and_not_fought),
        cmocka_unit_test(a_setting_of_the_server_is_named),
        cmocka_unit_test(a_lost_connection_can_be_tried_again),
        cmocka_unit_test(a_refused_statement_names_the_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
