/*
 * Lines of changes: what they look like (lines.ndjson of some golden logs; SLUICE_GOLDEN_WRITE=1
 * writes them anew: read the difference before committing) and when they are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/source_file.h"
#include "filters/change_printer.h"

/* What was printed, and how. */
struct output {
    struct sl_buf text;
    unsigned writes;
    unsigned notices;
    int fail_with;
};

static int take_lines(void *user, struct sl_span lines, struct sl_err *err)
{
    struct output *output = user;

    (void)err;
    assert_true(lines.len > 0 && lines.data[lines.len - 1] == '\n');
    assert_int_equal(sl_buf_add(&output->text, lines.data, lines.len), SL_OK);
    output->writes++;
    return output->fail_with;
}

static void take_notice(void *user, const char *text)
{
    struct output *output = user;

    assert_non_null(strstr(text, "XA transaction"));
    output->notices++;
}

static struct sl_change_printer_options defaults(struct output *output)
{
    return (struct sl_change_printer_options){.hold_bytes = 1000000,
                                              .xa_bytes = 1000000,
                                              .write = take_lines,
                                              .notice = take_notice,
                                              .user = output};
}

/* ---- golden logs ---- */

static void path_of(char out[512], const char *name, const char *file)
{
    (void)snprintf(out, 512, "%s/golden/%s/%s", getenv("SLUICE_TEST_DATA"), name, file);
}

static int feed_all(struct sl_source *source, struct sl_stream *stream, struct sl_err *err)
{
    struct sl_span event;
    int rc = SL_OK;

    while (rc == SL_OK) {
        rc = source->ops->next(source, &event, err);
        if (rc == SL_OK) {
            rc = sl_stream_feed(stream, event, err);
        }
    }
    return rc;
}

/* Prints the golden log NAME; returns what ended it. */
static int print_log(const char *name, const struct sl_change_printer_options *options)
{
    struct sl_change_printer *printer = sl_change_printer_new(options);
    struct sl_stream_options stream_options = {
        .verify_checksum = true, .wants = sl_change_printer_wants, .wants_user = printer};
    struct sl_stream_handler handler = sl_change_printer_handler(printer);
    struct sl_position start = {.offset = 0};
    struct sl_source *source = NULL;
    struct sl_stream *stream;
    struct sl_err err = {0};
    char path[512];
    const char *paths[] = {path};
    int rc;

    path_of(path, name, "capture.binlog");
    assert_int_equal(sl_source_file_new(paths, 1, &source, &err), SL_OK);
    assert_int_equal(source->ops->open(source, SL_START_EARLIEST, &start, &err), SL_OK);
    stream = sl_stream_new(&stream_options, &handler, &start);
    sl_change_printer_attach(printer, stream);
    rc = feed_all(source, stream, &err);
    if (rc < 0 && options->user != NULL && ((struct output *)options->user)->fail_with == SL_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    assert_true(sl_change_printer_flush(printer, &err) <= SL_DONE);
    sl_stream_free(stream);
    sl_change_printer_free(printer);
    source->ops->free(source);
    sl_position_release(&start);
    return rc;
}

static void compare_file(const char *path, struct sl_buf *text)
{
    static char want[65536];
    FILE *file = fopen(path, getenv("SLUICE_GOLDEN_WRITE") != NULL ? "w+be" : "rbe");
    size_t len;

    assert_non_null(file);
    if (getenv("SLUICE_GOLDEN_WRITE") != NULL) {
        assert_int_equal(fwrite(text->data, 1, text->len, file), text->len);
        rewind(file);
    }
    len = fread(want, 1, sizeof(want) - 1, file);
    want[len] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_string_equal(sl_buf_cstr(text), want);
}

static void lines_equal_golden(void **state)
{
    const char *name = *state;
    struct output output = {.writes = 0};
    struct sl_change_printer_options options = defaults(&output);
    char path[512];

    options.may_guess = true;
    assert_int_equal(print_log(name, &options), SL_DONE);
    path_of(path, name, "lines.ndjson");
    compare_file(path, &output.text);
    sl_buf_release(&output.text);
}

static unsigned count_lines(const struct sl_buf *text)
{
    unsigned lines = 0;

    for (size_t i = 0; i < text->len; i++) {
        lines += text->data[i] == '\n';
    }
    return lines;
}

static void a_limit_is_kept_exactly(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit <= 8; limit++) {
        struct output output = {.writes = 0};
        struct sl_change_printer_options options = defaults(&output);

        options.limit = limit;
        options.flush_bytes = 1000000; /* the end is printed all the same */
        assert_int_equal(print_log("mysql-xa", &options), SL_DONE);
        assert_int_equal(count_lines(&output.text), limit);
        sl_buf_release(&output.text);
    }
}

static void only_the_chosen_tables_are_printed(void **state)
{
    const struct sl_table_rule rules[] = {{.db_pattern = "shop", .table_pattern = "b*"}};
    struct output output = {.writes = 0};
    struct sl_change_printer_options options = defaults(&output);

    (void)state;
    options.rules = rules;
    options.rule_count = 1;
    options.with_statements = true;
    assert_int_equal(print_log("mysql-ddl", &options), SL_DONE);
    assert_null(strstr(sl_buf_cstr(&output.text), "\"table\":\"a\""));
    assert_non_null(strstr((const char *)output.text.data, "\"table\":\"b2\""));
    assert_non_null(
        strstr((const char *)output.text.data, "\"to_table\":\"b\"")); /* comes to be one */
    assert_non_null(strstr((const char *)output.text.data, "\"kind\":\"drop_database\""));
    assert_non_null(strstr((const char *)output.text.data, "\"statement\":\""));
    sl_buf_release(&output.text);
}

static void statements_are_not_shown_unasked(void **state)
{
    struct output output = {.writes = 0};
    struct sl_change_printer_options options = defaults(&output);

    (void)state;
    assert_int_equal(print_log("mysql-ddl", &options), SL_DONE);
    assert_null(strstr(sl_buf_cstr(&output.text), "\"statement\""));
    sl_buf_release(&output.text);
}

static void a_silent_printer_renders_and_prints_nothing(void **state)
{
    struct output output = {.writes = 0};
    struct sl_change_printer_options options = defaults(&output);

    (void)state;
    options.is_silent = true;
    assert_int_equal(print_log("mysql-types", &options), SL_DONE);
    assert_int_equal(output.writes, 0);
    sl_buf_release(&output.text);
}

static void what_the_output_says_ends_the_stream(void **state)
{
    struct output output = {.fail_with = SL_ESINK};
    struct sl_change_printer_options options = defaults(&output);

    (void)state;
    assert_int_equal(print_log("mysql-ddl", &options), SL_ESINK);
    assert_int_equal(output.writes, 1);
    sl_buf_release(&output.text);
}

/* ---- made-up transactions ---- */

struct bench {
    struct output output;
    struct sl_change_printer *printer;
    struct sl_stream *stream;
    struct sl_stream_handler handler;
    struct sl_column columns[1];
    uint32_t key[1];
    struct sl_table table;
};

static struct bench *make_bench(const struct sl_change_printer_options *changed)
{
    const struct sl_stream_options none = {.verify_checksum = true};
    struct bench *bench = calloc(1, sizeof(*bench));
    struct sl_change_printer_options options = *changed;
    struct sl_position start = {.file = "binlog.000001", .offset = 4};
    bool skip = true;

    options.user = &bench->output;
    bench->printer = sl_change_printer_new(&options);
    bench->handler = sl_change_printer_handler(bench->printer);
    bench->stream = sl_stream_new(&none, &bench->handler, &start);
    sl_change_printer_attach(bench->printer, bench->stream);
    bench->columns[0] = (struct sl_column){.name = sl_span_make("id", 2), .kind = SL_KIND_NUMBER};
    bench->table = (struct sl_table){.db = sl_span_make("d", 1),
                                     .name = sl_span_make("t", 1),
                                     .columns = bench->columns,
                                     .column_count = 1,
                                     .key = bench->key,
                                     .key_count = 1,
                                     .has_names = true};
    assert_int_equal(bench->handler.table(bench->printer, &bench->table, &skip, NULL), SL_OK);
    assert_false(skip);
    return bench;
}

static void free_bench(struct bench *bench)
{
    bench->table.user_free(bench->table.user);
    sl_stream_free(bench->stream);
    sl_change_printer_free(bench->printer);
    sl_buf_release(&bench->output.text);
    free(bench);
}

static void begin(struct bench *bench, bool is_xa)
{
    assert_int_equal(bench->handler.begin(bench->printer, is_xa, NULL), SL_OK);
}

static int insert(struct bench *bench, const char *id)
{
    const struct sl_cell cell = {
        .data = (const uint8_t *)id, .len = (uint32_t)strlen(id), .state = SL_CELL_TEXT};
    const struct sl_row_change change = {
        .op = SL_OP_INSERT, .table = &bench->table, .after = &cell, .timestamp = 9};

    return bench->handler.row(bench->printer, &change, NULL);
}

#define LINE(id)                                                                             \
    "{\"op\":\"insert\",\"db\":\"d\",\"table\":\"t\",\"key\":[" id "],\"after\":{\"id\":" id \
    "},\"file\":\"binlog.000001\",\"pos\":4,\"ts\":9}\n"

static void expect(struct bench *bench, const char *text, unsigned writes)
{
    assert_string_equal(sl_buf_cstr(&bench->output.text), text);
    assert_int_equal(bench->output.writes, writes);
}

static void a_transaction_is_printed_in_one_piece_when_it_commits(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench = make_bench(&options);

    (void)state;
    begin(bench, false);
    assert_int_equal(insert(bench, "1"), SL_OK);
    assert_int_equal(insert(bench, "2"), SL_OK);
    expect(bench, "", 0);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    expect(bench, LINE("1") LINE("2"), 1);
    begin(bench, false);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    expect(bench, LINE("1") LINE("2"), 1);
    free_bench(bench);
}

static void what_is_rolled_back_is_never_printed(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.flush_bytes = 1000000;
    bench = make_bench(&options);
    begin(bench, false);
    assert_int_equal(insert(bench, "1"), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    begin(bench, false);
    assert_int_equal(insert(bench, "2"), SL_OK);
    assert_int_equal(bench->handler.rollback(bench->printer, NULL), SL_OK);
    expect(bench, "", 0); /* the first one waits for company */
    assert_int_equal(sl_change_printer_flush(bench->printer, NULL), SL_OK);
    expect(bench, LINE("1"), 1);
    free_bench(bench);
}

static void a_transaction_too_large_to_hold_is_printed_as_it_comes(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.hold_bytes = 10;
    bench = make_bench(&options);
    begin(bench, false);
    assert_int_equal(insert(bench, "1"), SL_OK);
    expect(bench, LINE("1"), 1);
    assert_int_equal(insert(bench, "2"), SL_OK);
    assert_int_equal(bench->handler.rollback(bench->printer, NULL), SL_OK);
    expect(bench,
           LINE("1") LINE("2") "{\"op\":\"rollback\",\"file\":\"binlog.000001\",\"pos\":4}\n", 3);
    free_bench(bench);
}

static void what_was_not_yet_printed_of_a_large_transaction_is_dropped_by_its_rollback(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.hold_bytes = strlen(LINE("1"));
    bench = make_bench(&options);
    begin(bench, false);
    assert_int_equal(insert(bench, "1"), SL_OK);
    assert_int_equal(insert(bench, "2"), SL_OK);
    assert_int_equal(insert(bench, "3"), SL_OK);
    assert_int_equal(bench->handler.rollback(bench->printer, NULL), SL_OK);
    expect(bench,
           LINE("1") LINE("2") "{\"op\":\"rollback\",\"file\":\"binlog.000001\",\"pos\":4}\n", 2);
    free_bench(bench);
}

static struct sl_span xid_of(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void xa_rows_are_printed_when_they_are_decided(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.hold_bytes = 10; /* does not count for them: they may yet be rolled back */
    bench = make_bench(&options);
    for (int i = 0; i < 3; i++) {
        static const char *const ids[] = {"1", "2", "3"};

        begin(bench, true);
        assert_int_equal(insert(bench, ids[i]), SL_OK);
        assert_int_equal(bench->handler.xa_prepare(bench->printer, xid_of(ids[i]), NULL), SL_OK);
    }
    begin(bench, false);
    assert_int_equal(bench->handler.xa_rollback(bench->printer, xid_of("2"), NULL), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    expect(bench, "", 0);
    begin(bench, false);
    assert_int_equal(bench->handler.xa_commit(bench->printer, xid_of("3"), NULL), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    expect(bench, LINE("3"), 1);
    assert_int_equal(bench->output.notices, 0);
    begin(bench, false);
    assert_int_equal(bench->handler.xa_commit(bench->printer, xid_of("2"), NULL), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    expect(bench, LINE("3"), 1);
    assert_int_equal(bench->output.notices, 1);
    free_bench(bench); /* frees what is undecided */
}

static void a_limit_cuts_what_was_prepared_before_others_were_printed(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.limit = 2;
    bench = make_bench(&options);
    begin(bench, true);
    assert_int_equal(insert(bench, "1"), SL_OK);
    assert_int_equal(insert(bench, "2"), SL_OK);
    assert_int_equal(bench->handler.xa_prepare(bench->printer, xid_of("x"), NULL), SL_OK);
    begin(bench, false);
    assert_int_equal(insert(bench, "3"), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_OK);
    begin(bench, false);
    assert_int_equal(bench->handler.xa_commit(bench->printer, xid_of("x"), NULL), SL_OK);
    assert_int_equal(bench->handler.commit(bench->printer, NULL), SL_DONE);
    expect(bench, LINE("3") LINE("1"), 2);
    free_bench(bench);
}

static void xa_rows_that_are_too_many_end_the_stream(void **state)
{
    struct sl_change_printer_options options = defaults(NULL);
    struct bench *bench;

    (void)state;
    options.hold_bytes = 10;
    options.xa_bytes = 150;
    bench = make_bench(&options);
    begin(bench, true);
    assert_int_equal(insert(bench, "1"), SL_OK);
    assert_int_equal(insert(bench, "2"), SL_ELIMIT);
    expect(bench, "", 0);
    free_bench(bench);
}

#define GOLDEN(name)                                                    \
    {                                                                   \
        name, lines_equal_golden, NULL, NULL, (void *)(uintptr_t)(name) \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        GOLDEN("mysql-ddl"),
        GOLDEN("mysql-images"),
        GOLDEN("mysql-json"),
        GOLDEN("mysql-types"),
        GOLDEN("mysql-xa"),
        GOLDEN("mariadb-nolog"),
        GOLDEN("mariadb-types"),
        cmocka_unit_test(a_limit_is_kept_exactly),
        cmocka_unit_test(only_the_chosen_tables_are_printed),
        cmocka_unit_test(statements_are_not_shown_unasked),
        cmocka_unit_test(a_silent_printer_renders_and_prints_nothing),
        cmocka_unit_test(what_the_output_says_ends_the_stream),
        cmocka_unit_test(a_transaction_is_printed_in_one_piece_when_it_commits),
        cmocka_unit_test(what_is_rolled_back_is_never_printed),
        cmocka_unit_test(a_transaction_too_large_to_hold_is_printed_as_it_comes),
        cmocka_unit_test(
            what_was_not_yet_printed_of_a_large_transaction_is_dropped_by_its_rollback),
        cmocka_unit_test(xa_rows_are_printed_when_they_are_decided),
        cmocka_unit_test(a_limit_cuts_what_was_prepared_before_others_were_printed),
        cmocka_unit_test(xa_rows_that_are_too_many_end_the_stream),
    };

    return cmocka_run_group_tests_name("change printer", tests, NULL, NULL);
}
