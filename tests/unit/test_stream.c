#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/event.h"
#include "tests/support/event_builder.h"
#include "tests/support/stream_dump.h"

/* A stream, what its handler was told, and the buffer of the event that is fed. */
struct fixture {
    struct sl_stream_dump dump;
    struct sl_buf event;
    struct sl_err err;
    uint32_t timestamp;
};

static void open_at(struct fixture *fix, const char *file, uint64_t offset, const char *server)
{
    const struct sl_stream_options options = {.verify_checksum = true,
                                              .folds_names = strstr(server, "-folds") != NULL};
    struct sl_stream_handler handler = sl_stream_dump_handler(&fix->dump);
    struct sl_position start;

    memset(fix, 0, sizeof(*fix));
    handler.user = &fix->dump;
    sl_position_init(&start);
    assert_int_equal(sl_position_set_file(&start, file, strlen(file), offset), SL_OK);
    fix->dump.stream = sl_stream_new(&options, &handler, &start);
    assert_non_null(fix->dump.stream);
    sl_position_release(&start);
    sl_event_build_format(&fix->event, server);
    assert_int_equal(sl_stream_feed(fix->dump.stream, sl_buf_span(&fix->event), &fix->err), SL_OK);
}

static void close_it(struct fixture *fix)
{
    sl_stream_free(fix->dump.stream);
    sl_buf_release(&fix->dump.text);
    sl_buf_release(&fix->event);
}

static int feed_parts(struct fixture *fix, const struct sl_event_parts *parts, const void *body,
                      size_t len)
{
    sl_event_build(&fix->event, parts, body, len);
    return sl_stream_feed(fix->dump.stream, sl_buf_span(&fix->event), &fix->err);
}

static int feed(struct fixture *fix, uint8_t type, uint32_t end_pos, const void *body, size_t len)
{
    const struct sl_event_parts parts = {
        .type = type, .end_pos = end_pos, .timestamp = fix->timestamp};

    return feed_parts(fix, &parts, body, len);
}

static int feed_query(struct fixture *fix, uint32_t end_pos, const char *text)
{
    uint8_t body[512] = {0};
    size_t len = strlen(text);

    body[8] = 2; /* length of the database's name */
    memcpy(body + 13, "db", 3);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): lengths are told */
    memcpy(body + 16, text, len);
    return feed(fix, SL_EVENT_QUERY, end_pos, body, 16 + len);
}

static int feed_gtid(struct fixture *fix, uint32_t end_pos, uint8_t number)
{
    uint8_t body[25] = {0};

    body[1] = 0x11;
    body[17] = number;
    return feed(fix, SL_EVENT_GTID, end_pos, body, sizeof(body));
}

static int feed_mgtid(struct fixture *fix, uint32_t end_pos, uint8_t sequence, uint8_t flags)
{
    uint8_t body[19] = {0};

    body[0] = sequence;
    body[12] = flags;
    return feed(fix, SL_EVENT_MARIADB_GTID, end_pos, body, sizeof(body));
}

static int feed_rotate(struct fixture *fix, const char *file, uint8_t offset)
{
    const struct sl_event_parts parts = {.type = SL_EVENT_ROTATE,
                                         .flags = SL_EVENT_FLAG_ARTIFICIAL};
    uint8_t body[64] = {offset};

    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): lengths are told */
    memcpy(body + 8, file, strlen(file));
    return feed_parts(fix, &parts, body, 8 + strlen(file));
}

static int feed_xid(struct fixture *fix, uint32_t end_pos)
{
    return feed(fix, SL_EVENT_XID, end_pos, "\1\2\3\4\5\6\7\10", 8);
}

static uint64_t offset_of(const struct fixture *fix)
{
    return sl_stream_position(fix->dump.stream)->offset;
}

static void told(struct fixture *fix, const char *text)
{
    assert_string_equal(sl_buf_cstr(&fix->dump.text), text);
    sl_buf_clear(&fix->dump.text);
}

/* ---- positions ---- */

static void position_waits_for_the_end_of_the_group(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    fix.timestamp = 77;
    assert_int_equal(feed_gtid(&fix, 144, 1), SL_OK);
    assert_int_equal(offset_of(&fix), 100);
    assert_int_equal(feed_query(&fix, 200, "BEGIN"), SL_OK);
    assert_true(sl_stream_in_transaction(fix.dump.stream));
    assert_int_equal(offset_of(&fix), 100);
    assert_int_equal(feed_xid(&fix, 300), SL_OK);
    assert_int_equal(offset_of(&fix), 300);
    assert_false(sl_stream_in_transaction(fix.dump.stream));
    told(&fix, "begin\ncommit @ b.1:300 time 77\n");
    close_it(&fix);
}

static void groups_behind_a_gap_begin_at_their_identifier(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 4, "10.11.6-MariaDB");
    assert_int_equal(feed_mgtid(&fix, 5000, 1, 0), SL_OK);
    assert_int_equal(offset_of(&fix), 5000 - 38);
    assert_int_equal(feed_xid(&fix, 5100), SL_OK);
    assert_int_equal(offset_of(&fix), 5100);
    close_it(&fix);
}

static void missing_end_pos_is_computed_from_sizes(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "11.4.2-MariaDB");
    assert_int_equal(feed_mgtid(&fix, 138, 1, 0), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_MARIADB_ANNOTATE_ROWS, 0, "SQL", 3), SL_OK);
    assert_int_equal(feed_xid(&fix, 0), SL_OK);
    assert_int_equal(offset_of(&fix), 138 + 22 + 27);
    close_it(&fix);
}

static void terminal_event_corrects_what_was_computed(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "11.4.2-MariaDB");
    assert_int_equal(feed_mgtid(&fix, 138, 1, 0), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_MARIADB_ANNOTATE_ROWS, 0, "SQL", 3), SL_OK);
    assert_int_equal(feed_xid(&fix, 5000), SL_OK);
    assert_int_equal(offset_of(&fix), 5000);
    close_it(&fix);
}

static void offset_goes_beyond_4_gib(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", UINT64_C(0xfffffff0), "9.7.4");
    assert_int_equal(feed_query(&fix, 0x20, "BEGIN"), SL_OK);
    assert_int_equal(feed_xid(&fix, 0x40), SL_OK);
    assert_true(offset_of(&fix) == UINT64_C(0x100000040));
    assert_int_equal(feed_query(&fix, 0xfffffff0, "BEGIN"), SL_OK);
    assert_int_equal(feed_xid(&fix, 0x10), SL_OK);
    assert_true(offset_of(&fix) == UINT64_C(0x200000010));
    close_it(&fix);
}

static void heartbeats_move_the_position_between_groups_only(void **state)
{
    static const uint8_t v2[] = {1, 3, 'b', '.', '1', 2, 9, 0xfe, 0, 1, 0, 0, 1, 0, 0, 0, 0};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT, 400, "b.1", 3), SL_OK);
    told(&fix, "idle @ b.1:400 time 0\n");
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT, 400, "b.1", 3), SL_OK);
    told(&fix, "idle @ b.1:400 time 0\n");
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT_V2, 0, v2, sizeof(v2)), SL_OK);
    told(&fix, "idle @ b.1:4294967552 time 0\n");
    assert_int_equal(feed_query(&fix, 0x180, "BEGIN"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT, 0x200, "b.1", 3), SL_OK);
    told(&fix, "begin\n");
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT_V2, 0, v2, 9), SL_ETRUNC);
    close_it(&fix);
}

static void heartbeat_of_another_file_moves_nothing(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_HEARTBEAT, 400, "b.2", 3), SL_OK);
    assert_int_equal(offset_of(&fix), 100);
    close_it(&fix);
}

static void rotate_names_the_next_file(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_rotate(&fix, "b.2", 4), SL_OK);
    told(&fix, "idle @ b.2:4 time 0\n");
    close_it(&fix);
}

static void failing_commit_leaves_position_and_gtid_before_it(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_PREVIOUS_GTIDS, 108, "\0\0\0\0\0\0\0\0", 8), SL_OK);
    assert_int_equal(feed_gtid(&fix, 150, 1), SL_OK);
    assert_int_equal(feed_query(&fix, 180, "BEGIN"), SL_OK);
    assert_int_equal(feed_xid(&fix, 200), SL_OK);
    sl_buf_clear(&fix.dump.text);
    fix.dump.fail_in = "commit";
    assert_int_equal(feed_gtid(&fix, 244, 2), SL_OK);
    assert_int_equal(feed_query(&fix, 280, "BEGIN"), SL_OK);
    assert_int_equal(feed_xid(&fix, 300), SL_ESTOPPED);
    told(&fix, "begin\ncommit @ b.1:300 (GTID 11000000-0000-0000-0000-000000000000:1-2) time 0\n");
    assert_int_equal(offset_of(&fix), 200);
    assert_int_equal(sl_stream_position(fix.dump.stream)->gtids.sources[0].intervals[0].last, 1);
    assert_non_null(strstr(fix.err.text, "XID event at b.1:"));
    close_it(&fix);
}

static void failing_commit_restores_the_mariadb_list(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "10.11.2-MariaDB");
    assert_int_equal(feed(&fix, SL_EVENT_MARIADB_GTID_LIST, 130, "\0\0\0\0", 4), SL_OK);
    fix.dump.fail_in = "commit";
    assert_int_equal(feed_mgtid(&fix, 150, 9, 0), SL_OK);
    assert_int_equal(feed_xid(&fix, 200), SL_ESTOPPED);
    told(&fix, "begin\ncommit @ b.1:200 (GTID 0-0-9) time 0\n");
    assert_int_equal(sl_stream_position(fix.dump.stream)->mgtids.count, 0);
    close_it(&fix);
}

static void anonymous_transactions_make_the_set_useless(void **state)
{
    uint8_t body[25] = {0};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_PREVIOUS_GTIDS, 108, "\0\0\0\0\0\0\0\0", 8), SL_OK);
    assert_int_equal(feed_gtid(&fix, 150, 1), SL_OK);
    assert_int_equal(feed_query(&fix, 180, "CREATE TABLE t (a INT)"), SL_OK);
    assert_true(sl_stream_position(fix.dump.stream)->has_gtid);
    assert_int_equal(feed(&fix, SL_EVENT_ANONYMOUS_GTID, 250, body, sizeof(body)), SL_OK);
    assert_int_equal(feed_query(&fix, 280, "CREATE TABLE u (a INT)"), SL_OK);
    assert_false(sl_stream_position(fix.dump.stream)->has_gtid);
    close_it(&fix);
}

static void format_description_in_the_middle_of_a_file_moves_nothing(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 5000, "9.7.4");
    fix.event.data[13] = 127; /* end_pos, as the file has it at its head */
    assert_int_equal(sl_stream_feed(fix.dump.stream, sl_buf_span(&fix.event), &fix.err), SL_OK);
    assert_int_equal(offset_of(&fix), 5000);
    close_it(&fix);
}

/* ---- groups ---- */

static void group_cut_off_by_a_crash_is_rolled_back(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_gtid(&fix, 144, 1), SL_OK);
    assert_int_equal(feed_query(&fix, 200, "BEGIN"), SL_OK);
    assert_int_equal(feed_rotate(&fix, "b.2", 4), SL_OK);
    told(&fix, "begin\nrollback @ b.1:100 time 0\nidle @ b.2:4 time 0\n");
    close_it(&fix);
}

static void savepoints_are_no_boundary(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "BEGIN"), SL_OK);
    assert_int_equal(feed_query(&fix, 200, "SAVEPOINT `a`"), SL_OK);
    assert_int_equal(feed_query(&fix, 250, "ROLLBACK TO `a`"), SL_OK);
    assert_int_equal(feed_query(&fix, 300, "COMMIT"), SL_OK);
    assert_int_equal(feed_query(&fix, 350, "BEGIN"), SL_OK);
    assert_int_equal(feed_query(&fix, 400, "ROLLBACK"), SL_OK);
    told(&fix, "begin\ncommit @ b.1:300 time 0\nbegin\nrollback @ b.1:400 time 0\n");
    close_it(&fix);
}

static void mariadb_standalone_statement_is_a_group(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "10.11.2-MariaDB");
    assert_int_equal(feed_mgtid(&fix, 138, 9, 1), SL_OK);
    assert_false(sl_stream_in_transaction(fix.dump.stream));
    assert_int_equal(offset_of(&fix), 100);
    assert_int_equal(feed_query(&fix, 200, "TRUNCATE t"), SL_OK);
    told(&fix, "begin\nddl truncate db.t @ b.1:100 time 0\ncommit @ b.1:200 time 0\n");
    close_it(&fix);
}

static void dummy_query_moves_the_position(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "10.11.2-MariaDB");
    assert_int_equal(
        feed_query(&fix, 150, "# Dummy event replacing event type 160 that slave cannot handle."),
        SL_OK);
    told(&fix, "");
    assert_int_equal(offset_of(&fix), 150);
    close_it(&fix);
}

/* lower_case_table_names=1: table maps say db.t, statements are logged as they were written. */
static void statements_name_tables_in_lower_case_where_the_server_does(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4-folds");
    assert_int_equal(feed_query(&fix, 200, "TRUNCATE TABLE `Shop`.Users"), SL_OK);
    assert_int_equal(feed_query(&fix, 300, "RENAME TABLE A TO Db.`B\xc3\x84`"), SL_OK);
    told(&fix,
         "begin\nddl truncate shop.users @ b.1:100 time 0\ncommit @ b.1:200 time 0\n"
         "begin\nddl rename db.a to db.b\xc3\x84 @ b.1:200 time 0\ncommit @ b.1:300 time 0\n");
    close_it(&fix);
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 200, "TRUNCATE TABLE `Shop`.Users"), SL_OK);
    told(&fix, "begin\nddl truncate Shop.Users @ b.1:100 time 0\ncommit @ b.1:200 time 0\n");
    close_it(&fix);
}

static void undecided_xa_holds_the_position_across_the_oldest(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "XA START X'61',X'',1"), SL_OK);
    assert_int_equal(feed_query(&fix, 180, "XA END X'61',X'',1"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_XA_PREPARE, 200, "\0\1\0\0\0\1\0\0\0\0\0\0\0a", 14),
                     SL_OK);
    assert_int_equal(offset_of(&fix), 100);
    assert_int_equal(sl_stream_read_position(fix.dump.stream)->offset, 200);
    assert_int_equal(feed_query(&fix, 250, "XA START X'62',X'',1"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_XA_PREPARE, 300, "\0\1\0\0\0\1\0\0\0\0\0\0\0b", 14),
                     SL_OK);
    assert_int_equal(feed_query(&fix, 350, "XA COMMIT 'a'"), SL_OK);
    assert_int_equal(offset_of(&fix), 200);
    assert_int_equal(feed_query(&fix, 400, "XA ROLLBACK X'62',X'',1"), SL_OK);
    assert_int_equal(offset_of(&fix), 400);
    told(&fix, "begin xa\nxa_prepare X'61',X'',1 @ b.1:100 time 0\n"
               "begin xa\nxa_prepare X'62',X'',1 @ b.1:100 time 0\n"
               "begin\nxa_commit X'61',X'',1 @ b.1:100 time 0\ncommit @ b.1:200 time 0\n"
               "begin\nxa_rollback X'62',X'',1 @ b.1:200 time 0\ncommit @ b.1:400 time 0\n");
    close_it(&fix);
}

static int feed_prepare(struct fixture *fix, uint32_t end_pos, char name)
{
    char body[14] = "\0\1\0\0\0\1\0\0\0\0\0\0\0";

    body[13] = name;
    return feed(fix, SL_EVENT_XA_PREPARE, end_pos, body, sizeof(body));
}

/* A is prepared before B and committed behind it: the place before B is behind A's rows. */
static void restart_passes_over_decisions_that_were_applied(void **state)
{
    const struct sl_stream_options options = {.verify_checksum = true};
    struct sl_stream_handler handler;
    struct sl_position start;
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_prepare(&fix, 200, 'a'), SL_OK);
    assert_int_equal(feed_prepare(&fix, 300, 'b'), SL_OK);
    assert_int_equal(feed_query(&fix, 400, "XA COMMIT 'a'"), SL_OK);
    assert_int_equal(offset_of(&fix), 200);
    sl_position_init(&start);
    assert_int_equal(sl_position_copy(&start, sl_stream_position(fix.dump.stream)), SL_OK);
    close_it(&fix);

    memset(&fix, 0, sizeof(fix));
    handler = sl_stream_dump_handler(&fix.dump);
    fix.dump.stream = sl_stream_new(&options, &handler, &start);
    sl_position_release(&start);
    sl_event_build_format(&fix.event, "9.7.4");
    assert_int_equal(sl_stream_feed(fix.dump.stream, sl_buf_span(&fix.event), &fix.err), SL_OK);
    assert_int_equal(feed_prepare(&fix, 300, 'b'), SL_OK);
    assert_int_equal(feed_query(&fix, 400, "XA COMMIT 'a'"), SL_OK);
    /* What comes later is no longer known to be applied. */
    assert_int_equal(feed_query(&fix, 500, "XA COMMIT 'c'"), SL_OK);
    assert_int_equal(feed_query(&fix, 600, "XA COMMIT 'b'"), SL_OK);
    assert_int_equal(offset_of(&fix), 600);
    told(&fix, "begin xa\nxa_prepare X'62',X'',1 @ b.1:200 time 0\n"
               "begin\ncommit @ b.1:200 time 0\n"
               "begin\nxa_commit X'63',X'',1 @ b.1:200 time 0\ncommit @ b.1:200 time 0\n"
               "begin\nxa_commit X'62',X'',1 @ b.1:200 time 0\ncommit @ b.1:600 time 0\n");
    close_it(&fix);
}

static void one_phase_xa_commits_its_own_group(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "XA START X'61',X'',1"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_XA_PREPARE, 200, "\1\1\0\0\0\1\0\0\0\0\0\0\0a", 14),
                     SL_OK);
    told(&fix, "begin xa\ncommit @ b.1:200 time 0\n");
    close_it(&fix);
}

static void transaction_inside_of_another_is_refused(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "BEGIN"), SL_OK);
    assert_int_equal(feed_gtid(&fix, 200, 1), SL_EFORMAT);
    close_it(&fix);
}

/* ---- statements ---- */

static void load_data_as_a_statement_is_dml_of_its_table(void **state)
{
    static const char load[] = "LOAD DATA INFILE '/tmp/x' IGNORE INTO TABLE `t` (a, b)";
    uint8_t body[128] = {0};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "BEGIN"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_BEGIN_LOAD_QUERY, 200, "\1\0\0\0data", 8), SL_OK);
    body[8] = 4; /* length of the database's name */
    memcpy(body + 26, "shop", 5);
    memcpy(body + 31, load, sizeof(load) - 1);
    assert_int_equal(feed(&fix, SL_EVENT_EXECUTE_LOAD_QUERY, 250, body, 31 + sizeof(load) - 1),
                     SL_OK);
    assert_int_equal(feed_xid(&fix, 300), SL_OK);
    told(&fix, "begin\nddl dml shop.t @ b.1:100 time 0\ncommit @ b.1:300 time 0\n");
    close_it(&fix);
}

static void values_of_statements_are_passed_over(void **state)
{
    static const uint8_t types[] = {SL_EVENT_INTVAR,      SL_EVENT_RAND,
                                    SL_EVENT_USER_VAR,    SL_EVENT_ROWS_QUERY,
                                    SL_EVENT_STOP,        SL_EVENT_MARIADB_BINLOG_CHECKPOINT,
                                    SL_EVENT_VIEW_CHANGE, SL_EVENT_TRANSACTION_CONTEXT};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    for (size_t i = 0; i < sizeof(types); i++) {
        assert_int_equal(feed(&fix, types[i], 0, "x", 1), SL_OK);
    }
    told(&fix, "");
    close_it(&fix);
}

/* A table of one TINY column, and one row of it. */
static const uint8_t map_body[] = {5, 0, 0, 0, 0, 0, 1, 0, 2, 'd', 'b', 0, 1, 't', 0, 1, 1, 0, 1};
static const uint8_t rows_body[] = {5, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 42};

static void statement_on_a_table_makes_its_layout_anew(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_query(&fix, 150, "BEGIN"), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_TABLE_MAP, 200, map_body, sizeof(map_body)), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_WRITE_ROWS_V1, 250, rows_body, sizeof(rows_body)), SL_OK);
    assert_int_equal(feed_xid(&fix, 300), SL_OK);
    assert_int_equal(feed_query(&fix, 350, "ALTER TABLE u RENAME COLUMN a TO b"), SL_OK);
    sl_buf_clear(&fix.dump.text);
    assert_int_equal(feed(&fix, SL_EVENT_TABLE_MAP, 400, map_body, sizeof(map_body)), SL_OK);
    assert_int_equal(feed_xid(&fix, 450), SL_OK);
    told(&fix, "begin\ncommit @ b.1:450 time 0\n");
    assert_int_equal(feed_query(&fix, 500, "ALTER TABLE t RENAME COLUMN a TO b"), SL_OK);
    sl_buf_clear(&fix.dump.text);
    assert_int_equal(feed(&fix, SL_EVENT_TABLE_MAP, 550, map_body, sizeof(map_body)), SL_OK);
    told(&fix, "begin\ntable db.t key\n   type 1\n");
    close_it(&fix);
}

static bool wants_nothing(void *user, struct sl_span db, struct sl_span table)
{
    (void)user;
    (void)db;
    (void)table;
    return false;
}

static void rows_of_unwanted_tables_are_counted_not_split(void **state)
{
    const struct sl_stream_options options = {.wants = wants_nothing};
    struct sl_stream_dump dump = {0};
    struct sl_stream_handler handler = sl_stream_dump_handler(&dump);
    struct fixture fix = {0};
    struct sl_position start;

    (void)state;
    sl_position_init(&start);
    fix.dump.stream = sl_stream_new(&options, &handler, &start);
    assert_non_null(fix.dump.stream);
    sl_event_build_format(&fix.event, "9.7.4");
    assert_int_equal(sl_stream_feed(fix.dump.stream, sl_buf_span(&fix.event), NULL), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_TABLE_MAP, 400, map_body, sizeof(map_body)), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_WRITE_ROWS_V1, 450, rows_body, sizeof(rows_body)), SL_OK);
    assert_int_equal(feed_xid(&fix, 500), SL_OK);
    assert_string_equal(sl_buf_cstr(&dump.text), "begin\ncommit\n");
    assert_int_equal(sl_stream_stats(fix.dump.stream)->skipped_rows, 1);
    assert_int_equal(sl_stream_stats(fix.dump.stream)->rows, 0);
    sl_buf_release(&dump.text);
    close_it(&fix);
}

/* ---- what stops the stream ---- */

static void unknown_event_stops_unless_it_is_ignorable(void **state)
{
    struct sl_event_parts parts = {.type = 99, .end_pos = 150, .flags = SL_EVENT_FLAG_IGNORABLE};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed_parts(&fix, &parts, "x", 1), SL_OK);
    assert_int_equal(offset_of(&fix), 150);
    parts.flags = 0;
    parts.end_pos = 200;
    assert_int_equal(feed_parts(&fix, &parts, "x", 1), SL_EUNSUPPORTED);
    assert_int_equal(offset_of(&fix), 150);
    close_it(&fix);
}

static void incident_is_a_gap(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_INCIDENT, 150, "\1\0\4lost", 7), SL_EGAP);
    assert_non_null(strstr(fix.err.text, "lost"));
    assert_int_equal(offset_of(&fix), 100);
    close_it(&fix);
}

static void encrypted_file_is_refused(void **state)
{
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "10.11.2-MariaDB");
    assert_int_equal(feed(&fix, SL_EVENT_MARIADB_START_ENCRYPTION, 150, "\1\1\0\0\0", 5),
                     SL_EUNSUPPORTED);
    close_it(&fix);
}

static void rows_without_a_table_map_are_refused(void **state)
{
    static const uint8_t rows[] = {7, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 0, 1};
    static const uint8_t dummy[] = {0xff, 0xff, 0xff, 0, 0, 0, 1, 0};
    struct fixture fix;

    (void)state;
    open_at(&fix, "b.1", 100, "9.7.4");
    assert_int_equal(feed(&fix, SL_EVENT_WRITE_ROWS, 150, dummy, sizeof(dummy)), SL_OK);
    assert_int_equal(feed(&fix, SL_EVENT_WRITE_ROWS, 150, rows, sizeof(rows)), SL_EFORMAT);
    close_it(&fix);
}

static void oversized_event_is_refused(void **state)
{
    const struct sl_stream_options options = {.max_event_bytes = 64};
    struct sl_stream_handler handler = {0};
    struct sl_position start;
    struct sl_stream *stream;
    struct sl_buf event = {0};

    (void)state;
    sl_position_init(&start);
    stream = sl_stream_new(&options, &handler, &start);
    assert_non_null(stream);
    sl_event_build_format(&event, "9.7.4");
    assert_int_equal(sl_stream_feed(stream, sl_buf_span(&event), NULL), SL_ELIMIT);
    sl_stream_free(stream);
    sl_buf_release(&event);
}

static void event_before_the_format_description_is_refused(void **state)
{
    const struct sl_stream_options options = {0};
    struct sl_stream_handler handler = {0};
    struct sl_event_parts parts = {.type = SL_EVENT_XID};
    struct sl_position start;
    struct sl_stream *stream;
    struct sl_buf event = {0};

    (void)state;
    sl_position_init(&start);
    stream = sl_stream_new(&options, &handler, &start);
    assert_non_null(stream);
    sl_event_build(&event, &parts, "12345678", 8);
    assert_int_equal(sl_stream_feed(stream, sl_buf_span(&event), NULL), SL_EFORMAT);
    sl_stream_free(stream);
    sl_buf_release(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_waits_for_the_end_of_the_group),
        cmocka_unit_test(groups_behind_a_gap_begin_at_their_identifier),
        cmocka_unit_test(missing_end_pos_is_computed_from_sizes),
        cmocka_unit_test(terminal_event_corrects_what_was_computed),
        cmocka_unit_test(offset_goes_beyond_4_gib),
        cmocka_unit_test(heartbeats_move_the_position_between_groups_only),
        cmocka_unit_test(heartbeat_of_another_file_moves_nothing),
        cmocka_unit_test(rotate_names_the_next_file),
        cmocka_unit_test(failing_commit_leaves_position_and_gtid_before_it),
        cmocka_unit_test(failing_commit_restores_the_mariadb_list),
        cmocka_unit_test(anonymous_transactions_make_the_set_useless),
        cmocka_unit_test(format_description_in_the_middle_of_a_file_moves_nothing),
        cmocka_unit_test(group_cut_off_by_a_crash_is_rolled_back),
        cmocka_unit_test(savepoints_are_no_boundary),
        cmocka_unit_test(mariadb_standalone_statement_is_a_group),
        cmocka_unit_test(dummy_query_moves_the_position),
        cmocka_unit_test(statements_name_tables_in_lower_case_where_the_server_does),
        cmocka_unit_test(undecided_xa_holds_the_position_across_the_oldest),
        cmocka_unit_test(restart_passes_over_decisions_that_were_applied),
        cmocka_unit_test(one_phase_xa_commits_its_own_group),
        cmocka_unit_test(transaction_inside_of_another_is_refused),
        cmocka_unit_test(load_data_as_a_statement_is_dml_of_its_table),
        cmocka_unit_test(values_of_statements_are_passed_over),
        cmocka_unit_test(statement_on_a_table_makes_its_layout_anew),
        cmocka_unit_test(rows_of_unwanted_tables_are_counted_not_split),
        cmocka_unit_test(unknown_event_stops_unless_it_is_ignorable),
        cmocka_unit_test(incident_is_a_gap),
        cmocka_unit_test(encrypted_file_is_refused),
        cmocka_unit_test(rows_without_a_table_map_are_refused),
        cmocka_unit_test(oversized_event_is_refused),
        cmocka_unit_test(event_before_the_format_description_is_refused),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
