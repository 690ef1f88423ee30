/*
 * fetch.c - how fast the binary log comes in when nobody looks at it, for tests/bench: prints
 * "EVENTS BYTES SECONDS" from the first event to the end of the log.
 *
 *   tool_fetch FILE:POS      the server is named by SRC_PORT, SRC_USER and SRC_PASSWORD
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cdc/client/binlog.h"

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fetch(struct sl_source *source, const char *from, struct sl_err *err)
{
    unsigned long long events = 0;
    unsigned long long bytes = 0;
    struct sl_position start;
    struct sl_span event;
    double begin = 0;
    int rc;

    sl_position_init(&start);
    rc = sl_position_parse(&start, from, err);
    rc = rc == SL_OK ? source->ops->open(source, SL_START_AT, &start, err) : rc;
    while (rc == SL_OK && (rc = source->ops->next(source, &event, err)) == SL_OK) {
        begin = events++ == 0 ? now() : begin;
        bytes += event.len;
    }
    sl_position_release(&start);
    if (rc == SL_DONE) {
        printf("%llu %llu %.4f\n", events, bytes, now() - begin);
    }
    return rc;
}

int main(int argc, char **argv)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): nobody sets them */
    const char *port = getenv("SRC_PORT");
    const struct sl_source_options options = {
        .host = "127.0.0.1",
        .port = (uint16_t)strtoul(port != NULL ? port : "3306", NULL, 10),
        .user = getenv("SRC_USER"),
        .password = getenv("SRC_PASSWORD"),
        .tls.mode = SL_TLS_DISABLED,
        .heartbeat_ms = 1000,
        .connect_timeout_ms = 3000,
    };
    /* NOLINTEND(concurrency-mt-unsafe) */
    struct sl_source *source = argc == 2 ? sl_binlog_source_new(&options, "", true) : NULL;
    struct sl_err err = {0};
    int rc;

    (void)signal(SIGPIPE, SIG_IGN);
    if (source == NULL) {
        (void)fprintf(stderr, "usage: tool_fetch FILE:POS\n");
        return 2;
    }
    rc = fetch(source, argv[1], &err);
    if (rc != SL_DONE) {
        (void)fprintf(stderr, "fetch: %s\n", err.text);
    }
    source->ops->free(source);
    return rc == SL_DONE ? 0 : 1;
}
