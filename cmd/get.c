/*
 * get.c - prints one cached row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/row_kind.h"
#include "cmd/runner.h"
#include "filters/facet.h"
#include "filters/json_string.h"
#include "filters/key_words.h"
#include "filters/rule.h"
#include "filters/unpack.h"
#include "filters/utf8.h"
#include "sinks/redis_dictionary.h"
#include "sinks/redis_row.h"

enum { SL_GET_ABSENT = 1 };

struct words {
    const char *config;
    const char *sink; /* NULL: the first */
    const char *table;
    const char **values;
    size_t count;
};

/* A value may begin with "-": behind "--" and behind the table's name nothing is an option. */
static int read_words(int argc, char **argv, struct words *words)
{
    int i = 1;

    words->config = SL_DEFAULT_CONFIG;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (i + 1 < argc && strcmp(argv[i], "-c") == 0) {
            words->config = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--sink") == 0) {
            words->sink = argv[++i];
        } else {
            (void)sl_usage_error(&sl_command_get, "unknown option \"%.64s\"", argv[i]);
            return SL_EXIT_USAGE;
        }
    }
    if (argc - i < 2) {
        (void)sl_usage_error(&sl_command_get, "expected DATABASE.TABLE and the values of its key");
        return SL_EXIT_USAGE;
    }
    words->table = argv[i];
    words->count = (size_t)(argc - i - 1);
    words->values = calloc(words->count, sizeof(*words->values));
    for (size_t at = 0; words->values != NULL && at < words->count; at++) {
        words->values[at] = argv[(size_t)i + 1 + at];
    }
    return words->values != NULL ? SL_EXIT_OK : sl_usage_error(&sl_command_get, "out of memory");
}

/* ---- printing ---- */

struct row {
    struct sl_buf json;
    bool is_string;
    struct sl_unpacker *unpacker; /* NULL: values are kept as they are */
    struct sl_buf plain;          /* scratch */
    struct sl_err err;
};

/* Bytes that no JSON string can hold are {"base64":"…"}: which columns are binary is not known
 * here. */
static int add_text(struct sl_span text, struct sl_buf *out)
{
    int rc;

    if (sl_utf8_is_valid(text)) {
        return sl_json_string(text, out);
    }
    rc = sl_buf_add_str(out, "{\"base64\":");
    rc = rc == SL_OK ? sl_json_base64(text, out) : rc;
    return rc == SL_OK ? sl_buf_add_byte(out, '}') : rc;
}

static int unpack(struct row *row, struct sl_span *value)
{
    int rc;

    if (row->unpacker == NULL) {
        return SL_OK;
    }
    sl_buf_clear(&row->plain);
    rc = sl_unpack(row->unpacker, *value, &row->plain, &row->err);
    *value = sl_span_make(row->plain.data, row->plain.len);
    return rc;
}

static int add_field(void *user, struct sl_span name, struct sl_span value)
{
    struct row *row = user;
    int rc = unpack(row, &value);

    if (rc != SL_OK) {
        return rc;
    }
    if (row->is_string) {
        return sl_buf_add(&row->json, value.data, value.len);
    }
    rc = sl_buf_add_byte(&row->json, row->json.len == 0 ? '{' : ',');
    rc = rc == SL_OK ? sl_json_string(name, &row->json) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(&row->json, ':') : rc;
    return rc == SL_OK ? add_text(value, &row->json) : rc;
}

static int print_row(struct row *row)
{
    int rc = row->is_string ? SL_OK : sl_buf_add_byte(&row->json, '}');

    rc = rc == SL_OK ? sl_buf_add_byte(&row->json, '\n') : rc;
    if (rc != SL_OK || fwrite(row->json.data, 1, row->json.len, stdout) != row->json.len ||
        fflush(stdout) != 0) {
        (void)fputs("sluice get: the row cannot be printed\n", stderr);
        return SL_EXIT_SINK;
    }
    return SL_EXIT_OK;
}

/* ---- finding ---- */

static const struct sl_redis_options *find_sink(const struct sl_config *config, const char *name)
{
    for (size_t i = 0; i < config->sink_count; i++) {
        if (name == NULL || strcmp(config->sinks[i].name, name) == 0) {
            return &config->sinks[i];
        }
    }
    return NULL;
}

static int exit_status(int status)
{
    if (status == SL_DONE) {
        return SL_GET_ABSENT;
    }
    return status == SL_EINVAL ? SL_EXIT_USAGE : SL_EXIT_SINK;
}

/* JSON never begins as a frame does, so it need not be known whether it was compressed once. */
static int make_unpacker(const struct sl_table_rule *rule, struct sl_redis_dictionaries *place,
                         struct row *row)
{
    if (rule->compress == SL_COMPRESS_NONE && !row->is_string) {
        return SL_OK;
    }
    row->unpacker = sl_unpacker_new(sl_redis_dictionary_find, place);
    return row->unpacker != NULL ? SL_OK : SL_ENOMEM;
}

static int read_row(const struct sl_table_rule *rule, struct sl_redis_dictionaries *place,
                    const char *key)
{
    struct row row = {.is_string = rule->value != SL_VALUE_HASH};
    int rc = make_unpacker(rule, place, &row);
    int status;

    rc = rc == SL_OK ? sl_redis_row_read(place->options, key, sl_row_kind_of(rule), add_field, &row,
                                         &row.err)
                     : rc;
    status = rc == SL_OK ? print_row(&row) : exit_status(rc);
    if (rc == SL_DONE) {
        (void)fprintf(stderr, "sluice get: there is no key %s\n", key);
    } else if (rc != SL_OK) {
        (void)fprintf(stderr, "sluice get: %s\n",
                      row.err.text[0] != '\0' ? row.err.text : sl_status_str(rc));
    }
    sl_unpacker_free(row.unpacker);
    sl_buf_release(&row.plain);
    sl_buf_release(&row.json);
    return status;
}

static int get_row(const struct sl_table_rule *rule, struct sl_redis_dictionaries *place,
                   const struct sl_key_words *words)
{
    struct sl_buf key = {0};
    struct sl_err err = {0};
    const char *text = NULL;
    int rc = sl_key_from_words(sl_rule_key(rule), words, &key, &err);
    int status;

    if (rc == SL_OK) {
        text = sl_buf_cstr(&key);
    }
    status = text != NULL ? read_row(rule, place, text)
                          : sl_usage_error(&sl_command_get, "%s",
                                           err.text[0] != '\0' ? err.text : "out of memory");
    sl_buf_release(&key);
    return status;
}

static int get(const struct sl_config *config, const struct words *words)
{
    const struct sl_redis_options *sink = find_sink(config, words->sink);
    size_t dot = strcspn(words->table, ".");
    const char *table = words->table[dot] != '\0' ? words->table + dot + 1 : "";
    const struct sl_key_words key = {.db = sl_span_make(words->table, dot),
                                     .table = sl_span_make(table, strlen(table)),
                                     .values = words->values,
                                     .count = words->count};
    struct sl_redis_dictionaries place = {.options = sink, .pipeline = config->pipeline.name};
    const struct sl_table_rule *rule = NULL;
    struct sl_err err = {0};

    if (sink == NULL) {
        return sl_usage_error(&sl_command_get, "no sink is named \"%.64s\"", words->sink);
    }
    if (sl_rule_find(config->tables, config->table_count, key.db, key.table, &rule, &err) !=
        SL_OK) {
        return sl_usage_error(&sl_command_get, "%s", err.text);
    }
    if (rule == NULL) {
        return sl_usage_error(&sl_command_get,
                              "no entry of \"tables\" in the configuration chooses \"%.128s\"",
                              words->table);
    }
    if (!sl_rule_keeps_rows(rule)) {
        (void)fprintf(stderr,
                      "sluice get: rows of %s are not in Redis: its \"value\" is \"%s\", %s\n",
                      words->table, rule->value == SL_VALUE_STREAM ? "stream" : "invalidate",
                      rule->value == SL_VALUE_STREAM
                          ? "so that each change is an entry of a stream (XRANGE shows it)"
                          : "so that what its keys hold is not sluice's");
        return SL_GET_ABSENT;
    }
    return get_row(rule, &place, &key);
}

static int run(int argc, char **argv)
{
    struct words words = {0};
    struct sl_config *config;
    int status = read_words(argc, argv, &words);

    if (status != SL_EXIT_OK) {
        return status;
    }
    status = SL_EXIT_USAGE;
    config = sl_command_config(words.config, 0);
    if (config != NULL) {
        status = get(config, &words);
        sl_config_free(config);
    }
    free(words.values);
    return status;
}

const struct sl_command sl_command_get = {
    .name = "get",
    .summary = "print one cached row as JSON",
    .usage = "Usage: sluice get [-c FILE] [--sink NAME] [--] DATABASE.TABLE VALUE...\n\n"
             "Prints the row with this key as a JSON object. The values are those of the key "
             "template's\n"
             "columns, in its order; for {pk}, all columns of the primary key, for {part} the name "
             "of one\n"
             "of the row's parts. A field of a hash that is no UTF-8 is printed as "
             "{\"base64\":\"...\"}.\n\n"
             "  -c FILE      the configuration (default " SL_DEFAULT_CONFIG ")\n"
             "  --sink NAME  which sink to ask (default: the first)\n\n"
             "Exit status: 0 found, 1 absent, 2 bad usage or configuration, 4 sink unusable.\n",
    .run = run,
};
