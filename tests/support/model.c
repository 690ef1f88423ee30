#include "tests/support/model.h"

#include <time.h>

#include "cdc/event.h"
#include "cdc/value.h"
#include "tests/support/check.h"
#include "tests/support/event_builder.h"

#define STATES   "sluice:{p}:bootstrap"
#define REQUESTS "sluice:{p}:requests"
#define REREADS  "sluice:{p}:rereads"
#define RULES    "sluice:{p}:rules"

static void must(int rc)
{
    if (rc != SL_OK) {
        fail_msg("the model has no memory");
    }
}

static void lock(struct sl_model *model)
{
    (void)pthread_mutex_lock(&model->lock);
}

static void unlock(struct sl_model *model)
{
    (void)pthread_mutex_unlock(&model->lock);
}

/* ---- the log ---- */

static void add_event(struct sl_model *model, uint8_t type, const void *body, size_t len)
{
    struct sl_event_parts parts = {.type = type, .timestamp = 1700000000, .server_id = 1};
    struct sl_buf *event = &model->events[model->event_count];

    assert_in_range(model->event_count, 0, SL_MODEL_EVENTS - 1);
    parts.end_pos = (uint32_t)(model->offset + SL_EVENT_HEADER_BYTES + len);
    sl_event_build(event, &parts, body, len);
    model->offset = parts.end_pos;
    model->event_count++;
    (void)pthread_cond_broadcast(&model->more);
}

static void add_query(struct sl_model *model, const char *text)
{
    struct sl_buf body = {0};

    must(sl_buf_add(&body, "\0\0\0\0\0\0\0\0\x04\0\0\0\0", 13));
    must(sl_buf_add(&body, "shop", 5));
    must(sl_buf_add_str(&body, text));
    add_event(model, SL_EVENT_QUERY, body.data, body.len);
    sl_buf_release(&body);
}

static void add_table_map(struct sl_model *model, int table)
{
    uint8_t body[] = {0,   0, 0, 0,   0, 0, 1, 0, 4, 's', 'h', 'o',
                      'p', 0, 2, 't', 0, 0, 2, 3, 3, 0,   2};

    body[0] = (uint8_t)(table + 1);
    body[16] = (uint8_t)('0' + table);
    add_event(model, SL_EVENT_TABLE_MAP, body, sizeof(body));
}

static void add_number(struct sl_buf *body, int number)
{
    for (int i = 0; i < 4; i++) {
        must(sl_buf_add_byte(body, (uint8_t)((unsigned)number >> (8 * i))));
    }
}

static void add_image(struct sl_buf *body, uint8_t columns, int id, int v)
{
    must(sl_buf_add_byte(body, 0));
    if ((columns & 1) != 0) {
        add_number(body, id);
    }
    if ((columns & 2) != 0) {
        add_number(body, v);
    }
}

static void add_rows(struct sl_model *model, int table, int id, int old, int v)
{
    const uint8_t head[] = {(uint8_t)(table + 1), 0, 0, 0, 0, 0, 1, 0, 2, 0, 2};
    bool is_update = old != SL_MODEL_NONE && v != SL_MODEL_NONE;
    uint8_t first = is_update && model->is_minimal ? 1 : 3;
    uint8_t type = SL_EVENT_UPDATE_ROWS;
    struct sl_buf body = {0};

    must(sl_buf_add(&body, head, sizeof(head)));
    must(sl_buf_add_byte(&body, first));
    if (is_update) {
        must(sl_buf_add_byte(&body, model->is_minimal ? 2 : 3));
    } else {
        type = v == SL_MODEL_NONE ? SL_EVENT_DELETE_ROWS : SL_EVENT_WRITE_ROWS;
    }
    add_image(&body, first, id, old != SL_MODEL_NONE ? old : v);
    if (is_update) {
        add_image(&body, model->is_minimal ? 2 : 3, id, v);
    }
    add_event(model, type, body.data, body.len);
    sl_buf_release(&body);
}

static bool is_locked(const struct sl_model *model)
{
    unsigned locks = 0;

    for (size_t i = 0; i < SL_COUNT(model->chunks); i++) {
        locks += model->chunks[i].locks;
    }
    return locks > 0;
}

void sl_model_set(struct sl_model *model, int table, int id, int v)
{
    lock(model);
    while (model->has_locks && is_locked(model)) {
        (void)pthread_cond_wait(&model->more, &model->lock);
    }
    if (model->rows[table][id] != v) {
        add_query(model, "BEGIN");
        add_table_map(model, table);
        add_rows(model, table, id, model->rows[table][id], v);
        add_event(model, SL_EVENT_XID, "\0\0\0\0\0\0\0\0", 8);
        model->rows[table][id] = v;
    }
    unlock(model);
}

void sl_model_set_rolled_back(struct sl_model *model, int table, int id, int v)
{
    lock(model);
    add_query(model, "BEGIN");
    add_table_map(model, table);
    add_rows(model, table, id, model->rows[table][id], v);
    add_query(model, "ROLLBACK");
    unlock(model);
}

void sl_model_statement(struct sl_model *model, const char *text)
{
    lock(model);
    add_query(model, text);
    unlock(model);
}

/* ---- the source ---- */

static struct sl_model *of_source(struct sl_source *source)
{
    return (struct sl_model *)((char *)source - offsetof(struct sl_model, source));
}

static int source_open(struct sl_source *source, enum sl_start_kind kind, struct sl_position *start,
                       struct sl_err *err)
{
    (void)source;
    (void)kind;
    (void)err;
    return sl_position_set_file(start, "log.000001", strlen("log.000001"), 4);
}

static int source_next(struct sl_source *source, struct sl_span *event, struct sl_err *err)
{
    struct sl_model *model = of_source(source);
    int rc = SL_OK;

    (void)err;
    lock(model);
    while (!model->is_interrupted &&
           (model->sent == model->event_count || model->sent >= model->max_ahead)) {
        (void)pthread_cond_wait(&model->more, &model->lock);
    }
    if (model->is_interrupted) {
        rc = SL_ESTOPPED;
    } else {
        const struct sl_buf *bytes = &model->events[model->sent++];

        *event = sl_span_make(bytes->data, bytes->len);
    }
    unlock(model);
    return rc;
}

static void source_interrupt(struct sl_source *source)
{
    struct sl_model *model = of_source(source);

    lock(model);
    model->is_interrupted = true;
    (void)pthread_cond_broadcast(&model->more);
    unlock(model);
}

static void source_close(struct sl_source *source)
{
    (void)source;
}

static const struct sl_source_ops source_ops = {.open = source_open,
                                                .next = source_next,
                                                .interrupt = source_interrupt,
                                                .close = source_close,
                                                .free = source_close};

/* ---- the mapper ---- */

static struct sl_model *of_mapper(struct sl_mapper *mapper)
{
    return (struct sl_model *)((char *)mapper - offsetof(struct sl_model, mapper));
}

static int number_of(struct sl_span table)
{
    return table.len == 2 && table.data[0] == 't' ? table.data[1] - '0' : 0;
}

static bool mapper_wants(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    return sl_span_equals(db, "shop") && !of_mapper(mapper)->is_unwanted[number_of(table)];
}

static int mapper_table(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err)
{
    (void)mapper;
    (void)table;
    (void)err;
    return SL_OK;
}

/* "S t0:5 17;": set, "P …": set if it is there, "D t0:5;": remove. */
static int add_entry(struct sl_batch *batch, char op, struct sl_span key, struct sl_span value,
                     enum sl_write write)
{
    uint32_t offset;
    int rc;

    sl_batch_begin(batch, &offset);
    rc = sl_buf_add_format(&batch->data, "%c %.*s %.*s;", op, (int)key.len, (const char *)key.data,
                           (int)value.len, (const char *)value.data);
    return rc == SL_OK ? sl_batch_end(batch, offset, offset + 2, (uint32_t)key.len, 1, write) : rc;
}

static void text_of(const struct sl_column *column, const struct sl_cell *cell, struct sl_buf *out)
{
    if (cell->state == SL_CELL_TEXT) {
        must(sl_buf_add(out, cell->data, cell->len));
    } else {
        must(sl_value_text(column, cell, out, NULL));
    }
}

static void key_of(const struct sl_table *table, const struct sl_cell *cells, struct sl_buf *key)
{
    sl_buf_clear(key);
    must(sl_buf_add(key, table->name.data, table->name.len));
    must(sl_buf_add_byte(key, ':'));
    text_of(&table->columns[0], &cells[0], key);
}

static int add_note(const struct sl_model *model, struct sl_batch *batch,
                    const struct sl_row_change *change, struct sl_span key)
{
    struct sl_reread_note note = {.key = key};
    struct sl_buf scope = {0};
    struct sl_buf cells = {0};
    int rc;

    must(sl_reread_scope_format(change->table->db, change->table->name, &scope));
    must(sl_buf_add_str(&cells, "id="));
    text_of(&change->table->columns[0], &change->before[0], &cells);
    note.scope = sl_buf_span(&scope);
    note.cells = sl_buf_span(&cells);
    rc = sl_rereads_wants(model->rereads, note.scope)
             ? sl_reread_note_add(batch, sl_check_span(REREADS), &note)
             : SL_OK;
    sl_buf_release(&scope);
    sl_buf_release(&cells);
    return rc;
}

static int mapper_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                      struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_cell *id = change->before != NULL ? change->before : change->after;
    struct sl_buf key = {0};
    struct sl_buf value = {0};
    bool is_partial = change->op == SL_OP_UPDATE && !change->after_is_full;
    int rc;

    (void)err;
    key_of(change->table, id, &key);
    if (is_partial && of_mapper(mapper)->notes_parts) {
        rc = add_note(of_mapper(mapper), batch, change, sl_buf_span(&key));
        sl_buf_release(&key);
        return rc;
    }
    if (change->after != NULL) {
        text_of(&change->table->columns[1], &change->after[1], &value);
    }
    rc = add_entry(batch,
                   change->op == SL_OP_DELETE ? 'D'
                   : is_partial               ? 'P'
                                              : 'S',
                   sl_buf_span(&key), sl_buf_span(&value),
                   is_partial ? SL_WRITE_PARTIAL : SL_WRITE_WHOLE);
    sl_buf_release(&key);
    sl_buf_release(&value);
    return rc;
}

static int mapper_load_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                           struct sl_batch *batch, struct sl_err *err)
{
    struct sl_buf key = {0};
    int rc;

    (void)mapper;
    (void)err;
    key_of(row->table, row->cells, &key);
    rc = add_entry(batch, 'S', sl_buf_span(&key),
                   sl_span_make(row->cells[1].data, row->cells[1].len), row->write);
    sl_buf_release(&key);
    return rc;
}

static int mapper_put_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                          struct sl_batch *batch, struct sl_err *err)
{
    (void)mapper;
    (void)err;
    return add_entry(batch, 'S', row->key, sl_span_make(row->cells[1].data, row->cells[1].len),
                     row->write);
}

static int mapper_remove(struct sl_mapper *mapper, struct sl_item_name name, struct sl_batch *batch)
{
    (void)mapper;
    return add_entry(batch, 'D', name.bytes, sl_check_span(""), SL_WRITE_WHOLE);
}

static int mapper_ddl(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
                      struct sl_effect *effect, struct sl_err *err)
{
    (void)mapper;
    (void)ddl;
    (void)err;
    *effect = (struct sl_effect){0};
    return nth == 0 ? SL_OK : SL_DONE;
}

static int mapper_key(struct sl_mapper *mapper, const struct sl_table *table,
                      const struct sl_cell *cells, struct sl_buf *key, struct sl_err *err)
{
    (void)mapper;
    (void)err;
    key_of(table, cells, key);
    return SL_OK;
}

/* A key that is no number has no row. */
static uint32_t mapper_facets(struct sl_mapper *mapper, const struct sl_table *table)
{
    (void)mapper;
    (void)table;
    return 1;
}

static int mapper_parse_key(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                            struct sl_span key, struct sl_arena *arena, struct sl_cell *cells)
{
    struct sl_span id = sl_span_make(key.data + 3, key.len - 3);

    (void)mapper;
    (void)table;
    assert_int_equal(facet, 0);
    if (id.data[0] < '0' || id.data[0] > '9') {
        return SL_DONE;
    }
    must(sl_arena_keep(arena, &id));
    cells[0] = (struct sl_cell){.data = id.data, .len = (uint32_t)id.len, .state = SL_CELL_TEXT};
    cells[1] = (struct sl_cell){0};
    return SL_OK;
}

struct pattern {
    struct sl_key_pattern base;
    char prefix[4];
};

static bool pattern_matches(const struct sl_key_pattern *base, struct sl_span key)
{
    return key.len > 3 && memcmp(key.data, ((const struct pattern *)base)->prefix, 3) == 0;
}

static void pattern_free(struct sl_key_pattern *pattern)
{
    free(pattern);
}

static struct sl_key_pattern *mapper_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                             uint32_t facet)
{
    struct pattern *pattern = calloc(1, sizeof(*pattern));

    (void)mapper;
    (void)facet;
    assert_non_null(pattern);
    (void)snprintf(pattern->prefix, sizeof(pattern->prefix), "t%d:", number_of(table->name));
    pattern->base = (struct sl_key_pattern){
        .glob = pattern->prefix, .matches = pattern_matches, .free = pattern_free};
    return &pattern->base;
}

static const struct sl_mapper_ops mapper_ops = {.wants = mapper_wants,
                                                .table = mapper_table,
                                                .row = mapper_row,
                                                .load_row = mapper_load_row,
                                                .ddl = mapper_ddl,
                                                .remove = mapper_remove,
                                                .key = mapper_key,
                                                .put_row = mapper_put_row,
                                                .facets = mapper_facets,
                                                .parse_key = mapper_parse_key,
                                                .pattern = mapper_pattern,
                                                .owner_pattern = mapper_pattern};

/* ---- the chunk reader ---- */

static struct sl_model_chunks *of_chunks(struct sl_chunk_reader *reader)
{
    return (struct sl_model_chunks *)reader;
}

static int chunks_list(struct sl_chunk_reader *reader,
                       int (*each)(void *user, struct sl_span db, struct sl_span table,
                                   uint64_t rows),
                       void *user, struct sl_err *err)
{
    const struct sl_model *model = of_chunks(reader)->model;
    char name[] = "t0";
    int rc = SL_OK;

    (void)err;
    for (int i = 0; rc == SL_OK && i < SL_MODEL_TABLES; i++) {
        name[1] = (char)('0' + i);
        if (!model->is_gone[i]) {
            rc = each(user, sl_check_span("shop"), sl_check_span(name), 100);
        }
    }
    return rc;
}

static int chunks_end(struct sl_chunk_reader *reader, struct sl_position *position,
                      struct sl_err *err)
{
    struct sl_model *model = of_chunks(reader)->model;
    uint64_t offset;

    (void)err;
    lock(model);
    offset = model->offset;
    unlock(model);
    return sl_position_set_file(position, "log.000001", strlen("log.000001"), offset);
}

static void name_columns(struct sl_model_chunks *chunks)
{
    chunks->columns[0].name = sl_check_span("id");
    chunks->columns[1].name = sl_check_span("v");
}

static int chunks_open(struct sl_chunk_reader *reader, struct sl_span db, struct sl_span name,
                       const char *where, struct sl_table **table, struct sl_err *err)
{
    static char names[SL_MODEL_TABLES][3] = {"t0", "t1", "t2", "t3"};
    struct sl_model_chunks *chunks = of_chunks(reader);
    bool is_gone;

    (void)db;
    (void)err;
    assert_false(chunks->is_open);
    chunks->number = number_of(name);
    lock(chunks->model);
    is_gone = chunks->model->is_gone[chunks->number];
    sl_buf_clear(&chunks->model->where);
    must(sl_buf_add_str(&chunks->model->where, where != NULL ? where : "none"));
    unlock(chunks->model);
    if (is_gone) {
        if (chunks->model->at_gone != NULL) {
            chunks->model->at_gone(chunks->model, chunks->number);
        }
        return SL_DONE;
    }
    chunks->table = (struct sl_table){.db = sl_check_span("shop"),
                                      .name = sl_check_span(names[chunks->number]),
                                      .columns = chunks->columns,
                                      .column_count = 2};
    name_columns(chunks);
    chunks->is_open = true;
    *table = &chunks->table;
    return SL_OK;
}

static void chunks_close(struct sl_chunk_reader *reader)
{
    assert_true(of_chunks(reader)->is_open);
    assert_int_equal(of_chunks(reader)->rest.row_count, 0); /* the source keeps nothing open */
    of_chunks(reader)->is_open = false;
}

static int fail_read(struct sl_model *model, int table, struct sl_err *err)
{
    if (model->chunks_are_interrupted) {
        return sl_err_set(err, SL_ESTOPPED, "interrupted");
    }
    if (model->fail_reads > 0 && (table == 0 || !model->only_t0_fails)) {
        model->fail_reads--;
        return sl_err_set(err, model->fail_status, "the reading failed");
    }
    return SL_OK;
}

static void add_row(struct sl_model_chunks *chunks, struct sl_chunk *chunk, int id)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d %d", id, chunks->model->rows[chunks->number][id]);
    int id_len = (int)(strchr(text, ' ') - text);
    struct sl_cell *cells = &chunks->cells[chunk->row_count * 2];

    cells[0] = (struct sl_cell){.len = (uint32_t)id_len, .state = SL_CELL_TEXT};
    cells[1] = (struct sl_cell){.len = (uint32_t)(len - id_len - 1), .state = SL_CELL_TEXT};
    must(sl_buf_add(&chunks->texts, text, (size_t)len));
    chunk->row_count++;
}

/* The texts have stopped moving. */
static void point(struct sl_model_chunks *chunks, struct sl_chunk *chunk)
{
    const uint8_t *at = chunks->texts.data;

    for (size_t i = 0; i < chunk->row_count * 2; i++) {
        chunks->cells[i].data = at;
        at += chunks->cells[i].len + (i % 2 == 0 ? 1 : 0);
    }
    chunk->cells = chunks->cells;
    chunk->bytes = chunks->texts.len;
    chunk->query_us = 1;
}

/* With parts HIGH is the place that the rows were read at, else the end of the log behind it. */
static int end_read(struct sl_model_chunks *chunks, struct sl_chunk *chunk, bool is_keys,
                    bool has_parts)
{
    struct sl_model *model = chunks->model;
    unsigned nth = model->reads++;
    int rc;

    unlock(model);
    point(chunks, chunk);
    rc = chunks_end(&chunks->base, &chunk->high, NULL);
    if (model->after_read != NULL) {
        model->after_read(model, nth, chunks->number, is_keys);
    }
    return has_parts ? rc : chunks_end(&chunks->base, &chunk->high, NULL);
}

/* The next rows of the range, until they have the bytes of a part. */
static void give_part(struct sl_model_chunks *chunks, struct sl_chunk *chunk)
{
    struct sl_chunk *rest = &chunks->rest;
    size_t bytes = 0;

    *chunk = *rest;
    for (chunk->row_count = 0; chunk->row_count < rest->row_count && bytes < chunks->part_bytes;
         chunk->row_count++) {
        const struct sl_cell *id = &rest->cells[chunk->row_count * 2];

        bytes += id[0].len + id[1].len;
        (void)snprintf(chunks->after, sizeof(chunks->after), "%.*s", (int)id->len,
                       (const char *)id->data);
    }
    rest->cells += chunk->row_count * 2;
    rest->row_count -= chunk->row_count;
    chunk->bytes = bytes;
    chunk->after = sl_check_span(chunks->after);
    chunk->has_more = rest->row_count > 0;
    chunk->is_last = chunks->is_last && !chunk->has_more;
}

static int chunks_more(struct sl_chunk_reader *reader, struct sl_chunk *chunk, struct sl_err *err)
{
    struct sl_model_chunks *chunks = of_chunks(reader);
    struct sl_model *model = chunks->model;
    int rc;

    assert_true(chunks->rest.row_count > 0);
    if (model->before_part != NULL) {
        model->before_part(model, chunks->number);
    }
    lock(model);
    rc = fail_read(model, chunks->number, err);
    unlock(model);
    if (rc == SL_OK) {
        atomic_fetch_add(&model->parts, 1);
        give_part(chunks, chunk);
    } else {
        chunks->rest.row_count = 0;
    }
    return rc;
}

static void chunks_end_range(struct sl_chunk_reader *reader)
{
    of_chunks(reader)->rest.row_count = 0;
}

static void begin_parts(struct sl_model_chunks *chunks, struct sl_chunk *chunk, size_t part_bytes)
{
    chunks->rest = *chunk;
    chunks->part_bytes = part_bytes;
    chunks->is_last = chunk->is_last;
    give_part(chunks, chunk);
}

static int chunks_range(struct sl_chunk_reader *reader, struct sl_span after,
                        const struct sl_position *low, const struct sl_chunk_limit *limit,
                        struct sl_chunk *chunk, struct sl_err *err)
{
    struct sl_model_chunks *chunks = of_chunks(reader);
    struct sl_model *model = chunks->model;
    int id = 0;
    int rc;

    assert_true(low->offset > 0);
    assert_int_equal(chunks->rest.row_count, 0);
    if (model->before_read != NULL) {
        model->before_read(model, false);
    }
    lock(model);
    rc = fail_read(model, chunks->number, err);
    if (rc == SL_OK && after.len > 0 && (after.data[0] < '0' || after.data[0] > '9')) {
        rc = sl_err_set(err, SL_EINVAL, "after is none of mine");
    }
    if (rc != SL_OK) {
        unlock(model);
        return rc;
    }
    if (after.len > 0) {
        (void)snprintf(chunks->after, sizeof(chunks->after), "%.*s", (int)after.len,
                       (const char *)after.data);
        id = atoi(chunks->after) + 1;
    }
    *chunk = (struct sl_chunk){0};
    sl_buf_clear(&chunks->texts);
    for (; id < SL_MODEL_IDS && chunk->row_count < limit->rows; id++) {
        if (model->rows[chunks->number][id] != SL_MODEL_NONE) {
            add_row(chunks, chunk, id);
            (void)snprintf(chunks->after, sizeof(chunks->after), "%d", id);
        }
    }
    chunk->is_last = id == SL_MODEL_IDS;
    chunk->after = sl_check_span(chunks->after);
    rc = end_read(chunks, chunk, false, limit->part_bytes > 0);
    if (rc == SL_OK && limit->part_bytes > 0) {
        begin_parts(chunks, chunk, limit->part_bytes);
    }
    return rc;
}

static int chunks_keys(struct sl_chunk_reader *reader, const struct sl_cell *keys, size_t count,
                       const struct sl_position *low, bool locked, struct sl_chunk *chunk,
                       struct sl_err *err)
{
    struct sl_model_chunks *chunks = of_chunks(reader);
    struct sl_model *model = chunks->model;
    int rc;

    (void)low;
    if (model->before_read != NULL) {
        model->before_read(model, true);
    }
    lock(model);
    rc = fail_read(model, chunks->number, err);
    if (rc != SL_OK) {
        unlock(model);
        return rc;
    }
    model->most_keys = count > model->most_keys ? count : model->most_keys;
    *chunk = (struct sl_chunk){0};
    sl_buf_clear(&chunks->texts);
    atomic_fetch_add(&model->keys_read, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        char text[16];
        int id;

        (void)snprintf(text, sizeof(text), "%.*s", (int)keys[i * 2].len,
                       (const char *)keys[i * 2].data);
        id = atoi(text);
        if (model->rows[chunks->number][id] != SL_MODEL_NONE) {
            add_row(chunks, chunk, id);
        }
    }
    if (locked) {
        chunks->locks++;
        atomic_fetch_add(&model->locked_reads, 1);
    }
    return end_read(chunks, chunk, true, false);
}

static void chunks_unlock(struct sl_chunk_reader *reader)
{
    struct sl_model *model = of_chunks(reader)->model;

    lock(model);
    of_chunks(reader)->locks = 0;
    (void)pthread_cond_broadcast(&model->more);
    unlock(model);
}

static int chunks_pressure(struct sl_chunk_reader *reader, struct sl_chunk_pressure *pressure,
                           struct sl_err *err)
{
    struct sl_model *model = of_chunks(reader)->model;

    (void)err;
    lock(model);
    pressure->threads_running = model->threads_running;
    unlock(model);
    return SL_OK;
}

static void chunks_interrupt(struct sl_chunk_reader *reader)
{
    struct sl_model *model = of_chunks(reader)->model;

    lock(model);
    model->chunks_are_interrupted = true;
    unlock(model);
}

static const struct sl_chunk_reader_ops chunks_ops = {.list = chunks_list,
                                                      .end = chunks_end,
                                                      .open_table = chunks_open,
                                                      .close_table = chunks_close,
                                                      .read_range = chunks_range,
                                                      .read_more = chunks_more,
                                                      .end_range = chunks_end_range,
                                                      .read_keys = chunks_keys,
                                                      .unlock = chunks_unlock,
                                                      .pressure = chunks_pressure,
                                                      .interrupt = chunks_interrupt};

/* ---- the store ---- */

static int each_field(struct sl_model *model, const struct sl_model_field *fields,
                      sl_load_field_fn each, void *user)
{
    int rc = SL_OK;

    lock(model);
    for (int i = 0; rc == SL_OK && i < SL_MODEL_FIELDS; i++) {
        if (fields[i].name.len > 0) {
            rc = each(user, sl_buf_span(&fields[i].name), sl_buf_span(&fields[i].value));
        }
    }
    unlock(model);
    return rc;
}

static int store_states(struct sl_load_store *store, sl_load_field_fn each, void *user,
                        struct sl_err *err)
{
    struct sl_model *model = ((struct sl_model_store *)store)->model;

    (void)err;
    return each_field(model, model->states, each, user);
}

static int store_rules(struct sl_load_store *store, sl_load_field_fn each, void *user,
                       struct sl_err *err)
{
    struct sl_model *model = ((struct sl_model_store *)store)->model;

    (void)err;
    return each_field(model, model->rules, each, user);
}

static int store_requests(struct sl_load_store *store, sl_load_field_fn each, void *user,
                          struct sl_err *err)
{
    struct sl_model *model = ((struct sl_model_store *)store)->model;

    (void)err;
    return each_field(model, model->requests, each, user);
}

static int store_rereads(struct sl_load_store *store, uint64_t *cursor, sl_load_field_fn each,
                         void *user, struct sl_err *err)
{
    struct sl_model *model = ((struct sl_model_store *)store)->model;
    int table = (int)*cursor;
    int rc = SL_OK;

    (void)err;
    lock(model);
    for (int id = 0; rc == SL_OK && id < SL_MODEL_IDS; id++) {
        char field[32];
        char value[16];

        (void)snprintf(field, sizeof(field), "shop.t%d t%d:%d", table, table, id);
        (void)snprintf(value, sizeof(value), "id=%d", id);
        if (model->notes[table][id]) {
            rc = each(user, sl_check_span(field), sl_check_span(value));
        }
    }
    unlock(model);
    *cursor = table + 1 < SL_MODEL_TABLES ? (uint64_t)table + 1 : 0;
    return rc;
}

static bool is_stopped(struct sl_model *model)
{
    bool is_it;

    lock(model);
    is_it = model->chunks_are_interrupted;
    unlock(model);
    return is_it;
}

/* The sink has what was passed on to it before it is asked; a stop may come between. */
static void let_apply(struct sl_model *model)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000};
    uint64_t mark = sl_handoff_mark(&model->handoff);

    while (!sl_handoff_has_passed(&model->handoff, mark) && !is_stopped(model)) {
        (void)nanosleep(&pause, NULL);
    }
}

static int store_scan(struct sl_load_store *store, const struct sl_key_pattern *pattern,
                      uint64_t *cursor, sl_load_key_fn each, void *user, struct sl_err *err)
{
    struct sl_model *model = ((struct sl_model_store *)store)->model;
    int table = (int)*cursor;
    int rc = SL_OK;

    (void)err;
    let_apply(model);
    for (int id = 0; rc == SL_OK && id < SL_MODEL_IDS; id++) {
        char key[16];
        int value;

        lock(model);
        value = model->cache[table][id];
        unlock(model);
        (void)snprintf(key, sizeof(key), "t%d:%d", table, id);
        if (value != SL_MODEL_NONE && pattern->matches(pattern, sl_check_span(key))) {
            rc = each(user, sl_check_span(key));
        }
    }
    *cursor = table + 1 < SL_MODEL_TABLES ? (uint64_t)table + 1 : 0;
    return rc;
}

static void store_interrupt(struct sl_load_store *store)
{
    (void)store;
}

static const struct sl_load_store_ops store_ops = {.states = store_states,
                                                   .requests = store_requests,
                                                   .rules = store_rules,
                                                   .rereads = store_rereads,
                                                   .scan = store_scan,
                                                   .interrupt = store_interrupt};

/* ---- the cache ---- */

static struct sl_model_field *find_field(struct sl_model_field *fields, struct sl_span name)
{
    struct sl_model_field *empty = NULL;

    for (int i = 0; i < SL_MODEL_FIELDS; i++) {
        if (fields[i].name.len == name.len &&
            memcmp(fields[i].name.data, name.data, name.len) == 0) {
            return &fields[i];
        }
        if (fields[i].name.len == 0 && empty == NULL) {
            empty = &fields[i];
        }
    }
    assert_non_null(empty);
    return empty;
}

static void set_field(struct sl_model_field *field, struct sl_span name, struct sl_span value)
{
    sl_buf_clear(&field->name);
    sl_buf_clear(&field->value);
    must(sl_buf_add(&field->name, name.data, name.len));
    must(sl_buf_add(&field->value, value.data, value.len));
}

static struct sl_span take_argument(struct sl_span *rest)
{
    char *end;
    size_t len;
    struct sl_span argument;

    assert_int_equal(rest->data[0], '$');
    len = (size_t)strtoul((const char *)rest->data + 1, &end, 10);
    *rest = sl_span_make(end + 2, rest->len - (size_t)((const uint8_t *)end + 2 - rest->data));
    must(sl_span_take(rest, len, &argument));
    must(sl_span_skip(rest, 2));
    return argument;
}

/* "shop.t0 t0:5" */
static void set_note(struct sl_model *model, struct sl_span field, bool is_set)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%.*s", (int)field.len, (const char *)field.data);
    model->notes[text[6] - '0'][atoi(text + 11)] = is_set;
}

static struct sl_model_field *fields_of(struct sl_model *model, struct sl_span key)
{
    if (sl_span_equals(key, RULES)) {
        return model->rules;
    }
    return sl_span_equals(key, STATES) ? model->states : model->requests;
}

static void apply_command(struct sl_model *model, struct sl_span rest)
{
    unsigned long words = strtoul((const char *)rest.data + 1, NULL, 10);
    struct sl_span command;
    struct sl_span key;
    struct sl_span name;
    struct sl_model_field *field;
    bool is_set;

    while (rest.data[0] != '$') {
        must(sl_span_skip(&rest, 1));
    }
    command = take_argument(&rest);
    is_set = sl_span_equals(command, "HSET");
    key = take_argument(&rest);
    name = take_argument(&rest);
    if (sl_span_equals(key, REREADS)) {
        set_note(model, name, is_set);
        for (unsigned long i = 3; !is_set && i < words; i++) {
            set_note(model, take_argument(&rest), false);
        }
        return;
    }
    field = find_field(fields_of(model, key), name);
    if (!is_set) {
        sl_buf_clear(&field->name);
        return;
    }
    set_field(field, name, take_argument(&rest));
    must(sl_buf_add_format(&model->history, "%.*s=%.*s\n", (int)name.len, (const char *)name.data,
                           (int)field->value.len, (const char *)field->value.data));
}

static void set_key(struct sl_model *model, int table, int id, int value)
{
    model->cache[table][id] = value;
    model->went_back += value != SL_MODEL_NONE && value < model->newest[table][id];
    if (value > model->newest[table][id]) {
        model->newest[table][id] = value;
    }
}

static void apply_entry(struct sl_model *model, const struct sl_batch *batch,
                        const struct sl_batch_entry *entry)
{
    char text[64];
    char *end;
    int table;
    int id;

    if (batch->data.data[entry->offset] == '*') {
        apply_command(model, sl_span_make(batch->data.data + entry->offset, entry->len));
        return;
    }
    (void)snprintf(text, sizeof(text), "%.*s", (int)entry->len,
                   (const char *)batch->data.data + entry->offset);
    table = text[3] - '0';
    id = (int)strtol(text + 5, &end, 10);
    atomic_fetch_add(&model->writes, 1);
    if (text[0] == 'D') {
        set_key(model, table, id, SL_MODEL_NONE);
    } else if (text[0] == 'S' || model->cache[table][id] != SL_MODEL_NONE) {
        set_key(model, table, id, (int)strtol(end, NULL, 10));
    }
}

static void purge(struct sl_model *model, const struct sl_key_pattern *pattern)
{
    char key[32];

    for (int table = 0; table < SL_MODEL_TABLES; table++) {
        for (int id = 0; id < SL_MODEL_IDS; id++) {
            (void)snprintf(key, sizeof(key), "t%d:%d", table, id);
            if (pattern->matches(pattern, sl_check_span(key))) {
                model->cache[table][id] = SL_MODEL_NONE;
            }
        }
    }
}

static void apply(struct sl_model *model, struct sl_batch *batch)
{
    lock(model);
    if (batch->task == SL_TASK_PURGE) {
        purge(model, batch->purge);
    }
    for (uint32_t i = 0; i < batch->entry_count; i++) {
        apply_entry(model, batch, &batch->entries[i]);
    }
    unlock(model);
    sl_handoff_give_back(&model->handoff, batch);
}

static void *sink_main(void *user)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000};
    struct sl_model *model = user;

    for (;;) {
        bool is_last = atomic_load(&model->sink_stops);
        struct sl_batch *batch = NULL;

        if (is_last || !atomic_load(&model->sink_waits)) {
            batch = sl_handoff_take(&model->handoff, SL_TAKE_ANY);
        }
        if (batch != NULL) {
            apply(model, batch);
        } else if (is_last) {
            return NULL;
        } else {
            (void)nanosleep(&pause, NULL);
        }
    }
}

/* ---- life ---- */

static void ignore(void *user)
{
    (void)user;
}

static void init_rows(int rows[SL_MODEL_TABLES][SL_MODEL_IDS])
{
    for (int table = 0; table < SL_MODEL_TABLES; table++) {
        for (int id = 0; id < SL_MODEL_IDS; id++) {
            rows[table][id] = SL_MODEL_NONE;
        }
    }
}

void sl_model_init(struct sl_model *model)
{
    *model = (struct sl_model){.source = {.ops = &source_ops, .flavor = SL_FLAVOR_MYSQL},
                               .mapper = {.ops = &mapper_ops},
                               .offset = 4,
                               .max_ahead = SIZE_MAX,
                               .reread_limit = 1 << 20};
    (void)pthread_mutex_init(&model->lock, NULL);
    (void)pthread_cond_init(&model->more, NULL);
    init_rows(model->rows);
    init_rows(model->cache);
    for (size_t i = 0; i < SL_COUNT(model->chunks); i++) {
        model->chunks[i].base.ops = &chunks_ops;
        model->chunks[i].model = model;
        model->stores[i].base = (struct sl_load_store){
            .ops = &store_ops, .state_key = STATES, .requests_key = REQUESTS, .rules_key = RULES};
        model->stores[i].model = model;
    }
    assert_int_equal(sl_handoff_init(&model->handoff, 1 << 20, ignore, NULL), SL_OK);
    sl_event_build_format(&model->events[model->event_count++], "8.0.36");
    model->reader_options = (struct sl_reader_options){.batch_bytes = 1 << 12,
                                                       .max_transaction_bytes = 1 << 20,
                                                       .max_held_bytes = 1 << 20,
                                                       .max_event_bytes = 1 << 20,
                                                       .changed = ignore,
                                                       .has_visitors = true};
}

static void release_fields(struct sl_model_field *fields)
{
    for (int i = 0; i < SL_MODEL_FIELDS; i++) {
        sl_buf_release(&fields[i].name);
        sl_buf_release(&fields[i].value);
    }
}

void sl_model_release(struct sl_model *model)
{
    for (size_t i = 0; i < model->event_count; i++) {
        sl_buf_release(&model->events[i]);
    }
    for (size_t i = 0; i < SL_COUNT(model->chunks); i++) {
        sl_buf_release(&model->chunks[i].texts);
    }
    release_fields(model->states);
    release_fields(model->rules);
    release_fields(model->requests);
    sl_buf_release(&model->history);
    sl_buf_release(&model->notices);
    sl_buf_release(&model->where);
    sl_handoff_release(&model->handoff);
    (void)pthread_cond_destroy(&model->more);
    (void)pthread_mutex_destroy(&model->lock);
}

void sl_model_start(struct sl_model *model)
{
    const struct sl_rereads_options rereads = {
        .hash_key = REREADS, .state_key = STATES, .limit = model->reread_limit};
    struct sl_position start = {0};
    struct sl_err err = {0};

    model->is_interrupted = false;
    model->chunks_are_interrupted = false;
    model->sent = 0;
    atomic_store(&model->sink_stops, false);
    model->rereads = sl_rereads_new(&rereads);
    assert_non_null(model->rereads);
    model->reader_options.rereads = model->rereads;
    model->reader =
        sl_reader_new(&model->reader_options, &model->source, &model->mapper, &model->handoff);
    assert_non_null(model->reader);
    assert_ok(sl_reader_start(model->reader, SL_START_AT, &start, &err), &err);
    assert_int_equal(pthread_create(&model->sink, NULL, sink_main, model), 0);
}

void sl_model_stop(struct sl_model *model)
{
    struct sl_err err = {0};
    int rc;

    sl_reader_stop(model->reader);
    rc = sl_reader_join(model->reader, &err);
    if (rc != SL_ESTOPPED) {
        fail_msg("the reader ended with %d: %s", rc, err.text);
    }
    atomic_store(&model->sink_stops, true);
    (void)pthread_join(model->sink, NULL);
    sl_reader_free(model->reader);
    model->reader = NULL;
    sl_rereads_free(model->rereads);
    model->rereads = NULL;
    sl_handoff_reset(&model->handoff);
}

void sl_model_put_field(struct sl_model_field *fields, const char *name, const char *value)
{
    set_field(find_field(fields, sl_check_span(name)), sl_check_span(name), sl_check_span(value));
}

bool sl_model_is_loading(struct sl_model *model)
{
    static const char *const open[] = {"phase=waiting", "phase=loading", "phase=sweeping"};
    bool is_it = false;

    lock(model);
    for (int i = 0; i < SL_MODEL_FIELDS; i++) {
        const struct sl_model_field *state = &model->states[i];

        for (size_t nth = 0; state->name.len > 0 && nth < SL_COUNT(open); nth++) {
            size_t len = strlen(open[nth]);

            is_it = is_it ||
                    (state->value.len >= len && memcmp(state->value.data, open[nth], len) == 0);
        }
    }
    unlock(model);
    return is_it;
}

const char *sl_model_field(struct sl_model *model, struct sl_model_field *fields, const char *name)
{
    const char *value = NULL;

    lock(model);
    for (int i = 0; i < SL_MODEL_FIELDS; i++) {
        if (sl_span_equals(sl_buf_span(&fields[i].name), name)) {
            value = sl_buf_cstr(&fields[i].value);
        }
    }
    unlock(model);
    return value;
}
