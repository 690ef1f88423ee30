/* Sessions against a private Redis: who may write, and where it begins. */
#include "tests/support/check.h"

#include <signal.h>
#include <time.h>

#include "cdc/resp.h"
#include "sinks/identity.h"
#include "sinks/session.h"
#include "tests/support/redis_server.h"

static struct sl_test_redis redis;
static struct sl_redis_options options;

static int start(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    sl_test_redis_start(&redis);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sl_test_redis_stop(&redis);
    return 0;
}

static int flush(void **state)
{
    (void)state;
    sl_test_redis_do(&redis, "FLUSHALL");
    options = (struct sl_redis_options){.scheme = SL_REDIS_TCP,
                                        .host = "127.0.0.1",
                                        .port = redis.port,
                                        .connect_timeout_ms = 5000};
    return 0;
}

static void init(struct sl_session *session, const char *identity, uint32_t lease_ms)
{
    const struct sl_session_options session_options = {
        .pipeline = "shop", .redis = &options, .lease_ms = lease_ms, .identity = identity};

    assert_int_equal(sl_session_init(session, &session_options), SL_OK);
}

static void open_session(struct sl_session *session)
{
    struct sl_err err = {0};

    assert_ok(sl_session_open(session, &err), &err);
}

static void release(struct sl_session *session)
{
    sl_session_close(session, false);
    sl_session_release(session);
}

static void a_new_pipeline_has_a_lease_and_no_checkpoint(void **state)
{
    struct sl_session session;

    (void)state;
    init(&session, "me/b.n/1.1", 600000);
    open_session(&session);
    assert_false(session.has_checkpoint);
    assert_in_range(sl_test_redis_int(&redis, "PTTL sluice:{shop}:lease"), 540000, 600000);
    assert_memory_equal(sl_test_redis_text(&redis, "GET sluice:{shop}:lease"), "me/b.n/1.1 ", 11);
    assert_int_equal(sl_test_redis_int(&redis, "HLEN sluice:{shop}:guard"), 1);
    assert_true(session.life.errors >= 0);
    assert_int_equal(strlen(session.life.run_id), 40);
    sl_session_close(&session, true);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS sluice:{shop}:lease"), 0);
    sl_session_close(&session, true);
    sl_session_release(&session);
}

static void another_writer_stands_by_until_the_lease_runs_out(void **state)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct sl_session first;
    struct sl_session second;
    struct sl_err err = {0};
    int tries = 0;

    (void)state;
    init(&first, "me/b.n/1.1", 2000);
    init(&second, "you/b.n/1.1", 2000);
    open_session(&first);
    assert_int_equal(sl_session_open(&second, &err), SL_AGAIN);
    assert_non_null(strstr(err.text, "me/b.n/1.1"));
    assert_non_null(strstr(err.text, "shop"));
    while (sl_session_open(&second, &err) == SL_AGAIN && tries++ < 10000) {
        (void)nanosleep(&pause, NULL);
    }
    assert_true(second.transport.fd >= 0);
    assert_in_range(tries, 2, 10000);
    /* The first one cannot remove the lease that is now the other's. */
    sl_session_close(&first, true);
    assert_memory_equal(sl_test_redis_text(&redis, "GET sluice:{shop}:lease"), "you/b.n/1.1 ", 12);
    release(&first);
    release(&second);
}

static void a_released_lease_is_free_at_once(void **state)
{
    struct sl_session first;
    struct sl_session second;

    (void)state;
    init(&first, "me/b.n/1.1", 60000);
    init(&second, "you/b.n/1.1", 60000);
    open_session(&first);
    sl_session_close(&first, true);
    open_session(&second);
    release(&first);
    release(&second);
}

static void the_same_process_and_a_dead_one_need_not_be_waited_for(void **state)
{
    char mine[SL_IDENTITY_MAX];
    char dead[SL_IDENTITY_MAX];
    struct sl_session session;

    (void)state;
    sl_identity_make(mine, sizeof(mine));
    memcpy(dead, mine, sizeof(dead));
    (void)snprintf(strrchr(dead, '/'), 20, "/4194305.1");
    init(&session, mine, 60000);
    sl_test_redis_do(&redis, "SET sluice:{shop}:lease %s", dead);
    open_session(&session);
    sl_session_close(&session, false);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS sluice:{shop}:lease"), 1);
    open_session(&session);
    release(&session);
}

/* Sends what is in OUT and returns the type of the last of COUNT replies. */
static int last_type(struct sl_session *session, unsigned count)
{
    struct sl_err err = {0};
    int type = 0;

    assert_ok(sl_request_send(&session->request, &err), &err);
    for (unsigned i = 0; i < count; i++) {
        redisReply *reply = NULL;

        assert_ok(sl_request_receive(&session->request, &reply, &err), &err);
        type = reply->type;
        freeReplyObject(reply);
    }
    return type;
}

/* A group that writes one row; true when EXEC applied it. */
static bool apply(struct sl_session *session, const char *key, const char *value)
{
    const char *const set[] = {"SET", key, value};
    struct sl_buf *out = &session->request.out;

    assert_int_equal(sl_session_add_head(session, out), SL_OK);
    assert_int_equal(sl_resp_command(out, 3, set), SL_OK);
    assert_int_equal(sl_session_add_tail(session, out), SL_OK);
    return last_type(session, SL_SESSION_HEAD_REPLIES + 1 + SL_SESSION_TAIL_REPLIES) ==
           REDIS_REPLY_ARRAY;
}

static void a_deposed_writer_cannot_write(void **state)
{
    struct sl_session first;
    struct sl_session second;

    (void)state;
    init(&first, "me/b.n/1.1", 60000);
    init(&second, "me/b.n/1.1", 60000);
    open_session(&first);
    assert_true(apply(&first, "row", "1"));
    assert_true(apply(&first, "row", "2"));
    open_session(&second);
    assert_false(apply(&first, "row", "3"));
    assert_false(apply(&first, "row", "4"));
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "2");
    assert_true(apply(&second, "row", "5"));
    assert_false(apply(&first, "row", "6"));
    assert_true(apply(&second, "row", "7"));
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "7");
    release(&first);
    release(&second);
}

/* What the deposed writer leaves in the guard must not fence off its successor for good. */
static void groups_sent_together_fail_together(void **state)
{
    const char *const set[] = {"SET", "row", "x"};
    struct sl_session session;
    struct sl_buf *out;

    (void)state;
    init(&session, "me/b.n/1.1", 60000);
    open_session(&session);
    assert_true(apply(&session, "row", "1"));
    sl_test_redis_do(&redis, "DEL sluice:{shop}:guard");
    out = &session.request.out;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sl_session_add_head(&session, out), SL_OK);
        assert_int_equal(sl_resp_command(out, 3, set), SL_OK);
        assert_int_equal(sl_session_add_tail(&session, out), SL_OK);
    }
    assert_int_equal(last_type(&session, 3 * 7), REDIS_REPLY_NIL);
    assert_string_equal(sl_test_redis_text(&redis, "GET row"), "1");
    sl_session_close(&session, false);
    open_session(&session);
    assert_true(apply(&session, "row", "2"));
    release(&session);
}

static void lost_data_fences_the_writer(void **state)
{
    struct sl_session session;

    (void)state;
    init(&session, "me/b.n/1.1", 60000);
    open_session(&session);
    assert_true(apply(&session, "row", "1"));
    sl_test_redis_do(&redis, "FLUSHALL");
    assert_false(apply(&session, "row", "2"));
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS row"), 0);
    release(&session);
}

static void the_checkpoint_is_read(void **state)
{
    struct sl_session session;
    struct sl_err err = {0};

    (void)state;
    init(&session, "me/b.n/1.1", 60000);
    open_session(&session);
    sl_test_redis_do(&redis,
                     "HSET sluice:{shop}:checkpoint version 1 gtid 0-1-9 file f.2 pos 77 safe_gtid "
                     "0-1-8 safe_file f.1 safe_pos 66 run_id %s errors %lld",
                     session.life.run_id, (long long)session.life.errors);
    sl_session_close(&session, false);
    open_session(&session);
    assert_true(session.has_checkpoint);
    assert_string_equal(session.position.file, "f.2");
    assert_int_equal(session.position.offset, 77);
    sl_session_close(&session, false);
    sl_test_redis_do(&redis, "SET string x");
    assert_memory_equal(sl_test_redis_text(&redis, "HGET string x"), "WRONGTYPE", 9);
    open_session(&session);
    assert_string_equal(session.position.file, "f.1");
    sl_session_close(&session, false);
    sl_test_redis_do(&redis, "HSET sluice:{shop}:checkpoint version 9");
    assert_int_equal(sl_session_open(&session, &err), SL_EFORMAT);
    assert_non_null(strstr(err.text, "redis://127.0.0.1"));
    release(&session);
}

static void refusals_have_their_statuses(void **state)
{
    struct sl_session session;
    struct sl_err err = {0};

    (void)state;
    init(&session, "me/b.n/1.1", 60000);
    sl_test_redis_do(&redis, "CONFIG SET requirepass secret-word");
    assert_int_equal(sl_session_open(&session, &err), SL_EAUTH);
    options.password = "wrong-word";
    assert_int_equal(sl_session_open(&session, &err), SL_EAUTH);
    assert_null(strstr(err.text, "-word"));
    options.password = "secret-word";
    open_session(&session);
    sl_session_close(&session, true);
    sl_test_redis_do(&redis, "CONFIG SET requirepass %s", "");
    options.password = NULL;
    options.db = 3;
    open_session(&session);
    sl_test_redis_do(&redis, "SELECT 3");
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS sluice:{shop}:lease"), 1);
    sl_test_redis_do(&redis, "SELECT 0");
    sl_session_close(&session, true);
    options.db = 4000;
    assert_int_equal(sl_session_open(&session, &err), SL_ESINK);
    options.db = 0;
    options.port = 1;
    assert_int_equal(sl_session_open(&session, &err), SL_EIO);
    options.port = redis.port;
    sl_test_redis_do(&redis, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(sl_session_open(&session, &err), SL_EIO);
    assert_non_null(strstr(err.text, "replica"));
    sl_test_redis_do(&redis, "REPLICAOF NO ONE");
    release(&session);
}

/* A request that broke off leaves bytes unsent; they belong to the connection that is gone. */
static void an_unfinished_request_does_not_reach_the_next_connection(void **state)
{
    static const char *const stale[] = {"SET", "stale", "1"};
    struct sl_session session;
    struct sl_err err = {0};

    (void)state;
    init(&session, "me/b.n/1.1", 60000);
    options.port = 1;
    assert_int_equal(sl_resp_command(&session.request.out, 3, stale), SL_OK);
    assert_int_equal(sl_session_open(&session, &err), SL_EIO);
    options.port = redis.port;
    open_session(&session);
    assert_int_equal(sl_test_redis_int(&redis, "EXISTS stale"), 0);
    release(&session);
}

static void a_stop_ends_the_wait(void **state)
{
    atomic_bool stop_asked = true;
    const struct sl_session_options session_options = {.pipeline = "shop",
                                                       .redis = &options,
                                                       .lease_ms = 60000,
                                                       .identity = "me/b.n/1.1",
                                                       .stop = &stop_asked};
    struct sl_session session;
    struct sl_err err = {0};

    (void)state;
    assert_int_equal(sl_session_init(&session, &session_options), SL_OK);
    assert_int_equal(sl_session_open(&session, &err), SL_ESTOPPED);
    release(&session);
}

#define TEST(name) cmocka_unit_test_setup(name, flush)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_pipeline_has_a_lease_and_no_checkpoint),
        TEST(another_writer_stands_by_until_the_lease_runs_out),
        TEST(a_released_lease_is_free_at_once),
        TEST(the_same_process_and_a_dead_one_need_not_be_waited_for),
        TEST(a_deposed_writer_cannot_write),
        TEST(groups_sent_together_fail_together),
        TEST(lost_data_fences_the_writer),
        TEST(the_checkpoint_is_read),
        TEST(refusals_have_their_statuses),
        TEST(an_unfinished_request_does_not_reach_the_next_connection),
        TEST(a_stop_ends_the_wait),
    };

    return cmocka_run_group_tests_name("session", tests, start, stop);
}
