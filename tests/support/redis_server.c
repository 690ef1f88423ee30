#include "tests/support/redis_server.h"

#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/check.h"

/* Somebody else may take the port before the server does; then another one is tried. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

/* In the child. Debian's redis-tools holds the server, too: the name it is called by decides. */
static void run_server(const struct sl_test_redis *redis, pid_t parent)
{
    static char name[] = "redis-server";
    char port[8];
    char *const args[] = {name,
                          (char[]){"--port"},
                          port,
                          (char[]){"--bind"},
                          (char[]){"127.0.0.1"},
                          (char[]){"--save"},
                          (char[]){""},
                          (char[]){"--appendonly"},
                          (char[]){"no"},
                          (char[]){"--logfile"},
                          (char[]){"redis.log"},
                          NULL};

    (void)snprintf(port, sizeof(port), "%u", (unsigned)redis->port);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(redis->dir) != 0) {
        _exit(1);
    }
    (void)execvp("redis-server", args);
    (void)execv("/usr/bin/redis-check-rdb", args);
    _exit(127);
}

/* Whose port it was, before this server wanted it, answers, too. */
static bool is_own(const struct sl_test_redis *redis)
{
    redisReply *reply = redisCommand(redis->client, "INFO server");
    char own[32];
    bool is_it;

    (void)snprintf(own, sizeof(own), "process_id:%ld\r\n", (long)redis->pid);
    is_it = reply != NULL && reply->type == REDIS_REPLY_STRING && strstr(reply->str, own) != NULL;
    freeReplyObject(reply);
    return is_it;
}

static bool connect_client(struct sl_test_redis *redis)
{
    const struct timeval patience = {.tv_sec = 60};

    redis->client = redisConnectWithTimeout("127.0.0.1", redis->port, patience);
    if (redis->client != NULL && redis->client->err == 0) {
        (void)redisSetTimeout(redis->client, patience);
        if (is_own(redis)) {
            return true;
        }
    }
    if (redis->client != NULL) {
        redisFree(redis->client);
        redis->client = NULL;
    }
    return false;
}

/* False when the server ended: its port was taken. */
static bool wait_for_server(struct sl_test_redis *redis)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

    for (int i = 0; i < 6000; i++) {
        if (connect_client(redis)) {
            return true;
        }
        if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

void sl_test_redis_start(struct sl_test_redis *redis)
{
    pid_t self = getpid();

    *redis = (struct sl_test_redis){.dir = "/tmp/sluice-unit-XXXXXX"};
    assert_non_null(mkdtemp(redis->dir));
    for (int attempt = 0; attempt < 5; attempt++) {
        redis->port = free_port();
        redis->pid = fork();
        assert_true(redis->pid >= 0);
        if (redis->pid == 0) {
            run_server(redis, self);
        }
        if (wait_for_server(redis)) {
            return;
        }
    }
    fail_msg("no redis-server could be started: install redis-tools or redis-server");
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void sl_test_redis_stop(struct sl_test_redis *redis)
{
    redisFree(redis->client);
    (void)kill(redis->pid, SIGKILL);
    (void)waitpid(redis->pid, NULL, 0);
    (void)nftw(redis->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static redisReply *call(struct sl_test_redis *redis, const char *format, va_list args)
{
    redisReply *reply = redisvCommand(redis->client, format, args);

    assert_non_null(reply);
    return reply;
}

redisReply *sl_test_redis_call(struct sl_test_redis *redis, const char *format, ...)
{
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = call(redis, format, args);
    va_end(args);
    return reply;
}

void sl_test_redis_do(struct sl_test_redis *redis, const char *format, ...)
{
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = call(redis, format, args);
    va_end(args);
    if (reply->type == REDIS_REPLY_ERROR) {
        fail_msg("%s: %s", format, reply->str);
    }
    freeReplyObject(reply);
}

long long sl_test_redis_int(struct sl_test_redis *redis, const char *format, ...)
{
    va_list args;
    redisReply *reply;
    long long value;

    va_start(args, format);
    reply = call(redis, format, args);
    va_end(args);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    value = reply->integer;
    freeReplyObject(reply);
    return value;
}

const char *sl_test_redis_text(struct sl_test_redis *redis, const char *format, ...)
{
    static char text[4096];
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = call(redis, format, args);
    va_end(args);
    (void)snprintf(text, sizeof(text), "%s", reply->str != NULL ? reply->str : "(nil)");
    freeReplyObject(reply);
    return text;
}
