#include <stdio.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cmd/runner_private.h"

const char *sl_runner_name(const struct sl_runner *runner)
{
    return runner->config->pipeline.name;
}

/* Each state change once: the same sentence again is a debug line. */
void sl_runner_log_failure(struct sl_runner *runner, enum sl_log_module module,
                           enum sl_log_level level, const char *text)
{
    bool again = strncmp(runner->last_failure, text, sizeof(runner->last_failure) - 1) == 0;

    (void)strncpy(runner->last_failure, text, sizeof(runner->last_failure) - 1);
    sl_log_of(module, again ? SL_LOG_DEBUG : level, text, "pipeline=%s sink=%s",
              sl_runner_name(runner), runner->redis->name);
}

void sl_runner_log_end(const struct sl_runner *runner, const char *why, bool is_gap)
{
    static const char remedy[] = "`sluice bootstrap` goes on behind it and loads all tables again";
    struct sl_err err;

    (void)snprintf(err.text, sizeof(err.text), "%s", why);
    if (is_gap) {
        (void)snprintf(err.text, sizeof(err.text), "%.*s; %s",
                       (int)(sizeof(err.text) - sizeof(remedy) - 2), why, remedy);
    }
    sl_log(SL_LOG_ERROR, err.text, "pipeline=%s sink=%s", sl_runner_name(runner),
           runner->redis->name);
}

void sl_runner_log_ready(struct sl_runner *runner)
{
    runner->is_ready = true;
    runner->has_streamed = true;
    runner->ready_ms = sl_clock_mono_ms(sl_clock_real());
    sl_log(SL_LOG_INFO, "ready", "pipeline=%s sink=%s source=%s:%u", sl_runner_name(runner),
           runner->redis->name, runner->source_options.host, (unsigned)runner->source_options.port);
}

void sl_runner_notice(void *user, bool is_warning, const char *text)
{
    struct sl_runner *runner = user;

    sl_log_of(SL_LOG_OF_SOURCE, is_warning ? SL_LOG_WARN : SL_LOG_INFO, text, "pipeline=%s",
              sl_runner_name(runner));
}

void sl_runner_load_notice(void *user, bool is_warning, const char *text)
{
    struct sl_runner *runner = user;

    sl_log_of(SL_LOG_OF_LOAD, is_warning ? SL_LOG_WARN : SL_LOG_INFO, text, "pipeline=%s",
              sl_runner_name(runner));
}
