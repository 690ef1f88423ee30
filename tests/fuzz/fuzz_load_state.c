/* States and requests in Redis may have been written by anybody. What is read can be written, and
 * then reads the same again. */
#include <stdlib.h>
#include <string.h>

#include "cdc/load_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static void try_state(struct sl_span text)
{
    struct sl_load_state state = {0};
    struct sl_buf first = {0};
    struct sl_buf second = {0};

    if (sl_load_state_parse(&state, text) == SL_OK) {
        must(sl_load_state_format(&state, &first) == SL_OK);
        must(sl_load_state_parse(&state, span_of(&first)) == SL_OK);
        must(sl_load_state_format(&state, &second) == SL_OK);
        must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    }
    sl_load_state_release(&state);
    sl_buf_release(&first);
    sl_buf_release(&second);
}

static void try_request(struct sl_span text)
{
    struct sl_load_request request = {0};
    struct sl_buf first = {0};
    struct sl_buf second = {0};

    if (sl_load_request_parse(&request, text) == SL_OK) {
        must(sl_load_request_format(&request, &first) == SL_OK);
        must(sl_load_request_parse(&request, span_of(&first)) == SL_OK);
        must(sl_load_request_format(&request, &second) == SL_OK);
        must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    }
    sl_load_request_release(&request);
    sl_buf_release(&first);
    sl_buf_release(&second);
}

static void try_field(struct sl_span text)
{
    struct sl_buf db = {0};
    struct sl_buf table = {0};
    struct sl_buf again = {0};
    struct sl_buf other = {0};

    if (sl_load_field_parse(text, &db, &table) == SL_OK) {
        must(sl_load_field_format(span_of(&db), span_of(&table), &again) == SL_OK);
        must(sl_load_field_parse(span_of(&again), &other, &table) == SL_OK);
        must(db.len == other.len && memcmp(db.data, other.data, db.len) == 0);
    }
    sl_buf_release(&db);
    sl_buf_release(&table);
    sl_buf_release(&again);
    sl_buf_release(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span text = sl_span_make(data, size);

    try_state(text);
    try_request(text);
    try_field(text);
    return 0;
}
