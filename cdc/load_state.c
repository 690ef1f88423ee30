/* load_state.c - one table's state as "name=value" words. */
#include "cdc/load_state.h"

#include <stdlib.h>

#include "cdc/load_words.h"

static const char *const phases[] = {"waiting", "loading", "sweeping", "done", "failed"};

enum { SL_PHASES = sizeof(phases) / sizeof(phases[0]) };

const char *sl_load_phase_name(enum sl_load_phase phase)
{
    return phases[phase];
}

void sl_load_state_release(struct sl_load_state *state)
{
    sl_buf_release(&state->after);
    sl_buf_release(&state->where);
    sl_buf_release(&state->reason);
    *state = (struct sl_load_state){0};
}

static bool is_id_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '.' || byte == ':';
}

bool sl_load_id_is_valid(struct sl_span id)
{
    if (id.len >= SL_LOAD_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.len; i++) {
        if (!is_id_byte(id.data[i])) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static int add_number(struct sl_buf *out, const char *name, uint64_t value)
{
    return sl_buf_add_format(out, " %s=%llu", name, (unsigned long long)value);
}

static int add_hex(struct sl_buf *out, const char *name, const struct sl_buf *value)
{
    int rc;

    if (value->len == 0) {
        return SL_OK;
    }
    rc = sl_buf_add_format(out, " %s=", name);
    return rc == SL_OK ? sl_load_add_hex(out, sl_span_make(value->data, value->len)) : rc;
}

static int add_numbers(struct sl_buf *out, const struct sl_load_state *state)
{
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"rows", state->rows},          {"estimate", state->estimate},
        {"removed", state->removed},    {"orphans", state->may_have_orphans},
        {"rate", state->rate},          {"began", state->began_ms},
        {"changed", state->changed_ms},
    };

    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        rc = add_number(out, numbers[i].name, numbers[i].value);
    }
    return rc;
}

int sl_load_state_format(const struct sl_load_state *state, struct sl_buf *out)
{
    size_t start = out->len;
    int rc = sl_buf_add_format(out, "phase=%s", phases[state->phase]);

    if (rc == SL_OK) {
        rc = add_numbers(out, state);
    }
    if (rc == SL_OK && state->id[0] != '\0') {
        rc = sl_buf_add_format(out, " id=%s", state->id);
    }
    if (rc == SL_OK) {
        rc = add_hex(out, "after", &state->after);
    }
    if (rc == SL_OK) {
        rc = add_hex(out, "where", &state->where);
    }
    if (rc == SL_OK) {
        rc = add_hex(out, "reason", &state->reason);
    }
    if (rc != SL_OK) {
        out->len = start;
    }
    return rc;
}

/* ---- reading ---- */

static int parse_phase(struct sl_span value, enum sl_load_phase *phase)
{
    for (int i = 0; i < SL_PHASES; i++) {
        if (sl_span_equals(value, phases[i])) {
            *phase = (enum sl_load_phase)i;
            return SL_OK;
        }
    }
    return SL_EFORMAT;
}

static int parse_id(struct sl_span value, char id[SL_LOAD_ID_MAX])
{
    if (!sl_load_id_is_valid(value)) {
        return SL_EFORMAT;
    }
    memset(id, 0, SL_LOAD_ID_MAX);
    memcpy(id, value.data, value.len);
    return SL_OK;
}

static int parse_flag(struct sl_span value, bool *flag)
{
    uint64_t number;
    int rc = sl_load_parse_number(value, &number);

    if (rc == SL_OK) {
        *flag = number != 0;
    }
    return rc;
}

static int parse_text(struct sl_load_state *state, struct sl_span name, struct sl_span value)
{
    if (sl_span_equals(name, "id")) {
        return parse_id(value, state->id);
    }
    if (sl_span_equals(name, "after")) {
        return sl_load_parse_hex(value, &state->after);
    }
    if (sl_span_equals(name, "where")) {
        return sl_load_parse_hex(value, &state->where);
    }
    if (sl_span_equals(name, "reason")) {
        return sl_load_parse_hex(value, &state->reason);
    }
    return SL_OK;
}

static int parse_member(struct sl_load_state *state, struct sl_span name, struct sl_span value)
{
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {
        {"rows", &state->rows}, {"estimate", &state->estimate}, {"removed", &state->removed},
        {"rate", &state->rate}, {"began", &state->began_ms},    {"changed", &state->changed_ms},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (sl_span_equals(name, numbers[i].name)) {
            return sl_load_parse_number(value, numbers[i].value);
        }
    }
    if (sl_span_equals(name, "orphans")) {
        return parse_flag(value, &state->may_have_orphans);
    }
    return parse_text(state, name, value);
}

static int parse_words(struct sl_load_state *state, struct sl_span text)
{
    bool has_phase = false;
    struct sl_span word;

    while (sl_load_take_word(&text, &word)) {
        struct sl_span name;
        int rc = sl_load_split(&word, '=', &name);

        if (rc == SL_OK && sl_span_equals(name, "phase")) {
            has_phase = true;
            rc = parse_phase(word, &state->phase);
        } else if (rc == SL_OK) {
            rc = parse_member(state, name, word);
        }
        if (rc != SL_OK) {
            return rc;
        }
    }
    return has_phase ? SL_OK : SL_EFORMAT;
}

int sl_load_state_parse(struct sl_load_state *state, struct sl_span text)
{
    struct sl_load_state parsed = {0};
    int rc = text.len <= SL_LOAD_TEXT_MAX ? parse_words(&parsed, text) : SL_EFORMAT;

    if (rc != SL_OK) {
        sl_load_state_release(&parsed);
        return rc;
    }
    sl_load_state_release(state);
    *state = parsed;
    return SL_OK;
}
