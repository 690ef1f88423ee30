#include "tests/support/check.h"

#include "sinks/reconciled.h"

static void note(struct sl_reconciled *reconciled, const char *name, const char *value)
{
    sl_reconciled_note(reconciled, sl_span_make(name, strlen(name)),
                       sl_span_make(value, strlen(value)));
}

static void fields_are_taken_by_scope(void **state)
{
    struct sl_reconciled reconciled = {0};

    (void)state;
    note(&reconciled, "all.ended", "1700000000123");
    note(&reconciled, "all.drift", "3");
    note(&reconciled, "changed.drift", "4");
    note(&reconciled, "part.unsettled", "18446744073709551615");
    assert_int_equal(reconciled.last[SL_SCOPE_ALL].ended_ms, 1700000000123);
    assert_int_equal(reconciled.last[SL_SCOPE_ALL].drift, 3);
    assert_int_equal(reconciled.last[SL_SCOPE_CHANGED].drift, 4);
    assert_int_equal(reconciled.last[SL_SCOPE_CHANGED].ended_ms, 0);
    assert_int_equal(reconciled.last[SL_SCOPE_PART].unsettled, UINT64_MAX);
}

static void what_anybody_else_wrote_is_passed_over(void **state)
{
    static const char *const fields[][2] = {
        {"", "1"},           {".", "1"},          {"drift", "1"},
        {"all.", "1"},       {"all.drift", ""},   {"all.drift", "x"},
        {"all.drift", "1x"}, {"all.drift", "-1"}, {"all.none", "1"},
        {"al.drift", "1"},   {"all.drift.", "1"}, {"all.drift", "18446744073709551616"},
    };
    static const struct sl_reconciled empty;
    struct sl_reconciled reconciled = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        note(&reconciled, fields[i][0], fields[i][1]);
    }
    assert_memory_equal(&reconciled, &empty, sizeof(empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_taken_by_scope),
        cmocka_unit_test(what_anybody_else_wrote_is_passed_over),
    };

    return cmocka_run_group_tests_name("reconciled", tests, NULL, NULL);
}
