/*
 * decode_bench.c - how fast the binary log comes in, and how fast its rows are decoded, for
 * tests/bench.
 *
 *   tool_decode_bench fetch FILE:POS     events as the client library hands them over, looked at by
 * nobody tool_decode_bench decode FILE:POS    every column of every row image rendered
 *   tool_decode_bench decode-files FILE… the same from files, without a server
 *
 * Prints "EVENTS BYTES ROWS SECONDS". The server is named by SRC_PORT, SRC_USER and SRC_PASSWORD;
 * the clock runs from the first event to the end of the log.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/client/binlog.h"
#include "cdc/source_file.h"
#include "cdc/stream.h"
#include "cdc/value.h"

struct bench {
    uint64_t events;
    uint64_t bytes;
    uint64_t rows;
    struct timespec begin;
    struct sl_buf text; /* of one row at a time */
};

static int fail(const struct sl_err *err)
{
    (void)fprintf(stderr, "%s: %s\n", sl_status_str(err->status), err->text);
    return 1;
}

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static int render(struct bench *bench, const struct sl_table *table, const struct sl_cell *cells,
                  struct sl_err *err)
{
    int rc = SL_OK;

    for (uint32_t i = 0; cells != NULL && rc == SL_OK && i < table->column_count; i++) {
        if (cells[i].state == SL_CELL_VALUE) {
            rc = sl_value_text(&table->columns[i], &cells[i], &bench->text, err);
        }
    }
    return rc;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct bench *bench = user;
    int rc;

    bench->rows++;
    sl_buf_clear(&bench->text);
    rc = render(bench, change->table, change->before, err);
    return rc == SL_OK ? render(bench, change->table, change->after, err) : rc;
}

static int drain(struct sl_source *source, struct sl_stream *stream, struct bench *bench,
                 struct sl_err *err)
{
    struct sl_span event;
    int rc;

    while ((rc = source->ops->next(source, &event, err)) == SL_OK) {
        if (bench->events++ == 0) {
            (void)clock_gettime(CLOCK_MONOTONIC, &bench->begin);
        }
        bench->bytes += event.len;
        rc = stream != NULL ? sl_stream_feed(stream, event, err) : SL_OK;
        if (rc != SL_OK) {
            break;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}

static int run(struct sl_source *source, const char *from, bool decode)
{
    struct bench bench = {0};
    struct sl_position start;
    struct sl_stream *stream = NULL;
    struct sl_err err = {0};
    int rc;

    sl_position_init(&start);
    rc = from != NULL ? sl_position_parse(&start, from, &err) : SL_OK;
    rc = rc == SL_OK ? source->ops->open(source, from != NULL ? SL_START_AT : SL_START_EARLIEST,
                                         &start, &err)
                     : rc;
    if (rc == SL_OK && decode) {
        const struct sl_stream_options options = {.verify_checksum = true,
                                                  .flavor = source->flavor};
        const struct sl_stream_handler handler = {.row = on_row, .user = &bench};

        stream = sl_stream_new(&options, &handler, &start);
        rc = stream != NULL ? SL_OK : SL_ENOMEM;
    }
    rc = rc == SL_OK ? drain(source, stream, &bench, &err) : rc;
    if (rc == SL_OK) {
        printf("%llu %llu %llu %.4f\n", (unsigned long long)bench.events,
               (unsigned long long)bench.bytes, (unsigned long long)bench.rows,
               seconds_since(&bench.begin));
    }
    sl_stream_free(stream);
    sl_buf_release(&bench.text);
    sl_position_release(&start);
    return rc == SL_OK ? 0 : fail(&err);
}

static struct sl_source *server_source(void)
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

    return sl_binlog_source_new(&options, "", true);
}

int main(int argc, char **argv)
{
    struct sl_source *source = NULL;
    struct sl_err err = {0};
    int status;

    (void)signal(SIGPIPE, SIG_IGN);
    if (argc >= 3 && strcmp(argv[1], "decode-files") == 0) {
        if (sl_source_file_new((const char *const *)(argv + 2), (size_t)argc - 2, &source, &err) !=
            SL_OK) {
            return fail(&err);
        }
        status = run(source, NULL, true);
    } else if (argc == 3) {
        source = server_source();
        status = source != NULL ? run(source, argv[2], strcmp(argv[1], "decode") == 0) : 1;
    } else {
        (void)fprintf(stderr,
                      "usage: tool_decode_bench fetch|decode FILE:POS | decode-files FILE…\n");
        return 2;
    }
    if (source != NULL) {
        source->ops->free(source);
    }
    return status;
}
