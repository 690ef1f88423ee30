/* Passwords: how they come in, and that no sentence ever shows one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config.h"
#include "tests/unit/config_help.h"

#define SECRET "hunter2pw"

static char file_path[64];

/* Makes a file with the LEN bytes at TEXT and MODE; its path stays valid until the next call. */
static const char *make_file(const char *text, size_t len, mode_t mode)
{
    int fd;

    (void)snprintf(file_path, sizeof(file_path), "/tmp/sluice-test-secret-XXXXXX");
    fd = mkstemp(file_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode) + close(fd), 0);
    return file_path;
}

static void passwords_come_from_the_environment(void **state)
{
    struct sl_config *config;

    (void)state;
    set_env("SLTEST_PASSWORD", SECRET);
    config = accepted(WITH_SOURCE("\"password_env\":\"SLTEST_PASSWORD\""));
    assert_string_equal(config->source.password, SECRET);
    sl_config_free(config);
    config = accepted(WITH_SINK("\"password\":\"x${SLTEST_PASSWORD}\""));
    assert_string_equal(config->sinks[0].password, "x" SECRET);
    sl_config_free(config);
    set_env("SLTEST_PASSWORD", "");
    config = accepted(WITH_SINK("\"password_env\":\"SLTEST_PASSWORD\""));
    assert_null(config->sinks[0].password);
    sl_config_free(config);
}

static void passwords_come_from_files_without_the_line_end(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {{SECRET, SECRET},
                 {SECRET "\n", SECRET},
                 {SECRET "\r\n", SECRET},
                 {SECRET "\n\n", SECRET "\n"},
                 {" " SECRET " ", " " SECRET " "}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = make_file(cases[i].text, strlen(cases[i].text), 0600);
        struct sl_config *config = accepted(WITH_SOURCE("\"password_file\":\"%s\"", path));

        assert_string_equal(config->source.password, cases[i].want);
        assert_int_equal(config->warnings.count, 0);
        sl_config_free(config);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_password_file_for_everybody_draws_a_warning(void **state)
{
    const char *path = make_file(SECRET, strlen(SECRET), 0604);
    struct sl_config *config = accepted(WITH_SINK("\"password_file\":\"%s\"", path));

    (void)state;
    assert_string_equal(config->sinks[0].password, SECRET);
    assert_int_equal(config->warnings.count, 1);
    assert_non_null(strstr(config->warnings.items[0].text, "sinks[0].password_file: every user"));
    assert_null(strstr(config->warnings.items[0].text, SECRET));
    sl_config_free(config);
    assert_int_equal(unlink(path), 0);
}

static size_t load_warnings(const char *text, mode_t mode)
{
    const char *path = make_file(text, strlen(text), mode);
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    size_t count;

    assert_int_equal(sl_config_load(path, &config, &errors), SL_OK);
    count = config->warnings.count;
    if (count > 0) {
        assert_non_null(strstr(config->warnings.items[0].text, "can read the password in it"));
    }
    sl_config_free(config);
    assert_int_equal(unlink(path), 0);
    return count;
}

static void a_password_in_a_configuration_for_everybody_draws_a_warning(void **state)
{
    (void)state;
    set_env("SLTEST_PASSWORD", SECRET);
    assert_int_equal(load_warnings(WITH_SOURCE("\"password\":\"x\""), 0644), 1);
    assert_int_equal(load_warnings(WITH_SOURCE("\"password\":\"x\""), 0640), 0);
    assert_int_equal(load_warnings(WITH_SOURCE("\"password\":\"${SLTEST_PASSWORD}\""), 0644), 0);
    assert_int_equal(load_warnings(MINIMAL, 0644), 0);
}

static void only_one_way_to_a_password_is_taken(void **state)
{
    (void)state;
    set_env("SLTEST_PASSWORD", SECRET);
    assert_refused(WITH_SOURCE("\"password\":\"" SECRET "\",\"password_env\":\"SLTEST_PASSWORD\""),
                   "source: password and password_env are both given; keep one");
    assert_refused(WITH_SINK("\"password_env\":\"SLTEST_PASSWORD\",\"password\":\"x\""),
                   "sinks[0]: password_env and password are both given; keep one");
}

static void a_password_that_cannot_be_had_is_named_by_its_key(void **state)
{
    char text[SL_CONFIG_SECRET_MAX_BYTES + 2];
    const char *path;

    (void)state;
    set_env("SLTEST_UNSET", NULL);
    assert_refused(WITH_SOURCE("\"password_env\":\"SLTEST_UNSET\""),
                   "source.password_env: the environment variable SLTEST_UNSET is not set");
    assert_refused(WITH_SOURCE("\"password\":\"${SLTEST_UNSET}\""),
                   "source.password: the environment variable SLTEST_UNSET is not set");
    assert_refused(WITH_SOURCE("\"password_file\":\"/nonexistent/x\""),
                   "source.password_file: the file cannot be read: No such file");
    assert_refused(WITH_SOURCE("\"password_file\":\"/\""),
                   "source.password_file: the file cannot be read: Is a directory");
    assert_refused(WITH_SOURCE("\"password_file\":\"\""),
                   "source.password_file: expected the path");
    path = make_file("a\0b", 3, 0600);
    assert_refused(WITH_SOURCE("\"password_file\":\"%s\"", path),
                   "source.password_file: the file holds a NUL byte");
    assert_int_equal(unlink(path), 0);
    memset(text, 'x', sizeof(text));
    path = make_file(text, sizeof(text) - 1, 0600);
    assert_refused(WITH_SOURCE("\"password_file\":\"%s\"", path),
                   "source.password_file: expected a password of at most 4096 bytes");
    assert_int_equal(unlink(path), 0);
}

static void no_sentence_shows_a_secret(void **state)
{
    static const char *const members[] = {
        "\"password\":[\"" SECRET "\"]",
        "\"password\":{\""
        "x\":\"" SECRET "\"}",
        "\"password\":\"${" SECRET "}\"",
        "\"password\":\"${" SECRET "\"",
        "\"password\":\"" SECRET "\",\"password\":\"" SECRET "\"",
        "\"password\":\"" SECRET "\",\"password_env\":\"SLTEST_PASSWORD\"",
        "\"pasword\":\"" SECRET "\"",
        "\"password_env\":\"" SECRET "\"",
        "\"password_env\":\"" SECRET "!\"",
        "\"password_env\":[\"" SECRET "\"]",
        "\"password_file\":\"/nonexistent/" SECRET "\"",
        "\"password\":\"" SECRET "\\q\"",
        "\"password\":\"" SECRET,
        "\"password\":" SECRET,
    };
    static const char *const urls[] = {
        "redis://:" SECRET "@h",
        "redis://u:" SECRET "@h/1",
        "redis://u:a@b" SECRET "@h",
        "redis://h:" SECRET,
        "redis://" SECRET "@",
        "redis://h/" SECRET,
        "http://u:" SECRET "@h",
        "redis://:a/" SECRET "@h",
        "redis+cluster://:" SECRET "@h",
        "redis://[" SECRET,
        "redis+unix://" SECRET,
        "redis://h?password=" SECRET,
        "redis+unix://:" SECRET "@/x",
        "${" SECRET "}",
        "redis://u:${SLTEST_PASSWORD}@h",
    };

    (void)state;
    set_env("SLTEST_PASSWORD", SECRET);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        assert_secret_kept(WITH_SOURCE("%s", members[i]), SECRET);
        assert_secret_kept(WITH_SINK("%s", members[i]), SECRET);
    }
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        assert_secret_kept(WITH_SINK("\"url\":\"%s\"", urls[i]), SECRET);
    }
    assert_secret_kept(WITH_SOURCE("\"port\":\"${SLTEST_PASSWORD}\""), SECRET);
    assert_secret_kept(WITH_ROOT("\"start\":\"${SLTEST_PASSWORD}\""), SECRET);
    assert_secret_kept(WITH_ROOT("\"pipeline\":\"${SLTEST_PASSWORD}!\""), SECRET);
    assert_secret_kept(WITH_TABLE("\"key\":\"${SLTEST_PASSWORD}\""), SECRET);
    assert_secret_kept(WITH_TABLE("\"columns\":[\"${SLTEST_PASSWORD}\",\"${SLTEST_PASSWORD}\"]"),
                       SECRET);
}

static void a_url_with_a_password_says_where_it_belongs(void **state)
{
    (void)state;
    assert_refused(WITH_SINK("\"url\":\"redis://u:" SECRET "@h\""),
                   "sinks[0].url: a password does not belong into a url");
    assert_refused(WITH_SINK("\"url\":\"rediss://:" SECRET "@h\""),
                   "sinks[0].url: a password does not belong into a url");
}

static bool was_left_in_memory;

/* Sees what the JSON library gives back. */
static void free_after_look(void *memory)
{
    size_t size = malloc_usable_size(memory);

    was_left_in_memory = was_left_in_memory || memmem(memory, size, SECRET, strlen(SECRET)) != NULL;
    free(memory);
}

/* Memory that holds nothing of its last owner. */
static void *zeroed(size_t size)
{
    return calloc(1, size);
}

static void the_parsed_tree_is_wiped_before_it_is_freed(void **state)
{
    cJSON_Hooks hooks = {.malloc_fn = zeroed, .free_fn = free_after_look};

    (void)state;
    cJSON_InitHooks(&hooks);
    sl_config_free(accepted(WITH_SOURCE("\"password\":\"" SECRET "\"")));
    assert_secret_kept(WITH_ROOT("\"x\":[[[1,{\"y\":[\"" SECRET "\"]}],\"" SECRET "\"]]"), SECRET);
    cJSON_InitHooks(NULL);
    assert_false(was_left_in_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_come_from_the_environment),
        cmocka_unit_test(passwords_come_from_files_without_the_line_end),
        cmocka_unit_test(a_password_file_for_everybody_draws_a_warning),
        cmocka_unit_test(a_password_in_a_configuration_for_everybody_draws_a_warning),
        cmocka_unit_test(only_one_way_to_a_password_is_taken),
        cmocka_unit_test(a_password_that_cannot_be_had_is_named_by_its_key),
        cmocka_unit_test(no_sentence_shows_a_secret),
        cmocka_unit_test(the_parsed_tree_is_wiped_before_it_is_freed),
        cmocka_unit_test(a_url_with_a_password_says_where_it_belongs),
    };

    return cmocka_run_group_tests_name("config_secrets", tests, NULL, NULL);
}
