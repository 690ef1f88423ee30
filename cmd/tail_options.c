#include "cmd/tail_options.h"

#include <stdlib.h>
#include <string.h>

#include "filters/table_regex.h"

/* The words that are left. */
struct words {
    char **at;
    int count;
};

static int take_config(struct sl_tail_options *options, const char *word, struct sl_err *err)
{
    (void)err;
    options->config = word;
    return SL_OK;
}

static int take_from(struct sl_tail_options *options, const char *word, struct sl_err *err)
{
    int rc = SL_OK;

    if (strcmp(word, "now") == 0) {
        options->from_kind = SL_START_NOW;
    } else if (strcmp(word, "earliest") == 0) {
        options->from_kind = SL_START_EARLIEST;
    } else {
        options->from_kind = SL_START_AT;
        rc = sl_position_parse(&options->from, word, err);
    }
    return rc == SL_OK ? SL_OK : sl_err_prefix(err, "--from");
}

static int take_to(struct sl_tail_options *options, const char *word, struct sl_err *err)
{
    if (strcmp(word, "now") == 0) {
        options->to_kind = SL_TAIL_END_NOW;
        return SL_OK;
    }
    options->to_kind = SL_TAIL_END_AT;
    return sl_position_parse(&options->to, word, err) == SL_OK ? SL_OK : sl_err_prefix(err, "--to");
}

static int take_limit(struct sl_tail_options *options, const char *word, struct sl_err *err)
{
    char *end = NULL;

    options->limit = strtoull(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || options->limit == 0 ||
        options->limit == UINT64_MAX) {
        return sl_err_set(err, SL_EINVAL, "--limit: expected how many changes, got \"%.64s\"",
                          word);
    }
    return SL_OK;
}

static int take_regex(const char *word, struct sl_table_rule *rule, struct sl_err *err)
{
    int rc = sl_table_regex_new(word, &rule->regex, err);

    if (rc != SL_OK) {
        return sl_err_prefix(err, "--table");
    }
    *rule = (struct sl_table_rule){
        .pattern = word, .db_pattern = strdup("*"), .table_pattern = "*", .regex = rule->regex};
    return SL_OK;
}

static int take_names(const char *word, struct sl_table_rule *rule, struct sl_err *err)
{
    const char *dot = strchr(word, '.');

    if (dot == NULL || dot == word || dot[1] == '\0') {
        return sl_err_set(
            err, SL_EINVAL,
            "--table: expected DATABASE.TABLE (\"*\" and \"?\" may stand for letters), got "
            "\"%.128s\"",
            word);
    }
    *rule = (struct sl_table_rule){.pattern = word,
                                   .db_pattern = strndup(word, (size_t)(dot - word)),
                                   .table_pattern = dot + 1};
    return SL_OK;
}

static int take_table(struct sl_tail_options *options, const char *word, struct sl_err *err)
{
    struct sl_table_rule *rules =
        realloc(options->rules, (options->rule_count + 1) * sizeof(*rules));
    struct sl_table_rule rule = {0};
    int rc;

    if (rules == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    options->rules = rules;
    rc =
        sl_table_regex_is_meant(word) ? take_regex(word, &rule, err) : take_names(word, &rule, err);
    if (rc != SL_OK) {
        return rc;
    }
    rules[options->rule_count++] = rule;
    return rule.db_pattern != NULL ? SL_OK : sl_err_set(err, SL_ENOMEM, "out of memory");
}

/* All words up to the next option. */
static int take_files(struct sl_tail_options *options, struct words *words, struct sl_err *err)
{
    size_t before = options->file_count;

    while (words->count > 0 && words->at[0][0] != '-') {
        const char **files = realloc(options->files, (options->file_count + 1) * sizeof(*files));

        if (files == NULL) {
            return sl_err_set(err, SL_ENOMEM, "out of memory");
        }
        options->files = files;
        files[options->file_count++] = *words->at++;
        words->count--;
    }
    return options->file_count > before
               ? SL_OK
               : sl_err_set(err, SL_EINVAL, "--file: expected the name of a binary log file");
}

static const struct {
    const char *name;
    int (*take)(struct sl_tail_options *options, const char *word, struct sl_err *err);
} known[] = {
    {"-c", take_config},     {"--from", take_from},   {"--to", take_to},
    {"--limit", take_limit}, {"--table", take_table},
};

static int take_option(struct sl_tail_options *options, const char *name, struct words *words,
                       struct sl_err *err)
{
    if (strcmp(name, "--file") == 0) {
        return take_files(options, words, err);
    }
    if (strcmp(name, "--count") == 0) {
        options->is_count = true;
        return SL_OK;
    }
    if (strcmp(name, "--statements") == 0) {
        options->with_statements = true;
        return SL_OK;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) != 0) {
            continue;
        }
        if (words->count == 0) {
            return sl_err_set(err, SL_EINVAL, "%s: a value is missing", name);
        }
        words->count--;
        return known[i].take(options, *words->at++, err);
    }
    return sl_err_set(err, SL_EINVAL, "unknown option \"%.64s\"", name);
}

int sl_tail_options_read(int argc, char **argv, struct sl_tail_options *options, struct sl_err *err)
{
    struct words words = {.at = argv + 1, .count = argc - 1};
    int rc = SL_OK;

    *options = (struct sl_tail_options){.from_kind = SL_START_NOW};
    while (rc == SL_OK && words.count > 0) {
        const char *name = *words.at++;

        words.count--;
        rc = take_option(options, name, &words, err);
    }
    return rc;
}

void sl_tail_options_release(struct sl_tail_options *options)
{
    for (size_t i = 0; i < options->rule_count; i++) {
        /* Only read as const by everybody else. */
        free((void *)(uintptr_t)options->rules[i].db_pattern);
        sl_table_regex_free(options->rules[i].regex);
    }
    free(options->rules);
    free(options->files);
    sl_position_release(&options->from);
    sl_position_release(&options->to);
}
