/* test_config_changes.c - what of a configuration a running daemon can take over. */
#include "tests/support/check.h"

#include "conf/changes.h"
#include "conf/keys.h"
#include "tests/unit/config_help.h"

static struct sl_config *read_config(const char *text)
{
    struct sl_config *config = NULL;
    struct sl_err_list errors = {0};

    if (sl_config_parse("test", sl_check_span(text), SL_CONFIG_OFFLINE, &config, &errors) !=
        SL_OK) {
        fail_msg("%s: %s", text, errors.items[0].text);
    }
    return config;
}

/* What stands in the way of going from one to the other: sentences, or "". */
static const char *refusals(const char *before, const char *now)
{
    static char text[2048];
    struct sl_config *old = read_config(before);
    struct sl_config *new = read_config(now);
    struct sl_err_list errors = {0};
    int rc = sl_config_check_reload(old, new, &errors);

    text[0] = '\0';
    for (size_t i = 0; i < errors.count; i++) {
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s ",
                       (int)strcspn(errors.items[i].text, ":"), errors.items[i].text);
    }
    assert_int_equal(rc == SL_OK, errors.count == 0);
    sl_err_list_release(&errors);
    sl_config_free(old);
    sl_config_free(new);
    return text;
}

static void tables_log_and_on_drop_may_change(void **state)
{
    char before[sizeof(help_text)];

    (void)state;
    (void)snprintf(before, sizeof(before), "%s", WITH_TABLE("\"table\":\"shop.users\""));
    assert_string_equal(refusals(before, before), "");
    assert_string_equal(refusals(before, WITH_TABLE("\"table\":\"shop.other\",\"ttl\":5")), "");
    assert_string_equal(refusals(before, WITH_ROOT("\"on_drop\":\"remove\"")), "");
    assert_string_equal(refusals(before, WITH_ROOT("\"log\":{\"level\":\"debug\",\"format\":"
                                                   "\"json\",\"levels\":{\"sink\":\"warn\"}}")),
                        "");
}

static void everything_else_needs_a_restart(void **state)
{
    static const struct {
        int place;
        const char *member;
        const char *path;
    } cases[] = {
        {0, "\"pipeline\":\"other\"", "source.server_id pipeline "},
        {0, "\"start\":\"now\"", "start "},
        {0, "\"start\":\"binlog.000001:4\"", "start "},
        {0, "\"on_gap\":\"stop\"", "on_gap "},
        {0, "\"memory_limit\":\"1GiB\"", "memory_limit "},
        {0, "\"lease_ms\":2000", "lease_ms "},
        {0, "\"snapshot\":{\"rate\":5}", "snapshot.rate "},
        {0, "\"http\":{\"listen\":\"[::1]:9464\"}", "http.listen "},
        {1, "\"user\":\"v\"", "source.user "},
        {1, "\"host\":\"h\"", "source.host "},
        {1, "\"password\":\"secret\"", "source.password "},
        {1, "\"server_id\":7", "source.server_id "},
        {1, "\"tls\":{\"mode\":\"required\"}", "source.tls.mode "},
        {2, "\"url\":\"redis://other\"", "sinks[0].url "},
        {2, "\"url\":\"redis://u@r/3\"", "sinks[0].url "},
        {2, "\"url\":\"rediss://r\"", "sinks[0].url sinks[0].tls.mode "},
        {2, "\"password\":\"secret\"", "sinks[0].password "},
        {2, "\"name\":\"second\"", "source.server_id sinks[0].name "},
        {2, "\"url\":\"redis://r\"},{\"name\":\"b\",\"url\":\"redis://s\"", "sinks "},
    };

    char before[sizeof(help_text)];

    (void)state;
    (void)snprintf(before, sizeof(before), "%s", WITH_TABLE("\"table\":\"shop.users\""));
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        const char *found = refusals(before, with_member(cases[i].place, "%s", cases[i].member));
        size_t all = 0;

        for (const char *path = cases[i].path; *path != '\0'; path += strcspn(path, " ") + 1) {
            char word[64];

            (void)snprintf(word, sizeof(word), "%.*s ", (int)strcspn(path, " "), path);
            all += strlen(word);
            if (strstr(found, word) == NULL) {
                fail_msg("%s: refused are \"%s\"", cases[i].member, found);
            }
        }
        if (all != strlen(found)) {
            fail_msg("%s: refused are \"%s\"", cases[i].member, found);
        }
    }
}

static void no_secret_is_in_a_sentence(void **state)
{
    char before[sizeof(help_text)];
    struct sl_err_list errors = {0};
    struct sl_config *old;
    struct sl_config *new;

    (void)state;
    (void)snprintf(before, sizeof(before), "%s", WITH_SOURCE("\"password\":\"old-secret\""));
    old = read_config(before);
    new = read_config(WITH_SOURCE("\"password\":\"new-secret\""));
    assert_int_equal(sl_config_check_reload(old, new, &errors), SL_EINVAL);
    assert_int_equal(errors.count, 1);
    assert_null(strstr(errors.items[0].text, "secret"));
    sl_err_list_release(&errors);
    sl_config_free(old);
    sl_config_free(new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_log_and_on_drop_may_change),
        cmocka_unit_test(everything_else_needs_a_restart),
        cmocka_unit_test(no_secret_is_in_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
