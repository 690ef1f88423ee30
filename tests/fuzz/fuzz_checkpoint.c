/*
 * fuzz_checkpoint.c - a checkpoint that something else has changed: lines of "NAME=VALUE", the
 * fields of the hash. What is taken must be written and read again without a change.
 */
#include <stdlib.h>
#include <string.h>

#include "sinks/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 32 };

static const struct sl_redis_life life = {.run_id = "abc", .errors = 3};

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static size_t split(const uint8_t *data, size_t size, struct sl_field *fields)
{
    size_t count = 0;

    while (size > 0 && count < FIELDS) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        const uint8_t *equals = memchr(data, '=', len);
        size_t name = equals != NULL ? (size_t)(equals - data) : len;

        fields[count].name = sl_span_make(data, name);
        fields[count++].value =
            equals != NULL ? sl_span_make(equals + 1, len - name - 1) : sl_span_make(NULL, 0);
        len += end != NULL;
        data += len;
        size -= len;
    }
    return count;
}

/* The arguments behind "HSET KEY" as fields. */
static size_t read_command(const struct sl_buf *command, struct sl_field *fields)
{
    struct sl_span rest = sl_span_make(command->data, command->len);
    struct sl_span args[2 * FIELDS + 2];
    size_t count = 0;

    must(sl_span_skip(&rest, 5) == SL_OK);
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        size_t len = 0;

        must(end != NULL && rest.data[0] == '$' && count < 2 * FIELDS + 2);
        for (const uint8_t *at = rest.data + 1; at + 1 < end; at++) {
            len = len * 10 + (size_t)(*at - '0');
        }
        must(sl_span_skip(&rest, (size_t)(end - rest.data) + 1) == SL_OK);
        must(sl_span_take(&rest, len, &args[count++]) == SL_OK);
        must(sl_span_skip(&rest, 2) == SL_OK);
    }
    for (size_t i = 2; i + 1 < count; i += 2) {
        fields[i / 2 - 1] = (struct sl_field){.name = args[i], .value = args[i + 1]};
    }
    return (count - 2) / 2;
}

static void check(const struct sl_position *position)
{
    struct sl_position again = {0};
    struct sl_field fields[FIELDS];
    struct sl_buf command = {0};
    struct sl_buf a = {0};
    struct sl_buf b = {0};
    struct sl_err err = {0};

    must(sl_checkpoint_write(&command, "k", position, position, &life) == SL_OK);
    must(sl_checkpoint_read(fields, read_command(&command, fields), &life, &again, &err) == SL_OK);
    must(strcmp(again.file, position->file) == 0 && again.offset == position->offset);
    must(strcmp(again.server_uuid, position->server_uuid) == 0);
    must(again.event_time == position->event_time);
    must(sl_position_format_gtid(position, &a) == SL_OK);
    must(sl_position_format_gtid(&again, &b) == SL_OK);
    must(a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0));
    sl_position_release(&again);
    sl_buf_release(&command);
    sl_buf_release(&a);
    sl_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_field fields[FIELDS];
    size_t count = split(data, size, fields);
    struct sl_position position = {0};
    struct sl_err err = {0};
    int rc = sl_checkpoint_read(fields, count, &life, &position, &err);

    must(rc == err.status);
    if (rc == SL_OK) {
        check(&position);
    }
    sl_position_release(&position);
    return 0;
}
