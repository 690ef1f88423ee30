/*
 * reconcile_sink.c - one sink: who else is at work, which tables there are, and one after another.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/xrand.h"
#include "cdc/load_state.h"
#include "cmd/reconcile_private.h"
#include "filters/facet.h"
#include "filters/mapper.h"
#include "filters/rule.h"
#include "sinks/load_store.h"
#include "sinks/redis_status.h"

enum { SL_TABLE_TRIES = 3 }; /* when it is altered while it is read */

/* ---- tables ---- */

/* "DATABASE.TABLE" with * and ?, as in the configuration. */
static bool word_matches(const char *word, struct sl_span db, struct sl_span table)
{
    char db_pattern[256];
    size_t dot = strcspn(word, ".");

    if (dot >= sizeof(db_pattern)) {
        return false;
    }
    memcpy(db_pattern, word, dot);
    db_pattern[dot] = '\0';
    return sl_glob_matches(db_pattern, db) &&
           sl_glob_matches(word[dot] != '\0' ? word + dot + 1 : "", table);
}

bool sl_reconcile_is_wanted(const struct sl_reconcile_words *words, struct sl_span db,
                            struct sl_span table)
{
    for (size_t i = 0; i < words->table_count; i++) {
        if (word_matches(words->tables[i], db, table)) {
            return true;
        }
    }
    return words->table_count == 0;
}

static struct sl_key_pattern **free_patterns(struct sl_reconcile_table *table)
{
    for (size_t i = 0; table->patterns != NULL && i < table->facets; i++) {
        if (table->patterns[i] != NULL) {
            table->patterns[i]->free(table->patterns[i]);
        }
    }
    free(table->patterns);
    return NULL;
}

static int make_patterns(struct sl_reconcile_table *table)
{
    const struct sl_table_rule *rule = table->rule;
    bool has_all = true;

    table->facets = sl_rule_facets(rule);
    table->patterns = calloc(table->facets, sizeof(struct sl_key_pattern *));
    for (size_t i = 0; table->patterns != NULL && i < table->facets; i++) {
        table->patterns[i] =
            sl_key_pattern_new(sl_rule_template(rule, (uint32_t)i), table->db, table->name, 0);
        has_all = has_all && table->patterns[i] != NULL;
    }
    if (table->patterns != NULL && !has_all) {
        table->patterns = free_patterns(table);
    }
    return table->patterns != NULL ? SL_OK : SL_ENOMEM;
}

static int take_table(void *user, struct sl_span db, struct sl_span name, uint64_t rows)
{
    struct sl_reconcile *r = user;
    struct sl_reconcile_table table = {
        .db = db,
        .name = name,
        .estimate = rows,
        .is_wanted = sl_reconcile_is_wanted(r->words, db, name),
    };
    int rc = sl_rule_find(r->config->tables, r->config->table_count, db, name, &table.rule, NULL);

    if (rc != SL_OK || table.rule == NULL) {
        return rc;
    }
    if (r->table_count == r->table_cap) {
        size_t cap = r->table_cap > 0 ? 2 * r->table_cap : 16;
        struct sl_reconcile_table *tables = realloc(r->tables, cap * sizeof(*tables));

        if (tables == NULL) {
            return SL_ENOMEM;
        }
        r->tables = tables;
        r->table_cap = cap;
    }
    if (make_patterns(&table) != SL_OK) {
        return SL_ENOMEM;
    }
    r->tables[r->table_count++] = table;
    return sl_arena_keep(&r->names, &r->tables[r->table_count - 1].db) == SL_OK
               ? sl_arena_keep(&r->names, &r->tables[r->table_count - 1].name)
               : SL_ENOMEM;
}

/* A word that stands for no table is a mistake. */
static int check_words(struct sl_reconcile *r, struct sl_err *err)
{
    for (size_t i = 0; i < r->words->table_count; i++) {
        size_t at = 0;

        while (at < r->table_count &&
               !word_matches(r->words->tables[i], r->tables[at].db, r->tables[at].name)) {
            at++;
        }
        if (at == r->table_count) {
            return sl_err_set(err, SL_EINVAL,
                              "--table %s: the source has no such table that the account may read "
                              "and an entry of \"tables\" chooses",
                              r->words->tables[i]);
        }
    }
    return SL_OK;
}

/* A field of the states: a table that is on its way, or all that are not listed yet. */
static int note_loading(void *user, struct sl_span name, struct sl_span value)
{
    struct sl_reconcile *r = user;
    struct sl_load_state state = {0};
    struct sl_buf db = {0};
    struct sl_buf table = {0};
    int rc = sl_load_state_parse(&state, value);
    bool is_all = sl_span_equals(name, SL_LOAD_ALL);
    bool is_known = is_all || sl_load_field_parse(name, &db, &table) == SL_OK;
    bool is_loading =
        rc == SL_OK && is_known && state.phase != SL_LOAD_DONE && state.phase != SL_LOAD_FAILED;

    for (size_t i = 0; is_loading && i < r->table_count; i++) {
        struct sl_reconcile_table *at = &r->tables[i];

        at->is_loading |= is_all || (at->db.len == db.len && at->name.len == table.len &&
                                     memcmp(at->db.data, db.data, db.len) == 0 &&
                                     memcmp(at->name.data, table.data, table.len) == 0);
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
    sl_load_state_release(&state);
    return rc == SL_ENOMEM ? rc : SL_OK;
}

static int list_tables(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = sl_reconcile_from_source(r, r->reader->ops->list(r->reader, take_table, r, err));

    rc = rc == SL_OK ? check_words(r, err) : rc;
    rc = rc == SL_OK ? r->store->ops->states(r->store, note_loading, r, err) : rc;
    return rc == SL_OK ? sl_reconcile_check_rules(r, err) : rc;
}

/* ---- one after another ---- */

/* What the stream could not know of rows it has loaded again: until then it is no drift. */
int sl_reconcile_check_load(struct sl_reconcile *r, struct sl_err *err)
{
    int rc;

    for (size_t i = 0; i < r->table_count; i++) {
        r->tables[i].is_loading = false;
    }
    rc = r->store->ops->states(r->store, note_loading, r, err);
    return rc == SL_OK && r->current->is_loading ? SL_RECONCILE_LOADING : rc;
}

/* A table that cannot be compared is said and passed over: the others can. */
static bool is_of_table(int rc)
{
    return rc == SL_ESCHEMA || rc == SL_EINVAL || rc == SL_EUNSUPPORTED ||
           rc == SL_RECONCILE_ALTERED;
}

static int compare_table(struct sl_reconcile *r, struct sl_err *err)
{
    uint64_t drifted = r->drifted;
    uint64_t mended = r->mended;
    int rc = SL_RECONCILE_ALTERED;

    for (int i = 0; rc == SL_RECONCILE_ALTERED && i < SL_TABLE_TRIES; i++) {
        r->counts = (struct sl_reconcile_counts){0};
        r->row_bytes = 0;
        r->drifted = drifted;
        r->mended = mended;
        rc = sl_reconcile_compare_table(r, err);
    }
    return rc;
}

static int tell_loading(struct sl_reconcile *r)
{
    const struct sl_reconcile_table *table = r->current;

    sl_reconcile_say(r->report,
                     "table %.*s.%.*s is being loaded by the daemon, so it is not compared: run "
                     "again when sluice status shows it as done",
                     (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                     (const char *)table->name.data);
    r->is_missing_load = true;
    return SL_OK;
}

static int compare_and_report(struct sl_reconcile *r, struct sl_err *err)
{
    const struct sl_reconcile_table *table = r->current;
    int rc;

    if (!sl_rule_keeps_rows(table->rule)) {
        sl_reconcile_say(r->report,
                         "table %.*s.%.*s is passed over: its \"value\" is \"%s\", so there is "
                         "nothing to compare",
                         (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                         (const char *)table->name.data,
                         table->rule->value == SL_VALUE_STREAM ? "stream" : "invalidate");
        return SL_OK;
    }
    rc = table->is_loading ? SL_RECONCILE_LOADING : compare_table(r, err);
    if (rc == SL_RECONCILE_LOADING) {
        return tell_loading(r);
    }
    if (rc == SL_DONE) {
        return SL_OK; /* dropped meanwhile */
    }
    if (is_of_table(rc)) {
        sl_reconcile_say(r->report, "%s", err->text);
        r->has_bad_table = true;
        return SL_OK;
    }
    r->compared += r->counts.rows;
    r->unsettled += r->counts.unsettled;
    r->late += r->counts.late;
    r->unclear += r->counts.unclear;
    if (sl_reconcile_report_table(r->report, table->db, table->name, &r->counts) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    return rc;
}

static int compare_tables(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < r->table_count; i++) {
        r->current = &r->tables[i];
        rc = r->current->is_wanted ? compare_and_report(r, err) : SL_OK;
    }
    return rc;
}

/* ---- who else is at work ---- */

static int look_at_daemon(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_redis_status status;
    int rc = sl_redis_status_read(r->sink, r->config->pipeline.name, &status, err);

    r->has_daemon = status.has_lease;
    if (rc == SL_OK && !status.has_checkpoint) {
        rc = sl_err_set(err, SL_ESINK,
                        "sink %s has no checkpoint of pipeline %s: nothing was ever written there; "
                        "start sluice run",
                        r->sink->name, r->config->pipeline.name);
    }
    rc = rc == SL_OK ? sl_position_copy(&r->place, &status.position) : rc;
    sl_redis_status_release(&status);
    if (rc != SL_OK || r->has_daemon) {
        return rc;
    }
    if (r->words->repair) {
        sl_reconcile_say(r->report,
                         "no daemon writes to sink %s: the pipeline runs in this process",
                         r->sink->name);
        rc = sl_reconcile_writer_start(r, err);
        r->has_daemon = rc == SL_OK;
        return rc;
    }
    sl_reconcile_say(r->report, "no daemon writes to sink %s: it is compared as it stands",
                     r->sink->name);
    return SL_OK;
}

static void tell_unsettled(struct sl_reconcile *r)
{
    uint64_t moved = r->unsettled - r->late - r->unclear;

    if (r->late > 0) {
        sl_reconcile_say(r->report,
                         "%" PRIu64 " keys of sink %s are unsettled, so drift could not be "
                         "excluded: the stream stayed more than a second behind for %" PRIu64
                         " s; look at sluice status, or give a longer --wait",
                         r->late, r->sink->name, r->words->wait_s);
    }
    if (moved > 0) {
        sl_reconcile_say(r->report,
                         "%" PRIu64 " keys of sink %s are unsettled, so drift could not be "
                         "excluded: their rows changed at every look; run again",
                         moved, r->sink->name);
    }
    if (r->unclear > 0) {
        sl_reconcile_say(r->report,
                         "%" PRIu64 " keys of sink %s are unsettled, so drift could not be "
                         "excluded: they do not tell which rows they are of; put \":\" between "
                         "the columns of the key template",
                         r->unclear, r->sink->name);
    }
}

static int compare_sink(struct sl_reconcile *r, struct sl_err *err)
{
    int rc =
        sl_redis_lock_take(r->sink, r->config->pipeline.name, "reconcile", r->stop, &r->lock, err);

    rc = rc == SL_OK ? look_at_daemon(r, err) : rc;
    rc = rc == SL_OK ? list_tables(r, err) : rc;
    rc = rc == SL_OK ? sl_reconcile_since_read(r, err) : rc;
    if (rc == SL_OK) {
        sl_reconcile_report_sink(r->report, r->sink);
        rc = compare_tables(r, err);
        tell_unsettled(r);
    }
    if (sl_reconcile_writer_stop(r) > SL_EXIT_USAGE && rc == SL_OK) {
        rc = sl_err_set(err, SL_ESINK, "the pipeline ended in a failure; the log says why");
    }
    sl_redis_lock_release(r->lock);
    return rc;
}

/* ---- life ---- */

static int make(struct sl_reconcile *r)
{
    const char *pipeline = r->config->pipeline.name;

    r->dictionaries =
        (struct sl_redis_dictionaries){.options = r->sink, .pipeline = pipeline, .stop = r->stop};
    r->rows = sl_redis_rows_new(r->sink, pipeline, r->stop);
    r->store = sl_redis_load_store_new(r->sink, pipeline);
    r->mapper = sl_rule_mapper_new(r->config->tables, r->config->table_count, NULL);
    r->items = sl_reconcile_items_new();
    r->mend = r->words->repair ? sl_mend_new() : NULL;
    r->unpacker = sl_unpacker_new(sl_redis_dictionary_find, &r->dictionaries);
    if (r->rows == NULL || r->store == NULL || r->mapper == NULL || r->items == NULL ||
        r->unpacker == NULL || (r->mend == NULL && r->words->repair)) {
        return SL_ENOMEM;
    }
    sl_rule_mapper_leave_unpacked(r->mapper);
    return SL_OK;
}

static void release(struct sl_reconcile *r)
{
    for (size_t i = 0; i < r->table_count; i++) {
        r->tables[i].patterns = free_patterns(&r->tables[i]);
    }
    free(r->tables);
    sl_redis_rows_free(r->rows);
    if (r->store != NULL) {
        r->store->ops->free(r->store);
    }
    if (r->mapper != NULL) {
        r->mapper->ops->free(r->mapper);
    }
    sl_reconcile_items_free(r->items);
    sl_mend_free(r->mend);
    sl_expect_release(&r->expect);
    sl_unpacker_free(r->unpacker);
    sl_unpacked_release(&r->unpacked);
    sl_buf_release(&r->key);
    sl_buf_release(&r->scope);
    sl_position_release(&r->place);
    sl_position_release(&r->high);
    sl_arena_release(&r->names);
}

static int exit_status(const struct sl_reconcile *r, int rc)
{
    switch (rc) {
    case SL_OK:
        break;
    case SL_EINVAL:
        return SL_EXIT_USAGE;
    case SL_EGAP:
        return SL_EXIT_GAP;
    case SL_ESTOPPED:
    case SL_RECONCILE_ENOUGH:
        return SL_EXIT_DRIFT;
    default:
        return r->source_failed ? SL_EXIT_SOURCE : SL_EXIT_SINK;
    }
    if (r->is_missing_load) {
        return SL_EXIT_SINK;
    }
    if (r->has_bad_table) {
        return SL_EXIT_SOURCE;
    }
    return r->drifted > r->mended || r->unsettled > 0 ? SL_EXIT_DRIFT : SL_EXIT_OK;
}

int sl_reconcile_sink(const struct sl_reconcile_common *common, size_t sink)
{
    struct sl_reconcile r = {
        .config = common->config,
        .sink = &common->config->sinks[sink],
        .sink_number = sink,
        .words = common->words,
        .report = common->report,
        .stop = common->stop,
        .clock = sl_clock_real(),
        .reader = common->reader,
        .since = common->since,
        .seed = sl_xrand_entropy(),
        .sample_seed = common->words->seed,
        .began_ms = sl_clock_mono_ms(sl_clock_real()),
    };
    struct sl_err err = {0};
    int rc = make(&r);
    int status;

    rc = rc == SL_OK ? compare_sink(&r, &err) : sl_err_set(&err, rc, "out of memory");
    if (rc != SL_OK) {
        sl_reconcile_say(common->report, "%s", err.text[0] != '\0' ? err.text : sl_status_str(rc));
    }
    status = exit_status(&r, rc);
    sl_reconcile_keep(&r, rc, status);
    release(&r);
    return status;
}
