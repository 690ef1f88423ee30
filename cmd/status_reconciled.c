#include "cmd/status_reconciled.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "sinks/redis_client.h"

int sl_status_reconciled_read(const struct sl_redis_options *sink, const char *pipeline,
                              struct sl_reconciled *reconciled, struct sl_err *err)
{
    struct sl_redis_client client;
    int rc = sl_redis_client_open(&client, sink, err);

    if (rc == SL_OK) {
        rc = sl_reconciled_read(&client, pipeline, reconciled, err);
        sl_redis_client_close(&client);
    }
    return rc;
}

static void print_time(uint64_t wall_ms)
{
    char text[32] = "-";
    time_t time = (time_t)(wall_ms / 1000);
    struct tm parts;

    if (gmtime_r(&time, &parts) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    (void)fputs(text, stdout);
}

static void print_result(const struct sl_reconcile_result *result, enum sl_reconcile_scope scope)
{
    static const char *const what[SL_SCOPES] = {
        [SL_SCOPE_ALL] = "", [SL_SCOPE_CHANGED] = " of changed keys", [SL_SCOPE_PART] = " in part"};

    (void)fputs("  compared     ", stdout);
    print_time(result->ended_ms);
    (void)printf(", %" PRIu64 " rows%s, %" PRIu64 " drifted, %" PRIu64 " mended", result->rows,
                 what[scope], result->drift, result->mended);
    if (result->unsettled > 0) {
        (void)printf(", %" PRIu64 " unsettled", result->unsettled);
    }
    (void)fputc('\n', stdout);
}

void sl_status_reconciled_print(const struct sl_reconciled *reconciled)
{
    for (int scope = 0; scope < SL_SCOPES; scope++) {
        if (reconciled->last[scope].ended_ms > 0) {
            print_result(&reconciled->last[scope], (enum sl_reconcile_scope)scope);
        }
    }
}

static int add_result(struct sl_buf *out, const struct sl_reconcile_result *result,
                      enum sl_reconcile_scope scope)
{
    return sl_buf_add_format(out,
                             "\"%s\":{\"ended\":%" PRIu64 ",\"took_ms\":%" PRIu64
                             ",\"status\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"drift\":%" PRIu64
                             ",\"mended\":%" PRIu64 ",\"unsettled\":%" PRIu64 "}",
                             sl_reconcile_scope_name(scope), result->ended_ms, result->took_ms,
                             result->status, result->rows, result->drift, result->mended,
                             result->unsettled);
}

int sl_status_reconciled_add(struct sl_buf *out, const struct sl_reconciled *reconciled)
{
    const char *before = ",\"reconcile\":{";
    int rc = SL_OK;

    for (int scope = 0; rc == SL_OK && scope < SL_SCOPES; scope++) {
        if (reconciled->last[scope].ended_ms > 0) {
            rc = sl_buf_add_str(out, before);
            rc = rc == SL_OK
                     ? add_result(out, &reconciled->last[scope], (enum sl_reconcile_scope)scope)
                     : rc;
            before = ",";
        }
    }
    return rc == SL_OK && before[1] == '\0' ? sl_buf_add_byte(out, '}') : rc;
}
