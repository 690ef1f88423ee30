/* Layouts from captured table maps, with and without a schema, and their cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/charset.h"
#include "cdc/event.h"
#include "cdc/layout.h"
#include "tests/support/event_builder.h"

struct fixture {
    struct sl_event_list list;
    struct sl_stream_options options;
    struct sl_stream_handler handler;
    struct sl_layout_context context;
    struct sl_layout_cache cache;
    struct sl_schema schema;
    int schema_status;
    unsigned asked;  /* calls of the schema callback */
    bool with_place; /* the last of them wants to know whether the schema is current */
    struct sl_position at;
    unsigned tables; /* calls of the table callback */
    unsigned freed;  /* calls of user_free */
    bool wanted;
    struct sl_err err;
};

static bool wants(void *user, struct sl_span db, struct sl_span table)
{
    const struct fixture *fix = user;

    (void)db;
    (void)table;
    return fix->wanted;
}

static int give_schema(void *user, struct sl_span db, struct sl_span table,
                       const struct sl_position *at, const struct sl_schema **schema,
                       struct sl_err *err)
{
    struct fixture *fix = user;

    (void)db;
    (void)table;
    (void)err;
    fix->asked++;
    fix->with_place = at != NULL;
    *schema = &fix->schema;
    return fix->schema_status;
}

static void count_free(void *user)
{
    (*(unsigned *)user)++;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct fixture *fix = user;

    (void)err;
    *skip = false;
    fix->tables++;
    table->user = &fix->freed;
    table->user_free = count_free;
    return SL_OK;
}

static void set_up(struct fixture *fix, const char *name, bool is_mariadb, bool has_schema)
{
    memset(fix, 0, sizeof(*fix));
    sl_event_list_load(&fix->list, name);
    fix->wanted = true;
    fix->options = (struct sl_stream_options){.wants = wants,
                                              .wants_user = fix,
                                              .schema = has_schema ? give_schema : NULL,
                                              .schema_user = fix};
    fix->handler = (struct sl_stream_handler){.table = on_table, .user = fix};
    fix->context = (struct sl_layout_context){.options = &fix->options,
                                              .handler = &fix->handler,
                                              .at = &fix->at,
                                              .is_mariadb = is_mariadb};
}

static void tear_down(struct fixture *fix)
{
    sl_layout_cache_release(&fix->cache);
    sl_event_list_release(&fix->list);
}

/* The body of the NTH table map event. */
static struct sl_span nth_map(const struct fixture *fix, size_t nth)
{
    for (size_t i = 0; i < fix->list.count; i++) {
        const struct sl_buf *event = &fix->list.events[i];

        if (event->data[4] == SL_EVENT_TABLE_MAP && nth-- == 0) {
            return sl_span_make(event->data + SL_EVENT_HEADER_BYTES,
                                event->len - SL_EVENT_HEADER_BYTES);
        }
    }
    fail_msg("no such table map");
    return (struct sl_span){0};
}

static struct sl_schema_column column(const char *name, const char *data_type,
                                      const char *column_type, const char *charset, uint32_t part)
{
    return (struct sl_schema_column){.name = sl_span_make(name, strlen(name)),
                                     .data_type = sl_span_make(data_type, strlen(data_type)),
                                     .column_type = sl_span_make(column_type, strlen(column_type)),
                                     .charset = sl_span_make(charset, strlen(charset)),
                                     .key_part = part};
}

static int map(struct fixture *fix, size_t nth, struct sl_layout **layout)
{
    return sl_layout_cache_map(&fix->cache, &fix->context, nth_map(fix, nth), layout, &fix->err);
}

static const struct sl_column *find(const struct sl_layout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->table.column_count; i++) {
        if (sl_span_equals(layout->table.columns[i].name, name)) {
            return &layout->table.columns[i];
        }
    }
    fail_msg("no column %s", name);
    return NULL;
}

static void schema_gives_what_nolog_lacks(void **state)
{
    struct sl_schema_column columns[] = {
        column("id", "int", "int(10) unsigned zerofill", "", 1),
        column("name", "varchar", "varchar(20)", "latin1", 0),
        column("note", "text", "text", "utf8mb4", 0),
        column("e", "enum", "enum('p','it''s','back\\\\slash')", "latin1", 0),
        column("n", "int", "int(11)", "", 0),
    };
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mariadb-nolog", true, true);
    fix.schema = (struct sl_schema){
        .columns = columns, .count = 5, .key_is_primary = true, .is_current = true};
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_true(layout->table.has_names);
    assert_true(fix.with_place);
    assert_int_equal(layout->table.key_count, 1);
    assert_int_equal(layout->table.key[0], 0);
    assert_true(layout->table.key_is_primary);
    assert_true(find(layout, "id")->is_unsigned);
    assert_true(find(layout, "id")->is_zerofill);
    assert_int_equal(find(layout, "id")->max_len, 10);
    assert_false(find(layout, "n")->is_unsigned);
    assert_string_equal(sl_charset_name(find(layout, "name")->charset), "latin1");
    assert_int_equal(find(layout, "e")->label_count, 3);
    assert_true(sl_span_equals(find(layout, "e")->labels[1], "it's"));
    assert_true(sl_span_equals(find(layout, "e")->labels[2], "back\\slash"));
    tear_down(&fix);
}

static void layout_without_names_needs_the_schema_of_its_time(void **state)
{
    struct sl_schema_column columns[] = {column("id", "int", "int(10)", "", 1),
                                         column("name", "varchar", "varchar(20)", "latin1", 0),
                                         column("note", "text", "text", "latin1", 0),
                                         column("e", "enum", "enum('p','q')", "latin1", 0),
                                         column("n", "int", "int(11)", "", 0)};
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mariadb-nolog", true, true);
    fix.schema = (struct sl_schema){.columns = columns, .count = 5, .is_current = false};
    assert_int_equal(map(&fix, 0, &layout), SL_ESCHEMA);
    assert_non_null(strstr(fix.err.text, "binlog_row_metadata=FULL"));
    fix.schema.is_current = true;
    fix.schema.count = 4;
    assert_int_equal(map(&fix, 0, &layout), SL_ESCHEMA);
    fix.schema.count = 5;
    columns[4] = column("n", "varchar", "varchar(9)", "latin1", 0);
    assert_int_equal(map(&fix, 0, &layout), SL_ESCHEMA);
    columns[4] = column("n", "int", "int(11)", "", 0);
    columns[3] = column("e", "enum", "enum('p','q", "latin1", 0);
    assert_int_equal(map(&fix, 0, &layout), SL_ESCHEMA);
    columns[3] = column("e", "enum", "enum('p','q')", "latin1", 0);
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    tear_down(&fix);
}

/* Finding out whether a schema is current can cost a read of the whole backlog. */
static void an_event_with_names_needs_no_schema_of_its_time(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mysql-types", false, true);
    fix.schema_status = SL_DONE;
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_true(layout->table.has_names);
    assert_int_equal(fix.asked, 1);
    assert_false(fix.with_place);
    tear_down(&fix);
}

static void table_that_is_gone_is_skipped(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mariadb-nolog", true, true);
    fix.schema_status = SL_DONE;
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_true(layout->is_skipped);
    assert_int_equal(fix.tables, 0);
    tear_down(&fix);
}

static void gone_table_with_names_is_decoded(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mysql-types", false, true);
    fix.schema_status = SL_DONE;
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_false(layout->is_skipped);
    tear_down(&fix);
}

static void hints_find_their_columns_by_name(void **state)
{
    /* The table was altered since: columns have other places, and one has another type. */
    struct sl_schema_column columns[] = {
        column("new", "int", "int(11)", "", 0),
        column("i4", "inet4", "inet4", "", 0),
        column("u", "uuid", "uuid", "", 0),
        column("i6", "inet6", "inet6", "", 0),
        column("t", "varchar", "varchar(9)", "latin1", 0),
    };
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mariadb-types", true, true);
    fix.schema = (struct sl_schema){.columns = columns, .count = 5, .is_current = false};
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_int_equal(find(layout, "u")->special, SL_SPECIAL_UUID);
    assert_int_equal(find(layout, "i6")->special, SL_SPECIAL_INET6);
    assert_int_equal(find(layout, "i4")->special, SL_SPECIAL_INET4);
    assert_int_equal(find(layout, "bi")->special, SL_SPECIAL_NONE);
    assert_int_equal(find(layout, "t")->type, SL_TYPE_TINY);
    assert_true(find(layout, "t")->is_unsigned);
    assert_int_equal(find(layout, "t")->max_len, 0);
    tear_down(&fix);
}

static void unique_key_of_the_schema_serves_where_there_is_no_primary_key(void **state)
{
    struct sl_schema_column columns[] = {column("id", "int", "int", "", 2),
                                         column("v", "varchar", "varchar(20)", "utf8mb4", 1),
                                         column("w", "int", "int", "", 0)};
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mysql-ddl", false, true);
    fix.schema = (struct sl_schema){.columns = columns, .count = 3};
    assert_int_equal(map(&fix, 2, &layout), SL_OK); /* b (w, id, v), made by CREATE … SELECT */
    assert_int_equal(layout->table.key_count, 2);
    assert_int_equal(layout->table.key[0], 2);
    assert_int_equal(layout->table.key[1], 1);
    assert_false(layout->table.key_is_primary);
    tear_down(&fix);
}

static void unwanted_table_asks_nothing(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;

    (void)state;
    set_up(&fix, "mysql-types", false, true);
    fix.wanted = false;
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_true(layout->is_skipped);
    assert_int_equal(fix.asked + fix.tables, 0);
    tear_down(&fix);
}

static void same_map_is_built_once_whatever_its_id(void **state)
{
    struct sl_layout *layout;
    struct sl_layout *again;
    struct sl_span body;
    struct fixture fix;
    uint8_t copy[1024];

    (void)state;
    set_up(&fix, "mysql-types", false, false);
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_int_equal(map(&fix, 1, &again), SL_OK);
    assert_ptr_equal(layout, again);
    body = nth_map(&fix, 0);
    memcpy(copy, body.data, body.len);
    for (unsigned id = 1000; id < 1200; id++) {
        copy[0] = (uint8_t)id;
        copy[1] = (uint8_t)(id >> 8);
        assert_int_equal(sl_layout_cache_map(&fix.cache, &fix.context, sl_span_make(copy, body.len),
                                             &again, NULL),
                         SL_OK);
        assert_ptr_equal(layout, again);
        assert_int_equal(layout->table.id, id);
    }
    assert_int_equal(fix.tables, 1);
    for (unsigned id = 1000; id < 1200; id++) {
        assert_ptr_equal(sl_layout_cache_find(&fix.cache, id), layout);
    }
    assert_null(sl_layout_cache_find(&fix.cache, 999));
    tear_down(&fix);
    assert_int_equal(fix.freed, 1);
}

/* The same bytes under the same id need no look at anything else; under another id they do. */
static void a_repeated_map_is_known(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;
    struct sl_span body;
    uint8_t copy[4096];

    (void)state;
    set_up(&fix, "mysql-types", false, false);
    body = nth_map(&fix, 0);
    memcpy(copy, body.data, body.len);
    body = sl_span_make(copy, body.len);
    assert_false(sl_layout_cache_knows(&fix.cache, body));
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_true(sl_layout_cache_knows(&fix.cache, body));
    assert_false(sl_layout_cache_knows(&fix.cache, sl_span_make(copy, body.len - 1)));
    assert_false(sl_layout_cache_knows(&fix.cache, sl_span_make(copy, 3)));
    copy[body.len - 1] ^= 1;
    assert_false(sl_layout_cache_knows(&fix.cache, body));
    copy[body.len - 1] ^= 1;
    copy[1] ^= 1;
    assert_false(sl_layout_cache_knows(&fix.cache, body));
    tear_down(&fix);
}

static void changed_map_replaces_the_layout(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;
    uint64_t id;

    (void)state;
    set_up(&fix, "mysql-ddl", false, false);
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    id = layout->table.id;
    assert_int_equal(layout->table.column_count, 2);
    assert_int_equal(map(&fix, 1, &layout), SL_OK);
    assert_int_equal(layout->table.column_count, 3);
    assert_int_equal(fix.freed, 0); /* somebody may still look at it */
    sl_layout_cache_bury(&fix.cache);
    assert_int_equal(fix.freed, 1);
    assert_null(sl_layout_cache_find(&fix.cache, id));
    tear_down(&fix);
}

static void dropped_layouts_are_built_again(void **state)
{
    struct sl_layout *layout;
    struct fixture fix;
    uint64_t id;

    (void)state;
    set_up(&fix, "mysql-types", false, false);
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    id = layout->table.id;
    sl_layout_cache_drop(&fix.cache, sl_span_make("shop", 4), sl_span_make("other", 5));
    assert_int_equal(fix.freed, 0);
    sl_layout_cache_drop(&fix.cache, sl_span_make("shop", 4), sl_span_make("types", 5));
    assert_null(sl_layout_cache_find(&fix.cache, id));
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    assert_int_equal(fix.tables, 2);
    sl_layout_cache_drop(&fix.cache, sl_span_make("shop", 4), (struct sl_span){0});
    assert_int_equal(fix.freed, 0);
    sl_layout_cache_bury(&fix.cache);
    assert_int_equal(fix.freed, 2);
    assert_int_equal(map(&fix, 0, &layout), SL_OK);
    sl_layout_cache_drop(&fix.cache, (struct sl_span){0}, (struct sl_span){0});
    assert_null(sl_layout_cache_find(&fix.cache, id));
    assert_int_equal(fix.freed, 2);
    tear_down(&fix);
    assert_int_equal(fix.freed, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_gives_what_nolog_lacks),
        cmocka_unit_test(layout_without_names_needs_the_schema_of_its_time),
        cmocka_unit_test(an_event_with_names_needs_no_schema_of_its_time),
        cmocka_unit_test(table_that_is_gone_is_skipped),
        cmocka_unit_test(gone_table_with_names_is_decoded),
        cmocka_unit_test(hints_find_their_columns_by_name),
        cmocka_unit_test(unique_key_of_the_schema_serves_where_there_is_no_primary_key),
        cmocka_unit_test(unwanted_table_asks_nothing),
        cmocka_unit_test(same_map_is_built_once_whatever_its_id),
        cmocka_unit_test(a_repeated_map_is_known),
        cmocka_unit_test(changed_map_replaces_the_layout),
        cmocka_unit_test(dropped_layouts_are_built_again),
    };

    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
