/*
 * test_rule_book.c - the beginning of a reader's life by other rules than those that the cache was
 * filled by, with a real reader and snapshot between the model's source and its cache.
 */
#include "tests/unit/snapshot_help.h"

#include "cdc/rule_book.h"
#include "filters/rule_judge.h"

enum { SL_STORE = 2 }; /* the model's that the book reads */

static struct sl_table_rule rule(const char *name)
{
    return (struct sl_table_rule){.pattern = name,
                                  .db_pattern = "shop",
                                  .table_pattern = name + strlen("shop."),
                                  .key_template = "{table}:{pk}"};
}

/* One life after the other; the tables t0 and t1 have rows. */
struct lives {
    struct fixture *fix;
    struct sl_rule_book *book;
    struct sl_rule_judge *judge;
    struct sl_table_rule rules[SL_MODEL_TABLES];
    struct sl_rule_book_counts counts;
    bool removes_dropped;
    bool has_no_snapshot; /* so nothing is listed or loaded */
};

static void count(void *user, const struct sl_rule_book_counts *counts)
{
    ((struct lives *)user)->counts = *counts;
}

static void tell(void *user, bool is_warning, const char *text)
{
    note(((struct lives *)user)->fix, is_warning, text);
}

static void make_lives(struct lives *lives)
{
    static const char *const names[SL_MODEL_TABLES] = {"shop.t0", "shop.t1", "shop.t2", "shop.t3"};

    *lives = (struct lives){.fix = make_fixture()};
    for (int table = 0; table < SL_MODEL_TABLES; table++) {
        lives->rules[table] = rule(names[table]);
        for (int id = 0; table < 2 && id < 20; id++) {
            lives->fix->model.rows[table][id] = lives->fix->model.cache[table][id] = 100 + id;
        }
    }
}

static void wait_for_cache(struct sl_model *model)
{
    static int next = 1000000;
    int want = next++;
    int have = 0;

    sl_model_set(model, 3, 199, want);
    while (have != want) {
        nap_us(200);
        (void)pthread_mutex_lock(&model->lock);
        have = model->cache[3][199];
        (void)pthread_mutex_unlock(&model->lock);
    }
}

static void begin_life(struct lives *lives)
{
    struct sl_model *model = &lives->fix->model;
    struct sl_rule_book_options options = {.store = &model->stores[SL_STORE].base,
                                           .removes_dropped = lives->removes_dropped,
                                           .begun = count,
                                           .notice = tell,
                                           .user = lives};

    for (int table = 0; table < SL_MODEL_TABLES; table++) {
        model->is_unwanted[table] = lives->rules[table].skip;
    }
    lives->judge = sl_rule_judge_new(lives->rules, SL_MODEL_TABLES);
    assert_non_null(lives->judge);
    options.judge = lives->judge;
    lives->book = sl_rule_book_new(&options);
    assert_non_null(lives->book);
    model->reader_options.rules = lives->book;
    if (lives->has_no_snapshot) {
        sl_model_start(model);
    } else {
        begin(lives->fix);
    }
}

static void end_life(struct lives *lives)
{
    if (lives->has_no_snapshot) {
        sl_model_stop(&lives->fix->model);
    } else {
        end(lives->fix);
    }
    sl_rule_book_free(lives->book);
    lives->judge->ops->free(lives->judge);
}

static bool is_loaded(struct lives *lives)
{
    const struct sl_snapshot_stats *stats = sl_snapshot_stats(lives->fix->snapshot);

    return atomic_load(&stats->has_looked) && !atomic_load(&stats->is_loading) &&
           !sl_model_is_loading(&lives->fix->model);
}

/* One whole life, until all that the rules ask for is done. */
static void live(struct lives *lives)
{
    begin_life(lives);
    for (int i = 0; i < 300000 && !is_loaded(lives); i++) {
        nap_us(1000);
    }
    assert_true(is_loaded(lives));
    wait_for_cache(&lives->fix->model);
    end_life(lives);
}

static const char *record_of(struct lives *lives, const char *name)
{
    return sl_model_field(&lives->fix->model, lives->fix->model.rules, name);
}

static bool was_loaded(struct lives *lives, const char *name)
{
    const char *history = sl_buf_cstr(&lives->fix->model.history);
    char text[64];
    bool was;

    (void)snprintf(text, sizeof(text), "%s=phase=done", name);
    was = history != NULL && strstr(history, text) != NULL;
    sl_buf_clear(&lives->fix->model.history);
    return was;
}

static void assert_counts(const struct lives *lives, size_t changed, size_t removed, size_t left)
{
    assert_int_equal(lives->counts.changed, changed);
    assert_int_equal(lives->counts.removed, removed);
    assert_int_equal(lives->counts.left, left);
}

static void release_lives(struct lives *lives)
{
    release(lives->fix);
}

static void a_sink_without_records_is_taken_as_it_is(void **state)
{
    struct lives lives;

    (void)state;
    make_lives(&lives);
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    assert_false(was_loaded(&lives, "shop.t0"));
    assert_non_null(record_of(&lives, "shop.t0"));
    assert_non_null(record_of(&lives, "*"));
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    assert_false(was_loaded(&lives, "shop.t0"));
    release_lives(&lives);
}

static void a_table_under_another_rule_is_loaded_and_no_other(void **state)
{
    struct lives lives;
    char before[512];

    (void)state;
    make_lives(&lives);
    live(&lives);
    (void)snprintf(before, sizeof(before), "%s", record_of(&lives, "shop.t0"));
    lives.rules[0].ttl_s = 60;
    lives.fix->model.cache[0][7] = 1;
    lives.fix->model.cache[1][7] = 1;
    live(&lives);
    assert_counts(&lives, 1, 0, 0);
    assert_int_equal(lives.fix->model.cache[0][7], 107);
    assert_int_equal(lives.fix->model.cache[1][7], 1);
    assert_string_not_equal(before, record_of(&lives, "shop.t0"));
    assert_true(was_loaded(&lives, "shop.t0"));
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    assert_false(was_loaded(&lives, "shop.t0"));
    release_lives(&lives);
}

/* What is in the sink when the load has not begun yet: the old keys are gone, and it is said why.
 */
static void keys_of_another_kind_go_before_anything_else(void **state)
{
    struct lives lives;
    struct sl_model *model;

    (void)state;
    make_lives(&lives);
    model = &lives.fix->model;
    live(&lives);
    lives.rules[0].value = SL_VALUE_JSON;
    model->fail_reads = 1000000;
    model->fail_status = SL_EIO;
    begin_life(&lives);
    wait_for_cache(model);
    for (int id = 0; id < 20; id++) {
        assert_int_equal(model->cache[0][id], SL_MODEL_NONE);
        assert_int_equal(model->cache[1][id], 100 + id);
    }
    assert_non_null(strstr(record_of(&lives, "shop.t0"), "form=json"));
    assert_non_null(strstr(sl_model_field(model, model->states, "shop.t0"), "phase="));
    model->fail_reads = 0;
    end_life(&lives);
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    assert_int_equal(model->cache[0][7], 107);
    release_lives(&lives);
}

static void a_table_that_is_chosen_newly_is_loaded(void **state)
{
    struct lives lives;

    (void)state;
    make_lives(&lives);
    lives.rules[0].skip = true;
    live(&lives);
    assert_null(record_of(&lives, "shop.t0"));
    lives.rules[0].skip = false;
    lives.fix->model.cache[0][7] = SL_MODEL_NONE;
    live(&lives);
    assert_true(was_loaded(&lives, "shop.t0"));
    assert_int_equal(lives.fix->model.cache[0][7], 107);
    assert_non_null(strstr(record_of(&lives, "shop.t0"), "stale=0"));
    release_lives(&lives);
}

static void keys_of_a_table_that_is_not_chosen_stay_until_they_are_unwanted(void **state)
{
    struct lives lives;
    struct sl_model *model;

    (void)state;
    make_lives(&lives);
    model = &lives.fix->model;
    live(&lives);
    lives.rules[0].skip = true;
    live(&lives);
    assert_counts(&lives, 0, 0, 1);
    assert_true(
        has_notice(lives.fix, "table shop.t0 is chosen by no rule any more: its keys stay"));
    assert_int_equal(model->cache[0][7], 107);
    assert_non_null(strstr(record_of(&lives, "shop.t0"), "stale=1"));
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    lives.removes_dropped = true;
    live(&lives);
    assert_counts(&lives, 0, 1, 0);
    assert_true(has_notice(lives.fix, "its keys are removed"));
    assert_int_equal(model->cache[0][7], SL_MODEL_NONE);
    assert_int_equal(model->cache[1][7], 107);
    assert_null(record_of(&lives, "shop.t0"));
    release_lives(&lives);
}

static void keys_that_stayed_are_loaded_when_their_table_is_chosen_again(void **state)
{
    struct lives lives;

    (void)state;
    make_lives(&lives);
    live(&lives);
    lives.rules[0].skip = true;
    live(&lives);
    lives.rules[0].skip = false;
    lives.fix->model.cache[0][7] = 1;
    live(&lives);
    assert_counts(&lives, 1, 0, 0);
    assert_int_equal(lives.fix->model.cache[0][7], 107);
    release_lives(&lives);
}

static void a_record_that_cannot_be_read_is_of_another_rule(void **state)
{
    struct lives lives;

    (void)state;
    make_lives(&lives);
    live(&lives);
    sl_model_put_field(lives.fix->model.rules, "shop.t0", "nonsense");
    sl_model_put_field(lives.fix->model.rules, "shop.none", "nonsense");
    sl_model_put_field(lives.fix->model.rules, "no table", "nonsense");
    sl_model_put_field(lives.fix->model.rules, "*", "nonsense");
    lives.rules[2].skip = true;
    live(&lives);
    assert_counts(&lives, 1, 0, 2); /* none has t2, whose keys stay */
    assert_true(was_loaded(&lives, "shop.t0"));
    assert_null(strstr(record_of(&lives, "*"), "nonsense"));
    release_lives(&lives);
}

/* Nobody has listed the tables yet, but what the stream writes of one is recorded with it. */
static void a_table_that_the_stream_meets_first_is_recorded_with_its_rows(void **state)
{
    struct lives lives;
    struct sl_model *model;

    (void)state;
    make_lives(&lives);
    model = &lives.fix->model;
    lives.rules[0].skip = true;
    live(&lives);
    lives.rules[0].skip = false;
    lives.has_no_snapshot = true;
    begin_life(&lives);
    sl_model_set_rolled_back(model, 1, 50, 1);
    sl_model_set(model, 0, 50, 1);
    wait_for_cache(model);
    end_life(&lives);
    assert_non_null(record_of(&lives, "shop.t0"));
    assert_non_null(strstr(record_of(&lives, "shop.t0"), "stale=1"));
    lives.has_no_snapshot = false;
    live(&lives);
    assert_counts(&lives, 1, 0, 0);
    assert_true(was_loaded(&lives, "shop.t0"));
    release_lives(&lives);
}

static void a_table_that_came_after_the_listing_needs_no_load(void **state)
{
    struct lives lives;
    struct sl_model *model;

    (void)state;
    make_lives(&lives);
    model = &lives.fix->model;
    model->is_gone[2] = true;
    live(&lives);
    assert_null(record_of(&lives, "shop.t2"));
    model->is_gone[2] = false;
    lives.has_no_snapshot = true;
    begin_life(&lives);
    sl_model_set(model, 2, 50, 1);
    wait_for_cache(model);
    end_life(&lives);
    assert_non_null(record_of(&lives, "shop.t2"));
    assert_non_null(strstr(record_of(&lives, "shop.t2"), "stale=0"));
    lives.has_no_snapshot = false;
    live(&lives);
    assert_counts(&lives, 0, 0, 0);
    assert_false(was_loaded(&lives, "shop.t2"));
    release_lives(&lives);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_without_records_is_taken_as_it_is),
        cmocka_unit_test(a_table_under_another_rule_is_loaded_and_no_other),
        cmocka_unit_test(keys_of_another_kind_go_before_anything_else),
        cmocka_unit_test(a_table_that_is_chosen_newly_is_loaded),
        cmocka_unit_test(keys_of_a_table_that_is_not_chosen_stay_until_they_are_unwanted),
        cmocka_unit_test(keys_that_stayed_are_loaded_when_their_table_is_chosen_again),
        cmocka_unit_test(a_record_that_cannot_be_read_is_of_another_rule),
        cmocka_unit_test(a_table_that_the_stream_meets_first_is_recorded_with_its_rows),
        cmocka_unit_test(a_table_that_came_after_the_listing_needs_no_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
