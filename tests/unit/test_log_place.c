#include "tests/support/check.h"

#include "cdc/log_place.h"

static struct sl_log_place at(const char *file, uint64_t offset)
{
    struct sl_log_place place = {.offset = offset, .server_uuid = "server_id:1"};

    (void)snprintf(place.file, sizeof(place.file), "%s", file);
    return place;
}

/* bin.1 of 100 bytes to bin.3 of 300. */
static struct sl_log_files three_files(void)
{
    struct sl_log_files files = {0};

    assert_int_equal(sl_log_files_add(&files, "bin.1", 100), SL_OK);
    assert_int_equal(sl_log_files_add(&files, "bin.2", 200), SL_OK);
    assert_int_equal(sl_log_files_add(&files, "bin.3", 300), SL_OK);
    return files;
}

static void within_a_file_offsets_tell(void **state)
{
    const struct sl_log_files none = {0};
    struct sl_log_place end = at("bin.3", 300);
    struct sl_log_place place = at("bin.3", 120);
    uint64_t bytes = 7;

    (void)state;
    assert_false(sl_log_place_needs_files(&place, &end));
    assert_true(sl_log_place_distance(&place, &end, &none, &bytes));
    assert_int_equal(bytes, 180);
    place.offset = 301; /* the end was asked for before */
    assert_true(sl_log_place_distance(&place, &end, &none, &bytes));
    assert_int_equal(bytes, 0);
}

static void across_files_their_sizes_tell(void **state)
{
    struct sl_log_files files = three_files();
    struct sl_log_place end = at("bin.3", 30);
    struct sl_log_place place = at("bin.1", 90);
    uint64_t bytes = 7;

    (void)state;
    assert_true(sl_log_place_needs_files(&place, &end));
    assert_true(sl_log_place_distance(&place, &end, &files, &bytes));
    assert_int_equal(bytes, 10 + 200 + 30);
    place = at("bin.2", 4);
    assert_true(sl_log_place_distance(&place, &end, &files, &bytes));
    assert_int_equal(bytes, 196 + 30);
    end = at("bin.1", 100); /* asked for before the log went on to the next file */
    assert_true(sl_log_place_distance(&place, &end, &files, &bytes));
    assert_int_equal(bytes, 0);
    sl_log_files_release(&files);
}

static void what_is_not_known_is_not_zero(void **state)
{
    struct sl_log_files files = three_files();
    struct sl_log_place end = at("bin.3", 30);
    struct sl_log_place place = at("bin.0", 4); /* purged */
    uint64_t bytes = 7;

    (void)state;
    assert_false(sl_log_place_distance(&place, &end, &files, &bytes));
    place = at("bin.3", 4);
    (void)snprintf(place.server_uuid, sizeof(place.server_uuid), "server_id:2");
    assert_false(sl_log_place_needs_files(&place, &end));
    assert_false(sl_log_place_distance(&place, &end, &files, &bytes));
    place = (struct sl_log_place){.offset = 0};
    assert_false(sl_log_place_distance(&place, &end, &files, &bytes));
    place = at("bin.1", 4);
    end = at("bin.4", 4);
    assert_false(sl_log_place_distance(&place, &end, &files, &bytes));
    sl_log_files_release(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_a_file_offsets_tell),
        cmocka_unit_test(across_files_their_sizes_tell),
        cmocka_unit_test(what_is_not_known_is_not_zero),
    };

    return cmocka_run_group_tests_name("log_place", tests, NULL, NULL);
}
