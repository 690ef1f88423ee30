/*
 * lookup.c - what cdc/client/ finds out at a real server, for tests/integration; settings come
 * from the environment (SRC_HOST, SRC_PORT, SRC_USER, SRC_PASSWORD).
 *
 *   tool_lookup schema DB TABLE AT…      the layout, and at each position whether it is current
 *   tool_lookup check DB TABLE …         facts and judgement of the server and of tables
 *   tool_lookup list                     the tables that the account can see
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/probe.h"
#include "cdc/client/schema_query.h"

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return value != NULL ? value : fallback;
}

static struct sl_source_options settings(void)
{
    return (struct sl_source_options){
        .host = setting("SRC_HOST", "127.0.0.1"),
        .port = (uint16_t)strtoul(setting("SRC_PORT", "3306"), NULL, 10),
        .user = setting("SRC_USER", "root"),
        .password = setting("SRC_PASSWORD", NULL),
        .server_id = 4711,
        .tls.mode = SL_TLS_PREFERRED,
        .heartbeat_ms = 1000,
        .connect_timeout_ms = 3000,
    };
}

static int fail(const struct sl_err *err)
{
    printf("error %s: %s\n", sl_status_str(err->status), err->text);
    return 1;
}

static struct sl_span span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void print_schema(const struct sl_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct sl_schema_column *column = &schema->columns[i];

        printf("column %.*s %.*s charset=%.*s%s%s key=%u\n", (int)column->name.len,
               (const char *)column->name.data, (int)column->column_type.len,
               (const char *)column->column_type.data, (int)column->charset.len,
               (const char *)column->charset.data, column->is_nullable ? " null" : "",
               column->is_invisible ? " invisible" : "", column->key_part);
    }
    printf("primary=%d current=%d\n", schema->key_is_primary, schema->is_current);
}

static int show_schema(char **argv, int count)
{
    struct sl_source_options options = settings();
    struct sl_schema_query *query = sl_schema_query_new(&options);
    int failures = query == NULL;

    for (int i = 2; i < count && query != NULL; i++) {
        const struct sl_schema *schema = NULL;
        struct sl_position at;
        struct sl_err err = {0};
        int rc;

        sl_position_init(&at);
        rc = sl_position_parse(&at, argv[i], &err);
        rc = rc == SL_OK
                 ? sl_schema_query_read(query, span(argv[0]), span(argv[1]), &at, &schema, &err)
                 : rc;
        sl_position_release(&at);
        if (rc == SL_OK) {
            print_schema(schema);
        } else if (rc == SL_DONE) {
            printf("no such table\n");
        } else {
            failures += fail(&err);
        }
    }
    sl_schema_query_free(query);
    return failures > 0;
}

static void print_line(void *user, const struct sl_check_line *line)
{
    static const char *const levels[] = {"ok", "warn", "fail"};

    (void)user;
    printf("%s %s: %s%s%s\n", levels[line->level], line->topic, line->text,
           line->fix[0] != '\0' ? " | " : "", line->fix);
}

static int check_all(struct sl_probe *probe, char **argv, int count, struct sl_err *err)
{
    struct sl_source_facts source;
    int rc = sl_probe_source(probe, &source, err);

    if (rc != SL_OK) {
        return rc;
    }
    sl_preflight_source(&source, print_line, NULL);
    for (int i = 0; i + 1 < count && rc == SL_OK; i += 2) {
        struct sl_table_facts table;

        rc = sl_probe_table(probe, argv[i], argv[i + 1], &table, err);
        if (rc == SL_OK) {
            sl_preflight_table(&source, &table, print_line, NULL);
        }
    }
    return rc;
}

static int print_name(void *user, const char *db, const char *table)
{
    (void)user;
    printf("%s.%s\n", db, table);
    return SL_OK;
}

static int check(char **argv, int count)
{
    struct sl_source_options options = settings();
    struct sl_probe *probe = NULL;
    struct sl_err err = {0};
    int rc = sl_probe_open(&options, &probe, &err);

    if (rc == SL_OK) {
        rc = count < 0 ? sl_probe_list(probe, print_name, NULL, &err)
                       : check_all(probe, argv, count, &err);
    }
    sl_probe_free(probe);
    return rc != SL_OK ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc >= 5 && strcmp(argv[1], "schema") == 0) {
        return show_schema(argv + 2, argc - 2);
    }
    if (argc >= 2 && strcmp(argv[1], "check") == 0) {
        return check(argv + 2, argc - 2);
    }
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        return check(argv + 2, -1);
    }
    (void)fprintf(stderr, "usage: tool_lookup schema DB TABLE AT… | "
                          "check [DB TABLE]… | list\n");
    return 2;
}
