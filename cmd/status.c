/*
 * status.c - what the keys of a pipeline say: for each sink, whether somebody writes, how fresh, up
 * to where.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/base/clock.h"
#include "cmd/command.h"
#include "cmd/loads.h"
#include "cmd/runner.h"
#include "cmd/status_reconciled.h"
#include "filters/json_string.h"
#include "sinks/load_store.h"
#include "sinks/redis_status.h"
#include "sinks/transport.h"

enum {
    SL_STATUS_BAD = 1,
    SL_STATUS_LAG_SECONDS = 60,
};

struct words {
    const char *config;
    uint64_t max_lag;
    bool is_json;
};

enum sl_health {
    SL_HEALTH_RUNNING,
    SL_HEALTH_LOADING,    /* somebody is there, and tables are not whole yet */
    SL_HEALTH_INCOMPLETE, /* all is read but what cannot be */
    SL_HEALTH_STALE,      /* somebody is there, but the cache is behind */
    SL_HEALTH_STOPPED,
    SL_HEALTH_UNREACHABLE, /* the Redis does not answer, or the keys are not sluice's */
};

static const char *const health_names[] = {
    [SL_HEALTH_RUNNING] = "running",       [SL_HEALTH_LOADING] = "loading",
    [SL_HEALTH_INCOMPLETE] = "incomplete", [SL_HEALTH_STALE] = "stale",
    [SL_HEALTH_STOPPED] = "stopped",       [SL_HEALTH_UNREACHABLE] = "unreachable",
};

struct report {
    const struct sl_redis_options *sink;
    struct sl_redis_status status;
    struct sl_loads loads;
    struct sl_reconciled reconciled;
    struct sl_err err;
    enum sl_health health;
};

static bool has_failed(const struct sl_loads *loads)
{
    for (size_t i = 0; i < loads->count; i++) {
        if (loads->items[i].state.phase == SL_LOAD_FAILED) {
            return true;
        }
    }
    return false;
}

/* The heartbeat runs out by itself when nobody refreshes it. */
static enum sl_health judge(const struct report *report, uint64_t max_lag)
{
    const struct sl_redis_status *status = &report->status;

    if (!status->has_heartbeat) {
        return SL_HEALTH_STOPPED;
    }
    if (status->heartbeat.lag_seconds > max_lag) {
        return SL_HEALTH_STALE;
    }
    if (strcmp(status->heartbeat.state, "loading") == 0) {
        return SL_HEALTH_LOADING;
    }
    if (strcmp(status->heartbeat.state, "streaming") != 0) {
        return SL_HEALTH_STALE;
    }
    return has_failed(&report->loads) ? SL_HEALTH_INCOMPLETE : SL_HEALTH_RUNNING;
}

static int look_at_loads(struct report *report, const char *pipeline)
{
    struct sl_load_store *store = sl_redis_load_store_new(report->sink, pipeline);
    int rc = store != NULL ? sl_loads_read(store, &report->loads, &report->err) : SL_ENOMEM;

    if (store != NULL) {
        store->ops->free(store);
    }
    return rc;
}

static void look(struct report *report, const struct sl_config *config, size_t number,
                 uint64_t max_lag)
{
    int rc;

    report->sink = &config->sinks[number];
    rc = sl_redis_status_read(report->sink, config->pipeline.name, &report->status, &report->err);
    if (rc == SL_OK) {
        rc = look_at_loads(report, config->pipeline.name);
    }
    if (rc == SL_OK) {
        rc = sl_status_reconciled_read(report->sink, config->pipeline.name, &report->reconciled,
                                       &report->err);
    }
    report->health = rc == SL_OK ? judge(report, max_lag) : SL_HEALTH_UNREACHABLE;
}

/* ---- for people ---- */

static void print_time(uint64_t seconds)
{
    char text[32] = "-";
    time_t time = (time_t)seconds;
    struct tm parts;

    if (seconds > 0 && gmtime_r(&time, &parts) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    (void)fputs(text, stdout);
}

static void print_position(const struct sl_position *position)
{
    struct sl_buf text = {0};
    const char *string = NULL;

    if (sl_position_format(position, &text) == SL_OK) {
        string = sl_buf_cstr(&text);
    }
    (void)fputs(string != NULL ? string : "-", stdout);
    sl_buf_release(&text);
}

static void print_head(const struct sl_config *config)
{
    (void)printf("pipeline %s, source %s:%u\n", config->pipeline.name, config->source.host,
                 (unsigned)config->source.port);
}

/* Only what is not as everywhere. */
static void print_rows(const struct sl_heartbeat_rows *rows)
{
    if (rows->unchanged > 0 || rows->filtered > 0 || rows->quarantined > 0) {
        (void)printf("  not written  %" PRIu64 " unchanged, %" PRIu64 " filtered, %" PRIu64
                     " quarantined\n",
                     rows->unchanged, rows->filtered, rows->quarantined);
    }
    if (rows->waiting > 0) {
        (void)printf("  stale        %" PRIu64 " rows wait to be read again\n", rows->waiting);
    }
}

static const char *why(struct sl_load *load)
{
    const char *reason = sl_buf_cstr(&load->state.reason);

    return reason != NULL ? reason : "";
}

static void print_unfinished(struct sl_load *load)
{
    const struct sl_load_state *state = &load->state;
    bool is_all = strcmp(load->table, SL_LOAD_ALL) == 0;
    int percent = sl_load_percent(state);

    (void)printf("  %-11s  %s", sl_load_phase_name(state->phase),
                 is_all ? "all tables" : load->table);
    if (state->phase != SL_LOAD_WAITING) {
        (void)printf(", %" PRIu64 " rows", state->rows);
    }
    if (state->phase == SL_LOAD_LOADING && percent >= 0) {
        (void)printf(" of about %" PRIu64 " (%d %%)", state->estimate, percent);
    }
    if (state->reason.len > 0) {
        (void)printf("%s %s", state->phase == SL_LOAD_FAILED ? ":" : ", because", why(load));
    }
    (void)fputc('\n', stdout);
}

static void print_loads(const struct sl_loads *loads)
{
    size_t done = 0;

    for (size_t i = 0; i < loads->count; i++) {
        if (loads->items[i].state.phase == SL_LOAD_DONE) {
            done++;
        } else {
            print_unfinished(&loads->items[i]);
        }
    }
    if (done > 0) {
        (void)printf("  loaded       %zu %s\n", done, done == 1 ? "table" : "tables");
    }
}

static void print_report(struct report *report)
{
    const struct sl_redis_status *status = &report->status;

    (void)printf("\nsink %s  %s  %s\n", report->sink->name, health_names[report->health],
                 sl_redis_url(report->sink));
    if (report->health == SL_HEALTH_UNREACHABLE) {
        (void)printf("  error        %s\n", report->err.text);
        return;
    }
    if (status->has_heartbeat) {
        (void)printf("  state        %s\n  lag          %" PRIu64 " s", status->heartbeat.state,
                     status->heartbeat.lag_seconds);
        if (status->heartbeat.has_lag_bytes) {
            (void)printf(", %" PRIu64 " bytes of the binary log", status->heartbeat.lag_bytes);
        }
        (void)fputc('\n', stdout);
        print_rows(&status->heartbeat.rows);
    }
    (void)fputs("  position     ", stdout);
    if (status->has_checkpoint) {
        print_position(&status->position);
        (void)fputs("\n  last change  ", stdout);
        print_time(status->position.event_time);
    } else {
        (void)fputs("none yet", stdout);
    }
    (void)printf("\n  writer       %s\n", status->has_lease ? status->holder : "none");
    print_loads(&report->loads);
    sl_status_reconciled_print(&report->reconciled);
}

/* ---- for machines ---- */

static int add_text(struct sl_buf *out, const char *name, const char *text)
{
    int rc = sl_buf_add_format(out, ",\"%s\":", name);

    return rc == SL_OK ? sl_json_string(sl_span_make(text, strlen(text)), out) : rc;
}

static int add_heartbeat(struct sl_buf *out, const struct sl_heartbeat_seen *heartbeat)
{
    int rc = add_text(out, "state", heartbeat->state);

    return rc == SL_OK ? sl_buf_add_format(
                             out,
                             ",\"lag_seconds\":%" PRIu64 ",\"source_time\":%" PRIu64
                             ",\"time\":%" PRIu64 ",\"unchanged\":%" PRIu64 ",\"filtered\":%" PRIu64
                             ",\"quarantined\":%" PRIu64 ",\"waiting\":%" PRIu64,
                             heartbeat->lag_seconds, heartbeat->source_time, heartbeat->wall_ms,
                             heartbeat->rows.unchanged, heartbeat->rows.filtered,
                             heartbeat->rows.quarantined, heartbeat->rows.waiting)
                       : rc;
}

static int add_lag_bytes(struct sl_buf *out, const struct sl_heartbeat_seen *heartbeat)
{
    return heartbeat->has_lag_bytes
               ? sl_buf_add_format(out, ",\"lag_bytes\":%" PRIu64, heartbeat->lag_bytes)
               : SL_OK;
}

static int add_checkpoint(struct sl_buf *out, const struct sl_position *position)
{
    struct sl_buf gtid = {0};
    const char *text = NULL;
    int rc = sl_buf_add_format(out, ",\"checkpoint\":{\"pos\":%" PRIu64 ",\"event_time\":%" PRIu32,
                               position->offset, position->event_time);

    rc = rc == SL_OK ? add_text(out, "file", position->file) : rc;
    rc = rc == SL_OK ? sl_position_format_gtid(position, &gtid) : rc;
    text = sl_buf_cstr(&gtid);
    rc = rc == SL_OK && text == NULL ? SL_ENOMEM : rc;
    rc = rc == SL_OK ? add_text(out, "gtid", text) : rc;
    rc = rc == SL_OK ? add_text(out, "server_uuid", position->server_uuid) : rc;
    sl_buf_release(&gtid);
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

static int add_load(struct sl_buf *out, struct sl_load *load)
{
    const struct sl_load_state *state = &load->state;
    int rc = sl_buf_add_str(out, "{\"table\":");

    rc = rc == SL_OK ? sl_json_string(sl_span_make(load->table, strlen(load->table)), out) : rc;
    rc = rc == SL_OK ? add_text(out, "phase", sl_load_phase_name(state->phase)) : rc;
    rc = rc == SL_OK ? sl_buf_add_format(out,
                                         ",\"rows\":%" PRIu64 ",\"estimate\":%" PRIu64
                                         ",\"removed\":%" PRIu64 ",\"began\":%" PRIu64
                                         ",\"changed\":%" PRIu64,
                                         state->rows, state->estimate, state->removed,
                                         state->began_ms, state->changed_ms)
                     : rc;
    rc = rc == SL_OK ? add_text(out, "id", state->id) : rc;
    rc = rc == SL_OK ? add_text(out, "reason", why(load)) : rc;
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

static int add_loads(struct sl_buf *out, const struct sl_loads *loads)
{
    int rc = sl_buf_add_str(out, ",\"tables\":[");

    for (size_t i = 0; rc == SL_OK && i < loads->count; i++) {
        rc = i > 0 ? sl_buf_add_byte(out, ',') : SL_OK;
        rc = rc == SL_OK ? add_load(out, &loads->items[i]) : rc;
    }
    return rc == SL_OK ? sl_buf_add_byte(out, ']') : rc;
}

static int add_report(struct sl_buf *out, const struct report *report)
{
    const struct sl_redis_status *status = &report->status;
    int rc = sl_buf_add_str(out, "{\"name\":");

    rc = rc == SL_OK
             ? sl_json_string(sl_span_make(report->sink->name, strlen(report->sink->name)), out)
             : rc;
    rc = rc == SL_OK ? add_text(out, "url", sl_redis_url(report->sink)) : rc;
    rc = rc == SL_OK ? add_text(out, "status", health_names[report->health]) : rc;
    if (rc == SL_OK && report->health == SL_HEALTH_UNREACHABLE) {
        rc = add_text(out, "error", report->err.text);
    }
    if (rc == SL_OK && status->has_heartbeat) {
        rc = add_heartbeat(out, &status->heartbeat);
        rc = rc == SL_OK ? add_lag_bytes(out, &status->heartbeat) : rc;
    }
    if (rc == SL_OK && status->has_checkpoint) {
        rc = add_checkpoint(out, &status->position);
    }
    if (rc == SL_OK && status->has_lease) {
        rc = add_text(out, "writer", status->holder);
        rc = rc == SL_OK
                 ? sl_buf_add_format(out, ",\"lease_left_ms\":%" PRId64, status->lease_left_ms)
                 : rc;
    }
    rc = rc == SL_OK ? add_loads(out, &report->loads) : rc;
    rc = rc == SL_OK ? sl_status_reconciled_add(out, &report->reconciled) : rc;
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

static void print_json(const struct sl_config *config, const struct report *reports, bool is_fresh)
{
    struct sl_buf out = {0};
    int rc = sl_buf_add_format(&out, "{\"fresh\":%s", is_fresh ? "true" : "false");

    rc = rc == SL_OK ? add_text(&out, "pipeline", config->pipeline.name) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&out, ",\"sinks\":[") : rc;
    for (size_t i = 0; rc == SL_OK && i < config->sink_count; i++) {
        rc = i > 0 ? sl_buf_add_byte(&out, ',') : SL_OK;
        rc = rc == SL_OK ? add_report(&out, &reports[i]) : rc;
    }
    rc = rc == SL_OK ? sl_buf_add_str(&out, "]}\n") : rc;
    if (rc == SL_OK) {
        (void)fwrite(out.data, 1, out.len, stdout);
    }
    sl_buf_release(&out);
}

/* ---- the command ---- */

static int show(const struct sl_config *config, const struct words *words)
{
    struct report *reports = calloc(config->sink_count, sizeof(*reports));
    bool is_fresh = true;

    if (reports == NULL) {
        (void)fputs("sluice status: out of memory\n", stderr);
        return SL_STATUS_BAD;
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        look(&reports[i], config, i, words->max_lag);
        is_fresh = is_fresh && reports[i].health == SL_HEALTH_RUNNING;
    }
    if (words->is_json) {
        print_json(config, reports, is_fresh);
    } else {
        print_head(config);
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        if (!words->is_json) {
            print_report(&reports[i]);
        }
        sl_redis_status_release(&reports[i].status);
        sl_loads_release(&reports[i].loads);
    }
    free(reports);
    return is_fresh ? SL_EXIT_OK : SL_STATUS_BAD;
}

static bool read_seconds(const char *word, uint64_t *out)
{
    char *end = NULL;

    *out = strtoull(word, &end, 10);
    return word[0] >= '0' && word[0] <= '9' && *end == '\0';
}

static int run(int argc, char **argv)
{
    struct words words = {.config = SL_DEFAULT_CONFIG, .max_lag = SL_STATUS_LAG_SECONDS};
    struct sl_config *config;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            words.is_json = true;
        } else if (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
            words.config = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--max-lag") == 0) {
            if (!read_seconds(argv[++i], &words.max_lag)) {
                return sl_usage_error(&sl_command_status,
                                      "--max-lag: expected seconds, got \"%.64s\"", argv[i]);
            }
        } else {
            return sl_usage_error(&sl_command_status, "unknown option \"%.64s\"", argv[i]);
        }
    }
    config = sl_command_config(words.config, 0);
    if (config == NULL) {
        return SL_EXIT_USAGE;
    }
    status = show(config, &words);
    sl_config_free(config);
    return status;
}

const struct sl_command sl_command_status = {
    .name = "status",
    .summary = "tell whether each sink is fresh, and up to where",
    .usage =
        "Usage: sluice status [-c FILE] [--json] [--max-lag SECONDS]\n\n"
        "Reads what the daemon writes to Redis beside the rows: its heartbeat, the checkpoint, "
        "who\n"
        "holds the lease and which tables are being loaded. The daemon itself is not asked, so "
        "this works from anywhere.\n\n"
        "  -c FILE            the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --json             one JSON object instead of text\n"
        "  --max-lag SECONDS  a sink that is further behind than this is stale (default 60)\n\n"
        "Exit status: 0 every sink is written to and fresh, 1 one is stale, stopped or "
        "unreachable,\n"
        "2 bad usage or configuration.\n",
    .run = run,
};
