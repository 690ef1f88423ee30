/* test_config_transform.c - functions in the configuration, and in files of their own. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/config_help.h"

static void write_file(const char *path, const void *text, size_t len)
{
    FILE *file = fopen(path, "wbe");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void a_function_is_an_expression(void **state)
{
    struct sl_config *config =
        accepted(WITH_TABLE("\"transform\":\"function(row) return row end\""));

    (void)state;
    assert_string_equal(config->tables[0].transform, "function(row) return row end");
    assert_false(config->tables[0].is_transform_chunk);
    sl_config_free(config);
}

static void a_file_is_found_beside_the_configuration(void **state)
{
    static const char text[] = "local n = 1\nreturn function(row) return {n = n} end\n";
    char folder[] = "/tmp/sluice-transform-XXXXXX";
    char path[64];
    char lua[64];
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    const char *json = WITH_TABLE("\"transform_file\":\"f.lua\"");

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/sluice.json", folder);
    (void)snprintf(lua, sizeof(lua), "%s/f.lua", folder);
    write_file(path, json, strlen(json));
    write_file(lua, text, strlen(text));
    assert_int_equal(sl_config_load(path, &config, &errors), SL_OK);
    assert_string_equal(config->tables[0].transform, text);
    assert_true(config->tables[0].is_transform_chunk);
    sl_config_free(config);
    config = accepted(WITH_TABLE("\"transform_file\":\"%s\"", lua));
    sl_config_free(config);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(lua), 0);
    assert_int_equal(rmdir(folder), 0);
    sl_err_list_release(&errors);
}

static void what_is_in_a_file_is_checked(void **state)
{
    static char large[256 * 1024 + 1];
    char path[] = "/tmp/sluice-transform-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_refused(WITH_TABLE("\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: no Lua that returns a function: it is a nil and not");
    write_file(path, "\nreturn x.y", 11);
    assert_refused(WITH_TABLE("\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: no Lua that returns a function: line 2: there is no");
    write_file(path, "a\0b", 3);
    assert_refused(WITH_TABLE("\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: the file holds a NUL byte");
    memset(large, ' ', sizeof(large));
    write_file(path, large, sizeof(large));
    assert_refused(WITH_TABLE("\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: the file has more than 256 KiB");
    assert_int_equal(unlink(path), 0);
    assert_refused(WITH_TABLE("\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: the file cannot be read: No such file");
    assert_refused(WITH_TABLE("\"transform_file\":\"/tmp\""),
                   "tables[0].transform_file: the file cannot be read: Is a directory");
}

static void what_is_no_function_is_refused(void **state)
{
    (void)state;
    assert_refused(WITH_TABLE("\"transform\":\"row.name\""),
                   "tables[0].transform: no Lua expression for a function: there is no function "
                   "'row'");
    assert_refused(WITH_TABLE("\"transform\":\"function(row)\""),
                   "tables[0].transform: no Lua expression for a function: unexpected symbol");
    assert_refused(WITH_TABLE("\"transform\":{}"), "tables[0].transform: expected a string");
}

static void what_it_replaces_is_refused_beside_it(void **state)
{
#define FUNCTION "\"transform\":\"function(row) return row end\","
    (void)state;
    assert_refused(WITH_TABLE(FUNCTION "\"columns\":[\"a\"]"),
                   "tables[0].columns: the function of transform says what is shown");
    assert_refused(WITH_TABLE(FUNCTION "\"except\":[\"a\"]"), "tables[0].except: the function");
    assert_refused(WITH_TABLE(FUNCTION "\"rename\":{\"a\":\"b\"}"),
                   "tables[0].rename: the function");
    assert_refused(WITH_TABLE(FUNCTION "\"mask\":{\"a\":\"null\"}"),
                   "tables[0].mask: the function");
    sl_config_free(
        accepted(WITH_TABLE(FUNCTION "\"where\":\"a == 1\",\"on_error\":\"quarantine\"")));
}

static void a_part_in_the_key_says_that_rows_have_several(void **state)
{
    struct sl_config *config;

    (void)state;
    config = accepted(WITH_TABLE(FUNCTION "\"key\":\"o:{id}:{part}\""));
    assert_string_equal(config->tables[0].key_template, "o:{id}:");
    assert_string_equal(config->tables[0].part_template, "o:{id}:{part}");
    sl_config_free(config);
    config = accepted(WITH_TABLE(FUNCTION "\"key\":\"o:{id}\""));
    assert_null(config->tables[0].part_template);
    sl_config_free(config);
    config = accepted(WITH_TABLE("\"key\":\"{part}\"")); /* a column */
    assert_string_equal(config->tables[0].key_template, "{part}");
    assert_null(config->tables[0].part_template);
    sl_config_free(config);
    assert_refused(WITH_TABLE(FUNCTION "\"key\":\"o:{part}\""),
                   "tables[0].key: a key template is the same for every row");
    assert_refused(WITH_TABLE(FUNCTION "\"key\":\"{part}\""),
                   "tables[0].key: a key template is the same for every row");
    assert_refused(WITH_TABLE(FUNCTION "\"key\":\"{id}:{part}:{part}\""),
                   "tables[0].key: {part} stands in a key template twice");
    assert_refused(WITH_TABLE(FUNCTION "\"key\":\"{id}{part}\""),
                   "tables[0].key: {part} is not parted from other placeholders");
    assert_refused(WITH_TABLE(FUNCTION "\"key\":\"{id}:{part}\",\"value\":\"stream\""),
                   "tables[0].transform: an entry with value \"stream\"");
    assert_refused(
        WITH_TABLE(FUNCTION "\"key\":\"{id}:{part}\",\"index\":{\"{id}:{part}\":\"{id}\"}"),
        "tables[0].index: \"{id}:{part}\" is the key of rows already");
#undef FUNCTION
}

static void a_function_is_in_one_place(void **state)
{
    char path[] = "/tmp/sluice-transform-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_file(path, "return function() end", 21);
    assert_refused(WITH_TABLE("\"transform\":\"function() end\",\"transform_file\":\"%s\"", path),
                   "tables[0].transform_file: transform says it already; remove one");
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_an_expression),
        cmocka_unit_test(a_file_is_found_beside_the_configuration),
        cmocka_unit_test(what_is_in_a_file_is_checked),
        cmocka_unit_test(what_is_no_function_is_refused),
        cmocka_unit_test(what_it_replaces_is_refused_beside_it),
        cmocka_unit_test(a_part_in_the_key_says_that_rows_have_several),
        cmocka_unit_test(a_function_is_in_one_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
