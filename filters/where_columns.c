/*
 * where_columns.c - which columns an expression may look at, told from its text: a name that is
 * misspelt is refused when the table is met, not when a row first comes to it.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/lua_library.h"
#include "filters/lua_names.h"
#include "filters/where.h"

void sl_where_columns_release(struct sl_where_columns *columns)
{
    free(columns->numbers);
    *columns = (struct sl_where_columns){0};
}

static bool is_column(const struct sl_table *table, struct sl_span name, uint32_t *number)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        struct sl_span have = table->columns[i].name;

        if (have.len == name.len && memcmp(have.data, name.data, name.len) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

/* What the names in a text say. */
struct finding {
    bool *is_used;     /* of each column */
    bool has_row;      /* "row" may be indexed by anything */
    bool has_function; /* which may have variables of its own */
    struct sl_span unknown;
    struct sl_span forbidden;
};

static void look_at(const struct sl_lua_name *name, const struct sl_table *table,
                    struct finding *finding)
{
    uint32_t number;

    if (name->is_member || name->is_keyword) {
        finding->has_function |= name->is_keyword && sl_span_equals(name->text, "function");
        return;
    }
    if (sl_span_equals(name->text, "_ENV")) {
        finding->forbidden = name->text;
    } else if (sl_span_equals(name->text, "row")) {
        finding->has_row = true;
    } else if (!sl_span_equals(name->text, "num") && is_column(table, name->text, &number)) {
        finding->is_used[number] = true;
    } else if (!sl_lua_library_has(name->text) && finding->unknown.len == 0) {
        finding->unknown = name->text;
    }
}

static int fail(const struct sl_table *table, struct sl_span name, struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL,
                      "the \"where\" of table %.*s.%.*s uses %.*s, which is neither a column nor a "
                      "function that it may call: correct it",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, (int)name.len, (const char *)name.data);
}

static int collect(const struct sl_table *table, const struct finding *finding,
                   struct sl_where_columns *out)
{
    struct sl_where_columns columns = {
        .numbers = calloc((size_t)table->column_count + 1, sizeof(*columns.numbers))};

    if (columns.numbers == NULL) {
        return SL_ENOMEM;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (finding->has_row || finding->is_used[i]) {
            columns.numbers[columns.count++] = i;
        }
    }
    *out = columns;
    return SL_OK;
}

int sl_where_columns_find(const char *text, const struct sl_table *table,
                          struct sl_where_columns *out, struct sl_err *err)
{
    struct sl_lua_scan scan = {.rest = sl_span_make(text, strlen(text))};
    struct finding finding = {.is_used = calloc((size_t)table->column_count + 1, sizeof(bool))};
    struct sl_lua_name name;
    int rc = SL_OK;

    if (finding.is_used == NULL) {
        return SL_ENOMEM;
    }
    while (sl_lua_next_name(&scan, &name)) {
        look_at(&name, table, &finding);
    }
    if (finding.forbidden.len > 0 || (finding.unknown.len > 0 && !finding.has_function)) {
        rc = fail(table, finding.forbidden.len > 0 ? finding.forbidden : finding.unknown, err);
    } else {
        rc = collect(table, &finding, out);
    }
    free(finding.is_used);
    return rc;
}
