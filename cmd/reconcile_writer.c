/*
 * reconcile_writer.c - where no daemon runs, a repair runs the pipeline in this process: it takes
 * the lease, streams, and takes the requests as a daemon would.
 */
#include "cmd/reconcile_private.h"
#include "sinks/redis_status.h"

enum { SL_WRITER_POLL_MS = 50 };

static int has_begun(struct sl_reconcile *r, bool *begun, struct sl_err *err)
{
    struct sl_redis_status status;
    int rc = sl_redis_status_read(r->sink, r->config->pipeline.name, &status, err);

    *begun = status.has_lease && status.has_heartbeat;
    sl_redis_status_release(&status);
    return rc;
}

static int wait_until_begun(struct sl_reconcile *r, struct sl_err *err)
{
    bool begun = false;
    int rc = has_begun(r, &begun, err);

    while (rc == SL_OK && !begun) {
        rc = sl_reconcile_sleep(r, SL_WRITER_POLL_MS, err);
        rc = rc == SL_OK ? has_begun(r, &begun, err) : rc;
    }
    return rc;
}

int sl_reconcile_writer_start(struct sl_reconcile *r, struct sl_err *err)
{
    const struct sl_runner_options options = {
        .config = r->config, .sink = r->sink_number, .start = SL_RUNNER_LOAD_NONE};
    int rc;

    r->writer = sl_runner_new(&options);
    if (r->writer == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = sl_runner_start(r->writer, err);
    if (rc != SL_OK) {
        sl_runner_free(r->writer);
        r->writer = NULL;
        return rc;
    }
    return wait_until_begun(r, err);
}

int sl_reconcile_writer_check(struct sl_reconcile *r, struct sl_err *err)
{
    return r->writer != NULL && sl_runner_has_ended(r->writer)
               ? sl_err_set(
                     err, SL_ESINK,
                     "the pipeline that is to mend sink %s has ended; the log line before says "
                     "why",
                     r->sink->name)
               : SL_OK;
}

int sl_reconcile_writer_stop(struct sl_reconcile *r)
{
    int status = SL_EXIT_OK;

    if (r->writer != NULL) {
        sl_runner_stop(r->writer);
        status = sl_runner_join(r->writer);
        sl_runner_free(r->writer);
        r->writer = NULL;
    }
    return status;
}
