#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "tests/unit/config_help.h"

static void a_wrong_value_is_named_with_what_was_expected(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"ttl\":\"1d\""), "tables[0].ttl: expected seconds ≥ 1, got \"1d\"");
    assert_refused(WITH_TABLE("\"ttl\":0"), "tables[0].ttl: expected seconds ≥ 1, got 0");
    assert_refused(WITH_TABLE("\"ttl\":-5"), "tables[0].ttl: expected seconds ≥ 1, got -5");
    assert_refused(WITH_TABLE("\"ttl\":1.5"), "tables[0].ttl: expected seconds ≥ 1, got 1.5");
    assert_refused(WITH_TABLE("\"ttl_jitter\":5"),
                   "tables[0].ttl_jitter: no key of this entry expires; remove it");
    assert_refused(WITH_TABLE("\"ttl\":5,\"ttl_jitter\":6"),
                   "tables[0].ttl_jitter: it is more than ttl; lower it");
    assert_refused(WITH_TABLE("\"ttl\":\"60\""), "tables[0].ttl: expected seconds ≥ 1, got \"60\"");
    assert_refused(WITH_TABLE("\"ttl\":1e30"),
                   "tables[0].ttl: expected seconds ≤ 3153600000, got 1e+30");
    assert_refused(WITH_SOURCE("\"port\":65536"),
                   "source.port: expected an integer from 1 to 65535, got 65536");
    assert_refused(WITH_ROOT("\"lease_ms\":true"),
                   "lease_ms: expected milliseconds ≥ 1000, got true");
    assert_refused(WITH_SOURCE("\"host\":null"), "source.host: expected a string, got null");
    assert_refused(WITH_SOURCE("\"host\":\"\""),
                   "source.host: expected a string of 1 to 255 bytes, got \"\"");
    assert_refused(WITH_SOURCE("\"host\":\"a\\nb\""),
                   "source.host: expected a string without control characters");
    assert_refused(WITH_SOURCE("\"tls\":[]"), "source.tls: expected an object, got an array");
    assert_refused(WITH_SOURCE("\"tls\":{\"mode\":\"on\"}"),
                   "source.tls.mode: expected one of \"disabled\", \"preferred\", \"required\", "
                   "\"verify_ca\", \"verify_identity\", got \"on\"");
    assert_refused(WITH_ROOT("\"log\":{\"level\":3}"),
                   "log.level: expected one of \"error\", \"warn\", \"info\", \"debug\", got 3");
}

static void an_index_that_could_not_work_is_refused(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"index\":{}"),
                   "tables[0].index: expected an object of 1 to 32 key templates, got an object");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":7}"),
                   "tables[0].index: \"by:{a}\": expected a template of 1 to 1024 bytes, or "
                   "{\"set\": TEMPLATE} for the members of a set");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":{\"list\":\"{id}\"}}"),
                   "tables[0].index: \"by:{a}\": expected a template");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":\"\"}"),
                   "tables[0].index: \"by:{a}\": expected a template");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a\":\"{id}\"}"),
                   "tables[0].index: \"by:{a\": a key template has a \"{\" without its \"}\"");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":\"{id\"}"),
                   "tables[0].index: \"by:{a}\": a key template has a \"{\" without its \"}\"");
    assert_refused(WITH_TABLE("\"index\":{\"all\":\"{id}\"}"),
                   "tables[0].index: \"all\": a key template is the same for every row");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":\"{id}\",\"by:{a}\":\"{id}\"}"),
                   "tables[0].index: \"by:{a}\" stands there twice; keep one");
    assert_refused(WITH_TABLE("\"index\":{\"{db}:{table}:{pk}\":\"{id}\"}"),
                   "tables[0].index: \"{db}:{table}:{pk}\" is the key of rows already, by "
                   "tables[0].key; choose another");
    assert_refused(WITH_TABLE("\"index\":{\"by:{a}\":\"{id}\"}},{\"table\":\"shop.b\","
                              "\"index\":{\"by:{a}\":{\"set\":\"{id}\"}}"),
                   "tables[1].index: \"by:{a}\" is an index of tables[0] already");
}

static void a_long_value_is_shown_cut(void **state)
{
    char text[200] = {0};

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[59] = '\xc3';
    text[60] = '\xa9';
    assert_refused(WITH_TABLE("\"ttl\":\"%s\"", text),
                   "tables[0].ttl: expected seconds ≥ 1, got \"xxx");
    text[59] = '\0';
    (void)snprintf(text + 59, sizeof(text) - 59, "…\"");
    {
        char want[256];

        (void)snprintf(want, sizeof(want), "tables[0].ttl: expected seconds ≥ 1, got \"%s", text);
        text[59] = '\xc3';
        text[60] = '\xa9';
        memset(text + 61, 'x', sizeof(text) - 62);
        assert_refused(WITH_TABLE("\"ttl\":\"%s\"", text), want);
    }
}

static void sizes_are_integers_or_have_a_binary_unit(void **state)
{
    static const char *const bad[] = {"\"256MB\"", "\"MiB\"",   "\"1.5GiB\"",
                                      "\"-1MiB\"", "\"\"",      "\"99999999999999999999999\"",
                                      "true",      "\"16 MiB\""};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(WITH_ROOT("\"memory_limit\":%s", bad[i]),
                       i == 5 ? "memory_limit: expected bytes"
                              : "memory_limit: expected bytes ≥ 16777216");
    }
    assert_refused(WITH_ROOT("\"memory_limit\":\"2000000TiB\""),
                   "memory_limit: expected bytes ≤ 1099511627776");
    assert_refused(WITH_ROOT("\"memory_limit\":\"15MiB\""),
                   "memory_limit: expected bytes ≥ 16777216");
}

static void an_unknown_key_brings_the_nearest_one(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"tlt\":5"), "tables[0].tlt: unknown key; did you mean \"ttl\"?");
    assert_refused(WITH_SOURCE("\"passwrod_env\":\"X\""),
                   "source.passwrod_env: unknown key; did you mean \"password_env\"?");
    assert_refused(WITH_SOURCE("\"Host\":\"X\""),
                   "source.Host: unknown key; did you mean \"host\"?");
    assert_refused(WITH_ROOT("\"ttl\":5"), "ttl: unknown key here; did you mean tables[].ttl?");
    assert_refused(WITH_ROOT("\"log\":{\"colour\":1}"),
                   "log.colour: unknown key; known here are level, format, levels");
    assert_refused(WITH_ROOT("\"\":1"), ": unknown key; known here are pipeline, start");
}

static void a_key_given_twice_is_refused(void **state)
{
    (void)state;
    assert_refused(WITH_SOURCE("\"port\":1,\"port\":2"), "source.port: given twice; keep one");
    assert_refused(WITH_ROOT("\"source\":{\"user\":\"v\"}"), "source: given twice; keep one");
    assert_refused(WITH_TABLE("\"columns\":[\"a\",\"b\",\"A\"]"),
                   "tables[0].columns: \"A\" stands there twice; keep one");
}

static void a_missing_required_key_is_named(void **state)
{
    (void)state;
    assert_refused("{\"source\":{\"user\":\"u\"},\"sinks\":[{\"url\":\"redis://h\"}],"
                   "\"tables\":[{\"table\":\"a.b\"}]}",
                   "pipeline: missing. Names the checkpoint");
    assert_refused("{\"pipeline\":\"p\",\"sinks\":[{\"url\":\"redis://h\"}],"
                   "\"tables\":[{\"table\":\"a.b\"}]}",
                   "source: missing. ");
    assert_refused("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},\"sinks\":[{}],"
                   "\"tables\":[{\"table\":\"a.b\"}]}",
                   "sinks[0].url: missing. ");
    assert_refused("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},"
                   "\"sinks\":[{\"url\":\"redis://h\"}],\"tables\":[{\"table\":\"a.b\"},{}]}",
                   "tables[1].table: missing. ");
    assert_refused("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},"
                   "\"sinks\":[{\"url\":\"redis://h\"}],\"tables\":[]}",
                   "tables: expected an array of 1 to 10000 objects, got an array");
    assert_refused("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},"
                   "\"sinks\":[{\"url\":\"redis://h\"}],\"tables\":[7]}",
                   "tables[0]: expected an object");
    assert_refused("[]", "the configuration: expected an object");
}

static void all_mistakes_are_told_at_once(void **state)
{
    static const char *const want[] = {"strat: unknown key",     "pipeline: missing",
                                       "source.user: missing",   "source.port: expected",
                                       "sinks[0].url: expected", "tables[1].ttl: expected"};
    static const char text[] =
        "{\"strat\":\"now\",\"source\":{\"port\":0},\"sinks\":[{\"url\":\"x\"}],"
        "\"tables\":[{\"table\":\"a.b\"},{\"table\":\"a.c\",\"ttl\":0}]}";
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    (void)state;
    assert_int_equal(sl_config_parse("f", sl_span_make(text, strlen(text)), 0, &config, &errors),
                     SL_EINVAL);
    assert_null(config);
    assert_int_equal(errors.count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < errors.count; i++) {
        bool found = false;

        for (size_t j = 0; j < errors.count; j++) {
            found = found || strncmp(errors.items[j].text, want[i], strlen(want[i])) == 0;
        }
        assert_true(found);
        assert_int_equal(errors.items[i].status, SL_EINVAL);
    }
    sl_err_list_release(&errors);
}

static void more_mistakes_than_anybody_reads_are_only_counted(void **state)
{
    static char text[8192] = "{";
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    (void)state;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "\"zzzzzzz%d\":1%s", i,
                       i < 99 ? "," : "}");
    }
    assert_int_equal(sl_config_parse("f", sl_span_make(text, strlen(text)), 0, &config, &errors),
                     SL_EINVAL);
    assert_int_equal(errors.count, SL_ERR_LIST_MAX);
    assert_true(errors.dropped >= 50);
    sl_err_list_release(&errors);
}

static void what_this_version_cannot_do_says_so(void **state)
{
    (void)state;
    assert_refused(WITH_SINK("\"url\":\"redis+sentinel://a:1,b:2/m/0\""),
                   "sinks[0].url: redis+sentinel:// is not available in this version; ");
    assert_refused(WITH_SINK("\"url\":\"redis+cluster://a:1\""),
                   "sinks[0].url: redis+cluster:// is not available in this version; ");
}

static void an_address_to_listen_on_has_a_host_and_a_port(void **state)
{
    static const char *const bad[] = {"9464",         ":9464",      "127.0.0.1",   "127.0.0.1:0",
                                      "127.0.0.1:-1", "::1:9464",   "[]:9464",     "localhost:http",
                                      "[::1]",        "host:65536", "host:9464/x", "[::1:9464"};
    char text[128];

    (void)state;
    assert_refused(WITH_ROOT("\"http\":{}"), "http.listen: missing. ");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "\"http\":{\"listen\":\"%s\"}", bad[i]);
        assert_refused(WITH_ROOT("%s", text), "http.listen: expected HOST:PORT ");
    }
}

static void keys_that_do_nothing_for_a_kind_are_refused(void **state)
{
    static const char *const of_rows[][2] = {
        {"where", "\"id == 1\""},      {"rename", "{\"a\":\"b\"}"},
        {"mask", "{\"a\":\"null\"}"},  {"ttl", "5"},
        {"compress", "\"zstd\""},      {"compress", "\"none\""},
        {"on_error", "\"quarantine\""}};
    char want[128];

    (void)state;
    for (size_t i = 0; i < sizeof(of_rows) / sizeof(of_rows[0]); i++) {
        (void)snprintf(want, sizeof(want),
                       "tables[0].%s: an entry with value \"invalidate\" writes no rows; remove it",
                       of_rows[i][0]);
        assert_refused(
            WITH_TABLE("\"value\":\"invalidate\",\"%s\":%s", of_rows[i][0], of_rows[i][1]), want);
    }
    assert_refused(WITH_TABLE("\"value\":\"stream\",\"ttl\":5"),
                   "tables[0].ttl: an entry with value \"stream\" appends to a stream; remove it");
    assert_refused(WITH_TABLE("\"value\":\"stream\",\"compress\":\"zstd\""),
                   "tables[0].compress: an entry with value \"stream\" appends to a stream");
    assert_refused(WITH_TABLE("\"maxlen\":5"),
                   "tables[0].maxlen: only an entry with value \"stream\" has a stream; remove it");
    assert_refused(WITH_TABLE("\"value\":\"stream\",\"stream\":\"{pk}\""),
                   "tables[0].stream: the name of a stream is made of {db} and {table}; {pk} is");
    assert_refused(
        WITH_TABLE("\"redelete_ms\":5"),
        "tables[0].redelete_ms: only an entry with value \"invalidate\" removes keys once "
        "more; remove it");
}

static void compression_is_set_only_where_there_is_any(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"compress\":\"lz4\""),
                   "tables[0].compress: expected one of \"none\", \"zstd\", \"zstd-dict\"");
    assert_refused(WITH_TABLE("\"compress\":\"zstd\",\"compress_level\":20"),
                   "tables[0].compress_level: expected an integer from 1 to 19, got 20");
    assert_refused(WITH_TABLE("\"compress_level\":3"),
                   "tables[0].compress_level: nothing is compressed here; remove it");
    assert_refused(WITH_TABLE("\"compress\":\"none\",\"min_bytes\":\"1KiB\""),
                   "tables[0].min_bytes: nothing is compressed here; remove it");
}

static void a_start_that_is_no_position_is_refused(void **state)
{
    static const char *const bad[] = {"NOW",
                                      "mysql-bin.000001",
                                      "mysql-bin.000001:3",
                                      "mysql-bin:4",
                                      "/var/mysql-bin.000001:4",
                                      ":4",
                                      ".1:4x",
                                      "0-1",
                                      "0-1-100,",
                                      "0-1-1 00",
                                      "3e11fa47-71ca-11e1-9e33-c80aa9429562",
                                      "3e11fa47-71ca-11e1-9e33-c80aa9429562:",
                                      "3e11fa47-71ca-11e1-9e33-c80aa942956:1",
                                      "a.:5"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(WITH_ROOT("\"start\":\"%s\"", bad[i]),
                       "start: expected \"bootstrap\", \"now\", \"earliest\"");
    }
}

static void a_url_that_cannot_be_right_is_refused_without_showing_it(void **state)
{
    static const struct {
        const char *url;
        const char *want;
    } cases[] = {
        {"http://h", "expected redis://"},
        {"redis:/h", "expected redis://"},
        {"redis://", "expected a host name"},
        {"redis://:6379", "expected a host name"},
        {"redis://h h", "expected a host name"},
        {"redis://a:b:c", "expected a port"},
        {"redis://h:", "expected a port"},
        {"redis://h:0", "expected a port"},
        {"redis://h:65536", "expected a port"},
        {"redis://h/x", "expected the number of a database"},
        {"redis://h/1/2", "expected the number of a database"},
        {"redis://h/2147483648", "expected the number of a database"},
        {"redis://h?db=1", "expected nothing but a database"},
        {"redis://@h", "expected a user name"},
        {"redis://%zz@h", "expected a user name"},
        {"redis://%00@h", "expected a user name"},
        {"redis://%4", "expected a host name"},
        {"redis://[::1", "expected an IPv6 address"},
        {"redis://[zz]", "expected an IPv6 address"},
        {"redis://[::1]6379", "expected \":\" and a port"},
        {"redis+unix://run/r.sock", "expected an absolute path"},
        {"redis+unix:///", "expected an absolute path"},
        {"redis+unix:///run/r.sock?x=1", "expected nothing but \"?db=N\""},
        {"redis+unix:///run/r.sock?db=", "expected the number of a database"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char want[128];

        (void)snprintf(want, sizeof(want), "sinks[0].url: %s", cases[i].want);
        assert_refused(WITH_SINK("\"url\":\"%s\"", cases[i].url), want);
    }
}

static void names_that_would_break_a_key_are_refused(void **state)
{
    (void)state;
    assert_refused(WITH_ROOT("\"pipeline\":\"a{b}\""), "pipeline: expected letters, digits");
    assert_refused(WITH_SINK("\"name\":\"a b\""), "sinks[0].name: expected letters, digits");
}

static void table_patterns_and_key_templates_are_checked(void **state)
{
    static const char *const patterns[] = {"users", ".users", "shop.", "`a`.`b`"};
    static const char *const templates[] = {"{", "{}", "a{pk", "pk}", "{a{b}}", "{pk}}", "}{"};

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        assert_refused(WITH_TABLE("\"table\":\"%s\"", patterns[i]),
                       "tables[0].table: expected \"DATABASE.TABLE\"");
    }
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        assert_refused(WITH_TABLE("\"key\":\"%s\"", templates[i]),
                       "tables[0].key: a key template has ");
    }
    assert_refused(
        WITH_TABLE("\"key\":\"{table:/(//}:{pk}\""),
        "tables[0].key: a key template rewrites {table:/REGEX/REPLACEMENT/} by what cannot "
        "be used: missing closing");
    assert_refused(WITH_TABLE("\"key\":\"{db}:{table}:{{pk}}\""),
                   "tables[0].key: a key template is the same for every row");
    assert_refused(WITH_TABLE("\"columns\":[]"),
                   "tables[0].columns: expected an array of 1 to 4096 strings");
    assert_refused(WITH_TABLE("\"columns\":\"id\""),
                   "tables[0].columns: expected an array of 1 to 4096 strings, got \"id\"");
    assert_refused(WITH_TABLE("\"columns\":[1]"), "tables[0].columns: expected strings only");
    assert_refused(WITH_TABLE("\"columns\":[\"\"]"), "tables[0].columns: expected strings of 1 to");
}

static void regular_expressions_and_entries_that_skip_are_checked(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"table\":\"/shop.(/\""),
                   "tables[0].table: no regular expression: missing closing parenthesis");
    assert_refused(WITH_TABLE("\"table\":\"/shop\""),
                   "tables[0].table: a regular expression stands between two slashes");
    assert_refused(WITH_TABLE("\"skip\":1"), "tables[0].skip: expected true or false, got 1");
    assert_refused(WITH_TABLE("\"skip\":\"true\""),
                   "tables[0].skip: expected true or false, got \"true\"");
    assert_refused(WITH_TABLE("\"skip\":true"), "tables: every entry says \"skip\"");
    assert_refused(WITH_TABLE("\"table\":\"a.b\"},{\"table\":\"a.c\",\"ttl\":5,\"skip\":true"),
                   "tables[1].ttl: \"skip\" leaves the tables of this entry out");
}

static void a_where_that_is_no_expression_is_refused(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"where\":\"a = 1\""),
                   "tables[0].where: no Lua expression: ')' expected near '='");
    assert_refused(WITH_TABLE("\"where\":\"a ~=\""),
                   "tables[0].where: no Lua expression: unexpected symbol near ')'");
    assert_refused(WITH_TABLE("\"where\":\"\""),
                   "tables[0].where: expected a string of 1 to 4096 bytes");
    assert_refused(WITH_TABLE("\"on_error\":\"skip\""),
                   "tables[0].on_error: expected one of \"stop\", \"quarantine\", got \"skip\"");
}

static void renames_are_checked(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"rename\":{}"),
                   "tables[0].rename: expected an object of 1 to 4096 column names, got an object");
    assert_refused(WITH_TABLE("\"rename\":[\"a\"]"), "tables[0].rename: expected an object");
    assert_refused(WITH_TABLE("\"rename\":{\"a\":1}"),
                   "tables[0].rename: expected a name of 1 to 256 bytes for \"a\"");
    assert_refused(WITH_TABLE("\"rename\":{\"a\":\"\"}"), "tables[0].rename: expected a name of");
    assert_refused(WITH_TABLE("\"rename\":{\"\":\"a\"}"), "tables[0].rename: expected names of");
    assert_refused(WITH_TABLE("\"rename\":{\"a\":\"x\",\"b\":\"x\"}"),
                   "tables[0].rename: two columns get one name, \"b\" the second time");
    assert_refused(WITH_TABLE("\"rename\":{\"a\":\"x\",\"A\":\"y\"}"),
                   "tables[0].rename: \"A\" stands there twice; keep one");
}

static void masks_are_checked_and_their_keys_not_shown(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"mask\":{\"a\":\"nil\"}"),
                   "tables[0].mask: \"a\": expected \"null\", or an object with one of text,");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{}}"), "tables[0].mask: \"a\": expected \"null\"");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"text\":\"x\",\"last\":4}}"),
                   "tables[0].mask: \"a\": expected \"null\"");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"md5\":\"x\"}}"),
                   "tables[0].mask: \"a\": known here are text, sha256, sha256_file, last");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"text\":1}}"),
                   "tables[0].mask: \"a\": expected a string of at most 4096 bytes");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"last\":0}}"),
                   "tables[0].mask: \"a\": expected how many characters stay");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"last\":1.5}}"),
                   "tables[0].mask: \"a\": expected how many characters stay");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"sha256\":\"short\"}}"),
                   "tables[0].mask: \"a\": expected a key of 16 bytes or more");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"sha256\":\"\"}}"),
                   "tables[0].mask: \"a\": expected a key of 16 bytes or more");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"sha256\":1}}"),
                   "tables[0].mask: \"a\": expected the key as a string");
    assert_refused(WITH_TABLE("\"mask\":{\"a\":{\"sha256_file\":\"/no/such/file\"}}"),
                   "tables[0].mask: the file cannot be read");
    assert_secret_kept(WITH_TABLE("\"mask\":{\"a\":{\"sha256\":\"hush-hush\"}}"), "hush");
    assert_secret_kept(WITH_TABLE("\"mask\":\"hush-hush\""), "hush");
    assert_secret_kept(WITH_TABLE("\"mask\":{\"a\":\"hush-hush\"}"), "hush");
}

static void columns_are_chosen_in_one_way(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"columns\":[\"a\"],\"except\":[\"b\"]"),
                   "tables[0].except: columns says which ones to keep already; remove one");
    assert_refused(WITH_TABLE("\"except\":[]"),
                   "tables[0].except: expected an array of 1 to 4096 strings");
    assert_refused(WITH_TABLE("\"except\":[\"a\",\"A\"]"),
                   "tables[0].except: \"A\" stands there twice; keep one");
}

static void values_that_do_not_fit_each_other_are_refused(void **state)
{
    (void)state;
    assert_refused(WITH_ROOT("\"memory_limit\":\"64MiB\",\"batch_bytes\":\"2MiB\""),
                   "batch_bytes: 2097152 is more than a 64th of memory_limit (67108864)");
    assert_refused(WITH_ROOT("\"max_transaction_bytes\":\"64KiB\""),
                   "batch_bytes: 131072 is more than max_transaction_bytes (65536)");
    assert_refused(WITH_SOURCE("\"tls\":{\"cert\":\"c\"}"),
                   "source.tls: cert and key belong together, and key is missing");
    assert_refused(WITH_SOURCE("\"tls\":{\"mode\":\"verify_ca\"}"), "source.tls.ca: missing");
    assert_refused(WITH_SOURCE("\"tls\":{\"mode\":\"disabled\",\"ca\":\"c\"}"),
                   "source.tls.mode: \"disabled\" makes no use of ca");
    assert_refused(WITH_SINK("\"tls\":{\"mode\":\"required\"}"),
                   "sinks[0].tls: this url makes a connection without TLS; use rediss://");
    assert_refused(
        "{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},\"tables\":[{\"table\":\"a.b\"}],"
        "\"sinks\":[{\"url\":\"redis://h\"},{\"url\":\"redis://i\"}]}",
        "sinks[1].name: sinks[0] has the same name");
    assert_refused(
        "{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},\"tables\":[{\"table\":\"a.b\"}],"
        "\"sinks\":[{\"url\":\"redis://h/1\"},{\"name\":\"b\",\"url\":\"redis://h:6379/1\"}]}",
        "sinks[1].url: sinks[0] is the same database of the same Redis");
    assert_refused("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\",\"server_id\":4294967295},"
                   "\"tables\":[{\"table\":\"a.b\"}],"
                   "\"sinks\":[{\"url\":\"redis://h\"},{\"name\":\"b\",\"url\":\"redis://i\"}]}",
                   "source.server_id: the sinks count up from it");
    assert_refused(
        "{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},\"sinks\":[{\"url\":\"redis://h\"}],"
        "\"tables\":[{\"table\":\"a.b\"},{\"table\":\"a.b\"}]}",
        "tables[1].table: tables[0] has the same pattern");
}

static void a_refused_value_draws_no_second_sentence(void **state)
{
    (void)state;
    assert_refused(WITH_ROOT("\"max_transaction_bytes\":1"), "max_transaction_bytes: expected");
    assert_refused(WITH_ROOT("\"batch_bytes\":1"), "batch_bytes: expected");
    assert_refused(WITH_SOURCE("\"tls\":{\"mode\":\"x\",\"ca\":\"c\"}"),
                   "source.tls.mode: expected");
    assert_refused(WITH_SOURCE("\"tls\":{\"mode\":\"verify_ca\",\"ca\":\"\"}"),
                   "source.tls.ca: expected");
    assert_refused(WITH_SOURCE("\"tls\":{\"cert\":1,\"key\":\"k\"}"), "source.tls.cert: expected");
    assert_refused(WITH_SINK("\"url\":\"x\",\"tls\":{\"ca\":\"c\"}"), "sinks[0].url: expected");
}

static void an_unset_variable_is_named(void **state)
{
    (void)state;
    set_env("SLTEST_UNSET", NULL);
    assert_refused(WITH_SOURCE("\"host\":\"a${SLTEST_UNSET}\""),
                   "source.host: the environment variable SLTEST_UNSET is not set");
    assert_refused(WITH_TABLE("\"columns\":[\"${SLTEST_UNSET}\"]"),
                   "tables[0].columns: the environment variable SLTEST_UNSET is not set");
    assert_refused(WITH_SOURCE("\"host\":\"${}\""), "source.host: \"${\" must be followed by");
    assert_refused(WITH_SOURCE("\"host\":\"${A B}\""), "source.host: \"${\" must be followed by");
    assert_refused(WITH_SOURCE("\"host\":\"${A\""), "source.host: \"${\" must be followed by");
}

static void an_expanded_number_is_checked_as_a_number(void **state)
{
    (void)state;
    set_env("SLTEST_PORT", "70000");
    assert_refused(WITH_SOURCE("\"port\":\"${SLTEST_PORT}\""),
                   "source.port: expected an integer from 1 to 65535, got \"${SLTEST_PORT}\"");
    set_env("SLTEST_PORT", "x");
    assert_refused(WITH_SOURCE("\"port\":\"${SLTEST_PORT}\""),
                   "source.port: expected an integer from 1 to 65535, got \"${SLTEST_PORT}\"");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    (void)state;
    assert_int_equal(sl_config_load("/nonexistent/sluice.json", &config, &errors), SL_EIO);
    assert_int_equal(sl_config_load("/", &config, &errors), SL_EIO);
    assert_null(config);
    assert_int_equal(errors.count, 2);
    assert_non_null(
        strstr(errors.items[0].text, "/nonexistent/sluice.json: cannot be read: No such"));
    sl_err_list_release(&errors);
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
    char path[] = "/tmp/sluice-test-config-XXXXXX";
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SL_CONFIG_MAX_BYTES + 1), 0);
    assert_int_equal(sl_config_load(path, &config, &errors), SL_EINVAL);
    assert_non_null(strstr(errors.items[0].text, "larger than 4 MiB"));
    assert_int_equal(close(fd) + unlink(path), 0);
    sl_err_list_release(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_value_is_named_with_what_was_expected),
        cmocka_unit_test(an_index_that_could_not_work_is_refused),
        cmocka_unit_test(a_long_value_is_shown_cut),
        cmocka_unit_test(sizes_are_integers_or_have_a_binary_unit),
        cmocka_unit_test(an_unknown_key_brings_the_nearest_one),
        cmocka_unit_test(a_key_given_twice_is_refused),
        cmocka_unit_test(a_missing_required_key_is_named),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(more_mistakes_than_anybody_reads_are_only_counted),
        cmocka_unit_test(what_this_version_cannot_do_says_so),
        cmocka_unit_test(an_address_to_listen_on_has_a_host_and_a_port),
        cmocka_unit_test(keys_that_do_nothing_for_a_kind_are_refused),
        cmocka_unit_test(compression_is_set_only_where_there_is_any),
        cmocka_unit_test(a_start_that_is_no_position_is_refused),
        cmocka_unit_test(a_url_that_cannot_be_right_is_refused_without_showing_it),
        cmocka_unit_test(names_that_would_break_a_key_are_refused),
        cmocka_unit_test(table_patterns_and_key_templates_are_checked),
        cmocka_unit_test(regular_expressions_and_entries_that_skip_are_checked),
        cmocka_unit_test(a_where_that_is_no_expression_is_refused),
        cmocka_unit_test(renames_are_checked),
        cmocka_unit_test(masks_are_checked_and_their_keys_not_shown),
        cmocka_unit_test(columns_are_chosen_in_one_way),
        cmocka_unit_test(values_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(a_refused_value_draws_no_second_sentence),
        cmocka_unit_test(an_unset_variable_is_named),
        cmocka_unit_test(an_expanded_number_is_checked_as_a_number),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_file_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests_name("config_errors", tests, NULL, NULL);
}
