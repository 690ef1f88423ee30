#include "tests/support/table.h"

#include "cdc/value.h"
#include "tests/support/check.h"

struct kind {
    const char *name;
    uint8_t type;
    uint16_t meta;
    uint16_t collation; /* 45: utf8mb4_general_ci, 63: binary */
    bool is_zerofill;
};

static const struct kind kinds[] = {
    {"int", SL_TYPE_LONG, 0, 63, false},     {"text", SL_TYPE_VARCHAR, 1000, 45, false},
    {"blob", SL_TYPE_BLOB, 2, 63, false},    {"json", SL_TYPE_JSON, 4, 63, false},
    {"year", SL_TYPE_YEAR, 0, 63, false},    {"float", SL_TYPE_FLOAT, 4, 63, true},
    {"zerofill", SL_TYPE_LONG, 0, 63, true},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < SL_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    fail_msg("no type %s", name);
    return NULL;
}

static void add_column(struct sl_test_table *test, char *text)
{
    char *rest = NULL;
    const char *name = strtok_r(text, " ", &rest);
    const struct kind *kind = find_kind(strtok_r(NULL, " ", &rest));
    struct sl_column *column = &test->columns[test->table.column_count];
    struct sl_err err = {0};
    const char *word;

    assert_in_range(test->table.column_count, 0, SL_TEST_COLUMNS - 1);
    assert_ok(sl_column_from_meta(column, kind->type, kind->meta, &err), &err);
    column->name = sl_check_span(name);
    column->collation = kind->collation;
    column->is_zerofill = kind->is_zerofill;
    column->is_unsigned = kind->is_zerofill;
    column->is_nullable = true;
    if (kind->is_zerofill) {
        column->max_len = 5;
    }
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        column->is_nullable = false;
        if (strcmp(word, "key") == 0) {
            test->key[test->table.key_count++] = test->table.column_count;
        }
    }
    assert_ok(sl_value_prepare(column, &err), &err);
    test->table.column_count++;
}

void sl_test_table_init(struct sl_test_table *test, const char *db, const char *name,
                        const char *spec)
{
    char *rest = NULL;

    *test = (struct sl_test_table){0};
    assert_in_range(strlen(spec), 1, sizeof(test->spec) - 1);
    memcpy(test->spec, spec, strlen(spec) + 1);
    for (char *at = strtok_r(test->spec, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
        add_column(test, at);
    }
    test->table.db = sl_check_span(db);
    test->table.name = sl_check_span(name);
    test->table.columns = test->columns;
    test->table.key = test->key;
    test->table.has_names = true;
    test->table.key_is_primary = true;
}

void sl_test_table_release(struct sl_test_table *test)
{
    if (test->table.user_free != NULL) {
        test->table.user_free(test->table.user);
    }
    test->table.user = NULL;
    test->table.user_free = NULL;
}
