#include "tests/support/check.h"

#include "sinks/checkpoint.h"

enum { FIELDS = 16 };

/* The arguments of the one command in BUF, as a hash: what HGETALL would answer after it. */
struct hash {
    struct sl_buf command;
    struct sl_field fields[FIELDS];
    size_t count;
};

static struct sl_span take_argument(struct sl_span *rest)
{
    struct sl_span text;
    size_t len = (size_t)strtoul((const char *)rest->data + 1, NULL, 10);

    assert_int_equal(rest->data[0], '$');
    while (rest->data[0] != '\n') {
        assert_int_equal(sl_span_skip(rest, 1), SL_OK);
    }
    assert_int_equal(sl_span_skip(rest, 1), SL_OK);
    assert_int_equal(sl_span_take(rest, len, &text), SL_OK);
    assert_int_equal(sl_span_skip(rest, 2), SL_OK);
    return text;
}

static void write_hash(struct hash *hash, const struct sl_position *position,
                       const struct sl_position *safe, const struct sl_redis_life *life)
{
    struct sl_span rest;

    assert_int_equal(sl_checkpoint_write(&hash->command, "the key", position, safe, life), SL_OK);
    assert_non_null(sl_buf_cstr(&hash->command));
    rest = sl_span_make(hash->command.data, hash->command.len);
    hash->count = (strtoul((const char *)rest.data + 1, NULL, 10) - 2) / 2;
    assert_in_range(hash->count, 1, FIELDS);
    assert_int_equal(sl_span_skip(&rest, 5), SL_OK); /* *NN CRLF */
    assert_span(take_argument(&rest), "HSET");
    assert_span(take_argument(&rest), "the key");
    for (size_t i = 0; i < hash->count; i++) {
        hash->fields[i].name = take_argument(&rest);
        hash->fields[i].value = take_argument(&rest);
    }
    assert_int_equal(rest.len, 0);
}

static void set(struct hash *hash, const char *name, const char *value)
{
    for (size_t i = 0; i < hash->count; i++) {
        if (sl_span_equals(hash->fields[i].name, name)) {
            hash->fields[i].value = sl_check_span(value);
            return;
        }
    }
    fail_msg("no field %s", name);
}

static const char uuid[] = "6e0f1a52-0c3b-11f0-9d5c-0242ac110002";
static const struct sl_redis_life life = {.run_id = "abcdef", .errors = 3};

static void make_position(struct sl_position *position, const char *gtid, const char *file,
                          uint64_t offset)
{
    struct sl_err err = {0};

    sl_position_init(position);
    if (gtid != NULL) {
        assert_ok(sl_position_parse(position, gtid, &err), &err);
    }
    assert_int_equal(sl_position_set_file(position, file, strlen(file), offset), SL_OK);
    memcpy(position->server_uuid, uuid, sizeof(uuid));
    position->event_time = 1700000000;
}

static void check_position(const struct sl_position *have, const struct sl_position *want)
{
    struct sl_buf a = {0};
    struct sl_buf b = {0};

    assert_int_equal(sl_position_format_gtid(have, &a), SL_OK);
    assert_int_equal(sl_position_format_gtid(want, &b), SL_OK);
    assert_string_equal(sl_buf_cstr(&a), sl_buf_cstr(&b));
    assert_int_equal(have->has_gtid, want->has_gtid);
    assert_string_equal(have->file, want->file);
    assert_true(have->offset == want->offset);
    sl_buf_release(&a);
    sl_buf_release(&b);
}

static void round_trip(const char *gtid, const char *file, uint64_t offset)
{
    struct sl_position position;
    struct sl_position back;
    struct sl_err err = {0};
    struct hash hash = {0};

    make_position(&position, gtid, file, offset);
    sl_position_init(&back);
    write_hash(&hash, &position, &position, &life);
    assert_ok(sl_checkpoint_read(hash.fields, hash.count, &life, &back, &err), &err);
    check_position(&back, &position);
    assert_string_equal(back.server_uuid, uuid);
    assert_int_equal(back.event_time, 1700000000);
    sl_buf_release(&hash.command);
    sl_position_release(&position);
    sl_position_release(&back);
}

static void every_kind_of_position_survives(void **state)
{
    (void)state;
    round_trip(NULL, "binlog.000007", 4242);
    round_trip(NULL, "mariadb-bin.000001", UINT64_MAX);
    round_trip("6e0f1a52-0c3b-11f0-9d5c-0242ac110002:1-77:99", "binlog.000007", 4242);
    round_trip("0-1-100,5-2-7", "mariadb-bin.000003", 344);
    round_trip("6e0f1a52-0c3b-11f0-9d5c-0242ac110002:1-5,"
               "7e0f1a52-0c3b-11f0-9d5c-0242ac110002:1-6:tag:9",
               "", 0);
}

static void how_far_all_is_applied_survives_with_the_last_position_only(void **state)
{
    const struct sl_redis_life other = {.run_id = "other", .errors = 3};
    struct sl_position position;
    struct sl_position got;
    struct hash hash = {0};

    (void)state;
    make_position(&position, NULL, "f.1", 9);
    strcpy(position.applied_file, "f.2");
    position.applied_offset = 77;
    write_hash(&hash, &position, &position, &life);
    sl_position_init(&got);
    assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &life, &got, NULL), SL_OK);
    assert_string_equal(got.applied_file, "f.2");
    assert_int_equal(got.applied_offset, 77);
    assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &other, &got, NULL), SL_OK);
    assert_string_equal(got.applied_file, "");
    sl_buf_release(&hash.command);
    sl_position_release(&position);
    sl_position_release(&got);
}

static void field_names_are_those_of_the_documentation(void **state)
{
    static const char *const names[] = {"version",     "gtid",         "file",        "pos",
                                        "server_uuid", "event_time",   "safe_gtid",   "safe_file",
                                        "safe_pos",    "applied_file", "applied_pos", "run_id",
                                        "errors"};
    struct sl_position position;
    struct hash hash = {0};

    (void)state;
    make_position(&position, "0-1-5", "f.1", 9);
    write_hash(&hash, &position, &position, &life);
    assert_int_equal(hash.count, SL_COUNT(names));
    for (size_t i = 0; i < hash.count; i++) {
        assert_span(hash.fields[i].name, names[i]);
    }
    assert_span(hash.fields[0].value, "1");
    assert_span(hash.fields[11].value, "abcdef");
    assert_span(hash.fields[12].value, "3");
    sl_buf_release(&hash.command);
    sl_position_release(&position);
}

/* The last position counts only when the Redis that answers has seen no WRONGTYPE since. */
static void the_safe_position_is_taken_when_a_failure_can_have_gone_unseen(void **state)
{
    static const struct {
        struct sl_redis_life now;
        bool last;
    } cases[] = {
        {{.run_id = "abcdef", .errors = 3}, true},  {{.run_id = "abcdef", .errors = 4}, false},
        {{.run_id = "abcdef", .errors = 0}, false}, {{.run_id = "abcdef", .errors = -1}, false},
        {{.run_id = "abcdeg", .errors = 3}, false}, {{.run_id = "", .errors = 3}, false},
    };
    struct sl_position last;
    struct sl_position safe;
    struct hash hash = {0};

    (void)state;
    make_position(&last, "0-1-100", "f.9", 900);
    make_position(&safe, "0-1-90", "f.8", 800);
    write_hash(&hash, &last, &safe, &life);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_position back = {0};
        struct sl_err err = {0};

        assert_ok(sl_checkpoint_read(hash.fields, hash.count, &cases[i].now, &back, &err), &err);
        check_position(&back, cases[i].last ? &last : &safe);
        sl_position_release(&back);
    }
    sl_buf_release(&hash.command);
    sl_position_release(&last);
    sl_position_release(&safe);
}

static void an_unknown_life_is_never_the_same(void **state)
{
    static const struct sl_redis_life unknown[] = {
        {.errors = -1}, {.errors = 3}, {.run_id = "abcdef", .errors = -1}};
    struct sl_position last;
    struct sl_position safe;

    (void)state;
    make_position(&last, NULL, "f.9", 900);
    make_position(&safe, NULL, "f.8", 800);
    for (size_t i = 0; i < SL_COUNT(unknown); i++) {
        struct sl_position back = {0};
        struct hash hash = {0};

        write_hash(&hash, &last, &safe, &unknown[i]);
        assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &unknown[i], &back, NULL),
                         SL_OK);
        check_position(&back, &safe);
        sl_buf_release(&hash.command);
        sl_position_release(&back);
    }
    sl_position_release(&last);
    sl_position_release(&safe);
}

static void what_is_no_checkpoint_is_refused(void **state)
{
    static const struct {
        const char *field;
        const char *value;
    } cases[] = {
        {"version", ""},
        {"version", "2"},
        {"version", "1x"},
        {"pos", ""},
        {"pos", "-1"},
        {"pos", "18446744073709551616"},
        {"pos", "12 "},
        {"gtid", "nonsense"},
        {"gtid", "binlog.000001:4"},
        {"gtid", "0-1"},
        {"server_uuid", "6e0f1a52-0c3b-11f0-9d5c-0242ac110002x"},
    };
    struct sl_position position;

    (void)state;
    make_position(&position, "0-1-100", "f.9", 900);
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_position back = {0};
        struct sl_err err = {0};
        struct hash hash = {0};

        write_hash(&hash, &position, &position, &life);
        set(&hash, cases[i].field, cases[i].value);
        if (sl_checkpoint_read(hash.fields, hash.count, &life, &back, &err) != SL_EFORMAT) {
            fail_msg("%s \"%s\" was taken", cases[i].field, cases[i].value);
        }
        assert_non_null(strstr(err.text, cases[i].field));
        sl_buf_release(&hash.command);
        sl_position_release(&back);
    }
    sl_position_release(&position);
}

static void a_name_that_is_too_long_or_a_nul_in_it_is_refused(void **state)
{
    struct sl_position position;
    struct hash hash = {0};
    char wide[SL_BINLOG_NAME_MAX + 1];

    (void)state;
    memset(wide, 'f', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    make_position(&position, NULL, "f.9", 900);
    write_hash(&hash, &position, &position, &life);
    set(&hash, "file", wide);
    sl_position_release(&position);
    assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &life, &position, NULL),
                     SL_EFORMAT);
    hash.fields[1].value = sl_span_make("0-1-5\0,0", 8);
    set(&hash, "file", "f.9");
    assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &life, &position, NULL),
                     SL_EFORMAT);
    sl_buf_release(&hash.command);
    sl_position_release(&position);
}

static void a_position_needs_a_file_or_gtids(void **state)
{
    struct sl_position position;
    struct hash hash = {0};
    struct sl_err err = {0};

    (void)state;
    make_position(&position, NULL, "f.9", 900);
    write_hash(&hash, &position, &position, &life);
    sl_position_release(&position);
    set(&hash, "file", "");
    assert_int_equal(sl_checkpoint_read(hash.fields, hash.count, &life, &position, &err),
                     SL_EFORMAT);
    assert_non_null(strstr(err.text, "file"));
    assert_int_equal(sl_checkpoint_read(hash.fields, 0, &life, &position, NULL), SL_EFORMAT);
    sl_buf_release(&hash.command);
    sl_position_release(&position);
}

static void keys_carry_the_pipeline_as_hash_tag(void **state)
{
    struct sl_buf key = {0};

    (void)state;
    assert_int_equal(sl_pipeline_key("shop", "checkpoint", &key), SL_OK);
    assert_buf(&key, "sluice:{shop}:checkpoint");
    assert_int_equal(sl_pipeline_key("shop", "lease", &key), SL_OK);
    assert_buf(&key, "sluice:{shop}:lease");
    sl_buf_release(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_position_survives),
        cmocka_unit_test(how_far_all_is_applied_survives_with_the_last_position_only),
        cmocka_unit_test(field_names_are_those_of_the_documentation),
        cmocka_unit_test(the_safe_position_is_taken_when_a_failure_can_have_gone_unseen),
        cmocka_unit_test(an_unknown_life_is_never_the_same),
        cmocka_unit_test(what_is_no_checkpoint_is_refused),
        cmocka_unit_test(a_name_that_is_too_long_or_a_nul_in_it_is_refused),
        cmocka_unit_test(a_position_needs_a_file_or_gtids),
        cmocka_unit_test(keys_carry_the_pipeline_as_hash_tag),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
