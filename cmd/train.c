/*
 * train.c - makes the dictionary of a table: samples its rows, trains, stores it in every sink.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/chunk_reader.h"
#include "cmd/command.h"
#include "cmd/row_sample.h"
#include "cmd/runner.h"
#include "cmd/watch.h"
#include "filters/expect.h"
#include "filters/rule.h"
#include "filters/train.h"
#include "sinks/redis_dictionary.h"

enum {
    SL_TRAIN_STOPPED = 1,
    SL_TRAIN_ROWS = 20000,
    SL_TRAIN_ROWS_MIN = 100,
    SL_TRAIN_ROWS_MAX = 10 * 1000 * 1000,
    SL_TRAIN_SIZE = 110 * 1024, /* zstd's own default */
    SL_TRAIN_SIZE_MIN = 1024,
    SL_TRAIN_VALUE_MAX = 128 * 1024, /* what zstd looks at of one */
    SL_TRAIN_HELD_OUT = 5,           /* every fifth row */
};

struct words {
    const char *config;
    const char *table;
    uint64_t rows;
    uint64_t size;
};

/* The command at work. */
struct train {
    const struct sl_config *config;
    const struct sl_table_rule *rule;
    const struct words *words;
    struct sl_span db;
    struct sl_span table;
    struct sl_chunk_reader *reader;
    atomic_bool stop;
    struct sl_row_sample rows;
    struct sl_samples taught;
    struct sl_samples held_out;
    struct sl_dictionary dictionary;
    bool at_source;
};

static void stop(void *user)
{
    struct train *train = user;

    atomic_store(&train->stop, true);
    train->reader->ops->interrupt(train->reader);
}

/* ---- values ---- */

static int take_value(struct train *train, struct sl_span value, bool is_held_out)
{
    if (is_held_out) {
        return sl_samples_add(&train->held_out, value);
    }
    if (value.len < train->rule->min_bytes) {
        return SL_OK;
    }
    value.len = value.len < SL_TRAIN_VALUE_MAX ? value.len : SL_TRAIN_VALUE_MAX;
    return sl_samples_add(&train->taught, value);
}

static int take_held(struct train *train, const struct sl_held *held, bool is_held_out)
{
    int rc = SL_OK;

    if (held->kind == SL_HELD_TEXT) {
        return take_value(train, held->text, is_held_out);
    }
    for (size_t i = 0; rc == SL_OK && held->kind == SL_HELD_FIELDS && i < held->field_count; i++) {
        rc = take_value(train, held->fields[i].value, is_held_out);
    }
    return rc;
}

static int take_rows(struct train *train)
{
    struct sl_expect expect = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < train->rows.count; i++) {
        const struct sl_buf *row = &train->rows.rows[i];

        rc = sl_expect_commands(&expect, sl_span_make(row->data, row->len));
        rc = rc == SL_OK ? take_held(train, &expect.held, i % SL_TRAIN_HELD_OUT == 0) : rc;
    }
    sl_expect_release(&expect);
    return rc;
}

/* ---- training ---- */

static unsigned percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (unsigned)((part * 100 + whole / 2) / whole) : 0;
}

static int print_gain(const struct train *train)
{
    const struct sl_buf *bytes = &train->dictionary.bytes;
    struct sl_gain gain = {0};
    int rc = sl_train_gain(&train->held_out, sl_span_make(bytes->data, bytes->len),
                           (int)train->rule->compress_level, (size_t)train->rule->min_bytes, &gain);

    if (rc == SL_OK) {
        (void)printf("%s: %zu rows sampled, every fifth held out\n", train->words->table,
                     train->rows.count);
        (void)printf("held out: %" PRIu64 " bytes raw, %" PRIu64 " zstd (%u %%), %" PRIu64
                     " zstd-dict (%u %%)\n",
                     gain.raw, gain.zstd, percent(gain.zstd, gain.raw), gain.dictionary,
                     percent(gain.dictionary, gain.raw));
    }
    return rc;
}

static int make_dictionary(struct train *train, struct sl_err *err)
{
    struct sl_dictionary *dictionary = &train->dictionary;
    int rc = take_rows(train);

    rc = rc == SL_OK ? sl_buf_add(&dictionary->db, train->db.data, train->db.len) : rc;
    rc = rc == SL_OK ? sl_buf_add(&dictionary->table, train->table.data, train->table.len) : rc;
    rc = rc == SL_OK ? sl_train(&train->taught, (size_t)train->words->size, &dictionary->bytes,
                                &dictionary->id, err)
                     : rc;
    return rc == SL_OK ? print_gain(train) : rc;
}

static int sample_rows(struct train *train, struct sl_err *err)
{
    const struct sl_row_sampling what = {.config = train->config,
                                         .reader = train->reader,
                                         .db = train->db,
                                         .table = train->table,
                                         .rows = (size_t)train->words->rows};
    int rc = sl_row_sample_take(&train->rows, &what, &train->at_source, err);

    if (rc == SL_DONE) {
        train->at_source = true;
        return sl_err_set(err, SL_EINVAL,
                          "the source has no table %.128s that the account may read",
                          train->words->table);
    }
    return rc;
}

/* ---- storing ---- */

static int store_at(struct train *train, const struct sl_redis_options *sink)
{
    const struct sl_redis_dictionaries place = {
        .options = sink, .pipeline = train->config->pipeline.name, .stop = &train->stop};
    struct sl_err err = {0};
    int rc = sl_redis_dictionary_store(&place, &train->dictionary, &err);

    if (rc == SL_ESTOPPED) {
        return SL_TRAIN_STOPPED;
    }
    if (rc != SL_OK) {
        (void)fprintf(stderr, "sluice train: sink %s: %s\n", sink->name,
                      err.text[0] != '\0' ? err.text : sl_status_str(rc));
        return SL_EXIT_SINK;
    }
    (void)printf("dictionary %" PRIu32 ", %zu bytes, is in sink %s\n", train->dictionary.id,
                 train->dictionary.bytes.len, sink->name);
    return SL_EXIT_OK;
}

static int store_everywhere(struct train *train)
{
    int status = SL_EXIT_OK;

    for (size_t i = 0; i < train->config->sink_count; i++) {
        int one = store_at(train, &train->config->sinks[i]);

        status = one > status ? one : status;
    }
    if (status == SL_EXIT_OK) {
        (void)printf("a running daemon uses it when it has been restarted\n");
    }
    if (status == SL_EXIT_OK && train->rule->compress != SL_COMPRESS_DICT) {
        (void)fprintf(stderr,
                      "sluice train: the entry of %s has no \"compress\": \"zstd-dict\", so "
                      "nothing uses the dictionary yet\n",
                      train->words->table);
    }
    return status;
}

static int exit_status(const struct train *train, int rc)
{
    if (rc == SL_ESTOPPED || atomic_load(&train->stop)) {
        return SL_TRAIN_STOPPED;
    }
    return train->at_source ? SL_EXIT_SOURCE : SL_EXIT_GAP;
}

static int work(struct train *train)
{
    struct sl_err err = {0};
    int rc = sample_rows(train, &err);

    rc = rc == SL_OK ? make_dictionary(train, &err) : rc;
    if (rc == SL_OK) {
        return store_everywhere(train);
    }
    (void)fprintf(stderr, "sluice train: %s\n", err.text[0] != '\0' ? err.text : sl_status_str(rc));
    return exit_status(train, rc);
}

static int run_watched(struct train *train)
{
    struct sl_watch *watch = NULL;
    struct sl_err err = {0};
    int status = SL_EXIT_SOURCE;

    train->reader = sl_chunk_reader_new(&train->config->source);
    if (train->reader == NULL) {
        (void)fputs("sluice train: out of memory\n", stderr);
        return status;
    }
    if (sl_watch_start(stop, train, &watch, &err) == SL_OK) {
        status = work(train);
    } else {
        (void)fprintf(stderr, "sluice train: %s\n", err.text);
    }
    sl_watch_end(watch);
    train->reader->ops->free(train->reader);
    return status;
}

static void release(struct train *train)
{
    sl_row_sample_release(&train->rows);
    sl_samples_release(&train->taught);
    sl_samples_release(&train->held_out);
    sl_buf_release(&train->dictionary.db);
    sl_buf_release(&train->dictionary.table);
    sl_buf_release(&train->dictionary.bytes);
}

/* ---- the command line ---- */

static int find_rule(struct train *train)
{
    const char *name = train->words->table;
    const char *dot = strchr(name, '.');
    struct sl_err err = {0};

    if (dot == NULL || dot == name || dot[1] == '\0') {
        return sl_usage_error(&sl_command_train, "--table: expected DATABASE.TABLE, got \"%.64s\"",
                              name);
    }
    train->db = sl_span_make(name, (size_t)(dot - name));
    train->table = sl_span_make(dot + 1, strlen(dot + 1));
    if (sl_rule_find(train->config->tables, train->config->table_count, train->db, train->table,
                     &train->rule, &err) != SL_OK) {
        return sl_usage_error(&sl_command_train, "%s", err.text);
    }
    if (train->rule == NULL) {
        return sl_usage_error(&sl_command_train,
                              "no entry of \"tables\" in the configuration chooses \"%.128s\"",
                              name);
    }
    return SL_EXIT_OK;
}

static int read_number(const char *option, const char *word, uint64_t min, uint64_t max,
                       uint64_t *out)
{
    char *end = NULL;

    *out = strtoull(word, &end, 10);
    if (word[0] >= '1' && word[0] <= '9' && *end == '\0' && *out >= min && *out <= max) {
        return SL_EXIT_OK;
    }
    return sl_usage_error(&sl_command_train,
                          "%s: expected a number from %" PRIu64 " to %" PRIu64 ", got \"%.64s\"",
                          option, min, max, word);
}

static int read_word(struct words *words, const char *option, const char *word)
{
    if (strcmp(option, "-c") == 0) {
        words->config = word;
        return SL_EXIT_OK;
    }
    if (strcmp(option, "--table") == 0) {
        words->table = word;
        return SL_EXIT_OK;
    }
    if (strcmp(option, "--rows") == 0) {
        return read_number(option, word, SL_TRAIN_ROWS_MIN, SL_TRAIN_ROWS_MAX, &words->rows);
    }
    if (strcmp(option, "--size") == 0) {
        return read_number(option, word, SL_TRAIN_SIZE_MIN, SL_DICTIONARY_BYTES_MAX, &words->size);
    }
    return sl_usage_error(&sl_command_train, "unknown option \"%.64s\"", option);
}

static int read_words(int argc, char **argv, struct words *words)
{
    int status = SL_EXIT_OK;

    for (int i = 1; status == SL_EXIT_OK && i < argc; i += 2) {
        if (i + 1 >= argc) {
            return sl_usage_error(&sl_command_train, "unknown option, or nothing behind \"%.64s\"",
                                  argv[i]);
        }
        status = read_word(words, argv[i], argv[i + 1]);
    }
    if (status == SL_EXIT_OK && words->table[0] == '\0') {
        return sl_usage_error(&sl_command_train, "--table DATABASE.TABLE is missing");
    }
    return status;
}

static int run(int argc, char **argv)
{
    struct words words = {
        .config = SL_DEFAULT_CONFIG, .table = "", .rows = SL_TRAIN_ROWS, .size = SL_TRAIN_SIZE};
    struct train train = {.words = &words};
    struct sl_config *config;
    int status = read_words(argc, argv, &words);

    if (status != SL_EXIT_OK) {
        return status;
    }
    config = sl_command_config(words.config, 0);
    if (config == NULL) {
        return SL_EXIT_USAGE;
    }
    train.config = config;
    status = find_rule(&train);
    if (status == SL_EXIT_OK) {
        status = run_watched(&train);
    }
    release(&train);
    sl_config_free(config);
    return status;
}

const struct sl_command sl_command_train = {
    .name = "train",
    .summary = "make the dictionary that a table is compressed with",
    .usage =
        "Usage: sluice train [-c FILE] --table DB.TABLE [--rows N] [--size BYTES]\n\n"
        "Samples rows of the table from all over its key, encoded as the daemon would, makes a\n"
        "dictionary of them for \"compress\": \"zstd-dict\", stores it in every sink as the one "
        "that "
        "the\n"
        "table uses from the daemon's next start on, and prints what it wins on rows that it was "
        "not\n"
        "made of. Earlier dictionaries stay, as values that were compressed with them do.\n\n"
        "  -c FILE           the configuration (default " SL_DEFAULT_CONFIG ")\n"
        "  --table DB.TABLE  the table\n"
        "  --rows N          how many rows to sample (default 20000)\n"
        "  --size BYTES      how large the dictionary may be (default 112640)\n\n"
        "Exit status: 0 done, 1 stopped before, 2 bad usage or configuration, 3 source unusable,\n"
        "4 sink unusable, 5 no dictionary can be made of the table.\n",
    .run = run,
};
