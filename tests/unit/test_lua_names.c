#include "tests/support/check.h"

#include "filters/lua_names.h"

/* "a .b and!": members have a dot in front, keywords an exclamation mark behind. */
static const char *names_of(const char *text)
{
    static char out[256];
    struct sl_lua_scan scan = {.rest = sl_check_span(text)};
    struct sl_lua_name name;

    out[0] = '\0';
    while (sl_lua_next_name(&scan, &name)) {
        size_t at = strlen(out);

        (void)snprintf(out + at, sizeof(out) - at, "%s%s%.*s%s", at > 0 ? " " : "",
                       name.is_member ? "." : "", (int)name.text.len, (const char *)name.text.data,
                       name.is_keyword ? "!" : "");
    }
    return out;
}

static void names_are_found_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"", ""},
        {"status ~= 'draft'", "status"},
        {"a and b.c or not d:e(f)", "a and! b .c or! not! d .e f"},
        {"a . b : c()", "a .b .c"},
        {"a..b", "a b"},
        {"a.. b ..c", "a b c"},
        {"'it''s' x", "x"},
        {"\"a\\\"b\" x", "x"},
        {"'a\\\\' x", "x"},
        {"[[a b]] x", "x"},
        {"[==[a ]] ]=] b]==] x", "x"},
        {"a[b]", "a b"},
        {"a[ [[b]] ]", "a"},
        {"a -- b c\n d", "a d"},
        {"a --[[ b\n c ]] d", "a d"},
        {"a --[==[ b ]] c ]==] d", "a d"},
        {"1e5 + 0x1F + 0xAp-3 + 3e+x + .5e2 + 1..2", ""},
        {"a1 _b2 c_3", "a1 _b2 c_3"},
        {"{draft = 1, ['x'] = y}[status]", ".draft y status"},
        {"a == b", "a b"},
        {"a::b", "a b"},
        {"function(x) return x end", "function! x return! x end!"},
        {"\xc3\xa4 b", "b"},
        {"'open", ""},
        {"[[open", ""},
        {"[=", ""},
        {"--", ""},
        {"a.", "a"},
    };

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        assert_string_equal(names_of(cases[i].text), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_nothing_else),
    };

    return cmocka_run_group_tests_name("lua_names", tests, NULL, NULL);
}
