#include "tests/support/check.h"

#include "cdc/base/xrand.h"
#include "cdc/mapper.h"
#include "filters/key_parse.h"
#include "tests/support/table.h"

struct fixture {
    struct sl_test_table test;
    struct sl_key key;
    struct sl_arena arena;
    struct sl_cell cells[SL_TEST_COLUMNS];
    struct sl_err err;
};

static void init(struct fixture *fix, const char *text, const char *spec)
{
    *fix = (struct fixture){0};
    sl_test_table_init(&fix->test, "shop", "t:u", spec);
    assert_ok(sl_key_compile(text, &fix->test.table, &fix->key, &fix->err), &fix->err);
}

static int parse(struct fixture *fix, struct sl_span key)
{
    return sl_key_parse(&fix->key, &fix->test.table, key, &fix->arena, fix->cells);
}

static void release(struct fixture *fix)
{
    sl_key_release(&fix->key);
    sl_arena_release(&fix->arena);
}

static const char *show(const struct sl_cell *cell)
{
    static char text[64];

    if (cell->state == SL_CELL_TEXT) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)cell->len, (const char *)cell->data);
        return text;
    }
    return cell->state == SL_CELL_NULL ? "NULL" : "ABSENT";
}

/* The columns are id INT, name and note TEXT, day DATE, at DATETIME; {pk} is id and name. */
static void set_types(struct fixture *fix)
{
    fix->test.columns[3].type = SL_TYPE_DATE;
    fix->test.columns[4].type = SL_TYPE_DATETIME2;
}

#define SPEC "id int key,name text key,note text,day text,at text"

static void keys_are_parted_into_their_values(void **state)
{
    static const struct {
        const char *text;
        const char *key;
        int rc;
        const char *id;
        const char *name;
        const char *day;
    } cases[] = {
        {"{db}:{table}:{pk}", "shop:t%3Au:7:bob", SL_OK, "7", "bob", "ABSENT"},
        {"{db}:{table}:{pk}", "shop:t%3Au:-7:", SL_OK, "-7", "", "ABSENT"},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:%25%3A%7B%7D", SL_OK, "7", "%:{}", "ABSENT"},
        {"{db}:{table}:{pk}", "shop:t%3Au:%N:%N", SL_OK, "NULL", "NULL", "ABSENT"},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:%25N", SL_OK, "7", "%N", "ABSENT"},
        {"{db}:{table}:{pk}", "shop:t%3Au:7", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:bob:x", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t:7:bob", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "", SL_DONE, NULL, NULL, NULL},
        /* What the encoding never writes. */
        {"{db}:{table}:{pk}", "shop:t%3Au:7:%41", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:%3a", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:100%", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:{bob}", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:x%N", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:7:%Nx", SL_DONE, NULL, NULL, NULL},
        /* What no integer looks like. */
        {"{db}:{table}:{pk}", "shop:t%3Au:x:bob", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au:-:bob", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au::bob", SL_DONE, NULL, NULL, NULL},
        {"{db}:{table}:{pk}", "shop:t%3Au: 7:bob", SL_DONE, NULL, NULL, NULL},
        {"{{{id}}}.json", "{7}.json", SL_OK, "7", "ABSENT", "ABSENT"},
        {"{name}.json", "a.json.json", SL_OK, "ABSENT", "a.json", "ABSENT"},
        {"{name}%{id}", "%25%7", SL_OK, "7", "%", "ABSENT"},
        /* Types tell where one value ends. */
        {"{day}-{id}", "2026-11-21-7", SL_OK, "7", "ABSENT", "2026-11-21"},
        {"{day}-{id}", "2026-11-21--7", SL_OK, "-7", "ABSENT", "2026-11-21"},
        {"{id}{day}", "72026-11-21", SL_OK, "7", "ABSENT", "2026-11-21"},
        {"{name}-{id}", "a-b-7", SL_OK, "7", "a-b", "ABSENT"},
        {"{name}{at}", "x2026-11-21 12%3A00%3A00", SL_OK, "ABSENT", "x", "ABSENT"},
        {"{name}{at}", "2026-11-21 12%3A00", SL_DONE, NULL, NULL, NULL},
        /* Where nothing tells, the key may be another row's. */
        {"{name}-{id}", "a--7", SL_KEY_UNCLEAR, NULL, NULL, NULL},
        {"{name}{note}", "ab", SL_KEY_UNCLEAR, NULL, NULL, NULL},
        {"{name}{note}", "", SL_OK, "ABSENT", "", "ABSENT"},
        {"a{name}a{note}a", "aaaaa", SL_KEY_UNCLEAR, NULL, NULL, NULL},
        {"{id}{name}", "12", SL_KEY_UNCLEAR, NULL, NULL, NULL},
        /* One column twice. */
        {"{id}:x:{id}", "7:x:7", SL_OK, "7", "ABSENT", "ABSENT"},
        {"{id}:x:{id}", "7:x:8", SL_DONE, NULL, NULL, NULL},
        {"{name}{name}", "abab", SL_OK, "ABSENT", "ab", "ABSENT"},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct fixture fix;
        int rc;

        init(&fix, cases[i].text, SPEC);
        set_types(&fix);
        rc = parse(&fix, sl_check_span(cases[i].key));
        if (rc != cases[i].rc) {
            fail_msg("%s, %s: %d", cases[i].text, cases[i].key, rc);
        }
        if (rc == SL_OK) {
            assert_string_equal(show(&fix.cells[0]), cases[i].id);
            assert_string_equal(show(&fix.cells[1]), cases[i].name);
            assert_string_equal(show(&fix.cells[3]), cases[i].day);
        }
        release(&fix);
    }
}

static void unsigned_numbers_have_no_sign(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "{name}-{id}", SPEC);
    fix.test.columns[0].is_unsigned = true;
    assert_int_equal(parse(&fix, sl_check_span("a--7")), SL_OK);
    assert_string_equal(show(&fix.cells[1]), "a-");
    release(&fix);
}

static void too_many_ways_are_not_all_tried(void **state)
{
    char text[4001];
    struct fixture fix;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    init(&fix, "{name}x{note}x{day}x{at}y", SPEC);
    assert_int_equal(parse(&fix, sl_check_span(text)), SL_KEY_UNCLEAR);
    release(&fix);
}

static void cells_are_left_alone_without_a_row(void **state)
{
    struct fixture fix;

    (void)state;
    init(&fix, "{db}:{table}:{pk}", SPEC);
    fix.cells[0] = sl_test_cell("old");
    assert_int_equal(parse(&fix, sl_check_span("x")), SL_DONE);
    assert_string_equal(show(&fix.cells[0]), "old");
    release(&fix);
}

static bool same_cell(const struct sl_cell *a, const struct sl_cell *b)
{
    return a->state == b->state && a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static struct sl_cell random_cell(struct sl_xrand *rand, char *bytes, size_t cap)
{
    static const char choice[] = "ab:%{}N3A\n*-\x00\xff";
    size_t len = (size_t)sl_xrand_below(rand, cap);

    if (sl_xrand_below(rand, 8) == 0) {
        return SL_NULL_CELL;
    }
    for (size_t at = 0; at < len; at++) {
        bytes[at] = choice[sl_xrand_below(rand, sizeof(choice) - 1)];
    }
    return (struct sl_cell){
        .data = (const uint8_t *)bytes, .len = (uint32_t)len, .state = SL_CELL_TEXT};
}

/* Whatever the values: a key is parted into them, or is said to be unclear; and what it is parted
   into makes the same key. */
static void every_key_comes_back(void **state)
{
    static const struct {
        const char *text;
        bool is_clear;
    } templates[] = {{"{db}:{table}:{pk}", true}, {"{a}:{{{b}}}", true}, {"{b}:%:{a}", true},
                     {"{a}{b}", false},           {"x{a}N{b}z", false},  {"{b}%{a}", false},
                     {"{a}:{b}:{a}", true}};
    struct sl_xrand rand = {.state = 7};
    struct sl_buf out = {0};
    struct sl_buf again = {0};

    (void)state;
    for (int round = 0; round < 5000; round++) {
        size_t number = (size_t)sl_xrand_below(&rand, SL_COUNT(templates));
        char bytes[2][6];
        struct sl_cell cells[2];
        struct fixture fix;
        int rc;

        init(&fix, templates[number].text, "a text key,b blob key");
        cells[0] = random_cell(&rand, bytes[0], sizeof(bytes[0]));
        cells[1] = random_cell(&rand, bytes[1], sizeof(bytes[1]));
        sl_buf_clear(&out);
        sl_buf_clear(&again);
        assert_ok(sl_key_render(&fix.key, &fix.test.table, cells, NULL, &out, &fix.err), &fix.err);
        rc = parse(&fix, sl_span_make(out.data, out.len));
        assert_true(rc == SL_OK || (rc == SL_KEY_UNCLEAR && !templates[number].is_clear));
        if (rc == SL_OK) {
            assert_true(same_cell(&cells[0], &fix.cells[0]) && same_cell(&cells[1], &fix.cells[1]));
            assert_ok(sl_key_render(&fix.key, &fix.test.table, fix.cells, NULL, &again, &fix.err),
                      &fix.err);
            assert_int_equal(again.len, out.len);
        }
        release(&fix);
    }
    sl_buf_release(&out);
    sl_buf_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_parted_into_their_values),
        cmocka_unit_test(unsigned_numbers_have_no_sign),
        cmocka_unit_test(too_many_ways_are_not_all_tried),
        cmocka_unit_test(cells_are_left_alone_without_a_row),
        cmocka_unit_test(every_key_comes_back),
    };

    return cmocka_run_group_tests_name("key parse", tests, NULL, NULL);
}
