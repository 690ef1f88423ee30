/*
 * config_help.h - whole configurations around the part that a test is about. Include it after
 * cmocka.h.
 */
#ifndef SLUICE_TESTS_UNIT_CONFIG_HELP_H
#define SLUICE_TESTS_UNIT_CONFIG_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"

#define WHOLE(root, sink)                                          \
    "{" root "\"source\":{\"user\":\"u\"},\"sinks\":[{" sink "}]," \
    "\"tables\":[{\"table\":\"shop.users\"}]}"
#define MINIMAL WHOLE("\"pipeline\":\"shop\",", "\"url\":\"redis://r\"")

/* Sets a variable, or with NULL takes it away. The tests have one thread. */
static inline void set_env(const char *name, const char *value)
{
    if (value == NULL) {
        assert_int_equal(unsetenv(name), 0); /* NOLINT(concurrency-mt-unsafe) */
    } else {
        assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    }
}

static char help_text[8192];

/* A configuration with the formatted members put into the root, source, sinks[0] or tables[0].
   Valid until the next call. */
#define WITH_ROOT(...)   with_member(0, __VA_ARGS__)
#define WITH_SOURCE(...) with_member(1, __VA_ARGS__)
#define WITH_SINK(...)   with_member(2, __VA_ARGS__)
#define WITH_TABLE(...)  with_member(3, __VA_ARGS__)

static inline __attribute__((format(printf, 2, 3))) const char *with_member(int place,
                                                                            const char *format, ...)
{
    char member[4096];
    const char *parts[4] = {"\"pipeline\":\"shop\"", "\"user\":\"u\"", "\"url\":\"redis://r\"",
                            "\"table\":\"shop.users\""};
    char changed[sizeof(member) + 64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(member, sizeof(member), format, args);
    va_end(args);
    /* A test that names the required key itself replaces it. */
    if (strncmp(member, parts[place], strcspn(parts[place], ":")) == 0) {
        (void)snprintf(changed, sizeof(changed), "%s", member);
    } else {
        (void)snprintf(changed, sizeof(changed), "%s,%s", parts[place], member);
    }
    parts[place] = changed;
    (void)snprintf(help_text, sizeof(help_text),
                   "{%s,\"source\":{%s},\"sinks\":[{%s}],\"tables\":[{%s}]}", parts[0], parts[1],
                   parts[2], parts[3]);
    return help_text;
}

/* The config that TEXT makes; fails the test, saying why, when it makes none. */
static inline struct sl_config *accepted(const char *text)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    if (sl_config_parse("f", sl_span_make(text, strlen(text)), 0, &config, &errors) != SL_OK) {
        fail_msg("refused: %s", errors.items[0].text);
    }
    assert_int_equal(errors.count, 0);
    return config;
}

/* Fails unless TEXT is refused with exactly one sentence, which begins with WANT. */
static inline void assert_refused(const char *text, const char *want)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;
    int rc = sl_config_parse("f", sl_span_make(text, strlen(text)), 0, &config, &errors);

    if (rc == SL_OK) {
        sl_config_free(config);
        fail_msg("accepted, but expected: %s", want);
    }
    assert_null(config);
    if (errors.count != 1 || strncmp(errors.items[0].text, want, strlen(want)) != 0) {
        fail_msg("expected: %s\ngot %zu: %s\nthen: %s", want, errors.count, errors.items[0].text,
                 errors.count > 1 ? errors.items[1].text : "");
    }
    sl_err_list_release(&errors);
}

/* Fails unless TEXT is refused and SECRET is in no sentence. */
static inline void assert_secret_kept(const char *text, const char *secret)
{
    struct sl_err_list errors = {0};
    struct sl_config *config = NULL;

    assert_int_not_equal(
        sl_config_parse("f", sl_span_make(text, strlen(text)), 0, &config, &errors), SL_OK);
    assert_true(errors.count > 0);
    for (size_t i = 0; i < errors.count; i++) {
        if (strstr(errors.items[i].text, secret) != NULL) {
            fail_msg("shown for %s: %s", text, errors.items[i].text);
        }
    }
    sl_err_list_release(&errors);
}

#endif
