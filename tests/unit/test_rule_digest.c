/* test_rule_digest.c - the digest of a rule changes with what its keys and values depend on, and
 * with nothing else. */
#include "tests/support/check.h"

#include "filters/rule_digest.h"

static struct sl_table_rule plain(void)
{
    return (struct sl_table_rule){.pattern = "shop.users",
                                  .db_pattern = "shop",
                                  .table_pattern = "users",
                                  .key_template = "{db}:{table}:{pk}",
                                  .compress_level = 3,
                                  .min_bytes = 64};
}

static const char *digest_of(const struct sl_table_rule *rule, char digest[SL_RULE_DIGEST_LEN + 1])
{
    assert_int_equal(sl_rule_digest(rule, digest), SL_OK);
    assert_int_equal(strlen(digest), SL_RULE_DIGEST_LEN);
    return digest;
}

static void each_member_that_matters_makes_another_digest(void **state)
{
    static const char *const id[] = {"id"};
    static const char *const other[] = {"other"};
    static const struct sl_column_name to_a[] = {{"id", "a"}};
    static const struct sl_column_name to_b[] = {{"id", "b"}};
    static const struct sl_column_mask text[] = {
        {.column = "id", .kind = SL_MASK_TEXT, .text = "x"}};
    static const struct sl_column_mask another[] = {
        {.column = "id", .kind = SL_MASK_TEXT, .text = "y"}};
    static const struct sl_column_mask hashed[] = {
        {.column = "id", .kind = SL_MASK_SHA256, .text = "x"}};
    static const struct sl_column_mask last_4[] = {
        {.column = "id", .kind = SL_MASK_LAST, .last = 4}};
    static const struct sl_column_mask last_5[] = {
        {.column = "id", .kind = SL_MASK_LAST, .last = 5}};
    static const struct sl_row_index key_index = {"by:{a}", "{id}", false};
    static const struct sl_row_index set_index = {"by:{a}", "{id}", true};
    static const struct sl_row_index other_index = {"by:{a}", "{a}", false};
    struct sl_table_rule rules[24];
    char digests[SL_COUNT(rules)][SL_RULE_DIGEST_LEN + 1];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < SL_COUNT(rules); i++) {
        rules[i] = plain();
    }
    n++; /* as it is */
    rules[n++].key_template = "user:{id}";
    rules[n++].value = SL_VALUE_JSON;
    rules[n].columns = id;
    rules[n++].column_count = 1;
    rules[n].columns = other;
    rules[n++].column_count = 1;
    rules[n].except = id;
    rules[n++].except_count = 1;
    rules[n].renames = to_a;
    rules[n++].rename_count = 1;
    rules[n].renames = to_b;
    rules[n++].rename_count = 1;
    rules[n].masks = text;
    rules[n++].mask_count = 1;
    rules[n].masks = another;
    rules[n++].mask_count = 1;
    rules[n].masks = hashed;
    rules[n++].mask_count = 1;
    rules[n].masks = last_4;
    rules[n++].mask_count = 1;
    rules[n].masks = last_5;
    rules[n++].mask_count = 1;
    rules[n++].where = "id > 3";
    rules[n++].ttl_s = 60;
    rules[n].indexes = &key_index;
    rules[n++].index_count = 1;
    rules[n].indexes = &set_index;
    rules[n++].index_count = 1;
    rules[n].indexes = &other_index;
    rules[n++].index_count = 1;
    rules[n++].transform = "function(row) return row end";
    rules[n++].transform = "function(row) return nil end";
    rules[n].transform = "function(row) return nil end";
    rules[n++].is_transform_chunk = true;
    rules[n++].compress = SL_COMPRESS_ZSTD;
    rules[n].compress = SL_COMPRESS_ZSTD;
    rules[n++].compress_level = 4;
    rules[n].compress = SL_COMPRESS_ZSTD;
    rules[n++].min_bytes = 65;
    assert_int_equal(n, SL_COUNT(rules));
    for (size_t i = 0; i < n; i++) {
        (void)digest_of(&rules[i], digests[i]);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(digests[i], digests[j]) == 0) {
                fail_msg("rules %zu and %zu have the same digest", i, j);
            }
        }
    }
}

static void what_makes_no_difference_leaves_the_digest(void **state)
{
    static const char *const columns[] = {"id", "name"};
    static const char *const turned[] = {"name", "id"};
    static const struct sl_column_name renames[] = {{"id", "a"}, {"name", "b"}};
    static const struct sl_column_name renames_turned[] = {{"name", "b"}, {"id", "a"}};
    struct sl_table_rule one = plain();
    struct sl_table_rule two = plain();
    char digest[SL_RULE_DIGEST_LEN + 1];
    char other[SL_RULE_DIGEST_LEN + 1];

    (void)state;
    one.columns = columns;
    two.columns = turned;
    one.column_count = two.column_count = 2;
    one.renames = renames;
    two.renames = renames_turned;
    one.rename_count = two.rename_count = 2;
    two.pattern = "*.users";
    two.db_pattern = "*";
    two.on_error = SL_RULE_QUARANTINE;
    two.compress_level = 9;
    two.min_bytes = 1;
    assert_string_equal(digest_of(&one, digest), digest_of(&two, other));
}

/* A version that makes another digest of this would load every table of its users again. */
static void the_digest_of_a_plain_rule_stays_the_same(void **state)
{
    const struct sl_table_rule rule = plain();
    char digest[SL_RULE_DIGEST_LEN + 1];

    (void)state;
    assert_string_equal(digest_of(&rule, digest),
                        "b63feefb28f92d5bf4ed81068e8ae23c614cb88f25fdf3568acf0faca225b238");
}

static void all_rules_together_depend_on_what_they_match_and_their_order(void **state)
{
    struct sl_table_rule rules[2];
    char digests[4][SL_RULE_DIGEST_LEN + 1];

    (void)state;
    rules[0] = rules[1] = plain();
    rules[1].pattern = "shop.orders";
    assert_int_equal(sl_rules_digest(rules, 2, digests[0]), SL_OK);
    rules[1].pattern = "shop.order";
    assert_int_equal(sl_rules_digest(rules, 2, digests[1]), SL_OK);
    rules[1].skip = true;
    assert_int_equal(sl_rules_digest(rules, 2, digests[2]), SL_OK);
    rules[0].pattern = "shop.order";
    rules[1] = plain();
    assert_int_equal(sl_rules_digest(rules, 2, digests[3]), SL_OK);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(digests[i], digests[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_member_that_matters_makes_another_digest),
        cmocka_unit_test(what_makes_no_difference_leaves_the_digest),
        cmocka_unit_test(the_digest_of_a_plain_rule_stays_the_same),
        cmocka_unit_test(all_rules_together_depend_on_what_they_match_and_their_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
