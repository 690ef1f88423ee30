/* load_request.c - requests to the daemon, and the names of fields. */
#include <stdlib.h>

#include "cdc/load_state.h"
#include "cdc/load_words.h"

static void free_items(struct sl_load_request *request)
{
    for (size_t i = 0; i < request->item_count; i++) {
        sl_buf_release(&request->items[i].name);
    }
    free(request->items);
    request->items = NULL;
    request->item_count = 0;
}

void sl_load_request_release(struct sl_load_request *request)
{
    free_items(request);
    sl_buf_release(&request->db);
    sl_buf_release(&request->table);
    sl_buf_release(&request->where);
    *request = (struct sl_load_request){0};
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

/* ---- writing ---- */

static int add_table(struct sl_buf *out, const struct sl_load_request *request)
{
    int rc;

    if (request->db.len == 0 && request->table.len == 0) {
        return sl_buf_add_str(out, SL_LOAD_ALL);
    }
    rc = sl_load_add_hex(out, span_of(&request->db));
    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '.');
    }
    return rc == SL_OK ? sl_load_add_hex(out, span_of(&request->table)) : rc;
}

static int add_load(struct sl_buf *out, const struct sl_load_request *request)
{
    int rc = sl_buf_add_format(out, " rate=%llu", (unsigned long long)request->rate);

    if (rc == SL_OK && request->where.len > 0) {
        rc = sl_buf_add_str(out, " where=");
        if (rc == SL_OK) {
            rc = sl_load_add_hex(out, span_of(&request->where));
        }
    }
    return rc;
}

static int add_items(struct sl_buf *out, const struct sl_load_request *request)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < request->item_count; i++) {
        const struct sl_load_item *item = &request->items[i];

        rc = item->facet == 0 ? sl_buf_add_byte(out, ' ')
                              : sl_buf_add_format(out, " %u/", (unsigned)item->facet);
        if (rc == SL_OK) {
            rc = sl_load_add_hex(out, span_of(&item->name));
        }
    }
    return rc;
}

int sl_load_request_format(const struct sl_load_request *request, struct sl_buf *out)
{
    bool is_load = request->kind == SL_REQUEST_LOAD;
    size_t start = out->len;
    int rc = sl_buf_add_str(out, is_load ? "load " : "repair ");

    if (rc == SL_OK) {
        rc = add_table(out, request);
    }
    if (rc == SL_OK) {
        rc = is_load ? add_load(out, request) : add_items(out, request);
    }
    if (rc != SL_OK) {
        out->len = start;
    }
    return rc;
}

/* ---- reading ---- */

static int parse_table(struct sl_load_request *request, struct sl_span word)
{
    struct sl_span db;
    int rc;

    if (sl_span_equals(word, SL_LOAD_ALL)) {
        return SL_OK;
    }
    rc = sl_load_split(&word, '.', &db);
    if (rc == SL_OK) {
        rc = sl_load_parse_hex(db, &request->db);
    }
    if (rc == SL_OK) {
        rc = sl_load_parse_hex(word, &request->table);
    }
    return rc == SL_OK && (request->db.len == 0 || request->table.len == 0) ? SL_EFORMAT : rc;
}

static int parse_load(struct sl_load_request *request, struct sl_span text)
{
    struct sl_span word;
    int rc = SL_OK;

    while (rc == SL_OK && sl_load_take_word(&text, &word)) {
        struct sl_span name;

        rc = sl_load_split(&word, '=', &name);
        if (rc == SL_OK && sl_span_equals(name, "rate")) {
            rc = sl_load_parse_number(word, &request->rate);
        } else if (rc == SL_OK && sl_span_equals(name, "where")) {
            rc = sl_load_parse_hex(word, &request->where);
        }
    }
    return rc;
}

static size_t count_words(struct sl_span text)
{
    struct sl_span word;
    size_t count = 0;

    while (sl_load_take_word(&text, &word)) {
        count++;
    }
    return count;
}

static int parse_item(struct sl_load_item *item, struct sl_span word)
{
    uint64_t facet = 0;
    struct sl_span name = word;
    struct sl_span number;
    int rc = sl_load_split(&name, '/', &number);

    if (rc != SL_OK) {
        return sl_load_parse_hex(word, &item->name);
    }
    rc = sl_load_parse_number(number, &facet);
    if (rc != SL_OK || facet == 0 || facet > UINT32_MAX) {
        return SL_EFORMAT;
    }
    item->facet = (uint32_t)facet;
    return sl_load_parse_hex(name, &item->name);
}

static int parse_items(struct sl_load_request *request, struct sl_span text)
{
    size_t count = count_words(text);
    struct sl_span word;
    int rc = SL_OK;

    if (count == 0 || count > SL_LOAD_KEYS_MAX || request->db.len == 0) {
        return SL_EFORMAT;
    }
    request->items = calloc(count, sizeof(*request->items));
    if (request->items == NULL) {
        return SL_ENOMEM;
    }
    while (rc == SL_OK && sl_load_take_word(&text, &word)) {
        rc = parse_item(&request->items[request->item_count++], word);
    }
    return rc;
}

static int parse(struct sl_load_request *request, struct sl_span text)
{
    struct sl_span kind;
    struct sl_span table;
    int rc;

    if (!sl_load_take_word(&text, &kind) || !sl_load_take_word(&text, &table)) {
        return SL_EFORMAT;
    }
    rc = parse_table(request, table);
    if (rc != SL_OK) {
        return rc;
    }
    if (sl_span_equals(kind, "load")) {
        request->kind = SL_REQUEST_LOAD;
        return parse_load(request, text);
    }
    request->kind = SL_REQUEST_REPAIR;
    return sl_span_equals(kind, "repair") ? parse_items(request, text) : SL_EFORMAT;
}

int sl_load_request_parse(struct sl_load_request *request, struct sl_span text)
{
    struct sl_load_request parsed = {0};
    int rc = text.len <= SL_LOAD_TEXT_MAX ? parse(&parsed, text) : SL_EFORMAT;

    if (rc != SL_OK) {
        sl_load_request_release(&parsed);
        return rc;
    }
    sl_load_request_release(request);
    *request = parsed;
    return SL_OK;
}

/* ---- names of fields ---- */

int sl_load_field_format(struct sl_span db, struct sl_span table, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < db.len; i++) {
        uint8_t byte = db.data[i];

        rc = byte == '.' || byte == '%' ? sl_buf_add_format(out, "%%%02x", byte)
                                        : sl_buf_add_byte(out, byte);
    }
    if (rc == SL_OK) {
        rc = sl_buf_add_byte(out, '.');
    }
    return rc == SL_OK ? sl_buf_add(out, table.data, table.len) : rc;
}

static int parse_db(struct sl_span text, struct sl_buf *db)
{
    int rc = text.len > 0 ? SL_OK : SL_EFORMAT;

    sl_buf_clear(db);
    for (size_t i = 0; rc == SL_OK && i < text.len; i++) {
        int byte = text.data[i];

        if (byte == '%') {
            byte = text.len - i > 2 ? sl_load_hex_byte(text.data + i + 1) : -1;
            i += 2;
        }
        rc = byte < 0 ? SL_EFORMAT : sl_buf_add_byte(db, (uint8_t)byte);
    }
    return rc;
}

int sl_load_field_parse(struct sl_span field, struct sl_buf *db, struct sl_buf *table)
{
    struct sl_span name = field;
    struct sl_span before;
    int rc = sl_load_split(&name, '.', &before);

    if (rc == SL_OK) {
        rc = parse_db(before, db);
    }
    if (rc != SL_OK) {
        return rc;
    }
    sl_buf_clear(table);
    return name.len > 0 ? sl_buf_add(table, name.data, name.len) : SL_EFORMAT;
}
