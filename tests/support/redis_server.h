/*
 * redis_server.h - a private Redis for one test program: on a free port of the loopback interface,
 * without persistence, in a folder of its own; it ends with the test, however that ends.
 */
#ifndef SLUICE_TESTS_SUPPORT_REDIS_SERVER_H
#define SLUICE_TESTS_SUPPORT_REDIS_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include <hiredis/hiredis.h>

struct sl_test_redis {
    pid_t pid;
    uint16_t port;
    char dir[64];
    redisContext *client; /* for the test's own look at the data */
};

/* Fails the test when no server can be started. */
void sl_test_redis_start(struct sl_test_redis *redis);
void sl_test_redis_stop(struct sl_test_redis *redis);

/* One command (words split at spaces, %s and %b as redisCommand() takes them); free the reply. */
redisReply *sl_test_redis_call(struct sl_test_redis *redis, const char *format, ...);
/* The same; the reply must be no error. */
void sl_test_redis_do(struct sl_test_redis *redis, const char *format, ...);
/* The integer that it answers. */
long long sl_test_redis_int(struct sl_test_redis *redis, const char *format, ...);
/* The string that it answers, "(nil)" for none; valid until the next call. */
const char *sl_test_redis_text(struct sl_test_redis *redis, const char *format, ...);

#endif
