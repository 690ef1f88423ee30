#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdc/base/log.h"

#define TIME "time=2026-01-31T08:00:00.123Z level=info msg="
#define WALL UINT64_C(1769846400123)

static char line[SL_LOG_LINE_MAX + 1];
static size_t line_len;

static __attribute__((format(printf, 3, 4))) const char *
render(enum sl_log_format format, const char *message, const char *pairs, ...)
{
    struct sl_log_head head = {
        .format = format, .level = SL_LOG_INFO, .wall_ms = WALL, .message = message};
    va_list args;

    va_start(args, pairs);
    line_len = sl_log_render(line, &head, pairs, args);
    va_end(args);
    assert_int_equal(line_len, strlen(line));
    assert_true(line_len <= SL_LOG_LINE_MAX);
    assert_int_equal(line[line_len - 1], '\n');
    return line;
}

static void logfmt_writes_time_level_message_and_pairs(void **state)
{
    (void)state;
    assert_string_equal(
        render(SL_LOG_LOGFMT, "ready", "pipeline=%s lag_ms=%" PRIu64, "shop", UINT64_MAX),
        TIME "ready pipeline=shop lag_ms=18446744073709551615\n");
    assert_string_equal(render(SL_LOG_LOGFMT, "two words", " "), TIME "\"two words\"\n");
}

static void json_keeps_numbers_and_quotes_the_rest(void **state)
{
    (void)state;
    assert_string_equal(
        render(SL_LOG_JSON, "ready", "s=%s n=%d u=%zu x=%x pos=%s:%d f=%.2f nan=%f", "a\"b", -5,
               (size_t)7, 255U, "bin.1", 4, 1.5, NAN),
        "{\"time\":\"2026-01-31T08:00:00.123Z\",\"level\":\"info\",\"msg\":\"ready\","
        "\"s\":\"a\\\"b\",\"n\":-5,\"u\":7,\"x\":\"ff\",\"pos\":\"bin.1:4\",\"f\":1.50,"
        "\"nan\":\"nan\"}\n");
}

static void every_conversion_takes_its_own_argument(void **state)
{
    (void)state;
    assert_string_equal(
        render(SL_LOG_LOGFMT, "m",
               "a=%ld b=%lld c=%lu d=%llu e=%c f=%.*s g=%g h=%.3s i=100%% j=%jd k=%i", -1L,
               INT64_C(-2) + 0LL, 3UL, 4ULL, 'x', 2, "spanning", 0.25, "abcdef", (intmax_t)9, 10),
        TIME "m a=-1 b=-2 c=3 d=4 e=x f=sp g=0.25 h=abc i=100% j=9 k=10\n");
}

static void an_argument_cannot_forge_a_pair_or_a_line(void **state)
{
    (void)state;
    assert_string_equal(render(SL_LOG_LOGFMT, "m", "db=%s b=%s", "x level=error", "y\nz\t\"\\"),
                        TIME "m db=\"x level=error\" b=\"y\\nz\\t\\\"\\\\\"\n");
    assert_string_equal(render(SL_LOG_LOGFMT, "m", "a=%s b=%s c=%s", "", "k=v", (char *)NULL),
                        TIME "m a=\"\" b=\"k=v\" c=null\n");
}

static void an_empty_span_is_an_empty_string(void **state)
{
    (void)state;
    assert_string_equal(render(SL_LOG_LOGFMT, "m", "a=%.*s", 0, (const char *)NULL),
                        TIME "m a=\"\"\n");
}

static void control_bytes_and_broken_utf8_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(render(SL_LOG_LOGFMT, "m", "a=%s b=%s c=%s", "\x1b[31m",
                               "\xc2\x9b"
                               "1m",
                               "\xff\xc3\xa9"),
                        TIME "m a=\"\\x1b[31m\" b=\"\\xc2\\x9b1m\" c=\"\\xff\xc3\xa9\"\n");
    (void)render(SL_LOG_JSON, "m", "a=%s b=%s c=%s", "\x1b[31m",
                 "\xc2\x9b"
                 "1m",
                 "\xff\xc3\xa9");
    assert_non_null(
        strstr(line, "\"a\":\"\\u001b[31m\",\"b\":\"\\u009b1m\",\"c\":\"\\ufffd\xc3\xa9\"}"));
}

static void valid_utf8_stays_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(render(SL_LOG_LOGFMT, "m", "table=%s",
                               "shop.gr\xc3\xbc\xc3\x9f"
                               "e"),
                        TIME "m table=shop.gr\xc3\xbc\xc3\x9f"
                             "e\n");
}

static void a_long_value_is_cut_between_characters(void **state)
{
    static char text[3000];

    (void)state;
    text[0] = 'a';
    for (size_t i = 1; i + 2 < sizeof(text); i += 2) {
        text[i] = '\xc3';
        text[i + 1] = '\xa9';
    }
    (void)render(SL_LOG_LOGFMT, "m", "v=%s n=%d", text, 5);
    assert_non_null(strstr(line, "\xc3\xa9 n=5 truncated=true\n"));
}

static void pairs_that_do_not_fit_are_dropped_and_the_line_says_so(void **state)
{
    static char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    (void)render(SL_LOG_JSON, "m", "a=%s b=%s c=%s d=%s e=%s f=%s n=%d", text, text, text, text,
                 text, text, 7);
    assert_null(strstr(line, "\"e\":"));
    assert_non_null(strstr(line, "\",\"n\":7,\"truncated\":true}\n"));
}

static void text_of_control_bytes_never_overruns_the_line(void **state)
{
    static char text[2000];

    (void)state;
    memset(text, 1, sizeof(text) - 1);
    for (int i = 0; i < 2; i++) {
        (void)render(i == 0 ? SL_LOG_JSON : SL_LOG_LOGFMT, text, "a=%s b=%s", text, text);
        assert_non_null(strstr(line, "truncated"));
    }
}

static void lines_above_the_level_are_not_written(void **state)
{
    int ends[2];
    char got[256] = {0};
    ssize_t len;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    sl_log_set_fd(ends[1]);
    sl_log_setup(SL_LOG_WARN, SL_LOG_LOGFMT);
    sl_log(SL_LOG_INFO, "hidden", "a=%d", 1);
    sl_log_text(SL_LOG_WARN, "shown");
    sl_log_set_fd(STDERR_FILENO);
    len = read(ends[0], got, sizeof(got) - 1);
    assert_true(len > 0);
    assert_null(strstr(got, "hidden"));
    assert_non_null(strstr(got, " level=warn msg=shown\n"));
    assert_true(sl_log_wants(SL_LOG_OF_DAEMON, SL_LOG_ERROR));
    assert_false(sl_log_wants(SL_LOG_OF_DAEMON, SL_LOG_INFO));
    assert_int_equal(close(ends[0]) + close(ends[1]), 0);
}

enum { SL_WRITERS = 4, SL_LINES = 200 };

static void a_module_has_a_name_and_a_level_of_its_own(void **state)
{
    struct sl_log_head head = {
        .level = SL_LOG_INFO, .wall_ms = WALL, .message = "lost", .module = SL_LOG_OF_SINK};
    va_list none;

    (void)state;
    memset(&none, 0, sizeof(none));
    (void)sl_log_render(line, &head, " ", none);
    assert_string_equal(line, TIME "lost module=sink\n");
    sl_log_setup(SL_LOG_WARN, SL_LOG_LOGFMT);
    sl_log_set_level(SL_LOG_OF_SOURCE, SL_LOG_DEBUG);
    sl_log_set_level(SL_LOG_OF_LOAD, SL_LOG_ERROR);
    assert_true(sl_log_wants(SL_LOG_OF_SOURCE, SL_LOG_DEBUG));
    assert_false(sl_log_wants(SL_LOG_OF_LOAD, SL_LOG_WARN));
    assert_true(sl_log_wants(SL_LOG_OF_SINK, SL_LOG_WARN));
    assert_false(sl_log_wants(SL_LOG_OF_SINK, SL_LOG_INFO));
    sl_log_setup(SL_LOG_INFO, SL_LOG_LOGFMT); /* forgets them */
    assert_false(sl_log_wants(SL_LOG_OF_SOURCE, SL_LOG_DEBUG));
    assert_true(sl_log_wants(SL_LOG_OF_LOAD, SL_LOG_INFO));
}

static void *write_lines(void *user)
{
    for (int i = 0; i < SL_LINES; i++) {
        sl_log(SL_LOG_ERROR, "thread", "writer=%s", (const char *)user);
    }
    return NULL;
}

static void lines_of_threads_never_mix(void **state)
{
    static char names[SL_WRITERS][200];
    pthread_t threads[SL_WRITERS];
    FILE *file = tmpfile();
    char got[512];
    int count = 0;

    (void)state;
    assert_non_null(file);
    sl_log_set_fd(fileno(file));
    for (int i = 0; i < SL_WRITERS; i++) {
        memset(names[i], 'a' + i, sizeof(names[i]) - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < SL_WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    sl_log_set_fd(STDERR_FILENO);
    rewind(file);
    for (; fgets(got, sizeof(got), file) != NULL; count++) {
        const char *name = strstr(got, "msg=thread writer=");

        assert_non_null(name);
        assert_int_equal(memcmp(name + 18, names[name[18] - 'a'], sizeof(names[0]) - 1), 0);
    }
    assert_int_equal(count, SL_WRITERS * SL_LINES);
    (void)fclose(file);
}

static void a_repeated_failure_is_let_through_once_an_interval(void **state)
{
    struct sl_log_limit limit = {.interval_ms = 1000};
    uint64_t dropped = 99;

    (void)state;
    assert_true(sl_log_limit_allows(&limit, 50, &dropped));
    assert_true(dropped == 0);
    assert_false(sl_log_limit_allows(&limit, 51, &dropped));
    assert_false(sl_log_limit_allows(&limit, 1049, &dropped));
    assert_true(sl_log_limit_allows(&limit, 1050, &dropped));
    assert_true(dropped == 2);
    assert_false(sl_log_limit_allows(&limit, 1051, &dropped));
}

/* What a line written to a pipe looks like; the caller frees it. */
static char *written(enum sl_log_level level, const char *message)
{
    char text[256] = {0};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    sl_log_set_fd(ends[1]);
    sl_log_text(level, message);
    sl_log_set_fd(STDERR_FILENO);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return strdup(text);
}

static void journald_is_told_the_priority(void **state)
{
    static const char *const starts[] = {"<3>time=", "<4>time=", "<6>time=", "<7>time="};

    (void)state;
    sl_log_setup(SL_LOG_DEBUG, SL_LOG_LOGFMT);
    sl_log_set_journal(true);
    for (int level = SL_LOG_ERROR; level <= SL_LOG_DEBUG; level++) {
        char *text = written((enum sl_log_level)level, "x");

        assert_memory_equal(text, starts[level], strlen(starts[level]));
        free(text);
    }
    sl_log_set_journal(false);
    sl_log_setup(SL_LOG_INFO, SL_LOG_LOGFMT);
}

static void the_journal_is_known_by_its_stream(void **state)
{
    struct stat file;
    char name[64];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fstat(ends[1], &file), 0);
    (void)snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)file.st_dev,
                   (unsigned long long)file.st_ino);
    assert_true(sl_log_is_journal(ends[1], name));
    assert_false(sl_log_is_journal(STDERR_FILENO, name));
    assert_false(sl_log_is_journal(ends[1], "8:1"));
    assert_false(sl_log_is_journal(ends[1], NULL));
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_false(sl_log_is_journal(ends[1], name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfmt_writes_time_level_message_and_pairs),
        cmocka_unit_test(json_keeps_numbers_and_quotes_the_rest),
        cmocka_unit_test(every_conversion_takes_its_own_argument),
        cmocka_unit_test(an_argument_cannot_forge_a_pair_or_a_line),
        cmocka_unit_test(an_empty_span_is_an_empty_string),
        cmocka_unit_test(control_bytes_and_broken_utf8_are_escaped),
        cmocka_unit_test(valid_utf8_stays_as_it_is),
        cmocka_unit_test(a_long_value_is_cut_between_characters),
        cmocka_unit_test(pairs_that_do_not_fit_are_dropped_and_the_line_says_so),
        cmocka_unit_test(text_of_control_bytes_never_overruns_the_line),
        cmocka_unit_test(lines_above_the_level_are_not_written),
        cmocka_unit_test(a_module_has_a_name_and_a_level_of_its_own),
        cmocka_unit_test(lines_of_threads_never_mix),
        cmocka_unit_test(a_repeated_failure_is_let_through_once_an_interval),
        cmocka_unit_test(journald_is_told_the_priority),
        cmocka_unit_test(the_journal_is_known_by_its_stream),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
