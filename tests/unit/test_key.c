#include "tests/support/check.h"

#include "cdc/base/xrand.h"
#include "filters/key.h"
#include "tests/support/table.h"

static void render(const char *text, const struct sl_test_table *test, const struct sl_cell *cells,
                   const struct sl_cell *fallback, struct sl_buf *out)
{
    struct sl_key key = {0};
    struct sl_err err = {0};

    sl_buf_clear(out);
    assert_ok(sl_key_compile(text, &test->table, &key, &err), &err);
    assert_ok(sl_key_render(&key, &test->table, cells, fallback, out, &err), &err);
    sl_key_release(&key);
}

static void templates_are_filled(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"{db}:{table}:{pk}", "shop:users:7:bob"},
        {"order:{id}", "order:7"},
        {"{name}/{id}/x", "bob/7/x"},
        {"{{tag}}:{pk}", "{tag}:7:bob"},
        {"{{{table}}}:{pk}", "{users}:7:bob"},
        {"}}{{{pk}", "}{7:bob"},
        {"{pk}", "7:bob"},
        {"100%:{id}", "100%:7"},
    };
    const struct sl_cell cells[] = {sl_test_cell("7"), sl_test_cell("bob"), sl_test_cell("x")};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "users", "id int key,name text key,note text");
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        render(cases[i].text, &test, cells, NULL, &out);
        assert_buf(&out, cases[i].want);
    }
    sl_buf_release(&out);
}

static void names_are_rewritten(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"{table:/_[0-9]+$//}:{id}", "order:7"},
        {"{table:/_[0-9]{4}$//}:{id}", "order:7"}, /* with braces of its own */
        {"{table:/^(.*)_0*([0-9]+)$/$2:${1}/}:{id}", "17%3Aorder:7"},
        {"{table:/x/y/}:{id}", "order_0017:7"}, /* no match */
        {"{table:/[0-9]/-/}:{id}", "order_-017:7"},
        {"{db:/^s//}/{table:/.*//}/{id}", "hop//7"},
        {"{db:/\\/|h/H/}:{id}", "sHop:7"},
        {"{table:/(a)|o/$1/}:{id}", "rder_0017:7"}, /* a group without a match */
    };
    const struct sl_cell cells[] = {sl_test_cell("7")};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "order_0017", "id int key");
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        render(cases[i].text, &test, cells, NULL, &out);
        assert_buf(&out, cases[i].want);
    }
    sl_buf_release(&out);
}

static void a_name_that_cannot_be_rewritten_is_refused(void **state)
{
    static const char *const cases[] = {"{table:/(a+)+$/x/}:{id}", "{table:/a/$1/}:{id}"};
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
                       "id int key");
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_key key = {0};
        struct sl_err err = {0};

        assert_int_equal(sl_key_check(cases[i], NULL), SL_OK);
        assert_int_equal(sl_key_compile(cases[i], &test.table, &key, &err), SL_EINVAL);
        assert_non_null(strstr(err.text, "by what cannot be used"));
        assert_null(key.parts);
    }
}

static void stored_values_are_rendered(void **state)
{
    static const uint8_t number[] = {0xfe, 0xff, 0xff, 0xff};
    const struct sl_cell cells[] = {sl_test_bytes(number, 4), sl_test_bytes("a:b", 3)};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "users", "id int key,name text key");
    render("{pk}", &test, cells, NULL, &out);
    assert_buf(&out, "-2:a%3Ab");
    sl_buf_release(&out);
}

static void special_bytes_in_values_are_percent_encoded(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("%:{}"), sl_test_cell("a b\r\n*?[\xff")};
    const struct sl_cell empty[] = {sl_test_cell(""), sl_test_cell("")};
    const struct sl_cell looks_like_null[] = {sl_test_cell("%N"), SL_NULL_CELL};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "my:db", "t{1}", "a text key,b text key");
    render("{db}:{table}:{pk}", &test, cells, NULL, &out);
    assert_buf(&out, "my%3Adb:t%7B1%7D:%25%3A%7B%7D:a b\r\n*?[\xff");
    render("{pk}", &test, empty, NULL, &out);
    assert_buf(&out, ":");
    render("{pk}", &test, looks_like_null, NULL, &out);
    assert_buf(&out, "%25N:%N");
    sl_buf_release(&out);
}

static void composite_keys_never_meet(void **state)
{
    static const char *const pairs[][2] = {{"1", "23"},    {"12", "3"},    {"1:2", "3"},
                                           {"1", "2:3"},   {"", "123"},    {"123", ""},
                                           {"1%3A2", "3"}, {"1%", "3A2:3"}};
    struct sl_buf keys[SL_COUNT(pairs)] = {{0}};
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "t", "a text key,b text key");
    for (size_t i = 0; i < SL_COUNT(pairs); i++) {
        const struct sl_cell cells[] = {sl_test_cell(pairs[i][0]), sl_test_cell(pairs[i][1])};

        render("{pk}", &test, cells, NULL, &keys[i]);
        for (size_t j = 0; j < i; j++) {
            assert_false(keys[i].len == keys[j].len &&
                         memcmp(keys[i].data, keys[j].data, keys[i].len) == 0);
        }
    }
    for (size_t i = 0; i < SL_COUNT(pairs); i++) {
        sl_buf_release(&keys[i]);
    }
}

static void absent_cells_are_taken_from_the_other_image(void **state)
{
    const struct sl_cell after[] = {SL_ABSENT_CELL, sl_test_cell("new")};
    const struct sl_cell before[] = {sl_test_cell("1"), sl_test_cell("old")};
    const struct sl_cell neither[] = {SL_ABSENT_CELL, SL_ABSENT_CELL};
    struct sl_test_table test;
    struct sl_key key = {0};
    struct sl_buf out = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,name text key");
    render("{pk}", &test, after, before, &out);
    assert_buf(&out, "1:new");
    assert_ok(sl_key_compile("{pk}", &test.table, &key, &err), &err);
    assert_int_equal(sl_key_render(&key, &test.table, after, NULL, &out, &err), SL_ESCHEMA);
    assert_non_null(strstr(err.text, "id"));
    assert_int_equal(sl_key_render(&key, &test.table, after, neither, &out, &err), SL_ESCHEMA);
    sl_key_release(&key);
    sl_buf_release(&out);
}

static void templates_that_cannot_work_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "same for all",
        "{db}:{table}",
        "{pk",
        "pk}",
        "{}:{pk}",
        "{pk}}",
        "{{pk}",
        "{{{pk}}",
        "{{pk}}",
        "{p{k}",
        "{table:/a}:{id}",
        "{table:/a/b}:{id}",
        "{table:/a/b/:{id}",
        "{table:/a\\/b/}:{id}",
        "{table:/(/b/}:{id}",
        "{db:/[/b/}:{id}",
        "{table:/",
        "{table:/a//}",
    };
    struct sl_test_table test;

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key");
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_key key = {0};
        struct sl_err err = {0};
        int rc = sl_key_compile(cases[i], &test.table, &key, &err);

        if (rc != SL_EINVAL) {
            fail_msg("\"%s\": %d", cases[i], rc);
        }
        assert_string_not_equal(err.text, "");
        assert_null(key.parts);
    }
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        if (strcmp(cases[i], "{p{k}") != 0) { /* a column may be called so */
            assert_int_equal(sl_key_check(cases[i], NULL), SL_EINVAL);
        }
    }
    assert_int_equal(sl_key_check("{id}", NULL), SL_OK);
}

static void unknown_columns_and_tables_without_key_are_refused(void **state)
{
    struct sl_test_table test;
    struct sl_key key = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int,name text");
    assert_int_equal(sl_key_compile("{id}", &test.table, &key, &err), SL_ESCHEMA);
    assert_non_null(strstr(err.text, "shop.t"));
    sl_test_table_init(&test, "shop", "t", "id int key,name text");
    assert_int_equal(sl_key_compile("{ID}", &test.table, &key, &err), SL_EINVAL);
    assert_non_null(strstr(err.text, "ID"));
    sl_key_release(&key);
}

static void same_compares_only_the_columns_of_the_key(void **state)
{
    const struct sl_cell a[] = {sl_test_cell("1"), sl_test_cell("x"), sl_test_cell("n")};
    const struct sl_cell b[] = {sl_test_cell("1"), sl_test_cell("y"), sl_test_cell("n")};
    const struct sl_cell c[] = {sl_test_cell("2"), sl_test_cell("x"), sl_test_cell("n")};
    const struct sl_cell d[] = {SL_ABSENT_CELL, sl_test_cell("y"), sl_test_cell("n")};
    const struct sl_cell e[] = {SL_NULL_CELL, sl_test_cell("x"), sl_test_cell("n")};
    const struct sl_cell f[] = {sl_test_cell(""), sl_test_cell("x"), sl_test_cell("n")};
    struct sl_test_table test;
    struct sl_key key = {0};
    struct sl_err err = {0};

    (void)state;
    sl_test_table_init(&test, "shop", "t", "id int key,name text,note text");
    assert_ok(sl_key_compile("{id}", &test.table, &key, &err), &err);
    assert_true(sl_key_same(&key, a, b));
    assert_false(sl_key_same(&key, a, c));
    assert_true(sl_key_same(&key, a, d));
    assert_false(sl_key_same(&key, a, e));
    assert_false(sl_key_same(&key, e, f));
    assert_true(sl_key_same(&key, e, e));
    sl_key_release(&key);
}

/* ---- patterns ---- */

static bool is_matched(const char *text, const char *db, const char *table, uint32_t pk_count,
                       struct sl_span key)
{
    struct sl_key_pattern *pattern =
        sl_key_pattern_new(text, sl_check_span(db), sl_check_span(table), pk_count);
    bool matches;

    assert_non_null(pattern);
    assert_non_null(pattern->glob);
    matches = pattern->matches(pattern, key);
    pattern->free(pattern);
    return matches;
}

static void patterns_match_keys_of_their_table_and_no_others(void **state)
{
    static const struct {
        const char *text;
        uint32_t pk_count;
        const char *key;
        bool want;
    } cases[] = {
        {"{db}:{table}:{pk}", 0, "shop:users:1", true},
        {"{db}:{table}:{pk}", 0, "shop:users:1:2", true},
        {"{db}:{table}:{pk}", 1, "shop:users:1:2", false},
        {"{db}:{table}:{pk}", 2, "shop:users:1:2", true},
        {"{db}:{table}:{pk}", 2, "shop:users:1", false},
        {"{db}:{table}:{pk}", 2, "shop:users:1:2:3", false},
        {"{db}:{table}:{pk}", 0, "shop:users:", true},
        {"{db}:{table}:{pk}", 0, "shop:users", false},
        {"{db}:{table}:{pk}", 0, "shop:users2:1", false},
        {"{db}:{table}:{pk}", 0, "Shop:users:1", false},
        {"{db}:{table}:{pk}", 0, "xshop:users:1", false},
        {"{db}:{table}:{pk}", 0, "shop:users:%25%3A%7B%7D", true},
        {"{db}:{table}:{pk}", 0, "shop:users:%N", true},
        {"{db}:{table}:{pk}", 0, "shop:users:%N:%N", true},
        /* Bytes that no value has once it is encoded: somebody else's keys. */
        {"{db}:{table}:{pk}", 0, "shop:users:{1}", false},
        {"{db}:{table}:{pk}", 0, "shop:users:100%", false},
        {"{db}:{table}:{pk}", 0, "shop:users:%2", false},
        {"{db}:{table}:{pk}", 0, "shop:users:%41", false},
        {"{db}:{table}:{pk}", 0, "shop:users:%3a", false},
        {"{db}:{table}:{pk}", 0, "shop:users:a%N", false},
        {"{db}:{table}:{pk}", 0, "shop:users:%Na", false},
        {"{db}:{table}:{pk}", 0, "shop:users:1:%Na", false},
        {"order:{id}", 0, "order:1", true},
        {"order:{id}", 0, "order:1:2", false},
        {"order:{id}", 0, "orders:1", false},
        {"{{x}}:{id}", 0, "{x}:1", true},
        {"{{x}}:{id}", 0, "x:1", false},
        {"{id}.json", 0, "1.json", true},
        {"{id}.json", 0, "1.json.json", true},
        {"{id}.json", 0, "1.jso", false},
        {"a{id}a{name}a", 0, "aaaaa", true},
        {"a{id}a{name}a", 0, "aaa", true},
        {"a{id}a{name}a", 0, "aa", false},
        {"*?[{id}]\\", 0, "*?[1]\\", true},
        {"*?[{id}]\\", 0, "xx[1]\\", false},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        if (is_matched(cases[i].text, "shop", "users", cases[i].pk_count,
                       sl_check_span(cases[i].key)) != cases[i].want) {
            fail_msg("%s, %u columns: %s", cases[i].text, (unsigned)cases[i].pk_count,
                     cases[i].key);
        }
    }
}

static void without_a_table_every_table_is_meant(void **state)
{
    (void)state;
    assert_true(is_matched("{db}:{table}:{pk}", "shop", "", 0, sl_check_span("shop:users:1")));
    assert_true(is_matched("{db}:{table}:{pk}", "shop", "", 0, sl_check_span("shop:a%3Ab:1")));
    assert_false(is_matched("{db}:{table}:{pk}", "shop", "", 0, sl_check_span("shop:users")));
    assert_false(is_matched("{db}:{table}:{pk}", "shop", "", 0, sl_check_span("shop2:users:1")));
}

/* Found by fuzz_key: a literal of no bytes. */
static void an_empty_name_is_no_literal(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("")};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "", "t", "id text key");
    render("{db}{pk}", &test, cells, NULL, &out);
    assert_buf(&out, "");
    assert_true(is_matched("{db}:{pk}", "", "t", 1, sl_check_span(":1")));
    assert_true(is_matched("{db}{pk}", "", "t", 1, sl_check_span("")));
    sl_buf_release(&out);
}

static void the_glob_has_its_special_bytes_escaped(void **state)
{
    struct sl_key_pattern *pattern =
        sl_key_pattern_new("a*b?[c-d]^\\:{db}:{id}", sl_check_span("x*y"), sl_check_span("t"), 1);

    (void)state;
    assert_string_equal(pattern->glob, "a\\*b\\?\\[c\\-d\\]\\^\\\\:x\\*y:*");
    pattern->free(pattern);
}

/* A small matcher of Redis's globs, as far as our patterns use them: * ? and backslash. */
static bool glob_takes(const char *glob, struct sl_span key)
{
    if (*glob == '\0') {
        return key.len == 0;
    }
    if (*glob == '*') {
        for (size_t i = 0; i <= key.len; i++) {
            if (glob_takes(glob + 1, sl_span_make(key.data + i, key.len - i))) {
                return true;
            }
        }
        return false;
    }
    if (*glob == '\\') {
        glob++;
        return key.len > 0 && key.data[0] == (uint8_t)*glob &&
               glob_takes(glob + 1, sl_span_make(key.data + 1, key.len - 1));
    }
    return key.len > 0 && (*glob == '?' || key.data[0] == (uint8_t)*glob) &&
           glob_takes(glob + 1, sl_span_make(key.data + 1, key.len - 1));
}

/* Whatever the values: the key that is rendered is found by the pattern and its glob. */
static void every_key_matches_its_pattern(void **state)
{
    static const char *const templates[] = {"{db}:{table}:{pk}", "{a}",     "x{a}y{b}z",
                                            "{{{a}}}:{b}",       "{b}%{a}", "*{pk}?"};
    static const char bytes[] = "ab:%{}N*?\\[\x00\xff";
    struct sl_xrand rand = {.state = 99};
    struct sl_test_table test;
    struct sl_buf out = {0};

    (void)state;
    sl_test_table_init(&test, "s%p", "t:u", "a text key,b text key");
    for (int round = 0; round < 3000; round++) {
        char values[2][6];
        struct sl_cell cells[2];
        const char *text = templates[sl_xrand_below(&rand, SL_COUNT(templates))];
        struct sl_key_pattern *pattern;

        for (int i = 0; i < 2; i++) {
            size_t len = (size_t)sl_xrand_below(&rand, sizeof(values[i]));

            for (size_t at = 0; at < len; at++) {
                values[i][at] = bytes[sl_xrand_below(&rand, sizeof(bytes) - 1)];
            }
            cells[i] = (struct sl_cell){
                .data = (const uint8_t *)values[i], .len = (uint32_t)len, .state = SL_CELL_TEXT};
            if (sl_xrand_below(&rand, 8) == 0) {
                cells[i] = SL_NULL_CELL;
            }
        }
        render(text, &test, cells, NULL, &out);
        pattern = sl_key_pattern_new(text, test.table.db, test.table.name,
                                     sl_xrand_below(&rand, 2) == 0 ? 0 : 2);
        if (!pattern->matches(pattern, sl_span_make(out.data, out.len)) ||
            !glob_takes(pattern->glob, sl_span_make(out.data, out.len))) {
            fail_msg("%s does not match %.*s", text, (int)out.len, (const char *)out.data);
        }
        pattern->free(pattern);
    }
    sl_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_filled),
        cmocka_unit_test(names_are_rewritten),
        cmocka_unit_test(a_name_that_cannot_be_rewritten_is_refused),
        cmocka_unit_test(stored_values_are_rendered),
        cmocka_unit_test(special_bytes_in_values_are_percent_encoded),
        cmocka_unit_test(composite_keys_never_meet),
        cmocka_unit_test(absent_cells_are_taken_from_the_other_image),
        cmocka_unit_test(templates_that_cannot_work_are_refused),
        cmocka_unit_test(unknown_columns_and_tables_without_key_are_refused),
        cmocka_unit_test(same_compares_only_the_columns_of_the_key),
        cmocka_unit_test(patterns_match_keys_of_their_table_and_no_others),
        cmocka_unit_test(without_a_table_every_table_is_meant),
        cmocka_unit_test(an_empty_name_is_no_literal),
        cmocka_unit_test(the_glob_has_its_special_bytes_escaped),
        cmocka_unit_test(every_key_matches_its_pattern),
    };

    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
