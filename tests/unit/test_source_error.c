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
    unsigned code;
    const char *text;
    int status;
    const char *remedy; /* part of the sentence */
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
        {1045, "Access denied for user 'sluice'@'10.0.0.9' (using password: YES)", SL_EAUTH,
         "check source.user"},
        {1698, "Access denied for user 'sluice'@'localhost'", SL_EAUTH, "check source.user"},
        {1130, "Host '10.0.0.9' is not allowed to connect", SL_EAUTH, "CREATE USER 'sluice'"},
        {1129, "Host '10.0.0.9' is blocked", SL_EIO, "host_cache"},
        {3118, "Access denied for user 'sluice'@'%'. Account is locked.", SL_EAUTH, "UNLOCK"},
        {4151, "Access denied, this account is locked", SL_EAUTH, "UNLOCK"},
        {1862, "Your password has expired.", SL_EAUTH, "new password"},
        {3159, "Connections using insecure transport are prohibited", SL_EAUTH, "source.tls.mode"},
        {2002, "Can't connect to server on 'db.example' (115)", SL_EIO, "listens"},
        {2003, "Can't connect to MySQL server on 'db.example:3306' (111)", SL_EIO, "listens"},
        {2005, "Unknown server host 'db.example' (-2)", SL_EIO, "source.host"},
        {2026, "SSL connection error: certificate verify failed", SL_EAUTH, "source.tls"},
        {2059, "Authentication plugin 'x' cannot be loaded", SL_EAUTH, "plugin"},
        {1040, "Too many connections", SL_EIO, "Too many connections"},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_connect);
}

static void a_missing_past_is_a_gap(void **state)
{
    static const struct sl_case cases[] = {
        {1236, "Could not find first log file name in binary log index file", SL_EGAP,
         "sluice bootstrap"},
        {1236,
         "Cannot replicate because the source purged required binary logs. Replicate the missing "
         "transactions from elsewhere",
         SL_EGAP, "binlog_expire_logs_seconds"},
        {1236,
         "The slave is connecting using CHANGE MASTER TO MASTER_AUTO_POSITION = 1, but the master "
         "has purged binary logs containing GTIDs that the slave requires.",
         SL_EGAP, "binlog_expire_logs_seconds"},
        {1236,
         "Could not find GTID state requested by slave in any binlog files. Probably the slave "
         "state is too old and required binlog files have been purged.",
         SL_EGAP, "sluice bootstrap"},
        {1236,
         "Error: connecting slave requested to start from GTID 0-7-99, which is not in the "
         "master's "
         "binlog",
         SL_EGAP, "sluice bootstrap"},
        {1236, "Client requested source to start replication from position > file size", SL_EGAP,
         "sync_binlog"},
        {1236, "Client requested master to start replication from impossible position", SL_EGAP,
         "sync_binlog"},
        {1236, "bogus data in log event; the first event 'binlog.000001' at 300", SL_EGAP,
         "inside an event"},
        {1236, "binlog truncated in the middle of event; consider out of disk space on source",
         SL_EGAP, "inside an event"},
        {1236, "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on master",
         SL_EGAP, "inside an event"},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_second_reader_is_named_and_not_fought(void **state)
{
    static const struct sl_case cases[] = {
        {1236,
         "A replica with the same server_uuid/server_id as this replica has connected to the "
         "source; the first event 'binlog.000002' at 476",
         SL_EAUTH, "second client with the same server id"},
        {4052, "A slave with the same server_uuid/server_id is already connected", SL_EAUTH,
         "second client with the same server id"},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_setting_of_the_server_is_named(void **state)
{
    static const struct sl_case cases[] = {
        {1236, "Binary log is not open", SL_EINVAL, "log_bin"},
        {1236,
         "The replication sender thread cannot start in AUTO_POSITION mode: this server has "
         "GTID_MODE = OFF instead of ON.",
         SL_EINVAL, "gtid_mode = ON"},
        {1236, "Misconfigured master - server_id was not set", SL_EINVAL, "server_id"},
        {1227, "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s)",
         SL_EAUTH, "GRANT REPLICATION SLAVE ON *.* TO 'sluice'"},
    };

    (void)state;
    check(cases, sizeof(cases) / sizeof(cases[0]), by_stream);
}

static void a_lost_connection_can_be_tried_again(void **state)
{
    static const struct sl_case cases[] = {
        {2013, "Lost connection to server during query", SL_EIO, "heartbeat"},
        {2006, "Server has gone away", SL_EIO, "heartbeat"},
        {2026, "TLS/SSL error: Connection timed out (110)", SL_EIO, "timed out"},
        {1053, "Server shutdown in progress", SL_EIO, "shutdown"},
        {1236, "some text of a server yet to come", SL_EIO, "yet to come"},
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
