/* What a Redis says about itself is judged, with the command that mends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sinks/redis_check.h"
#include "sinks/redis_client.h"

struct seen {
    const char *topic; /* wanted; the last line of it is kept */
    int level;         /* -1: no such line */
    int worst;
    char text[512];
    char fix[512];
};

static void look(void *user, const struct sl_check_line *line)
{
    struct seen *seen = user;

    seen->worst = (int)line->level > seen->worst ? (int)line->level : seen->worst;
    if (strcmp(line->topic, seen->topic) == 0) {
        seen->level = (int)line->level;
        (void)snprintf(seen->text, sizeof(seen->text), "%s", line->text);
        (void)snprintf(seen->fix, sizeof(seen->fix), "%s", line->fix);
    }
}

static struct seen judge(const struct sl_redis_facts *facts, const char *topic)
{
    struct seen seen = {.topic = topic, .level = -1};

    sl_redis_check(facts, look, &seen);
    return seen;
}

static struct sl_redis_facts good(void)
{
    return (struct sl_redis_facts){
        .version = 70015,
        .version_text = "7.0.15",
        .mode = "standalone",
        .role = "master",
        .policy = "noeviction",
        .has_persistence = true,
        .aof_is_on = true,
        .has_error_stats = true,
        .user = "sluice",
        .pipeline = "shop",
    };
}

static void a_server_that_is_set_up_well_draws_no_warning(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    assert_int_equal(judge(&facts, "").worst, SL_CHECK_OK);
    assert_int_equal(judge(&facts, "redis_acl").level, SL_CHECK_OK);
}

static void versions_below_the_oldest_that_is_supported_fail(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    facts.version = sl_redis_version("6.2.0");
    assert_int_equal(judge(&facts, "redis_version").level, SL_CHECK_OK);
    facts.version = sl_redis_version("6.0.16");
    assert_int_equal(judge(&facts, "redis_version").level, SL_CHECK_FAIL);
    facts.is_valkey = true;
    facts.version = sl_redis_version("7.2.4");
    assert_int_equal(judge(&facts, "redis_version").level, SL_CHECK_OK);
    facts.version = 0;
    assert_int_equal(judge(&facts, "redis_version").level, SL_CHECK_WARN);
}

static void version_texts_are_read(void **state)
{
    (void)state;
    assert_int_equal(sl_redis_version("7.0.15"), 70015);
    assert_int_equal(sl_redis_version("8.0.6-rc1"), 80006);
    assert_int_equal(sl_redis_version("255.255.255"), 0);
    assert_int_equal(sl_redis_version("7.0"), 0);
    assert_int_equal(sl_redis_version("7"), 0);
    assert_int_equal(sl_redis_version(""), 0);
    assert_int_equal(sl_redis_version("unstable"), 0);
}

static void what_cannot_be_written_to_fails(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    strcpy(facts.mode, "cluster");
    assert_int_equal(judge(&facts, "redis_mode").level, SL_CHECK_FAIL);
    strcpy(facts.mode, "sentinel");
    assert_int_equal(judge(&facts, "redis_mode").level, SL_CHECK_FAIL);
    facts = good();
    strcpy(facts.role, "slave");
    assert_int_equal(judge(&facts, "redis_role").level, SL_CHECK_FAIL);
    assert_int_equal(judge(&facts, "redis_acl").level, -1); /* was not tried */
}

static void a_lowered_limit_of_values_warns(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    assert_int_equal(judge(&facts, "proto-max-bulk-len").level, -1); /* not known */
    facts.value_limit = 512 * 1024 * 1024;
    assert_int_equal(judge(&facts, "proto-max-bulk-len").level, -1);
    facts.value_limit--;
    assert_int_equal(judge(&facts, "proto-max-bulk-len").level, SL_CHECK_WARN);
}

static void a_policy_that_can_evict_warns(void **state)
{
    static const char *const policies[] = {"allkeys-lru", "allkeys-random", "volatile-ttl", "new",
                                           ""};
    struct sl_redis_facts facts = good();

    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        strcpy(facts.policy, policies[i]);
        assert_int_equal(judge(&facts, "maxmemory-policy").level, SL_CHECK_WARN);
    }
    assert_non_null(strstr(judge(&facts, "maxmemory-policy").text, "not known"));
}

static void persistence_is_judged_by_what_is_known(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    facts.aof_is_on = false;
    assert_int_equal(judge(&facts, "redis_persistence").level, SL_CHECK_OK); /* may be saved */
    facts.has_save = true;
    assert_int_equal(judge(&facts, "redis_persistence").level, SL_CHECK_WARN);
    facts.save_is_on = true;
    assert_int_equal(judge(&facts, "redis_persistence").level, SL_CHECK_OK);
    facts.save_failed = true;
    assert_int_equal(judge(&facts, "redis_persistence").level, SL_CHECK_WARN);
    facts.has_persistence = false;
    assert_int_equal(judge(&facts, "redis_persistence").level, -1);
}

static void a_refused_command_fails_with_the_grant_that_it_needs(void **state)
{
    struct sl_redis_facts facts = good();
    struct seen seen;

    (void)state;
    facts.denial_count = 1;
    facts.denials[0] = (struct sl_redis_denial){
        "HSET", "NOPERM User sluice has no permissions to run the 'hset' command"};
    seen = judge(&facts, "redis_acl");
    assert_int_equal(seen.level, SL_CHECK_FAIL);
    assert_string_equal(seen.fix, "ACL SETUSER sluice +HSET");
    facts.denials[0] = (struct sl_redis_denial){"HSET", "NOPERM No permissions to access a key"};
    facts.user = NULL;
    seen = judge(&facts, "redis_acl");
    assert_non_null(strstr(seen.fix, "ACL SETUSER default ~sluice:{shop}:*"));
    facts.denials[0] = (struct sl_redis_denial){"HSET", "OOM command not allowed"};
    seen = judge(&facts, "redis_acl");
    assert_int_equal(seen.level, SL_CHECK_FAIL);
    assert_string_equal(seen.fix, "");
}

static void the_pipelines_keys_are_told(void **state)
{
    struct sl_redis_facts facts = good();

    (void)state;
    assert_non_null(strstr(judge(&facts, "checkpoint").text, "no checkpoint yet"));
    facts.status.has_checkpoint = true;
    strcpy(facts.status.position.file, "binlog.000007");
    facts.status.position.offset = 42;
    assert_non_null(strstr(judge(&facts, "checkpoint").text, "binlog.000007:42"));
    facts.status.has_lease = true;
    facts.status.lease_left_ms = 5000;
    strcpy(facts.status.holder, "somebody");
    assert_non_null(strstr(judge(&facts, "lease").text, "somebody writes"));
    facts.status.lease_left_ms = -1;
    assert_int_equal(judge(&facts, "lease").level, SL_CHECK_FAIL);
    strcpy(facts.status_error, "not a checkpoint of ours");
    assert_int_equal(judge(&facts, "checkpoint").level, SL_CHECK_FAIL);
    assert_int_equal(judge(&facts, "lease").level, -1);
}

static void lines_of_info_are_found_by_their_whole_name(void **state)
{
    const char *info =
        "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nx_role:no\r\nempty:\r\nlast:1";
    char value[8];

    (void)state;
    assert_true(sl_redis_info(info, "role", value, sizeof(value)));
    assert_string_equal(value, "master");
    assert_true(sl_redis_info(info, "last", value, sizeof(value)));
    assert_string_equal(value, "1");
    assert_true(sl_redis_info(info, "redis_version", value, 4));
    assert_string_equal(value, "7.0");
    assert_false(sl_redis_info(info, "version", value, sizeof(value)));
    assert_false(sl_redis_info(info, "las", value, sizeof(value)));
    assert_false(sl_redis_info("", "role", value, sizeof(value)));
    assert_true(sl_redis_info(info, "empty", value, sizeof(value)));
    assert_string_equal(value, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_set_up_well_draws_no_warning),
        cmocka_unit_test(versions_below_the_oldest_that_is_supported_fail),
        cmocka_unit_test(version_texts_are_read),
        cmocka_unit_test(what_cannot_be_written_to_fails),
        cmocka_unit_test(a_lowered_limit_of_values_warns),
        cmocka_unit_test(a_policy_that_can_evict_warns),
        cmocka_unit_test(persistence_is_judged_by_what_is_known),
        cmocka_unit_test(a_refused_command_fails_with_the_grant_that_it_needs),
        cmocka_unit_test(the_pipelines_keys_are_told),
        cmocka_unit_test(lines_of_info_are_found_by_their_whole_name),
    };

    return cmocka_run_group_tests_name("redis check", tests, NULL, NULL);
}
