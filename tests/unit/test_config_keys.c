/* Entries whose keys are alike draw a warning. */
#include "tests/support/check.h"

#include "tests/unit/config_help.h"

#define TWO(first, second)                                                                    \
    "{\"pipeline\":\"shop\",\"source\":{\"user\":\"u\"},\"sinks\":[{\"url\":\"redis://r\"}]," \
    "\"tables\":[{" first "},{" second "}]}"
#define ENTRY(table, key) "\"table\":\"" table "\",\"key\":\"" key "\""

static const struct {
    const char *text;
    size_t warnings;
} cases[] = {
    {TWO(ENTRY("shop.a", "row:{id}"), ENTRY("shop.b", "row:{id}")), 1},
    /* Columns of other names have values all the same. */
    {TWO(ENTRY("shop.a", "row:{id}"), ENTRY("shop.b", "row:{number}")), 1},
    {TWO(ENTRY("shop.a", "row:{pk}"), ENTRY("shop.b", "row:{number}")), 1},
    {TWO(ENTRY("shop.a", "row:{id}"), ENTRY("shop.b_*", "row:{id}")), 1},
    {TWO(ENTRY("shop.a", "{db}:{id}"), ENTRY("shop.b", "shop:{id}")), 1},
    {TWO(ENTRY("*.a", "{db}:{id}"), ENTRY("*.b", "{db}:{id}")), 1},
    {TWO(ENTRY("shop.a", "row:{id}"), ENTRY("shop.b", "row:{id}:{at}")), 0},
    {TWO(ENTRY("shop.a", "{db}:{id}"), ENTRY("crm.a", "{db}:{id}")), 0},
    {TWO(ENTRY("shop.a", "{table}:{id}"), ENTRY("shop.b", "{table}:{id}")), 0},
    {TWO(ENTRY("shop.a_*", "{table}:{id}"), ENTRY("shop.b_*", "{table}:{id}")), 0},
    {TWO(ENTRY("shop.a", "a:{id}"), ENTRY("shop.b", "b:{id}")), 0},
    {TWO(ENTRY("shop.a", "row:{id}"), "\"table\":\"shop.b\",\"skip\":true"), 0},
    {TWO(ENTRY("shop.a_*", "{table:/_.*//}:{id}"), ENTRY("shop.b_*", "{table:/_.*//}:{id}")), 0},
};

static void entries_with_the_same_keys_are_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_config *config = accepted(cases[i].text);

        if (config->warnings.count != cases[i].warnings) {
            fail_msg("%zu warnings, due were %zu: %s", config->warnings.count, cases[i].warnings,
                     cases[i].text);
        }
        if (cases[i].warnings > 0) {
            const char *text = config->warnings.items[0].text;

            assert_memory_equal(text, "tables[1].key: ", strlen("tables[1].key: "));
            assert_non_null(strstr(text, "tables[0]"));
        }
        sl_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_with_the_same_keys_are_warned_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
