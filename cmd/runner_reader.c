#include "cdc/client/binlog.h"
#include "cdc/client/schema_query.h"
#include "cdc/client/table_scan.h"
#include "cmd/runner_private.h"
#include "filters/mapper.h"
#include "filters/rule.h"
#include "sinks/checkpoint.h"
#include "sinks/redis_commands.h"
#include "sinks/redis_dictionary.h"
#include "sinks/redis_limits.h"

/* Of memory_limit. */
enum {
    SL_XA_SHARE = 4,
    SL_REREAD_SHARE = 32,
};

void sl_runner_wake(void *user)
{
    struct sl_runner *runner = user;

    ev_async_send(runner->loop, &runner->change);
}

void sl_runner_free_reader(struct sl_runner *runner)
{
    (void)sl_runner_end_snapshot(runner, NULL); /* it visits the reader */
    sl_runner_keep_source_counts(runner);
    sl_reader_free(runner->reader);
    runner->reader = NULL;
    if (runner->mapper != NULL) {
        runner->mapper->ops->free(runner->mapper);
        runner->mapper = NULL;
    }
    if (runner->source != NULL) {
        runner->source->ops->free(runner->source);
        runner->source = NULL;
    }
    sl_schema_query_free(runner->schema);
    runner->schema = NULL;
    sl_table_scan_free(runner->scan);
    runner->scan = NULL;
    sl_rereads_free(runner->rereads);
    runner->rereads = NULL;
    sl_runner_free_book(runner);
    sl_handoff_reset(&runner->handoff);
}

static bool wants_dictionaries(const struct sl_config *config)
{
    for (size_t i = 0; i < config->table_count; i++) {
        if (config->tables[i].compress == SL_COMPRESS_DICT) {
            return true;
        }
    }
    return false;
}

int sl_runner_read_dictionaries(struct sl_runner *runner, struct sl_err *err)
{
    const struct sl_redis_dictionaries place = {.options = runner->redis,
                                                .pipeline = runner->config->pipeline.name,
                                                .stop = &runner->stop_asked};

    sl_dictionaries_release(&runner->dictionaries);
    return wants_dictionaries(runner->rules)
               ? sl_redis_dictionaries_read(&place, &runner->dictionaries, err)
               : SL_OK;
}

/* One who may not ask is refused: once, as Redis counts that as an error. */
void sl_runner_ask_limit(struct sl_runner *runner)
{
    if (!runner->has_asked_limit) {
        runner->value_limit = sl_redis_value_limit(runner->redis, &runner->stop_asked);
        runner->has_asked_limit = true;
    }
}

int sl_runner_check_commands(struct sl_runner *runner, struct sl_err *err)
{
    const struct sl_config *config = runner->rules;

    return sl_rules_have(config->tables, config->table_count, SL_VALUE_REJSON)
               ? sl_redis_must_know_json(runner->redis, &runner->stop_asked, err)
               : SL_OK;
}

static int make_rereads(struct sl_runner *runner)
{
    const struct sl_pipeline_options *pipeline = &runner->config->pipeline;
    struct sl_rereads_options options = {
        .limit = (size_t)(pipeline->memory_limit_bytes / SL_REREAD_SHARE),
        .rate = pipeline->snapshot.rate,
    };
    int rc;

    sl_buf_clear(&runner->rereads_key);
    sl_buf_clear(&runner->state_key);
    rc = sl_pipeline_key(pipeline->name, "rereads", &runner->rereads_key);
    rc = rc == SL_OK ? sl_pipeline_key(pipeline->name, "bootstrap", &runner->state_key) : rc;
    sl_buf_clear(&runner->redelete_key);
    rc = rc == SL_OK ? sl_pipeline_key(pipeline->name, "redelete", &runner->redelete_key) : rc;
    options.hash_key = rc == SL_OK ? sl_buf_cstr(&runner->rereads_key) : NULL;
    options.state_key = rc == SL_OK ? sl_buf_cstr(&runner->state_key) : NULL;
    if (options.hash_key == NULL || options.state_key == NULL) {
        return SL_ENOMEM;
    }
    runner->rereads = sl_rereads_new(&options);
    return runner->rereads != NULL ? SL_OK : SL_ENOMEM;
}

static int make_reader(struct sl_runner *runner)
{
    const struct sl_pipeline_options *pipeline = &runner->config->pipeline;
    struct sl_reader_options options = {
        .batch_bytes = (size_t)pipeline->batch_bytes,
        .max_transaction_bytes = pipeline->max_transaction_bytes,
        .max_held_bytes = pipeline->memory_limit_bytes / SL_XA_SHARE,
        .max_event_bytes = pipeline->memory_limit_bytes / 2,
        .schema = sl_schema_query_read,
        .load = sl_table_scan_run,
        .changed = sl_runner_wake,
        .changed_user = runner,
        .notice = sl_runner_notice,
        .notice_user = runner,
        .has_no_load = !pipeline->start.loads,
        .has_visitors = true,
    };
    int rc = sl_runner_make_first(runner);

    rc = rc == SL_OK ? make_rereads(runner) : rc;
    rc = rc == SL_OK ? sl_runner_make_book(runner) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    options.first_commands = sl_span_make(runner->first.data, runner->first.len);
    options.first_key = sl_span_make(runner->first_key.data, runner->first_key.len);
    options.first_count = runner->first.len > 0 ? SL_FIRST_COMMANDS : 0;

    runner->source = sl_binlog_source_new(&runner->source_options, pipeline->name, false);
    runner->schema = sl_schema_query_new(&runner->source_options);
    runner->scan = sl_table_scan_new(&runner->source_options);
    if (runner->source == NULL || runner->schema == NULL || runner->scan == NULL) {
        return SL_ENOMEM;
    }
    options.schema_user = runner->schema;
    options.load_user = runner->scan;
    options.rereads = runner->rereads;
    options.rules = runner->book;
    options.counts = runner->counts;
    runner->mapper =
        sl_rule_mapper_new(runner->rules->tables, runner->rules->table_count, runner->rereads);
    if (runner->mapper == NULL) {
        return SL_ENOMEM;
    }
    sl_rule_mapper_use_dictionaries(runner->mapper, &runner->dictionaries);
    sl_rule_mapper_limit_values(runner->mapper, runner->value_limit);
    sl_rule_mapper_use_redelete(runner->mapper,
                                sl_span_make(runner->redelete_key.data, runner->redelete_key.len),
                                sl_clock_real());
    sl_rule_mapper_on_notice(runner->mapper, sl_runner_notice, runner);
    runner->reader = sl_reader_new(&options, runner->source, runner->mapper, &runner->handoff);
    return runner->reader != NULL ? SL_OK : SL_ENOMEM;
}

static int start_at(struct sl_runner *runner, struct sl_err *err)
{
    const struct sl_start *start = &runner->config->pipeline.start;
    const struct sl_position *checkpoint = sl_redis_sink_position(runner->sink);
    bool is_now = sl_runner_loads_all(runner) || runner->options.start != SL_RUNNER_AS_CONFIGURED;
    enum sl_start_kind kind = is_now ? SL_START_NOW : start->kind;
    struct sl_position position;
    int rc = SL_OK;

    if (checkpoint != NULL && !runner->has_gap) {
        return sl_reader_start(runner->reader, SL_START_AT, checkpoint, err);
    }
    sl_position_init(&position);
    if (kind == SL_START_AT) {
        rc = sl_position_parse(&position, start->position, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_start(runner->reader, kind, &position, err);
    }
    sl_position_release(&position);
    return rc;
}

void sl_runner_stop_reader(struct sl_runner *runner)
{
    sl_runner_stop_snapshot(runner);
    sl_schema_query_interrupt(runner->schema);
    sl_table_scan_interrupt(runner->scan);
    sl_rule_book_interrupt(runner->book);
    sl_reader_stop(runner->reader);
}

uint32_t sl_runner_source_time(void *user)
{
    const struct sl_runner *runner = user;
    const struct sl_reader_stats *stats =
        runner->reader != NULL ? sl_reader_stats(runner->reader) : NULL;

    return stats != NULL && !atomic_load(&stats->is_idle)
               ? (uint32_t)atomic_load(&stats->event_time)
               : 0;
}

void sl_runner_count_rows(void *user, struct sl_heartbeat_rows *rows)
{
    const struct sl_runner *runner = user;

    if (runner->mapper != NULL) {
        rows->unchanged = atomic_load(&runner->mapper->stats.unchanged);
        rows->filtered = atomic_load(&runner->mapper->stats.filtered);
        rows->quarantined = atomic_load(&runner->mapper->stats.quarantined);
    }
    if (runner->rereads != NULL) {
        rows->waiting = sl_rereads_count(runner->rereads);
    }
}

int sl_runner_start_reader(struct sl_runner *runner, struct sl_err *err)
{
    int rc = make_reader(runner);

    if (rc == SL_OK) {
        rc = start_at(runner, err);
    }
    if (rc != SL_OK) {
        sl_runner_free_reader(runner);
    }
    return rc;
}
