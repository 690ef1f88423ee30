/*
 * latency.c - how long after its commit a change can be read in Redis, at a steady rate.
 *
 *   tool_latency SOURCE_PORT SOURCE_USER REDIS_PORT KEY FIELD TABLE RATE SECONDS
 *
 * One thread commits `UPDATE TABLE SET FIELD = n WHERE id = 1` on a schedule that does not wait for
 * slow ones; the other is told by Redis of every change of KEY (keyspace notifications), reads
 * FIELD and so knows which commits can be seen. The time of a change goes from the server's answer
 * to its commit until FIELD was read. Prints "COUNT RATE P50_MS P99_MS MAX_MS"; the password of
 * Redis comes in SLUICE_REDIS_PASSWORD.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>
#include <mysql.h>

struct load {
    MYSQL *source;
    const char *table;
    const char *field;
    unsigned long rate;
    unsigned long count;
    double *committed; /* seconds, by number */
    double *visible;
};

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_until(double when)
{
    struct timespec time = {.tv_sec = (time_t)when};

    time.tv_nsec = (long)((when - (double)time.tv_sec) * 1e9);
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void *commit_all(void *user)
{
    struct load *load = user;
    double begin = now() + 0.1;
    char sql[256];

    for (unsigned long i = 1; i <= load->count; i++) {
        int len = snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %lu WHERE id = 1", load->table,
                           load->field, i);

        sleep_until(begin + (double)i / (double)load->rate);
        if (mysql_real_query(load->source, sql, (unsigned long)len) != 0) {
            (void)fprintf(stderr, "latency: %s\n", mysql_error(load->source));
            exit(1); /* NOLINT(concurrency-mt-unsafe): nothing to clean up */
        }
        load->committed[i] = now();
    }
    return NULL;
}

static redisContext *connect_redis(int port)
{
    const char *password = getenv("SLUICE_REDIS_PASSWORD"); /* NOLINT(concurrency-mt-unsafe) */
    redisContext *redis = redisConnect("127.0.0.1", port);

    if (redis == NULL || redis->err != 0) {
        (void)fprintf(stderr, "latency: cannot connect to Redis\n");
        exit(1); /* NOLINT(concurrency-mt-unsafe) */
    }
    if (password != NULL) {
        freeReplyObject(redisCommand(redis, "AUTH %s", password));
    }
    return redis;
}

static unsigned long read_number(redisContext *redis, const char *key, const char *field)
{
    redisReply *reply = redisCommand(redis, "HGET %s %s", key, field);
    unsigned long number = 0;

    if (reply != NULL && reply->type == REDIS_REPLY_STRING) {
        number = strtoul(reply->str, NULL, 10);
    }
    freeReplyObject(reply);
    return number;
}

static void watch(struct load *load, int port, const char *key)
{
    redisContext *events = connect_redis(port);
    redisContext *reads = connect_redis(port);
    unsigned long seen = 0;
    void *reply;

    freeReplyObject(redisCommand(reads, "CONFIG SET notify-keyspace-events Kh"));
    freeReplyObject(redisCommand(events, "SUBSCRIBE __keyspace@0__:%s", key));
    while (seen < load->count && redisGetReply(events, &reply) == REDIS_OK) {
        unsigned long number = read_number(reads, key, load->field);
        double time = now();

        freeReplyObject(reply);
        for (; seen < number && seen < load->count; seen++) {
            load->visible[seen + 1] = time;
        }
    }
    redisFree(events);
    redisFree(reads);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void report(struct load *load)
{
    unsigned long n = load->count;
    double span = load->committed[n] - load->committed[1];

    for (unsigned long i = 1; i <= n; i++) {
        double ms = (load->visible[i] - load->committed[i]) * 1e3;

        load->visible[i] = ms > 0 ? ms : 0; /* seen before the server's answer was */
    }
    qsort(load->visible + 1, n, sizeof(double), compare);
    printf("%lu %.0f %.3f %.3f %.3f\n", n, (double)(n - 1) / span, load->visible[1 + n / 2],
           load->visible[1 + n * 99 / 100], load->visible[n]);
}

int main(int argc, char **argv)
{
    static struct load load;
    pthread_t writer;

    if (argc != 9) {
        (void)fprintf(stderr,
                      "usage: tool_latency SOURCE_PORT SOURCE_USER REDIS_PORT KEY FIELD TABLE "
                      "RATE SECONDS\n");
        return 2;
    }
    load.field = argv[5];
    load.table = argv[6];
    load.rate = strtoul(argv[7], NULL, 10);
    load.count = load.rate * strtoul(argv[8], NULL, 10);
    load.committed = calloc(load.count + 1, sizeof(double));
    load.visible = calloc(load.count + 1, sizeof(double));
    load.source = mysql_init(NULL);
    if (load.committed == NULL || load.visible == NULL || load.count == 0 ||
        mysql_real_connect(load.source, "127.0.0.1", argv[2], "", NULL,
                           (unsigned)strtoul(argv[1], NULL, 10), NULL, 0) == NULL ||
        pthread_create(&writer, NULL, commit_all, &load) != 0) {
        (void)fprintf(stderr, "latency: cannot connect to the source\n");
        return 1;
    }
    watch(&load, (int)strtol(argv[3], NULL, 10), argv[4]);
    (void)pthread_join(writer, NULL);
    report(&load);
    mysql_close(load.source);
    free(load.committed);
    free(load.visible);
    return 0;
}
