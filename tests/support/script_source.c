#include "tests/support/script_source.h"

#include <time.h>

#include "cdc/event.h"
#include "cdc/source_file.h"
#include "tests/support/check.h"

static int script_open(struct sl_source *source, enum sl_start_kind kind, struct sl_position *start,
                       struct sl_err *err)
{
    struct sl_script *script = (struct sl_script *)source;

    (void)kind;
    if (script->open_status != SL_OK) {
        return sl_err_set(err, script->open_status, "cannot open the script");
    }
    script->at = 0;
    memcpy(start->server_uuid, script->uuid, sizeof(start->server_uuid));
    return sl_position_set_file(start, "capture.binlog", strlen("capture.binlog"), 4);
}

static bool is_held(const struct sl_script *script)
{
    size_t gate = atomic_load(&script->gate);

    return gate != 0 && script->at >= gate;
}

static void wait_at_gate(struct sl_script *script)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};

    while (is_held(script) && !atomic_load(&script->is_interrupted)) {
        atomic_store(&script->is_waiting, true);
        (void)nanosleep(&pause, NULL);
    }
}

static int script_next(struct sl_source *source, struct sl_span *event, struct sl_err *err)
{
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    struct sl_script *script = (struct sl_script *)source;

    if (script->before != NULL) {
        script->before(script->before_user);
    }
    wait_at_gate(script);
    if (script->repeat_to > 0 && script->at > script->repeat_to) {
        script->at = script->repeat_from;
    }
    if (script->at < script->count && !atomic_load(&script->is_interrupted)) {
        const struct sl_buf *bytes = &script->events[script->at++];

        *event = sl_span_make(bytes->data, bytes->len);
        return SL_OK;
    }
    while (script->waits && !atomic_load(&script->is_interrupted)) {
        atomic_store(&script->is_waiting, true);
        atomic_store(&script->is_at_end, true);
        (void)nanosleep(&pause, NULL);
    }
    if (atomic_load(&script->is_interrupted)) {
        return SL_ESTOPPED;
    }
    return script->end < 0 ? sl_err_set(err, script->end, "the script failed") : script->end;
}

static void script_interrupt(struct sl_source *source)
{
    atomic_store(&((struct sl_script *)source)->is_interrupted, true);
}

static void script_close(struct sl_source *source)
{
    struct sl_script *script = (struct sl_script *)source;

    script->closed++;
}

static void script_free(struct sl_source *source)
{
    sl_script_release((struct sl_script *)source);
}

static const struct sl_source_ops script_ops = {
    .open = script_open,
    .next = script_next,
    .interrupt = script_interrupt,
    .close = script_close,
    .free = script_free,
};

void sl_script_load(struct sl_script *script, const char *name)
{
    char path[512];
    const char *const paths[] = {path};
    struct sl_position start = {0};
    struct sl_source *file = NULL;
    struct sl_span event;
    struct sl_err err = {0};
    int rc;

    *script = (struct sl_script){.base = {.ops = &script_ops}, .end = SL_DONE};
    (void)snprintf(path, sizeof(path), "%s/golden/%s/capture.binlog", getenv("SLUICE_TEST_DATA"),
                   name);
    assert_ok(sl_source_file_new(paths, 1, &file, &err), &err);
    assert_ok(file->ops->open(file, SL_START_EARLIEST, &start, &err), &err);
    while ((rc = file->ops->next(file, &event, &err)) == SL_OK) {
        assert_in_range(script->count, 0, SL_SCRIPT_EVENTS - 1);
        assert_int_equal(sl_buf_add(&script->events[script->count++], event.data, event.len),
                         SL_OK);
    }
    assert_int_equal(rc, SL_DONE);
    script->base.flavor = file->flavor;
    file->ops->free(file);
    sl_position_release(&start);
}

void sl_script_release(struct sl_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        sl_buf_release(&script->events[i]);
    }
    script->count = 0;
}

size_t sl_script_find(const struct sl_script *script, uint8_t type, unsigned nth)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->events[i].data[4] == type && nth-- == 0) {
            return i;
        }
    }
    fail_msg("no such event %u", (unsigned)type);
    return 0;
}

void sl_script_cut(struct sl_script *script, size_t from, size_t count)
{
    assert_true(from + count <= script->count);
    for (size_t i = from; i < from + count; i++) {
        sl_buf_release(&script->events[i]);
    }
    memmove(&script->events[from], &script->events[from + count],
            (script->count - from - count) * sizeof(script->events[0]));
    script->count -= count;
}

static void store_le(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

/* CRC-32 as zlib has it, bit by bit. */
static uint32_t crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc % 2 == 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

void sl_script_make_query(struct sl_script *script, size_t number, size_t like, const char *text)
{
    const struct sl_buf *model = &script->events[like];
    size_t kept = model->len - SL_EVENT_CHECKSUM_BYTES - strlen("BEGIN");
    struct sl_buf made = {0};
    uint8_t crc[SL_EVENT_CHECKSUM_BYTES];

    assert_int_equal(model->data[4], SL_EVENT_QUERY);
    assert_memory_equal(model->data + kept, "BEGIN", 5);
    assert_int_equal(sl_buf_add(&made, model->data, kept), SL_OK);
    assert_int_equal(sl_buf_add_str(&made, text), SL_OK);
    memcpy(made.data, script->events[number].data, SL_EVENT_HEADER_BYTES);
    made.data[4] = SL_EVENT_QUERY;
    store_le(made.data + 9, (uint32_t)(made.len + SL_EVENT_CHECKSUM_BYTES));
    store_le(crc, crc_of(made.data, made.len));
    assert_int_equal(sl_buf_add(&made, crc, sizeof(crc)), SL_OK);
    sl_buf_release(&script->events[number]);
    script->events[number] = made;
}

/* It has the place in the log of the event before it, which a transaction does not mind. */
void sl_script_insert_query(struct sl_script *script, size_t number, size_t like, const char *text)
{
    struct sl_buf copy = {0};

    assert_in_range(number, like + 1, script->count);
    assert_in_range(script->count, 1, SL_SCRIPT_EVENTS - 1);
    assert_int_equal(
        sl_buf_add(&copy, script->events[number - 1].data, script->events[number - 1].len), SL_OK);
    memmove(&script->events[number + 1], &script->events[number],
            (script->count - number) * sizeof(script->events[0]));
    script->events[number] = copy;
    script->count++;
    sl_script_make_query(script, number, like, text);
}
