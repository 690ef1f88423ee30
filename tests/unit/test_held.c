#include "tests/support/check.h"

#include "cdc/held.h"

#define FIELD(field_name, field_value)                                      \
    {                                                                       \
        .name = {(const uint8_t *)(field_name), sizeof(field_name) - 1},    \
        .value = {(const uint8_t *)(field_value), sizeof(field_value) - 1}, \
    }
#define FIELDS(list) \
    ((struct sl_held){.kind = SL_HELD_FIELDS, .fields = (list), .field_count = SL_COUNT(list)})

static const struct sl_held_field row[] = {FIELD("a", "1"), FIELD("b", ""), FIELD("c", "x")};
static const struct sl_held_field turned[] = {FIELD("c", "x"), FIELD("a", "1"), FIELD("b", "")};
static const struct sl_held_field shorter[] = {FIELD("a", "1"), FIELD("b", "")};
static const struct sl_held_field longer[] = {FIELD("a", "1"), FIELD("b", ""), FIELD("c", "x"),
                                              FIELD("d", "")};
static const struct sl_held_field changed[] = {FIELD("a", "1"), FIELD("b", ""), FIELD("c", "y")};
static const struct sl_held_field renamed[] = {FIELD("a", "1"), FIELD("b", ""), FIELD("C", "x")};
/* The same bytes in all, parted otherwise. */
static const struct sl_held_field shifted[] = {FIELD("a", "1"), FIELD("b", "c"), FIELD("", "x")};

static struct sl_held text(const char *bytes)
{
    return (struct sl_held){.kind = SL_HELD_TEXT, .text = sl_check_span(bytes)};
}

static struct sl_held forever(struct sl_held held, bool expires)
{
    held.expires = expires;
    return held;
}

static void what_is_held_is_compared_with_what_should_be(void **state)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    const struct sl_held other = {.kind = SL_HELD_OTHER};

    const struct {
        struct sl_held want;
        struct sl_held have;
        enum sl_drift drift;
    } cases[] = {
        {FIELDS(row), FIELDS(row), SL_DRIFT_NONE},
        {FIELDS(row), FIELDS(turned), SL_DRIFT_NONE},
        {FIELDS(row), FIELDS(shorter), SL_DRIFT_DIFFERENT},
        {FIELDS(row), FIELDS(longer), SL_DRIFT_DIFFERENT},
        {FIELDS(row), FIELDS(changed), SL_DRIFT_DIFFERENT},
        {FIELDS(row), FIELDS(renamed), SL_DRIFT_DIFFERENT},
        {FIELDS(row), FIELDS(shifted), SL_DRIFT_DIFFERENT},
        {FIELDS(row), nothing, SL_DRIFT_MISSING},
        {nothing, FIELDS(row), SL_DRIFT_ORPHAN},
        {nothing, other, SL_DRIFT_ORPHAN},
        {nothing, nothing, SL_DRIFT_NONE},
        {FIELDS(row), text("x"), SL_DRIFT_WRONG_TYPE},
        {FIELDS(row), other, SL_DRIFT_WRONG_TYPE},
        {text("{}"), FIELDS(row), SL_DRIFT_WRONG_TYPE},
        {text("{}"), text("{}"), SL_DRIFT_NONE},
        {text("{}"), text("{ }"), SL_DRIFT_DIFFERENT},
        {text("{}"), text(""), SL_DRIFT_DIFFERENT},
        /* with a time to live */
        {forever(text("{}"), true), forever(text("{}"), true), SL_DRIFT_NONE},
        {forever(text("{}"), true), text("{}"), SL_DRIFT_NO_TTL},
        {forever(text("{}"), true), text("[]"), SL_DRIFT_DIFFERENT},
        {forever(text("{}"), true), nothing, SL_DRIFT_EXPIRED},
        {text("{}"), forever(text("{}"), true), SL_DRIFT_NONE},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        enum sl_drift drift = sl_held_compare(&cases[i].want, &cases[i].have);

        if (drift != cases[i].drift) {
            fail_msg("case %zu: %s", i, sl_drift_name(drift));
        }
    }
}

static void hashes_tell_contents_apart(void **state)
{
    const struct sl_held all[] = {
        FIELDS(row),
        FIELDS(shorter),
        FIELDS(longer),
        FIELDS(changed),
        FIELDS(renamed),
        FIELDS(shifted),
        text("1x"),
        text(""),
        {.kind = SL_HELD_NOTHING},
        text("x"),
        {.kind = SL_HELD_OTHER},
    };
    struct sl_held other_order = FIELDS(turned);

    (void)state;
    for (size_t i = 0; i < SL_COUNT(all); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(sl_held_hash(&all[i], 7) != sl_held_hash(&all[j], 7));
        }
        assert_true(sl_held_hash(&all[i], 7) != sl_held_hash(&all[i], 8));
    }
    assert_true(sl_held_hash(&all[0], 7) == sl_held_hash(&other_order, 7));
}

static void differing_fields_are_named(void **state)
{
    const struct sl_held want = FIELDS(row);
    const struct sl_held cases[] = {FIELDS(turned), FIELDS(shorter), FIELDS(longer),
                                    FIELDS(changed), FIELDS(renamed)};
    static const char *const names[][2] = {
        {NULL, NULL}, {"c", NULL}, {"d", NULL}, {"c", NULL}, {"c", "C"}};
    struct sl_held string = text("x");

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_span found[8];
        size_t count = sl_held_differing(&want, &cases[i], found, SL_COUNT(found));
        size_t due = names[i][0] == NULL ? 0 : names[i][1] == NULL ? 1 : 2;

        assert_int_equal(count, due);
        for (size_t at = 0; at < count; at++) {
            assert_span(found[at], names[i][at]);
        }
        assert_true(sl_held_differing(&want, &cases[i], found, 1) <= 1);
        assert_int_equal(sl_held_differing(&want, &string, found, 8), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_compared_with_what_should_be),
        cmocka_unit_test(hashes_tell_contents_apart),
        cmocka_unit_test(differing_fields_are_named),
    };

    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
