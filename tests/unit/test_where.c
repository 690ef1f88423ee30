/* test_where.c - what expressions see of a row, and what they cannot do. */
#include "tests/support/check.h"

#include "cdc/value.h"
#include "filters/where.h"
#include "tests/support/table.h"

enum { COLUMNS = 8 };

struct fixture {
    struct sl_test_table test;
    struct sl_cell cells[COLUMNS];
    const struct sl_cell *before;
    struct sl_err err;
};

/* id, name, note (NULL), data (bytes), j (JSON), y (a YEAR), f (a FLOAT), odd */
static void init(struct fixture *fix)
{
    *fix = (struct fixture){0};
    sl_test_table_init(
        &fix->test, "shop", "t",
        "id int key,name text,note text,data blob,j json,y year,f float,odd-name text");
    fix->cells[0] = sl_test_cell("7");
    fix->cells[1] = sl_test_cell("Ada");
    fix->cells[2] = SL_NULL_CELL;
    fix->cells[3] =
        (struct sl_cell){.data = (const uint8_t *)"a\0b", .len = 3, .state = SL_CELL_TEXT};
    fix->cells[4] = sl_test_cell("{\"a\": 1}");
    fix->cells[5] = sl_test_cell("0000");
    fix->cells[6] = sl_test_cell("0.1");
    fix->cells[7] = sl_test_cell("x");
}

static int test(struct fixture *fix, const char *text, enum sl_verdict *verdict)
{
    struct sl_where_columns columns = {0};
    struct sl_where *where = NULL;
    struct sl_where_row row = {
        .table = &fix->test.table, .columns = &columns, .cells = fix->cells, .before = fix->before};
    int rc = sl_where_new(text, &where, &fix->err);

    rc = rc == SL_OK ? sl_where_columns_find(text, row.table, &columns, &fix->err) : rc;
    rc = rc == SL_OK ? sl_where_test(where, &row, verdict, &fix->err) : rc;
    sl_where_free(where);
    sl_where_columns_release(&columns);
    return rc;
}

static void must_be(struct fixture *fix, const char *text, enum sl_verdict want)
{
    enum sl_verdict verdict = SL_ROW_UNCLEAR;

    assert_ok(test(fix, text, &verdict), &fix->err);
    if (verdict != want) {
        fail_msg("%s: verdict %d, not %d", text, (int)verdict, (int)want);
    }
}

static void must_fail(struct fixture *fix, const char *text, int status, const char *sentence)
{
    enum sl_verdict verdict = SL_ROW_UNCLEAR;
    int rc = test(fix, text, &verdict);

    if (rc != status || strstr(fix->err.text, sentence) == NULL) {
        fail_msg("%s: status %d, verdict %d, \"%s\"", text, rc, (int)verdict, fix->err.text);
    }
}

static void columns_are_variables_of_their_kind(void **state)
{
    static const char *const truths[] = {
        "id == 7",
        "id > 6 and id < 8",
        "name == 'Ada'",
        "note == nil",
        "not note",
        "data == 'a\\0b'",
        "#data == 3",
        "j == '{\"a\": 1}'",
        "y == 0",
        "f == 0.1",
        "type(id) == 'number' and math.type(id) == 'integer'",
        "math.type(f) == 'float'",
        "row['odd-name'] == 'x'",
        "row.id == id",
        "row.note == nil",
        "name:sub(1,1) == 'A'",
        "name:lower() == 'ada'",
        "({Ada=true, Bob=true})[name]",
        "id // 2 == 3 and id % 2 == 1",
        "name:contains('d') and name:starts('A') and name:ends('da') and name:like('A?a*')",
        "string.contains(name, '') and not string.ends(name, 'Aada')",
        "tonumber('12') == 12",
        "(function(n) local x = n + 1 return x == 8 end)(id)",
        "utf8.len(name) == 3",
        "tostring(id) == '7'",
        "math.max(id, 3) == 7",
        "name ~= nil and note ~= 'x'",
    };
    static const char *const falsehoods[] = {
        "id == 8",
        "note",
        "nil",
        "false",
        "note and note ~= 'x'",
        "name < 'Aaa'",
        "id == '7'",
        "({Bob=true})[name]",
    };
    struct fixture fix;

    (void)state;
    init(&fix);
    for (size_t i = 0; i < SL_COUNT(truths); i++) {
        must_be(&fix, truths[i], SL_ROW_MATCHES);
    }
    for (size_t i = 0; i < SL_COUNT(falsehoods); i++) {
        must_be(&fix, falsehoods[i], SL_ROW_DIFFERS);
    }
}

static void integers_beyond_63_bits_are_texts(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    fix.cells[0] = sl_test_cell("9223372036854775807");
    must_be(&fix, "id == math.maxinteger", SL_ROW_MATCHES);
    fix.cells[0] = sl_test_cell("9223372036854775808");
    must_be(&fix, "id == '9223372036854775808'", SL_ROW_MATCHES);
    must_be(&fix, "num.compare(id, math.maxinteger) == 1", SL_ROW_MATCHES);
    fix.cells[0] = sl_test_cell("-9223372036854775808");
    must_be(&fix, "id == math.mininteger", SL_ROW_MATCHES);
    fix.cells[0] = sl_test_cell("00042");
    must_be(&fix, "id == 42", SL_ROW_MATCHES);
}

static void decimals_are_compared_exactly(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    fix.cells[1] = sl_test_cell("19.90");
    must_be(&fix, "num.compare(name, '19.9') == 0", SL_ROW_MATCHES);
    must_be(&fix, "num.compare(name, 20) < 0", SL_ROW_MATCHES);
    must_be(&fix, "num.tonumber(name) == 19.9", SL_ROW_MATCHES);
    must_be(&fix, "num.tonumber(note) == nil and num.tonumber('x') == nil", SL_ROW_MATCHES);
    must_fail(&fix, "num.compare(name, 19.9) == 0", SL_ERULE, "argument 2 is number");
    must_fail(&fix, "num.compare(note, 1) == 0", SL_ERULE, "argument 1 is nil");
    must_fail(&fix, "num.compare(j, 1) == 0", SL_ERULE, "argument 1 is no number");
}

/* The same bytes as an event stores them. */
static void stored_cells_look_like_selected_ones(void **state)
{
    static const uint8_t seven[] = {7, 0, 0, 0};
    static const uint8_t tenth[] = {0xcd, 0xcc, 0xcc, 0x3d};
    static const uint8_t year[] = {124};
    struct fixture fix;

    (void)state;
    init(&fix);
    fix.cells[0] = sl_test_bytes(seven, 4);
    fix.cells[1] = sl_test_bytes("Ada", 3);
    fix.cells[3] = sl_test_bytes("a\0b", 3);
    fix.cells[5] = sl_test_bytes(year, 1);
    fix.cells[6] = sl_test_bytes(tenth, 4);
    must_be(&fix, "id == 7 and name == 'Ada' and data == 'a\\0b' and y == 2024 and f == 0.1",
            SL_ROW_MATCHES);
}

static void what_an_image_lacks_is_not_guessed(void **state)
{
    struct sl_cell before[COLUMNS];
    struct fixture fix;

    (void)state;
    init(&fix);
    memcpy(before, fix.cells, sizeof(before));
    fix.cells[1] = SL_ABSENT_CELL;
    must_be(&fix, "name == 'Ada'", SL_ROW_UNCLEAR);
    must_be(&fix, "id == 7 or name == 'Ada'", SL_ROW_MATCHES); /* it was not looked at */
    must_be(&fix, "id == 8 or name == 'Ada'", SL_ROW_UNCLEAR);
    fix.before = before;
    must_be(&fix, "name == 'Ada'", SL_ROW_UNCLEAR);
    fix.cells[0] = SL_ABSENT_CELL; /* a key that has not changed */
    must_be(&fix, "id == 7", SL_ROW_MATCHES);
    before[0] = SL_ABSENT_CELL;
    must_be(&fix, "id == 7", SL_ROW_UNCLEAR);
    fix.cells[4] =
        (struct sl_cell){.data = (const uint8_t *)"?", .len = 1, .state = SL_CELL_JSON_DIFF};
    must_be(&fix, "j == 'x'", SL_ROW_UNCLEAR);
}

static void misspelt_names_are_found_before_any_row(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    must_fail(&fix, "nmae == 'x'", SL_EINVAL, "table shop.t uses nmae, which is neither a column");
    must_fail(&fix, "id == 7 or os.exit(1)", SL_EINVAL, "uses os");
    must_fail(&fix, "_ENV[name] == 1", SL_EINVAL, "uses _ENV");
    must_fail(&fix, "(function() return nmae end)()", SL_ERULE, "no column and no function 'nmae'");
    must_fail(&fix, "row.nmae == 1", SL_ERULE, "'row' has no column of that name");
    must_fail(&fix, "row[name] == 1", SL_ERULE, "'row' has no column of that name");
    assert_null(strstr(fix.err.text, "Ada"));
}

static void what_is_no_expression_is_refused(void **state)
{
    static const char *const texts[] = {"id =",        "id ==", "return id",      "id = 7",
                                        "id; id",      ") + (", "if id then end", "'open",
                                        "local x = 1", "id, 7", "goto x",         "\x1bLua"};
    struct sl_where *where = NULL;

    (void)state;
    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        struct sl_err err = {0};

        if (sl_where_new(texts[i], &where, &err) != SL_EINVAL) {
            fail_msg("accepted: %s", texts[i]);
        }
        assert_int_not_equal(err.text[0], ':');
    }
    assert_null(where);
}

static void failures_say_why_without_the_row(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    must_fail(&fix, "note < 5", SL_ERULE, "attempt to compare nil with number");
    must_fail(&fix, "name < 5", SL_ERULE, "attempt to compare string with number");
    must_fail(&fix, "name + 1 > 5", SL_ERULE, "attempt to add a 'string' with a 'number'");
    must_fail(&fix, "name.x.y == 1", SL_ERULE, "attempt to index a nil value");
    must_fail(&fix, "name()", SL_ERULE, "attempt to call a string value");
    must_fail(&fix, "id", SL_ERULE, "gives a number and not true or false");
    must_fail(&fix, "name", SL_ERULE, "gives a string and not true or false");
    assert_null(strstr(fix.err.text, "Ada"));
}

static void nothing_in_the_box_reaches_out_of_it(void **state)
{
    static const char *const names[] = {
        "os",           "io",      "load",    "loadstring", "loadfile",
        "dofile",       "require", "package", "debug",      "coroutine",
        "pcall",        "xpcall",  "error",   "print",      "getmetatable",
        "setmetatable", "rawset",  "rawget",  "rawequal",   "collectgarbage",
        "_G",           "next",    "pairs",   "select",     "warn",
        "null",
    };
    static const char *const members[] = {
        "string.find",     "string.match", "string.gmatch", "string.gsub",
        "string.dump",     "string.pack",  "string.unpack", "math.random",
        "math.randomseed", "table.insert", "table.sort",    "table.unpack",
    };
    struct fixture fix;

    (void)state;
    init(&fix);
    for (size_t i = 0; i < SL_COUNT(names); i++) {
        char text[100];

        (void)snprintf(text, sizeof(text), "(function() return %s ~= nil end)()", names[i]);
        must_fail(&fix, text, SL_ERULE, "no column and no function");
    }
    for (size_t i = 0; i < SL_COUNT(members); i++) {
        char text[100];

        (void)snprintf(text, sizeof(text), "%s == nil", members[i]);
        must_be(&fix, text, SL_ROW_MATCHES);
    }
}

/* What shows an address would be another text each time, and a sentence that shows an argument may
 * show a row's value. */
static void texts_are_made_of_what_has_one(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix);
    must_be(&fix, "tostring(nil) == 'nil' and tostring(true) == 'true' and tostring('a') == 'a'",
            SL_ROW_MATCHES);
    must_be(&fix,
            "string.format('%05d|%-3s|%.2f|%%|%x', id, name, 1.005, 255) == "
            "'00007|Ada|1.00|%|ff'",
            SL_ROW_MATCHES);
    must_be(&fix, "('%s'):format(true) == 'true'", SL_ROW_MATCHES);
    must_be(&fix, "table.concat({id, name}, '-') == '7-Ada'", SL_ROW_MATCHES);
    must_fail(&fix, "tostring({}) ~= ''", SL_ERULE, "a table cannot be made a string");
    must_fail(&fix, "tostring(tostring) ~= ''", SL_ERULE, "a function cannot be made a string");
    must_fail(&fix, "string.format('%s', {}) ~= ''", SL_ERULE, "string.format gets a table for %s");
    must_fail(&fix, "string.format('%p', {}) ~= ''", SL_ERULE, "a directive that it does not have");
    must_fail(&fix, "string.format('%y') == name", SL_ERULE, "a directive that it does not have");
    must_fail(&fix, "string.format('%100d', 1) == name", SL_ERULE, "that it does not have");
    must_fail(&fix, "string.format('%') == name", SL_ERULE, "that it does not have");
    must_fail(&fix, "string.format('%d', name) == ''", SL_ERULE, "number expected, got string");
    must_fail(&fix, "string.format('%d%d', 1) == ''", SL_ERULE, "(no value)");
}

static void nothing_is_kept_from_one_row_to_the_next(void **state)
{
    static const char *const texts[] = {
        "(function() x = 1 return true end)()",
        "(function() row.id = 1 return true end)()",
        "(function() string.len = nil return true end)()",
        "(function() math.pi = 3 return true end)()",
        "(function() num.compare = nil return true end)()",
    };
    struct fixture fix;

    (void)state;
    init(&fix);
    for (size_t i = 0; i < SL_COUNT(texts); i++) {
        must_fail(&fix, texts[i], SL_ERULE, "nothing can be assigned here");
    }
    must_fail(&fix, "(function() name.len = 1 return true end)()", SL_ERULE, "attempt to index");
}

static void endless_and_greedy_expressions_are_cut_off(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"(function() while true do end end)()", "more than 100000 steps"},
        {"(function() for i = 1, 1e15 do end end)()", "more than 100000 steps"},
        {"(function() local function f() return f() end return f() end)()",
         "more than 100000 steps"},
        {"(function() local function f() return 1 + f() end return f() end)()", ""},
        {"(function() local s = 'x' while true do s = s .. s end end)()", "memory"},
        {"(function() local t = {} for i = 1, 1e9 do t[i] = name .. i end end)()", ""},
        {"#name:rep(1e8) > 1", "memory"},
        {"#name:rep(1e17) > 1", "resulting string too large"},
        {"(function() for i = 1, 1e9 do local s = name:rep(1e6) end end)()", "memory"},
        {"('x'):rep(100, ('y'):rep(1e6)) == 1", "memory"},
        {"#string.rep(name, math.maxinteger) > 1", "too large"},
    };
    struct fixture fix;

    (void)state;
    init(&fix);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        must_fail(&fix, cases[i].text, SL_ERULE, cases[i].sentence);
    }
}

/* After a failure the next row is judged as if nothing had been. */
static void a_box_outlives_its_failures(void **state)
{
    const char *text = "id == 7 or (function() local s = 'x' while true do s = s .. s end end)()";
    struct sl_where_columns columns = {0};
    struct sl_where *where = NULL;
    enum sl_verdict verdict = SL_ROW_UNCLEAR;
    struct sl_where_row row = {.columns = &columns};
    struct fixture fix;

    (void)state;
    init(&fix);
    row.table = &fix.test.table;
    row.cells = fix.cells;
    assert_ok(sl_where_new(text, &where, &fix.err), &fix.err);
    assert_ok(sl_where_columns_find(text, row.table, &columns, &fix.err), &fix.err);
    for (unsigned i = 0; i < 50; i++) {
        fix.cells[0] = sl_test_cell(i % 2 == 0 ? "7" : "8");
        assert_int_equal(sl_where_test(where, &row, &verdict, &fix.err),
                         i % 2 == 0 ? SL_OK : SL_ERULE);
        assert_true(i % 2 != 0 || verdict == SL_ROW_MATCHES);
    }
    sl_where_free(where);
    sl_where_columns_release(&columns);
}

static void deep_texts_are_refused(void **state)
{
    char text[4096] = {0};
    struct sl_where *where = NULL;
    struct sl_err err = {0};

    (void)state;
    memset(text, '(', sizeof(text) - 1);
    assert_int_equal(sl_where_new(text, &where, &err), SL_EINVAL);
    memset(text, '-', sizeof(text) - 1);
    for (size_t i = 1; i < sizeof(text) - 1; i += 2) {
        text[i] = ' ';
    }
    assert_int_equal(sl_where_new(text, &where, &err), SL_EINVAL);
    memset(text, '{', sizeof(text) - 1);
    assert_int_equal(sl_where_new(text, &where, &err), SL_EINVAL);
    sl_where_free(NULL);
}

/* A column hides a function of its name; not "row" and "num". */
static void columns_come_before_functions(void **state)
{
    const struct sl_cell cells[] = {sl_test_cell("1"), sl_test_cell("a"), sl_test_cell("b"),
                                    sl_test_cell("c")};
    struct fixture fix;

    (void)state;
    init(&fix);
    sl_test_table_init(&fix.test, "shop", "t", "id int key,type text,row text,num text");
    memcpy(fix.cells, cells, sizeof(cells));
    must_be(&fix, "type == 'a' and row.row == 'b' and row.num == 'c'", SL_ROW_MATCHES);
    must_be(&fix, "num.compare(1, 2) == -1", SL_ROW_MATCHES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_variables_of_their_kind),
        cmocka_unit_test(integers_beyond_63_bits_are_texts),
        cmocka_unit_test(decimals_are_compared_exactly),
        cmocka_unit_test(stored_cells_look_like_selected_ones),
        cmocka_unit_test(what_an_image_lacks_is_not_guessed),
        cmocka_unit_test(misspelt_names_are_found_before_any_row),
        cmocka_unit_test(what_is_no_expression_is_refused),
        cmocka_unit_test(failures_say_why_without_the_row),
        cmocka_unit_test(nothing_in_the_box_reaches_out_of_it),
        cmocka_unit_test(texts_are_made_of_what_has_one),
        cmocka_unit_test(nothing_is_kept_from_one_row_to_the_next),
        cmocka_unit_test(endless_and_greedy_expressions_are_cut_off),
        cmocka_unit_test(a_box_outlives_its_failures),
        cmocka_unit_test(deep_texts_are_refused),
        cmocka_unit_test(columns_come_before_functions),
    };

    return cmocka_run_group_tests_name("where", tests, NULL, NULL);
}
