#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "tests/unit/config_help.h"

static void defaults_fill_what_the_file_leaves_out(void **state)
{
    struct sl_config *config = accepted(MINIMAL);

    (void)state;
    assert_string_equal(config->pipeline.name, "shop");
    assert_int_equal(config->pipeline.start.kind, SL_START_NOW);
    assert_null(config->pipeline.start.position);
    assert_int_equal(config->pipeline.on_gap, SL_GAP_BOOTSTRAP);
    assert_true(config->pipeline.start.loads);
    assert_int_equal(config->pipeline.snapshot.parallel, 2);
    assert_int_equal(config->pipeline.snapshot.chunk_ms, 500);
    assert_int_equal(config->pipeline.snapshot.max_threads_running, 25);
    assert_int_equal(config->pipeline.snapshot.max_lag_s, 10);
    assert_int_equal(config->pipeline.snapshot.rate, 0);
    assert_int_equal(config->pipeline.memory_limit_bytes, 256 << 20);
    assert_int_equal(config->pipeline.max_transaction_bytes, 64 << 20);
    assert_int_equal(config->pipeline.batch_bytes, 128 << 10);
    assert_int_equal(config->pipeline.lease_ms, 10000);
    assert_string_equal(config->source.host, "127.0.0.1");
    assert_int_equal(config->source.port, 3306);
    assert_string_equal(config->source.user, "u");
    assert_null(config->source.password);
    assert_int_equal(config->source.heartbeat_ms, 1000);
    assert_int_equal(config->source.connect_timeout_ms, 10000);
    assert_int_equal(config->source.tls.mode, SL_TLS_PREFERRED);
    assert_null(config->source.tls.ca);
    assert_true(config->source.server_id >= 1001);
    assert_int_equal(config->sink_count, 1);
    assert_string_equal(config->sinks[0].name, "main");
    assert_int_equal(config->sinks[0].scheme, SL_REDIS_TCP);
    assert_string_equal(config->sinks[0].host, "r");
    assert_int_equal(config->sinks[0].port, 6379);
    assert_int_equal(config->sinks[0].connect_timeout_ms, 5000);
    assert_int_equal(config->sinks[0].tls.mode, SL_TLS_DISABLED);
    assert_int_equal(config->table_count, 1);
    assert_string_equal(config->tables[0].key_template, "{db}:{table}:{pk}");
    assert_int_equal(config->tables[0].value, SL_VALUE_HASH);
    assert_null(config->tables[0].columns);
    assert_int_equal(config->tables[0].ttl_s, 0);
    assert_int_equal(config->log.level, SL_LOG_INFO);
    assert_int_equal(config->log.format, SL_LOG_LOGFMT);
    assert_int_equal(config->warnings.count, 0);
    sl_config_free(config);
}

static void check_pipeline(const struct sl_config *config)
{
    assert_string_equal(config->pipeline.name, "p.1-_");
    assert_int_equal(config->pipeline.start.kind, SL_START_EARLIEST);
    assert_false(config->pipeline.start.loads);
    assert_int_equal(config->pipeline.on_gap, SL_GAP_STOP);
    assert_int_equal(config->pipeline.snapshot.parallel, 16);
    assert_int_equal(config->pipeline.snapshot.chunk_ms, 10);
    assert_int_equal(config->pipeline.snapshot.max_threads_running, 0);
    assert_int_equal(config->pipeline.snapshot.max_lag_s, 86400);
    assert_int_equal(config->pipeline.snapshot.rate, 1000000000);
    assert_int_equal(config->pipeline.memory_limit_bytes, 1 << 30);
    assert_int_equal(config->pipeline.max_transaction_bytes, 1 << 20);
    assert_int_equal(config->pipeline.batch_bytes, 64 << 10);
    assert_int_equal(config->pipeline.lease_ms, 2000);
}

static void check_source(const struct sl_config *config)
{
    assert_string_equal(config->source.host, "db");
    assert_int_equal(config->source.port, 3307);
    assert_string_equal(config->source.password, "pw");
    assert_true(config->source.server_id == UINT32_C(4294967290));
    assert_true(sl_config_server_id(config, 1) == UINT32_C(4294967291));
    assert_int_equal(config->source.heartbeat_ms, 500);
    assert_int_equal(config->source.connect_timeout_ms, 700);
    assert_int_equal(config->source.tls.mode, SL_TLS_VERIFY_CA);
    assert_string_equal(config->source.tls.ca, "a");
    assert_string_equal(config->source.tls.cert, "b");
    assert_string_equal(config->source.tls.key, "c");
}

static void check_sinks(const struct sl_config *config)
{
    assert_int_equal(config->sink_count, 2);
    assert_int_equal(config->sinks[0].scheme, SL_REDIS_TLS);
    assert_string_equal(config->sinks[0].user, "user");
    assert_string_equal(config->sinks[0].host, "::1");
    assert_int_equal(config->sinks[0].port, 7000);
    assert_int_equal(config->sinks[0].db, 3);
    assert_string_equal(config->sinks[0].password, "rpw");
    assert_int_equal(config->sinks[0].connect_timeout_ms, 900);
    assert_int_equal(config->sinks[0].tls.mode, SL_TLS_REQUIRED);
    assert_string_equal(config->sinks[0].tls.ca, "d");
    assert_string_equal(config->sinks[0].tls.cert, "e");
    assert_string_equal(config->sinks[0].tls.key, "f");
    assert_int_equal(config->sinks[1].scheme, SL_REDIS_UNIX);
    assert_null(config->sinks[1].host);
    assert_string_equal(config->sinks[1].unix_path, "/run/r.sock");
    assert_int_equal(config->sinks[1].db, 2);
}

static void check_rule(const struct sl_table_rule *rule)
{
    assert_string_equal(rule->pattern, "shop.order_*");
    assert_string_equal(rule->db_pattern, "shop");
    assert_string_equal(rule->table_pattern, "order_*");
    assert_string_equal(rule->key_template, "{{o}}:{id}");
    assert_int_equal(rule->value, SL_VALUE_JSON);
    assert_int_equal(rule->column_count, 2);
    assert_string_equal(rule->columns[0], "id");
    assert_string_equal(rule->columns[1], "total");
    assert_int_equal(rule->rename_count, 2);
    assert_string_equal(rule->renames[0].column, "id");
    assert_string_equal(rule->renames[0].name, "n");
    assert_string_equal(rule->renames[1].column, "total");
    assert_string_equal(rule->renames[1].name, "id");
    assert_int_equal(rule->ttl_s, 86400);
    assert_int_equal(rule->ttl_jitter_s, 3600);
    assert_string_equal(rule->where, "id ~= 1");
    assert_int_equal(rule->on_error, SL_RULE_QUARANTINE);
}

static void every_key_reaches_its_option(void **state)
{
    struct sl_config *config = accepted(
        "{\"pipeline\":\"p.1-_\",\"start\":\"earliest\",\"on_gap\":\"stop\",\"memory_limit\":"
        "\"1GiB\","
        "\"max_transaction_bytes\":1048576,\"batch_bytes\":\"64KiB\",\"lease_ms\":2000,"
        "\"snapshot\":{\"parallel\":16,\"chunk_ms\":10,\"max_threads_running\":0,"
        "\"max_lag_seconds\":86400,\"rate\":1000000000},"
        "\"source\":{\"host\":\"db\",\"port\":3307,\"user\":\"sluice\",\"password\":\"pw\","
        "\"server_id\":4294967290,\"heartbeat_ms\":500,\"connect_timeout_ms\":700,"
        "\"tls\":{\"mode\":\"verify_ca\",\"ca\":\"a\",\"cert\":\"b\",\"key\":\"c\"}},"
        "\"sinks\":[{\"name\":\"x\",\"url\":\"rediss://us%65r@[::1]:7000/3\",\"password\":\"rpw\","
        "\"connect_timeout_ms\":900,\"tls\":{\"mode\":\"required\",\"ca\":\"d\",\"cert\":\"e\","
        "\"key\":\"f\"}},{\"name\":\"y\",\"url\":\"redis+unix:///run/r.sock?db=2\"}],"
        "\"tables\":[{\"table\":\"shop.order_*\",\"key\":\"{{o}}:{id}\",\"value\":\"json\","
        "\"columns\":[\"id\",\"total\"],\"rename\":{\"id\":\"n\",\"total\":\"id\"},\"where\":\"id "
        "~= "
        "1\",\"on_error\":\"quarantine\",\"ttl\":86400,\"ttl_jitter\":3600,"
        "\"compress\":\"none\"}],"
        "\"log\":{\"level\":\"debug\",\"format\":\"json\",\"levels\":{\"sink\":\"error\"}}}");

    (void)state;
    check_pipeline(config);
    check_source(config);
    check_sinks(config);
    check_rule(&config->tables[0]);
    assert_int_equal(config->log.level, SL_LOG_DEBUG);
    assert_int_equal(config->log.format, SL_LOG_JSON);
    assert_int_equal(config->log.levels[SL_LOG_OF_SINK], SL_LOG_ERROR + 1);
    assert_int_equal(config->log.levels[SL_LOG_OF_SOURCE], 0);
    sl_config_free(config);
}

static void tables_are_chosen_by_regex_and_left_out(void **state)
{
    struct sl_config *config;

    (void)state;
    set_env("SLUICE_TEST_SKIP", "true");
    config = accepted("{\"pipeline\":\"p\",\"source\":{\"user\":\"u\"},\"sinks\":[{\"url\":"
                      "\"redis://r\"}],\"tables\":[{\"table\":\"shop.*_log\",\"skip\":true},"
                      "{\"table\":\"/shop\\\\.[a-z]+$/\",\"skip\":false,\"ttl\":5},"
                      "{\"table\":\"b.c\",\"skip\":\"${SLUICE_TEST_SKIP}\"}]}");
    assert_true(config->tables[0].skip);
    assert_null(config->tables[0].regex);
    assert_false(config->tables[1].skip);
    assert_non_null(config->tables[1].regex);
    assert_string_equal(config->tables[1].pattern, "/shop\\.[a-z]+$/");
    assert_string_equal(config->tables[1].db_pattern, "*");
    assert_string_equal(config->tables[1].table_pattern, "*");
    assert_true(config->tables[2].skip);
    sl_config_free(config);
    set_env("SLUICE_TEST_SKIP", NULL);
}

static void indexes_are_templates_of_keys_and_of_what_they_hold(void **state)
{
    struct sl_config *config =
        accepted(WITH_TABLE("\"index\":{\"by:{mail}\":\"{id}\",\"By:{mail}\":\"1\","
                            "\"all\":{\"set\":\"{db}.{id}\"}}"));
    const struct sl_row_index *indexes = config->tables[0].indexes;

    (void)state;
    assert_int_equal(config->tables[0].index_count, 3);
    assert_string_equal(indexes[0].key, "by:{mail}");
    assert_string_equal(indexes[0].value, "{id}");
    assert_false(indexes[0].is_set);
    assert_string_equal(indexes[2].key, "all");
    assert_string_equal(indexes[2].value, "{db}.{id}");
    assert_true(indexes[2].is_set);
    sl_config_free(config);
}

static void masks_hold_what_they_show_and_keys_come_from_anywhere(void **state)
{
    const struct sl_column_mask *masks;
    struct sl_config *config;
    char path[] = "/tmp/sluice-mask-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "from a file, long\n", 18), 18);
    assert_int_equal(close(fd), 0);
    set_env("SLUICE_TEST_KEY", "from the environment");
    config = accepted(
        WITH_TABLE("\"mask\":{\"a\":\"null\",\"b\":{\"text\":\"\"},\"c\":{\"last\":4},"
                   "\"d\":{\"sha256\":\"${SLUICE_TEST_KEY}\"},\"e\":{\"sha256_file\":\"%s\"}}",
                   path));
    masks = config->tables[0].masks;
    assert_int_equal(config->tables[0].mask_count, 5);
    assert_string_equal(masks[0].column, "a");
    assert_int_equal(masks[0].kind, SL_MASK_NULL);
    assert_int_equal(masks[1].kind, SL_MASK_TEXT);
    assert_string_equal(masks[1].text, "");
    assert_int_equal(masks[2].kind, SL_MASK_LAST);
    assert_int_equal(masks[2].last, 4);
    assert_int_equal(masks[3].kind, SL_MASK_SHA256);
    assert_string_equal(masks[3].text, "from the environment");
    assert_int_equal(masks[4].kind, SL_MASK_SHA256);
    assert_string_equal(masks[4].text, "from a file, long");
    sl_config_free(config);
    assert_int_equal(unlink(path), 0);
    set_env("SLUICE_TEST_KEY", NULL);
}

static void comments_are_spaces_but_not_inside_strings(void **state)
{
    struct sl_config *config = accepted("\xef\xbb\xbf// first \"line\n" WHOLE(
        "\"pipeline\":\"s\" /* ** / \" */,", "/**/\"url\":\"redis://h/\"") "// last");

    (void)state;
    sl_config_free(config);
}

static void urls_say_host_port_user_and_database(void **state)
{
    static const struct {
        const char *url;
        const char *host;
        const char *user;
        int port;
        unsigned db;
    } cases[] = {
        {"redis://h", "h", NULL, 6379, 0},
        {"redis://h/", "h", NULL, 6379, 0},
        {"redis://h:1/15", "h", NULL, 1, 15},
        {"redis://a@b@h", "h", "a@b", 6379, 0},
        {"rediss://a%40b@h:65535", "h", "a@b", 65535, 0},
        {"redis://[fe80::1]/1", "fe80::1", NULL, 6379, 1},
        {"redis://10.0.0.1:6380", "10.0.0.1", NULL, 6380, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sl_config *config = accepted(WITH_SINK("\"url\":\"%s\"", cases[i].url));

        assert_string_equal(config->sinks[0].host, cases[i].host);
        assert_int_equal(config->sinks[0].port, cases[i].port);
        assert_int_equal(config->sinks[0].db, cases[i].db);
        if (cases[i].user == NULL) {
            assert_null(config->sinks[0].user);
        } else {
            assert_string_equal(config->sinks[0].user, cases[i].user);
        }
        sl_config_free(config);
    }
}

static void tls_sinks_verify_the_server_unless_told_otherwise(void **state)
{
    struct sl_config *config = accepted(WITH_SINK("\"url\":\"%s\"", "rediss://h"));

    (void)state;
    assert_int_equal(config->sinks[0].tls.mode, SL_TLS_VERIFY_IDENTITY);
    sl_config_free(config);
}

static void start_takes_positions_of_either_server(void **state)
{
    static const char *const positions[] = {
        "mysql-bin.000042:4",
        "a:b.1:18446744073",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:23",
        "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:7,4e11fa47-71ca-11e1-9e33-c80aa9429562:tag:1-9",
        "0-1-100",
        "0-1-100,1-1-42",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        struct sl_config *config = accepted(WITH_ROOT("\"start\":\"%s\"", positions[i]));

        assert_int_equal(config->pipeline.start.kind, SL_START_AT);
        assert_string_equal(config->pipeline.start.position, positions[i]);
        sl_config_free(config);
    }
}

static void any_string_may_hold_environment_variables(void **state)
{
    struct sl_config *config;

    (void)state;
    set_env("SLTEST_HOST", "db.example");
    set_env("SLTEST_PORT", "3310");
    config = accepted(
        WITH_SOURCE("\"host\":\"%s\",\"port\":\"${SLTEST_PORT}\"", "a-${SLTEST_HOST}$${x}$y"));
    assert_string_equal(config->source.host, "a-db.example${x}$y");
    assert_int_equal(config->source.port, 3310);
    sl_config_free(config);
}

static void server_ids_differ_by_host_pipeline_and_sink(void **state)
{
    uint32_t id = sl_config_derive_server_id("host", "shop", "main");

    (void)state;
    assert_true(id >= 1001);
    assert_true(id == sl_config_derive_server_id("host", "shop", "main"));
    assert_true(id != sl_config_derive_server_id("host2", "shop", "main"));
    assert_true(id != sl_config_derive_server_id("host", "shop2", "main"));
    assert_true(id != sl_config_derive_server_id("host", "shop", "main2"));
    assert_true(id != sl_config_derive_server_id("shop", "host", "main"));
}

static void sinks_may_be_absent_for_commands_without_redis(void **state)
{
    static const char text[] =
        "{\"pipeline\":\"s\",\"source\":{\"user\":\"u\"},\"tables\":[{\"table\":\"a.b\"}]}";
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    (void)state;
    assert_refused(text, "sinks: missing. ");
    assert_int_equal(sl_config_parse("f", sl_span_make(text, strlen(text)),
                                     SL_CONFIG_SINKS_OPTIONAL, &config, &errors),
                     SL_OK);
    assert_int_equal(config->sink_count, 0);
    assert_true(sl_config_server_id(config, 0) >= 1001);
    sl_config_free(config);
    sl_config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_the_file_leaves_out),
        cmocka_unit_test(every_key_reaches_its_option),
        cmocka_unit_test(tables_are_chosen_by_regex_and_left_out),
        cmocka_unit_test(indexes_are_templates_of_keys_and_of_what_they_hold),
        cmocka_unit_test(masks_hold_what_they_show_and_keys_come_from_anywhere),
        cmocka_unit_test(comments_are_spaces_but_not_inside_strings),
        cmocka_unit_test(urls_say_host_port_user_and_database),
        cmocka_unit_test(tls_sinks_verify_the_server_unless_told_otherwise),
        cmocka_unit_test(start_takes_positions_of_either_server),
        cmocka_unit_test(any_string_may_hold_environment_variables),
        cmocka_unit_test(server_ids_differ_by_host_pipeline_and_sink),
        cmocka_unit_test(sinks_may_be_absent_for_commands_without_redis),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
