/*
 * The schema and the example are held to the key table. After a change of the table run this with
 * SLUICE_WRITE_SCHEMA=1 to write conf/sluice.schema.json anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/keys.h"
#include "tests/unit/config_help.h"

static const char *conf_path(const char *name)
{
    static char path[4096];
    const char *data = getenv("SLUICE_TEST_DATA"); /* NOLINT(concurrency-mt-unsafe) */

    assert_non_null(data);
    (void)snprintf(path, sizeof(path), "%s/../conf/%s", data, name);
    return path;
}

/* The whole file, to be freed. */
static char *read_text(const char *name)
{
    FILE *file = fopen(conf_path(name), "rbe");
    char *text = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(text);
    assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
    (void)fclose(file);
    return text;
}

static char *print_to_text(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void the_schema_is_what_the_key_table_says(void **state)
{
    char *want = print_to_text(sl_config_write_schema);
    char *got;

    (void)state;
    if (getenv("SLUICE_WRITE_SCHEMA") != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        FILE *file = fopen(conf_path("sluice.schema.json"), "wbe");

        assert_non_null(file);
        assert_true(fputs(want, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    got = read_text("sluice.schema.json");
    assert_string_equal(got, want);
    free(got);
    free(want);
}

/* The schema of the property at KEY's path, NULL when there is none. */
static const cJSON *find_property(const cJSON *schema, const struct sl_conf_key *key)
{
    char path[128];
    char *rest = path;
    char *name;

    (void)snprintf(path, sizeof(path), "%s", key->path);
    while ((name = strsep(&rest, ".")) != NULL) {
        char *brackets = strstr(name, "[]");

        if (brackets != NULL) {
            *brackets = '\0';
        }
        schema = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(schema, "properties"), name);
        if (brackets != NULL) {
            schema = cJSON_GetObjectItemCaseSensitive(schema, "items");
        }
    }
    return schema;
}

static void the_schema_is_json_and_holds_every_key_that_is_available(void **state)
{
    char *text = read_text("sluice.schema.json");
    cJSON *schema = cJSON_ParseWithOpts(text, NULL, 1);

    (void)state;
    assert_non_null(schema);
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];
        const cJSON *property = find_property(schema, key);

        if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
            assert_null(property);
            continue;
        }
        assert_non_null(property);
        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(property, "description")),
            key->help);
        assert_int_equal(cJSON_HasObjectItem(property, "default") != 0, key->fallback != NULL);
    }
    cJSON_Delete(schema);
    free(text);
}

static void the_example_is_accepted_and_shows_every_key(void **state)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    char *text = read_text("sluice.json");

    (void)state;
    set_env("SLUICE_SOURCE_PASSWORD", "x");
    set_env("SLUICE_REDIS_PASSWORD", "");
    if (sl_config_load(conf_path("sluice.json"), &config, &errors) != SL_OK) {
        fail_msg("%s", errors.items[0].text);
    }
    assert_int_equal(config->source.port, 3306);
    assert_string_equal(config->sinks[0].host, "127.0.0.1");
    assert_int_equal(config->warnings.count, 0);
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        char quoted[64];
        const char *name;

        (void)sl_conf_name(&sl_conf_keys[i], &name);
        (void)snprintf(quoted, sizeof(quoted), "\"%s\":", name);
        if ((sl_conf_keys[i].flags & SL_CONF_UNAVAILABLE) == 0 && strstr(text, quoted) == NULL) {
            fail_msg("the example does not show %s", sl_conf_keys[i].path);
        }
    }
    sl_config_free(config);
    free(text);
}

static void the_description_has_a_line_a_key(void **state)
{
    char *text = print_to_text(sl_config_describe);
    size_t lines = 0;
    size_t keys = 0;

    (void)state;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        keys += (sl_conf_keys[i].flags & SL_CONF_UNAVAILABLE) == 0;
    }
    assert_int_equal(lines, keys);
    assert_non_null(strstr(text, "lease_ms\tinteger\tmilliseconds\t1000..600000\t10000\t\tAfter"));
    assert_non_null(strstr(text, "\trequired\t"));
    assert_non_null(strstr(text, "\thash|json|rejson|stream|invalidate\t"));
    free(text);
}

/* A row of the table that cannot work would otherwise show only when somebody uses the key. */
static void every_row_of_the_key_table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];

        assert_non_null(key->help);
        assert_true(strlen(key->help) > 0);
        assert_in_range(strlen(key->path), 1, 60);
        if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
            continue;
        }
        assert_int_equal(key->type == SL_CONF_CHOICE, key->choices != NULL);
        if (key->type != SL_CONF_OBJECT && key->type != SL_CONF_OBJECTS && key->example == NULL) {
            fail_msg("conf/keys.c: %s has no example", key->path);
        }
        assert_true(key->min <= key->max);
        if (key->type == SL_CONF_INTEGER || key->type == SL_CONF_BYTES) {
            assert_true(key->size == 8 || key->max <= UINT32_MAX);
            assert_true(key->size >= 4 || key->max <= UINT16_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_what_the_key_table_says),
        cmocka_unit_test(the_schema_is_json_and_holds_every_key_that_is_available),
        cmocka_unit_test(the_example_is_accepted_and_shows_every_key),
        cmocka_unit_test(the_description_has_a_line_a_key),
        cmocka_unit_test(every_row_of_the_key_table_is_whole),
    };

    return cmocka_run_group_tests_name("config_schema", tests, NULL, NULL);
}
