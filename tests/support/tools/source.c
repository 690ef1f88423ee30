/*
 * source.c - drives cdc/client/ against a real server for tests/integration. Settings come
 * from the environment (SRC_HOST, SRC_PORT, SRC_USER, SRC_PASSWORD, SRC_SERVER_ID, SRC_TLS,
 * SRC_HEARTBEAT_MS); each command prints lines that a script can compare.
 *
 *   tool_source dump FROM [LIMIT]   FROM: now, earliest or a position; ends at the log's end
 *   tool_source follow FROM [LIMIT] the same, waiting for more
 *   tool_source interrupt FROM MS   follow, interrupted by another thread after MS
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/client/binlog.h"
#include "cdc/event.h"

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return value != NULL ? value : fallback;
}

static struct sl_source_options settings(void)
{
    return (struct sl_source_options){
        .host = setting("SRC_HOST", "127.0.0.1"),
        .port = (uint16_t)strtoul(setting("SRC_PORT", "3306"), NULL, 10),
        .user = setting("SRC_USER", "root"),
        .password = setting("SRC_PASSWORD", NULL),
        .server_id = (uint32_t)strtoul(setting("SRC_SERVER_ID", "4711"), NULL, 10),
        .tls.mode = (enum sl_tls_mode)strtoul(setting("SRC_TLS", "1"), NULL, 10),
        .tls.ca = setting("SRC_TLS_CA", NULL),
        .heartbeat_ms = (uint32_t)strtoul(setting("SRC_HEARTBEAT_MS", "1000"), NULL, 10),
        .connect_timeout_ms = 3000,
    };
}

static int fail(const struct sl_err *err)
{
    printf("error %s: %s\n", sl_status_str(err->status), err->text);
    return 1;
}

static enum sl_start_kind read_start(const char *from, struct sl_position *start)
{
    struct sl_err err = {0};

    sl_position_init(start);
    if (strcmp(from, "now") == 0) {
        return SL_START_NOW;
    }
    if (strcmp(from, "earliest") == 0) {
        return SL_START_EARLIEST;
    }
    if (sl_position_parse(start, from, &err) != SL_OK) {
        exit(fail(&err)); /* NOLINT(concurrency-mt-unsafe): before any thread */
    }
    return SL_START_AT;
}

static void print_event(struct sl_span bytes)
{
    struct sl_event event;
    struct sl_err err = {0};

    if (sl_event_parse(bytes, true, false, &event, &err) != SL_OK) {
        printf("bad event: %s\n", err.text);
        return;
    }
    printf("%s size=%u end=%u flags=%u\n", sl_event_name(event.type), event.size, event.end_pos,
           event.flags);
    (void)fflush(stdout);
}

static void print_start(const struct sl_position *start)
{
    struct sl_buf text = {0};

    if (sl_position_format(start, &text) == SL_OK) {
        printf("start %.*s of %s\n", (int)text.len, (const char *)text.data, start->server_uuid);
    }
    sl_buf_release(&text);
}

static int run_stream(struct sl_source *source, const char *from, unsigned long limit)
{
    struct sl_position start;
    struct sl_err err = {0};
    struct sl_span event;
    enum sl_start_kind kind = read_start(from, &start);
    int rc = source->ops->open(source, kind, &start, &err);

    if (rc != SL_OK) {
        sl_position_release(&start);
        return fail(&err);
    }
    print_start(&start);
    sl_position_release(&start);
    for (unsigned long i = 0; i < limit; i++) {
        rc = source->ops->next(source, &event, &err);
        if (rc != SL_OK) {
            break;
        }
        print_event(event);
    }
    if (rc == SL_DONE) {
        printf("end\n");
    }
    return rc < 0 ? fail(&err) : 0;
}

static int run(const char *from, const char *limit, bool stop_at_end)
{
    struct sl_source_options options = settings();
    struct sl_source *source =
        sl_binlog_source_new(&options, setting("SRC_READER", "test"), stop_at_end);
    int rc;

    if (source == NULL) {
        return 1;
    }
    rc = run_stream(source, from, limit != NULL ? strtoul(limit, NULL, 10) : 1000000000UL);
    source->ops->free(source);
    return rc;
}

struct sl_alarm {
    struct sl_source *source;
    long ms;
};

static void *interrupt_later(void *user)
{
    struct sl_alarm *alarm = user;
    struct timespec time = {.tv_sec = alarm->ms / 1000, .tv_nsec = alarm->ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
    alarm->source->ops->interrupt(alarm->source);
    return NULL;
}

static int run_interrupted(const char *from, const char *ms)
{
    struct sl_source_options options = settings();
    struct sl_alarm alarm = {.source = sl_binlog_source_new(&options, "test", false),
                             .ms = strtol(ms, NULL, 10)};
    pthread_t thread;
    int rc;

    if (alarm.source == NULL || pthread_create(&thread, NULL, interrupt_later, &alarm) != 0) {
        return 1;
    }
    rc = run_stream(alarm.source, from, 1000000000UL);
    (void)pthread_join(thread, NULL);
    alarm.source->ops->free(alarm.source);
    return rc;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc >= 3 && strcmp(argv[1], "dump") == 0) {
        return run(argv[2], argc > 3 ? argv[3] : NULL, true);
    }
    if (argc >= 3 && strcmp(argv[1], "follow") == 0) {
        return run(argv[2], argc > 3 ? argv[3] : NULL, false);
    }
    if (argc == 4 && strcmp(argv[1], "interrupt") == 0) {
        return run_interrupted(argv[2], argv[3]);
    }
    (void)fprintf(stderr, "usage: tool_source dump|follow FROM [LIMIT] | interrupt FROM MS\n");
    return 2;
}
