/* What a snapshot reads from a private Redis. */
#include "tests/support/check.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "sinks/load_store.h"
#include "tests/support/redis_server.h"

static struct sl_test_redis redis;
static struct sl_redis_options options;
static struct sl_load_store *store;

static int start(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    sl_test_redis_start(&redis);
    options = (struct sl_redis_options){.scheme = SL_REDIS_TCP,
                                        .host = "127.0.0.1",
                                        .port = redis.port,
                                        .connect_timeout_ms = 5000};
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sl_test_redis_stop(&redis);
    return 0;
}

static int make(void **state)
{
    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    store = sl_redis_load_store_new(&options, "shop");
    assert_non_null(store);
    return 0;
}

static int release(void **state)
{
    (void)state;
    store->ops->free(store);
    return 0;
}

struct seen {
    char text[512];
    unsigned count;
    int answer; /* of the function */
};

static int see_field(void *user, struct sl_span name, struct sl_span value)
{
    struct seen *seen = user;
    size_t len = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + len, sizeof(seen->text) - len, "%.*s=%.*s;", (int)name.len,
                   (const char *)name.data, (int)value.len, (const char *)value.data);
    return seen->answer;
}

static int see_key(void *user, struct sl_span key)
{
    struct seen *seen = user;

    (void)key;
    seen->count++;
    return seen->answer;
}

static void states_and_requests_are_the_fields_of_their_hashes(void **state)
{
    struct seen states = {.text = ""};
    struct seen requests = {.text = ""};
    struct seen rules = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    assert_string_equal(store->rules_key, "sluice:{shop}:rules");
    assert_string_equal(store->state_key, "sluice:{shop}:bootstrap");
    assert_string_equal(store->requests_key, "sluice:{shop}:requests");
    sl_test_redis_do(&redis, "HSET sluice:{shop}:bootstrap shop.users one");
    sl_test_redis_do(&redis, "HSET sluice:{shop}:requests 17 two 18 three");
    assert_ok(store->ops->states(store, see_field, &states, &err), &err);
    assert_ok(store->ops->requests(store, see_field, &requests, &err), &err);
    assert_string_equal(states.text, "shop.users=one;");
    assert_string_equal(requests.text, "17=two;18=three;");
    sl_test_redis_do(&redis, "HSET sluice:{shop}:rules shop.users four");
    assert_ok(store->ops->rules(store, see_field, &rules, &err), &err);
    assert_string_equal(rules.text, "shop.users=four;");
}

static void notes_come_in_steps(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};
    uint64_t cursor = 0;
    unsigned steps = 0;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        sl_test_redis_do(&redis, "HSET sluice:{shop}:rereads shop.t_%d id=%d", i, i);
    }
    do {
        assert_ok(store->ops->rereads(store, &cursor, see_field, &seen, &err), &err);
        steps++;
    } while (cursor != 0);
    assert_int_equal(seen.count, 5000);
    assert_true(steps > 1);
    sl_test_redis_do(&redis, "DEL sluice:{shop}:rereads");
    assert_ok(store->ops->rereads(store, &cursor, see_field, &seen, &err), &err);
    assert_int_equal(seen.count + (unsigned)cursor, 5000);
}

static void keys_that_are_due_come_by_their_time(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "ZADD sluice:{shop}:redelete 1700000000003 c 1700000000001 a "
                             "1700000000002 b 1700000000004 d");
    assert_ok(store->ops->due(store, 1700000000003, 2, see_field, &seen, &err), &err);
    assert_string_equal(seen.text, "a=1700000000001;b=1700000000002;");
    seen = (struct seen){.text = ""};
    assert_ok(store->ops->due(store, 1700000000003, 0, see_field, &seen, &err), &err);
    assert_string_equal(seen.text, "a=1700000000001;b=1700000000002;c=1700000000003;");
}

static void without_the_hash_there_is_no_field(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    assert_ok(store->ops->states(store, see_field, &seen, &err), &err);
    assert_int_equal(seen.count, 0);
}

static void what_the_function_returns_ends_the_reading(void **state)
{
    struct seen seen = {.answer = SL_ENOMEM};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "HSET sluice:{shop}:bootstrap a 1 b 2");
    assert_int_equal(store->ops->states(store, see_field, &seen, &err), SL_ENOMEM);
    assert_int_equal(seen.count, 1);
}

static void a_key_of_another_kind_is_an_error_of_the_sink(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "SET sluice:{shop}:bootstrap mine");
    assert_int_equal(store->ops->states(store, see_field, &seen, &err), SL_ESINK);
    assert_non_null(strstr(err.text, "WRONGTYPE"));
    assert_non_null(strstr(err.text, "redis://127.0.0.1"));
}

static bool ends_in_7(const struct sl_key_pattern *pattern, struct sl_span key)
{
    (void)pattern;
    return key.len > 0 && key.data[key.len - 1] == '7';
}

static void a_scan_finds_what_the_pattern_matches_and_the_glob_allows(void **state)
{
    const struct sl_key_pattern pattern = {.glob = "row:*", .matches = ends_in_7};
    struct seen seen = {.text = ""};
    struct sl_err err = {0};
    uint64_t cursor = 0;
    unsigned steps = 0;

    (void)state;
    sl_test_redis_do(&redis, "MSET other:7 1 row:8 1");
    for (int i = 0; i < 5000; i++) {
        sl_test_redis_do(&redis, "SET row:%d x", i * 10 + 7);
    }
    do {
        assert_ok(store->ops->scan(store, &pattern, &cursor, see_key, &seen, &err), &err);
        steps++;
    } while (cursor != 0);
    assert_int_equal(seen.count, 5000);
    assert_true(steps > 1);
}

static void members_of_a_set_are_found_and_what_is_no_set_has_none(void **state)
{
    static const char *const nothing[] = {"no set", "not there"};
    const struct sl_span set = sl_span_make("a\0\r\nb", 5);
    struct seen seen = {.text = ""};
    struct sl_err err = {0};
    uint64_t cursor = 0;
    unsigned steps = 0;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        sl_test_redis_do(&redis, "SADD %b member:%d", set.data, set.len, i);
    }
    sl_test_redis_do(&redis, "SET %s mine", nothing[0]);
    do {
        assert_ok(store->ops->members(store, set, &cursor, see_key, &seen, &err), &err);
        steps++;
    } while (cursor != 0);
    assert_int_equal(seen.count, 5000);
    assert_true(steps > 1);
    for (size_t i = 0; i < SL_COUNT(nothing); i++) {
        cursor = 7;
        assert_ok(
            store->ops->members(store, sl_check_span(nothing[i]), &cursor, see_key, &seen, &err),
            &err);
        assert_true(cursor == 0);
    }
    assert_int_equal(seen.count, 5000);
}

static void a_connection_that_redis_closed_is_made_again(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    sl_test_redis_do(&redis, "HSET sluice:{shop}:bootstrap a 1");
    assert_ok(store->ops->states(store, see_field, &seen, &err), &err);
    assert_int_equal(sl_test_redis_int(&redis, "CLIENT KILL TYPE normal SKIPME yes"), 1);
    assert_ok(store->ops->states(store, see_field, &seen, &err), &err);
    assert_int_equal(seen.count, 2);
}

static void a_redis_that_is_not_there_is_worth_another_try(void **state)
{
    struct sl_redis_options nobody = options;
    struct sl_load_store *lost;
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    nobody.port = 1;
    lost = sl_redis_load_store_new(&nobody, "shop");
    assert_non_null(lost);
    assert_int_equal(lost->ops->states(lost, see_field, &seen, &err), SL_EIO);
    lost->ops->free(lost);
}

static void after_an_interrupt_every_call_is_stopped(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};

    (void)state;
    assert_ok(store->ops->states(store, see_field, &seen, &err), &err);
    store->ops->interrupt(store);
    assert_int_equal(store->ops->states(store, see_field, &seen, &err), SL_ESTOPPED);
    assert_int_equal(store->ops->requests(store, see_field, &seen, &err), SL_ESTOPPED);
}

static void *interrupt_soon(void *user)
{
    const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};

    (void)user;
    (void)nanosleep(&moment, NULL);
    store->ops->interrupt(store);
    return NULL;
}

static void an_interrupt_ends_a_call_that_waits(void **state)
{
    struct seen seen = {.text = ""};
    struct sl_err err = {0};
    pthread_t thread;

    (void)state;
    sl_test_redis_do(&redis, "CLIENT PAUSE 3000");
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
    assert_int_equal(store->ops->states(store, see_field, &seen, &err), SL_ESTOPPED);
    (void)pthread_join(thread, NULL);
    sl_test_redis_do(&redis, "CLIENT UNPAUSE");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, make, release)
    const struct CMUnitTest tests[] = {
        CASE(states_and_requests_are_the_fields_of_their_hashes),
        CASE(notes_come_in_steps),
        CASE(keys_that_are_due_come_by_their_time),
        CASE(without_the_hash_there_is_no_field),
        CASE(what_the_function_returns_ends_the_reading),
        CASE(a_key_of_another_kind_is_an_error_of_the_sink),
        CASE(a_scan_finds_what_the_pattern_matches_and_the_glob_allows),
        CASE(members_of_a_set_are_found_and_what_is_no_set_has_none),
        CASE(a_connection_that_redis_closed_is_made_again),
        CASE(a_redis_that_is_not_there_is_worth_another_try),
        CASE(after_an_interrupt_every_call_is_stopped),
        CASE(an_interrupt_ends_a_call_that_waits),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
