/*
 * explain.c - shows what the configuration makes of a table: which rule decides, keys and values,
 * one row, and the memory that all rows may take. Nothing is written anywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/client/chunk_reader.h"
#include "cdc/client/schema_query.h"
#include "cmd/command.h"
#include "cmd/explain_private.h"
#include "cmd/runner.h"
#include "cmd/watch.h"
#include "filters/facet.h"
#include "filters/key.h"
#include "filters/mapper.h"
#include "filters/rule.h"

enum {
    SL_EXPLAIN_NO = 1,
    SL_EXPLAIN_SAMPLE = 1000,
    SL_EXPLAIN_SAMPLE_MAX = 100000,
};

static const struct sl_explain_printer *printer_of(const struct sl_explain *explain)
{
    return explain->words->is_json ? &sl_explain_printer_json : &sl_explain_printer_text;
}

/* JSON comes out whole or not at all. */
static void show(struct sl_explain *explain, void (*print)(struct sl_explain *explain))
{
    print(explain);
    if (!explain->words->is_json) {
        (void)sl_explain_flush(&explain->out);
    }
}

static int finish(struct sl_explain *explain, int status)
{
    show(explain, printer_of(explain)->end);
    if (!sl_explain_flush(&explain->out)) {
        (void)fputs("sluice explain: the explanation cannot be printed\n", stderr);
        return SL_EXIT_SOURCE;
    }
    return status;
}

static void stop(void *user)
{
    struct sl_explain *explain = user;

    atomic_store(&explain->stop, true);
    explain->reader->ops->interrupt(explain->reader);
}

static int fail(const struct sl_explain *explain, int rc, const struct sl_err *err)
{
    if (atomic_load(&explain->stop)) {
        return SL_EXPLAIN_NO;
    }
    (void)fprintf(stderr, "sluice explain: %s\n",
                  err->text[0] != '\0' ? err->text : sl_status_str(rc));
    return rc == SL_EINVAL ? SL_EXIT_USAGE : SL_EXIT_SOURCE;
}

/* ---- the table ---- */

static int absent(const struct sl_explain *explain, struct sl_err *err)
{
    return sl_err_set(err, SL_EIO, "the source has no table %.128s that the account may read",
                      explain->words->table);
}

static int open_table(struct sl_explain *explain, struct sl_err *err)
{
    const struct sl_chunk_reader_ops *ops = explain->reader->ops;
    int rc =
        ops->open_table(explain->reader, explain->db, explain->name, NULL, &explain->table, err);

    if (rc == SL_DONE) {
        return absent(explain, err);
    }
    return rc == SL_OK ? explain->mapper->ops->table(explain->mapper, explain->table, err) : rc;
}

static int read_schema(struct sl_explain *explain, struct sl_schema_query *query,
                       struct sl_err *err)
{
    struct sl_position nowhere;
    int rc;

    sl_position_init(&nowhere);
    rc = sl_schema_query_read(query, explain->db, explain->name, &nowhere, &explain->schema, err);
    sl_position_release(&nowhere);
    if (rc == SL_DONE) {
        return absent(explain, err);
    }
    if (rc == SL_OK && explain->schema->count != explain->table->column_count) {
        return sl_err_set(err, SL_EIO, "table %.128s was altered meanwhile: try again",
                          explain->words->table);
    }
    return rc;
}

static int find_pattern(struct sl_explain *explain)
{
    struct sl_key_pattern *pattern = sl_key_pattern_new(sl_rule_key(explain->rule), explain->db,
                                                        explain->name, explain->table->key_count);

    if (pattern != NULL) {
        explain->pattern = strdup(pattern->glob);
        pattern->free(pattern);
    }
    return explain->pattern != NULL ? SL_OK : SL_ENOMEM;
}

static int look_at_table(struct sl_explain *explain, struct sl_schema_query *query,
                         struct sl_err *err)
{
    int rc;

    if (explain->rule->compress == SL_COMPRESS_DICT) {
        sl_explain_find_dictionaries(explain);
        sl_rule_mapper_use_dictionaries(explain->mapper, &explain->dictionaries);
    }
    rc = open_table(explain, err);
    rc = rc == SL_OK ? read_schema(explain, query, err) : rc;
    rc = rc == SL_OK ? find_pattern(explain) : rc;
    if (rc == SL_OK) {
        show(explain, printer_of(explain)->layout);
    }
    return rc;
}

static int look_at_row(struct sl_explain *explain, struct sl_err *err)
{
    int rc = sl_explain_read_row(explain, err);

    if (rc == SL_OK && explain->row.is_there && explain->row.why.status == SL_OK) {
        rc = sl_explain_ask_sinks(explain);
    }
    if (rc == SL_OK) {
        show(explain, printer_of(explain)->row);
    }
    return rc;
}

/* The reader has one table open at a time. */
static int look_at_memory(struct sl_explain *explain)
{
    bool at_source = false;

    explain->reader->ops->close_table(explain->reader);
    explain->table = NULL;
    sl_explain_measure(explain, &at_source);
    if (atomic_load(&explain->stop)) {
        return SL_EXPLAIN_NO;
    }
    show(explain, printer_of(explain)->memory);
    return explain->memory.why.status != SL_OK && at_source ? SL_EXIT_SOURCE : SL_EXIT_OK;
}

static int look(struct sl_explain *explain, struct sl_schema_query *query)
{
    struct sl_err err = {0};
    int rc = look_at_table(explain, query, &err);
    int status;

    rc = rc == SL_OK ? look_at_row(explain, &err) : rc;
    if (rc != SL_OK) {
        return fail(explain, rc, &err);
    }
    status = explain->row.is_there ? SL_EXIT_OK : SL_EXPLAIN_NO;
    if (status == SL_EXIT_OK && explain->words->sample > 0) {
        status = look_at_memory(explain);
    }
    return finish(explain, status);
}

static int look_watched(struct sl_explain *explain)
{
    struct sl_schema_query *query = sl_schema_query_new(&explain->config->source);
    struct sl_watch *watch = NULL;
    struct sl_err err = {0};
    int status = SL_EXIT_SOURCE;

    explain->reader = sl_chunk_reader_new(&explain->config->source);
    explain->mapper =
        sl_rule_mapper_new(explain->config->tables, explain->config->table_count, NULL);
    if (query == NULL || explain->reader == NULL || explain->mapper == NULL) {
        (void)fputs("sluice explain: out of memory\n", stderr);
    } else if (sl_watch_start(stop, explain, &watch, &err) != SL_OK) {
        (void)fprintf(stderr, "sluice explain: %s\n", err.text);
    } else {
        status = look(explain, query);
    }
    sl_watch_end(watch);
    sl_schema_query_free(query);
    return status;
}

/* ---- the rule ---- */

static int match_rules(struct sl_explain *explain, struct sl_err *err)
{
    const struct sl_config *config = explain->config;
    int rc = sl_rule_first(config->tables, config->table_count, explain->db, explain->name,
                           &explain->rule, err);

    explain->matches = calloc(config->table_count + 1, sizeof(*explain->matches));
    if (explain->matches == NULL) {
        return SL_ENOMEM;
    }
    for (size_t i = 0; rc == SL_OK && i < config->table_count; i++) {
        const struct sl_table_rule *found = NULL;

        rc = sl_rule_first(&config->tables[i], 1, explain->db, explain->name, &found, err);
        explain->matches[i] = found != NULL;
    }
    return rc;
}

static int explain_table(struct sl_explain *explain)
{
    struct sl_err err = {0};
    int rc = match_rules(explain, &err);

    if (rc != SL_OK) {
        return fail(explain, rc, &err);
    }
    show(explain, printer_of(explain)->begin);
    show(explain, printer_of(explain)->rule);
    if (explain->rule == NULL || explain->rule->skip) {
        return finish(explain, SL_EXPLAIN_NO);
    }
    return look_watched(explain);
}

static void release(struct sl_explain *explain)
{
    sl_explain_row_release(&explain->row);
    if (explain->reader != NULL) {
        explain->reader->ops->free(explain->reader);
    }
    if (explain->mapper != NULL) {
        explain->mapper->ops->free(explain->mapper);
    }
    sl_dictionaries_release(&explain->dictionaries);
    sl_buf_release(&explain->out.buf);
    free(explain->pattern);
    free(explain->matches);
}

/* ---- the command line ---- */

static int read_sample(const char *word, size_t *out)
{
    char *end = NULL;
    unsigned long number = strtoul(word, &end, 10);

    if (word[0] < '0' || word[0] > '9' || *end != '\0' || number > SL_EXPLAIN_SAMPLE_MAX) {
        return sl_usage_error(&sl_command_explain,
                              "--sample: expected a number from 0 to %d, got \"%.64s\"",
                              SL_EXPLAIN_SAMPLE_MAX, word);
    }
    *out = (size_t)number;
    return SL_EXIT_OK;
}

/* *AT: the first word that is no option. */
static int read_options(int argc, char **argv, struct sl_explain_words *words, int *at)
{
    int i = 1;
    int status = SL_EXIT_OK;

    for (; status == SL_EXIT_OK && i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(argv[i], "--json") == 0) {
            words->is_json = true;
        } else if (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
            words->config = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--sample") == 0) {
            status = read_sample(argv[++i], &words->sample);
        } else {
            status = sl_usage_error(&sl_command_explain, "unknown option \"%.64s\"", argv[i]);
        }
    }
    *at = i;
    return status;
}

static int read_words(int argc, char **argv, struct sl_explain_words *words)
{
    int at = 0;
    int status = read_options(argc, argv, words, &at);
    const char *dot;

    if (status != SL_EXIT_OK) {
        return status;
    }
    if (at >= argc) {
        return sl_usage_error(&sl_command_explain, "expected DATABASE.TABLE");
    }
    words->table = argv[at];
    dot = strchr(words->table, '.');
    if (dot == NULL || dot == words->table || dot[1] == '\0') {
        return sl_usage_error(&sl_command_explain, "expected DATABASE.TABLE, got \"%.64s\"",
                              words->table);
    }
    words->count = (size_t)(argc - at - 1);
    words->values = calloc(words->count + 1, sizeof(*words->values));
    for (size_t i = 0; words->values != NULL && i < words->count; i++) {
        words->values[i] = argv[(size_t)at + 1 + i];
    }
    return words->values != NULL ? SL_EXIT_OK
                                 : sl_usage_error(&sl_command_explain, "out of memory");
}

static int explain_words(const struct sl_explain_words *words, const struct sl_config *config)
{
    size_t dot = strcspn(words->table, ".");
    struct sl_explain explain = {
        .config = config,
        .words = words,
        .db = sl_span_make(words->table, dot),
        .name = sl_span_make(words->table + dot + 1, strlen(words->table + dot + 1))};
    int status = explain_table(&explain);

    release(&explain);
    return status;
}

static int run(int argc, char **argv)
{
    struct sl_explain_words words = {
        .config = SL_DEFAULT_CONFIG, .table = "", .sample = SL_EXPLAIN_SAMPLE};
    struct sl_config *config = NULL;
    int status = read_words(argc, argv, &words);

    if (status == SL_EXIT_OK) {
        status = SL_EXIT_USAGE;
        config = sl_command_config(words.config, SL_CONFIG_SINKS_OPTIONAL);
    }
    if (config != NULL) {
        status = explain_words(&words, config);
        sl_config_free(config);
    }
    free(words.values);
    return status;
}

const struct sl_command sl_command_explain = {
    .name = "explain",
    .summary = "show what the configuration makes of a table, and of a row of it",
    .usage =
        "Usage: sluice explain [-c FILE] [--json] [--sample N] [--] DATABASE.TABLE [VALUE...]\n\n"
        "Shows which entry of \"tables\" decides about the table, what its keys and values look "
        "like, what\n"
        "becomes of one row, whether Redis holds just that, and about how much memory all rows "
        "take in\n"
        "Redis. The values are those of the columns of the primary key, and name the row; without "
        "them it\n"
        "is the first one. Redis is asked if it answers. Nothing is written.\n\n"
        "  -c FILE     the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --json      a JSON object\n"
        "  --sample N  how many rows memory is estimated by (default 1000; 0: it is not "
        "estimated)\n\n"
        "Exit status: 0 done, 1 no entry chooses the table, or there is no such row, 2 bad usage "
        "or\n"
        "configuration, 3 source unusable.\n",
    .run = run,
};
