/* runner_rules.c - the rules that a reader works by, and how others take their place. */
#include "cmd/runner_private.h"
#include "filters/rule_judge.h"
#include "sinks/load_store.h"

void sl_runner_reload(struct sl_runner *runner, struct sl_shared_config *shared)
{
    struct sl_shared_config *skipped;

    (void)pthread_mutex_lock(&runner->rules_lock);
    skipped = runner->next_rules;
    runner->next_rules = sl_shared_config_use(shared);
    (void)pthread_mutex_unlock(&runner->rules_lock);
    sl_shared_config_drop(skipped);
    ev_async_send(runner->loop, &runner->reload);
}

bool sl_runner_take_rules(struct sl_runner *runner)
{
    struct sl_shared_config *next;

    (void)pthread_mutex_lock(&runner->rules_lock);
    next = runner->next_rules;
    runner->next_rules = NULL;
    (void)pthread_mutex_unlock(&runner->rules_lock);
    if (next == NULL) {
        return false;
    }
    sl_shared_config_drop(runner->shared_rules);
    runner->shared_rules = next;
    runner->rules = next->config;
    runner->is_reload = true;
    return true;
}

void sl_runner_free_rules(struct sl_runner *runner)
{
    sl_shared_config_drop(runner->next_rules);
    sl_shared_config_drop(runner->shared_rules);
    (void)pthread_mutex_destroy(&runner->rules_lock);
}

/* ---- the book of a reader ---- */

/* In the reader's thread. */
static void on_begun(void *user, const struct sl_rule_book_counts *counts)
{
    struct sl_runner *runner = user;

    if (runner->is_reload || counts->changed + counts->removed + counts->left > 0) {
        sl_log_of(SL_LOG_OF_CONFIG, SL_LOG_INFO, runner->is_reload ? "reloaded" : "rules changed",
                  "pipeline=%s sink=%s tables_changed=%zu tables_removed=%zu tables_left=%zu",
                  sl_runner_name(runner), runner->redis->name, counts->changed, counts->removed,
                  counts->left);
    }
    runner->is_reload = false;
}

int sl_runner_make_book(struct sl_runner *runner)
{
    const struct sl_config *rules = runner->rules;
    struct sl_rule_book_options options = {
        .removes_dropped = rules->pipeline.on_drop == SL_DROP_REMOVE,
        .rate = runner->config->pipeline.snapshot.rate,
        .begun = on_begun,
        .notice = sl_runner_notice,
        .user = runner,
    };

    runner->rule_store = sl_redis_load_store_new(runner->redis, sl_runner_name(runner));
    runner->judge = sl_rule_judge_new(rules->tables, rules->table_count);
    if (runner->rule_store == NULL || runner->judge == NULL) {
        return SL_ENOMEM;
    }
    options.judge = runner->judge;
    options.store = runner->rule_store;
    runner->book = sl_rule_book_new(&options);
    return runner->book != NULL ? SL_OK : SL_ENOMEM;
}

void sl_runner_free_book(struct sl_runner *runner)
{
    sl_rule_book_free(runner->book);
    runner->book = NULL;
    if (runner->judge != NULL) {
        runner->judge->ops->free(runner->judge);
        runner->judge = NULL;
    }
    if (runner->rule_store != NULL) {
        runner->rule_store->ops->free(runner->rule_store);
        runner->rule_store = NULL;
    }
}
