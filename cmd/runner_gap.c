#include <stdio.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cdc/load_state.h"
#include "cdc/resp.h"
#include "cmd/runner_private.h"
#include "sinks/checkpoint.h"

enum {
    /* A gap that comes back soon is waited out longer and longer: what makes it may last (writes
       by statement), and each one loads all tables. */
    SL_GAP_WAIT_FIRST_MS = 200,
    SL_GAP_WAIT_MAX_MS = 60000,
    SL_GAP_CALM_MS = 600000,
};

bool sl_runner_is_gap(int status)
{
    return status == SL_EGAP || status == SL_ESCHEMA || status == SL_EUNSUPPORTED ||
           status == SL_EFORMAT || status == SL_ETRUNC || status == SL_ELIMIT;
}

bool sl_runner_may_heal(const struct sl_runner *runner, int status)
{
    bool heals = runner->options.heals_gaps || runner->config->pipeline.on_gap == SL_GAP_BOOTSTRAP;

    return heals && sl_runner_is_gap(status);
}

static void remember_place(struct sl_runner *runner)
{
    const struct sl_position *acked = sl_redis_sink_position(runner->sink);

    runner->gap_file[0] = '\0';
    runner->gap_offset = 0;
    if (acked != NULL) {
        memcpy(runner->gap_file, acked->file, sizeof(runner->gap_file));
        runner->gap_offset = acked->offset;
    }
}

/*
 * The place that a reader begins at behind a gap is another one than what was acknowledged before,
 * and the note that all tables are to be loaded is written together with it.
 */
void sl_runner_judge_gap(struct sl_runner *runner)
{
    const struct sl_position *acked = sl_redis_sink_position(runner->sink);

    if (runner->has_gap && acked != NULL &&
        (acked->offset != runner->gap_offset || strcmp(acked->file, runner->gap_file) != 0)) {
        runner->has_gap = false;
    }
}

uint64_t sl_runner_note_gap(struct sl_runner *runner, const char *why)
{
    uint64_t now = sl_clock_mono_ms(sl_clock_real());
    char text[sizeof(runner->gap) + 64];

    runner->failures[SL_VIEW_GAP]++;
    if (runner->gap_wait_ms == 0 || now - runner->gap_ms > SL_GAP_CALM_MS) {
        runner->gap_wait_ms = SL_GAP_WAIT_FIRST_MS;
    } else if (runner->gap_wait_ms < SL_GAP_WAIT_MAX_MS / 2) {
        runner->gap_wait_ms *= 2;
    } else {
        runner->gap_wait_ms = SL_GAP_WAIT_MAX_MS;
    }
    remember_place(runner);
    runner->gap_ms = now;
    runner->has_gap = true;
    runner->is_complete = false;
    (void)snprintf(runner->gap, sizeof(runner->gap), "%s", why);
    (void)snprintf(text, sizeof(text), "%s; all tables are loaded again, continuing", runner->gap);
    sl_log_of(SL_LOG_OF_SOURCE, SL_LOG_ERROR, text, "pipeline=%s sink=%s", sl_runner_name(runner),
              runner->redis->name);
    return runner->gap_wait_ms;
}

bool sl_runner_loads_all(const struct sl_runner *runner)
{
    if (runner->has_gap) {
        return true;
    }
    if (sl_redis_sink_position(runner->sink) != NULL) {
        return false;
    }
    return runner->options.start == SL_RUNNER_LOAD_ALL ||
           (runner->options.start == SL_RUNNER_AS_CONFIGURED &&
            runner->config->pipeline.start.loads);
}

/* "phase=waiting …" for all tables. */
static int format_all(const struct sl_runner *runner, struct sl_buf *out)
{
    uint64_t configured = runner->config->pipeline.snapshot.rate;
    uint64_t now = sl_clock_wall_ms(sl_clock_real());
    struct sl_load_state state = {
        .phase = SL_LOAD_WAITING,
        .rate = runner->options.rate > 0 ? runner->options.rate : configured,
        .began_ms = now,
        .changed_ms = now,
    };
    int rc;

    (void)snprintf(state.id, sizeof(state.id), "%s", runner->has_gap ? "gap" : "start");
    rc = sl_buf_add_str(&state.reason,
                        runner->has_gap ? runner->gap : "the pipeline had no checkpoint");
    if (rc == SL_OK) {
        rc = sl_load_state_format(&state, out);
    }
    sl_load_state_release(&state);
    return rc;
}

/* The states of tables stay: of one that is no longer there they are all that tells of its keys. */
static int add_command(struct sl_runner *runner, const char *key, const char *state)
{
    const char *const set[] = {"HSET", key, SL_LOAD_ALL, state};

    return sl_resp_command(&runner->first, 4, set);
}

int sl_runner_make_first(struct sl_runner *runner)
{
    struct sl_buf state = {0};
    const char *key;
    int rc = SL_OK;

    sl_buf_clear(&runner->first);
    sl_buf_clear(&runner->first_key);
    if (!sl_runner_loads_all(runner)) {
        return SL_OK;
    }
    rc = sl_pipeline_key(sl_runner_name(runner), "bootstrap", &runner->first_key);
    key = rc == SL_OK ? sl_buf_cstr(&runner->first_key) : NULL;
    if (rc == SL_OK) {
        rc = key != NULL ? format_all(runner, &state) : SL_ENOMEM;
    }
    if (rc == SL_OK) {
        rc =
            sl_buf_cstr(&state) != NULL ? add_command(runner, key, sl_buf_cstr(&state)) : SL_ENOMEM;
    }
    sl_buf_release(&state);
    return rc;
}
