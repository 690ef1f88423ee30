#include "tests/support/check.h"

#include "cdc/base/xrand.h"
#include "sinks/flight.h"

enum { HEAD = 3, TAIL = 4 }; /* replies; TAIL with the last one */

static struct sl_reply status(void)
{
    return (struct sl_reply){.kind = SL_REPLY_STATUS, .text = "QUEUED"};
}

static struct sl_reply error(const char *text)
{
    struct sl_reply reply = {.kind = SL_REPLY_ERROR, .has_error = true};

    (void)snprintf(reply.text, sizeof(reply.text), "%s", text);
    return reply;
}

static struct sl_reply array(size_t elements)
{
    return (struct sl_reply){.kind = SL_REPLY_ARRAY, .elements = elements};
}

static struct sl_reply array_with_error(size_t elements, size_t at, const char *text)
{
    struct sl_reply reply = array(elements);

    reply.has_error = true;
    reply.error_at = at;
    (void)snprintf(reply.text, sizeof(reply.text), "%s", text);
    return reply;
}

static void put(struct sl_batch *batch, const char *key, uint16_t commands)
{
    uint32_t offset;

    sl_batch_begin(batch, &offset);
    assert_int_equal(sl_buf_add_str(&batch->data, key), SL_OK);
    assert_int_equal(
        sl_batch_end(batch, offset, offset, (uint32_t)strlen(key), commands, SL_WRITE_PARTIAL),
        SL_OK);
}

/* A part of a group; KEYS is a C string of one-letter keys, each of one command. */
static struct sl_flight *add(struct sl_flights *flights, const char *keys, bool begins, bool ends)
{
    struct sl_flight *flight = sl_flights_new(flights);

    flight->batch = keys != NULL ? sl_batch_new() : NULL;
    for (; keys != NULL && *keys != '\0'; keys++) {
        const char key[2] = {*keys, '\0'};

        put(flight->batch, key, 1);
    }
    flight->body_replies = flight->batch != NULL ? sl_batch_commands(flight->batch) : 0;
    if (begins) {
        flight->head_replies = HEAD;
        assert_int_equal(sl_buf_add_str(&flight->head, "<head>"), SL_OK);
    }
    if (ends) {
        flight->ends_group = true;
        flight->tail_replies = TAIL - 1;
        assert_int_equal(sl_buf_add_str(&flight->tail, "<tail>"), SL_OK);
    }
    sl_flights_add(flights, flight);
    return flight;
}

/* Feeds COUNT good replies, of which none says anything. */
static void queue(struct sl_flights *flights, size_t count)
{
    struct sl_reply reply = status();

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sl_flights_reply(flights, &reply), SL_OUTCOME_MORE);
    }
}

static enum sl_outcome feed(struct sl_flights *flights, struct sl_reply reply)
{
    return sl_flights_reply(flights, &reply);
}

static void shift(struct sl_flights *flights)
{
    sl_batch_free(sl_flights_shift(flights));
}

static void a_group_is_applied_when_its_exec_is(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, true);
    queue(&flights, HEAD + 2 + TAIL - 1);
    assert_int_equal(feed(&flights, array(2 + TAIL - 1)), SL_OUTCOME_APPLIED);
    shift(&flights);
    assert_int_equal(flights.count + flights.bytes, 0);
    assert_null(flights.first);
    assert_null(flights.last);
    sl_flights_release(&flights);
}

static void nil_is_the_fence(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, true);
    queue(&flights, HEAD + 2 + TAIL - 1);
    assert_int_equal(feed(&flights, (struct sl_reply){.kind = SL_REPLY_NIL}), SL_OUTCOME_FENCED);
    sl_flights_release(&flights); /* frees the batch that was not taken off */
}

static void a_refused_command_is_the_cause_not_the_abort(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "abc", true, true);
    queue(&flights, HEAD + 1);
    assert_int_equal(feed(&flights, error("OOM command not allowed")), SL_OUTCOME_MORE);
    assert_int_equal(feed(&flights, error("OOM again")), SL_OUTCOME_MORE);
    queue(&flights, TAIL - 1);
    assert_int_equal(feed(&flights, error("EXECABORT Transaction discarded")), SL_OUTCOME_FAILED);
    assert_string_equal(flights.error, "OOM command not allowed");
    assert_string_equal(flights.key, "b");
    sl_flights_release(&flights);
}

static void refusals_of_head_and_tail_name_no_key(void **state)
{
    static const size_t places[] = {0, 1, 2, HEAD + 2, HEAD + 2 + TAIL - 2};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(places); i++) {
        struct sl_flights flights = {0};

        add(&flights, "ab", true, true);
        queue(&flights, places[i]);
        assert_int_equal(feed(&flights, error("NOPERM x")), SL_OUTCOME_MORE);
        queue(&flights, HEAD + 2 + TAIL - 2 - places[i]);
        assert_int_equal(feed(&flights, error("EXECABORT x")), SL_OUTCOME_FAILED);
        assert_string_equal(flights.error, "NOPERM x");
        assert_string_equal(flights.key, "");
        sl_flights_release(&flights);
    }
}

/*
 * The guard's step stands before MULTI: refused, it does not keep EXEC from doing its work, but
 * then nobody has looked whether we may still write.
 */
static void a_group_whose_guard_was_refused_counts_as_failed(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, true);
    queue(&flights, 1);
    assert_int_equal(feed(&flights, error("OOM command not allowed")), SL_OUTCOME_MORE);
    queue(&flights, 1 + 2 + TAIL - 1);
    assert_int_equal(feed(&flights, array(2 + TAIL - 1)), SL_OUTCOME_FAILED);
    assert_string_equal(flights.error, "OOM command not allowed");
    sl_flights_release(&flights);
}

static void an_error_inside_of_exec_names_its_key(void **state)
{
    static const struct {
        size_t at;
        const char *key;
    } cases[] = {{0, "a"}, {1, "b"}, {2, "b"}, {3, "b"}, {4, "c"}, {5, ""}, {7, ""}, {1000, ""}};

    (void)state;
    for (size_t i = 0; i < SL_COUNT(cases); i++) {
        struct sl_flights flights = {0};
        struct sl_flight *flight = add(&flights, "", true, true);

        put(flight->batch, "a", 1);
        put(flight->batch, "b", 3);
        put(flight->batch, "c", 1);
        flight->body_replies = 5;
        queue(&flights, HEAD + 5 + TAIL - 1);
        assert_int_equal(feed(&flights, array_with_error(8, cases[i].at, "WRONGTYPE x")),
                         SL_OUTCOME_FAILED);
        assert_string_equal(flights.key, cases[i].key);
        assert_string_equal(flights.error, "WRONGTYPE x");
        sl_flights_release(&flights);
    }
}

static void keys_are_shown_printable_and_cut(void **state)
{
    struct sl_flights flights = {0};
    struct sl_flight *flight = add(&flights, "", true, true);
    char key[400];

    (void)state;
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    memcpy(key, "a\r\n\x1b\x7f", 5);
    put(flight->batch, key, 1);
    flight->body_replies = 1;
    queue(&flights, HEAD + 1 + TAIL - 1);
    assert_int_equal(feed(&flights, array_with_error(4, 0, "WRONGTYPE")), SL_OUTCOME_FAILED);
    assert_memory_equal(flights.key, "a????kkk", 8);
    assert_int_equal(strlen(flights.key), SL_REPLY_TEXT_MAX - 1);
    sl_flights_release(&flights);
}

static void parts_are_told_as_they_complete(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, false);
    add(&flights, "cd", false, false);
    add(&flights, "e", false, true);
    queue(&flights, HEAD + 1);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_PART);
    shift(&flights);
    queue(&flights, 1);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_PART);
    shift(&flights);
    queue(&flights, 1 + TAIL - 1);
    /* Element 4 of the EXEC is the fifth command of the group: the third part's first. */
    assert_int_equal(feed(&flights, array_with_error(8, 4, "WRONGTYPE")), SL_OUTCOME_FAILED);
    assert_string_equal(flights.key, "e");
    sl_flights_release(&flights);
}

static void an_error_in_an_earlier_part_has_no_key_any_more(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, false);
    add(&flights, "c", false, true);
    queue(&flights, HEAD + 1);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_PART);
    shift(&flights);
    queue(&flights, 1 + TAIL - 1);
    assert_int_equal(feed(&flights, array_with_error(6, 1, "WRONGTYPE")), SL_OUTCOME_FAILED);
    assert_string_equal(flights.key, "");
    sl_flights_release(&flights);
}

static void the_count_of_commands_begins_anew_with_each_group(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, false);
    add(&flights, "c", false, true);
    add(&flights, "de", true, true);
    queue(&flights, HEAD + 1);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_PART);
    shift(&flights);
    queue(&flights, 1 + TAIL - 1);
    assert_int_equal(feed(&flights, array(6)), SL_OUTCOME_APPLIED);
    shift(&flights);
    queue(&flights, HEAD + 2 + TAIL - 1);
    assert_int_equal(feed(&flights, array_with_error(5, 1, "WRONGTYPE")), SL_OUTCOME_FAILED);
    assert_string_equal(flights.key, "e");
    sl_flights_release(&flights);
}

static void add_discard(struct sl_flights *flights)
{
    struct sl_flight *flight = sl_flights_new(flights);

    flight->ends_group = true;
    flight->is_discard = true;
    sl_flights_add(flights, flight);
}

static void a_discarded_group_leaves_no_failure_behind(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "ab", true, false);
    add_discard(&flights);
    add(&flights, "c", true, true);
    queue(&flights, HEAD + 1);
    assert_int_equal(feed(&flights, error("OOM x")), SL_OUTCOME_PART);
    shift(&flights);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_DISCARDED);
    assert_null(sl_flights_shift(&flights));
    queue(&flights, HEAD + 1 + TAIL - 1);
    assert_int_equal(feed(&flights, array(4)), SL_OUTCOME_APPLIED);
    shift(&flights);
    sl_flights_release(&flights);
}

static void a_refused_discard_is_a_failure(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "a", true, false);
    add_discard(&flights);
    queue(&flights, HEAD);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_PART);
    shift(&flights);
    assert_int_equal(feed(&flights, error("ERR DISCARD without MULTI")), SL_OUTCOME_FAILED);
    assert_string_equal(flights.error, "ERR DISCARD without MULTI");
    sl_flights_release(&flights);
}

static void anything_but_an_array_is_no_exec(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    add(&flights, "a", true, true);
    queue(&flights, HEAD + 1 + TAIL - 1);
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_FAILED);
    sl_flights_release(&flights);
}

static void a_reply_that_nobody_asked_for_is_a_failure(void **state)
{
    struct sl_flights flights = {0};

    (void)state;
    assert_int_equal(feed(&flights, status()), SL_OUTCOME_FAILED);
    assert_string_not_equal(flights.error, "");
    sl_flights_release(&flights);
}

/* Sends at most BYTES, as a socket would take them, to the end of OUT. */
static void write_some(struct sl_flights *flights, size_t bytes, int pieces, struct sl_buf *out)
{
    struct iovec iov[12];
    int count = sl_flights_pieces(flights, iov, pieces);
    size_t done = 0;

    assert_in_range(count, 0, pieces);
    for (int i = 0; i < count && done < bytes; i++) {
        size_t len = iov[i].iov_len < bytes - done ? iov[i].iov_len : bytes - done;

        assert_true(iov[i].iov_len > 0);
        assert_int_equal(sl_buf_add(out, iov[i].iov_base, len), SL_OK);
        done += len;
    }
    sl_flights_wrote(flights, done);
}

/*
 * Groups of any number of parts, bytes taken in any pieces, replies at any time after their command
 * was sent: every byte goes out once and in order, and every group ends as it should.
 */
struct sim {
    struct sl_flights flights;
    struct sl_xrand rand;
    struct sl_buf want;
    struct sl_buf have;
    bool group_is_open;
    unsigned groups;
    unsigned applied;
};

static void sim_add(struct sim *sim)
{
    char keys[8] = "";
    bool ends = sl_xrand_below(&sim->rand, 3) != 0;
    bool begins = !sim->group_is_open;
    size_t count = 1 + (size_t)sl_xrand_below(&sim->rand, 6);

    for (size_t i = 0; i < count; i++) {
        keys[i] = (char)('a' + sl_xrand_below(&sim->rand, 26));
        keys[i + 1] = '\0';
    }
    add(&sim->flights, keys, begins, ends);
    assert_int_equal(
        sl_buf_add_format(&sim->want, "%s%s%s", begins ? "<head>" : "", keys, ends ? "<tail>" : ""),
        SL_OK);
    sim->group_is_open = !ends;
    sim->groups += ends;
}

static void sim_reply(struct sim *sim)
{
    const struct sl_flight *first = sim->flights.first;
    uint64_t due;
    bool is_last;
    enum sl_outcome outcome;

    if (first == NULL || first == sim->flights.writing) {
        return;
    }
    due = first->head_replies + first->body_replies + first->tail_replies;
    is_last = first->ends_group && first->replies == due;
    outcome = feed(&sim->flights, is_last ? array(1) : status());
    if (is_last) {
        assert_int_equal(outcome, SL_OUTCOME_APPLIED);
        sim->applied++;
        shift(&sim->flights);
    } else if (!first->ends_group && first->replies == due) {
        assert_int_equal(outcome, SL_OUTCOME_PART);
        shift(&sim->flights);
    } else {
        assert_int_equal(outcome, SL_OUTCOME_MORE);
    }
}

static void random_interleavings_lose_nothing(void **state)
{
    struct sim sim = {.rand.state = sl_xrand_entropy()};

    (void)state;
    print_message("seed %llu\n", (unsigned long long)sim.rand.state);
    for (int step = 0; step < 40000 || sim.group_is_open; step++) {
        switch (sl_xrand_below(&sim.rand, 8)) {
        case 0:
            sim_add(&sim);
            break;
        case 1:
        case 2:
            write_some(&sim.flights, (size_t)sl_xrand_below(&sim.rand, 40),
                       3 + (int)sl_xrand_below(&sim.rand, 10), &sim.have);
            break;
        default:
            sim_reply(&sim);
        }
    }
    while (sim.flights.count > 0) {
        write_some(&sim.flights, 1000, 12, &sim.have);
        sim_reply(&sim);
    }
    assert_true(sim.groups > 1000);
    assert_int_equal(sim.applied, sim.groups);
    assert_int_equal(sim.have.len, sim.want.len);
    assert_memory_equal(sim.have.data, sim.want.data, sim.want.len);
    assert_int_equal(sim.flights.bytes, 0);
    sl_flights_release(&sim.flights);
    sl_buf_release(&sim.want);
    sl_buf_release(&sim.have);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_applied_when_its_exec_is),
        cmocka_unit_test(nil_is_the_fence),
        cmocka_unit_test(a_refused_command_is_the_cause_not_the_abort),
        cmocka_unit_test(refusals_of_head_and_tail_name_no_key),
        cmocka_unit_test(a_group_whose_guard_was_refused_counts_as_failed),
        cmocka_unit_test(an_error_inside_of_exec_names_its_key),
        cmocka_unit_test(keys_are_shown_printable_and_cut),
        cmocka_unit_test(parts_are_told_as_they_complete),
        cmocka_unit_test(an_error_in_an_earlier_part_has_no_key_any_more),
        cmocka_unit_test(the_count_of_commands_begins_anew_with_each_group),
        cmocka_unit_test(a_discarded_group_leaves_no_failure_behind),
        cmocka_unit_test(a_refused_discard_is_a_failure),
        cmocka_unit_test(anything_but_an_array_is_no_exec),
        cmocka_unit_test(a_reply_that_nobody_asked_for_is_a_failure),
        cmocka_unit_test(random_interleavings_lose_nothing),
    };

    return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
