/*
 * reconcile_look.c - looks at keys that seemed to differ. One look at some keys:
 *
 *     rows before  ->  wait until the checkpoint is behind them  ->  what the keys hold, and the
 *     checkpoint of that moment  ->  rows again, not older than that checkpoint
 *
 * A row that was the same before and behind, while its key held something else, differed in
 * between, unless it was changed and changed back. So the look that decides reads the rows with a
 * lock: until it is given up they cannot change, and all that had changed them stands before the
 * place that is waited for. A row that is not there cannot be locked: its key is looked at several
 * times.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/reconcile_private.h"
#include "filters/json_members.h"
#include "filters/json_string.h"

enum {
    SL_LOCK_WAIT_MS = 2000, /* for the checkpoint, while rows are locked */
    SL_ABSENT_ROUNDS = 3,
    SL_FIELDS_MAX = 32, /* named in the report */
    SL_ITEM_KEEP_BYTES = 16 * 1024,
    SL_LOOK_BATCH = 2000, /* keys that wait for the stream together */
    SL_LOCK_BATCH = 200,  /* rows that are locked together */
};

/* One key of a look. */
struct sl_look_item {
    struct sl_suspect *suspect;
    struct sl_expect want; /* of the rows before */
    uint64_t image;        /* its hash */
    uint64_t image_behind;
    uint64_t found; /* hash of what the key held; SEED as for images */
    uint64_t expected_public;
    uint64_t found_public;
    enum sl_drift drift;
    struct sl_buf fields; /* JSON */
    bool is_out;          /* it need not be looked at any further */
    enum sl_look_outcome outcome;
};

/* A look at hand. */
struct look {
    struct sl_reconcile *r;
    struct sl_look_item *items;
    size_t count;
    bool is_locked;
    struct sl_cell *cells; /* of the parsed items */
    size_t parsed;
    struct sl_arena arena;
    struct sl_err *err;
};

struct sl_look_item *sl_reconcile_items_new(void)
{
    return calloc(SL_LOOK_BATCH, sizeof(struct sl_look_item));
}

void sl_reconcile_items_free(struct sl_look_item *items)
{
    for (size_t i = 0; items != NULL && i < SL_LOOK_BATCH; i++) {
        sl_expect_release(&items[i].want);
        sl_buf_release(&items[i].fields);
    }
    free(items);
}

/* ---- rows ---- */

static struct sl_look_item *find_item(struct look *look, struct sl_span key)
{
    for (size_t i = 0; i < look->count; i++) {
        struct sl_suspect *suspect = look->items[i].suspect;

        if (suspect->key_len == key.len && memcmp(suspect->key, key.data, key.len) == 0) {
            return &look->items[i];
        }
    }
    return NULL;
}

/* Nobody can say which row has the key. */
static void leave_unsettled(struct look *look, struct sl_look_item *item)
{
    item->outcome = SL_LOOK_VAIN;
    item->is_out = true;
    look->r->counts.unclear++;
}

/* Puts the keys' values into look->cells; a key that no row can have needs no question. */
static int parse_keys(struct look *look)
{
    struct sl_reconcile *r = look->r;
    size_t columns = r->table->column_count;

    look->cells = sl_arena_array(&look->arena, look->count * columns, sizeof(*look->cells));
    if (look->cells == NULL) {
        return sl_err_set(look->err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < look->count; i++) {
        int rc =
            r->mapper->ops->parse_key(r->mapper, r->table, sl_suspect_key(look->items[i].suspect),
                                      &look->arena, look->cells + look->parsed * columns);

        if (rc < SL_OK) {
            return sl_err_set(look->err, rc, "out of memory");
        }
        if (rc == SL_KEY_UNCLEAR) {
            leave_unsettled(look, &look->items[i]);
        }
        look->parsed += rc == SL_OK;
    }
    return SL_OK;
}

static int read_rows(struct look *look, bool locked, struct sl_chunk *chunk)
{
    struct sl_reconcile *r = look->r;
    int rc;

    *chunk = (struct sl_chunk){0};
    if (look->parsed == 0) {
        return sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, look->err));
    }
    rc =
        sl_reconcile_from_source(r, r->reader->ops->read_keys(r->reader, look->cells, look->parsed,
                                                              &r->place, locked, chunk, look->err));
    if (rc == SL_OK) {
        sl_reconcile_count_query(r, chunk);
        rc = sl_position_copy(&r->high, &chunk->high);
    }
    return rc;
}

/* Calls TAKE for every row that has one of the keys. */
static int each_row(struct look *look, const struct sl_chunk *chunk,
                    int (*take)(struct look *look, struct sl_look_item *item,
                                const struct sl_cell *cells))
{
    struct sl_reconcile *r = look->r;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < chunk->row_count; i++) {
        const struct sl_cell *cells = chunk->cells + i * r->table->column_count;
        struct sl_look_item *item;

        rc = r->mapper->ops->key(r->mapper, r->table, cells, &r->key, look->err);
        item = rc == SL_OK ? find_item(look, sl_span_make(r->key.data, r->key.len)) : NULL;
        rc = item != NULL ? take(look, item, cells) : rc;
    }
    return rc;
}

static int take_before(struct look *look, struct sl_look_item *item, const struct sl_cell *cells)
{
    return sl_reconcile_expect_row(look->r, &item->want, cells, sl_suspect_key(item->suspect),
                                   look->err);
}

static int take_behind(struct look *look, struct sl_look_item *item, const struct sl_cell *cells)
{
    struct sl_reconcile *r = look->r;
    int rc =
        sl_reconcile_expect_row(r, &r->expect, cells, sl_suspect_key(item->suspect), look->err);

    if (rc == SL_OK) {
        item->image_behind = sl_held_hash(&r->expect.held, r->seed);
    }
    return rc;
}

static int read_before(struct look *look)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    struct sl_chunk chunk;
    int rc = read_rows(look, look->is_locked, &chunk);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].want.held = nothing;
    }
    rc = rc == SL_OK ? each_row(look, &chunk, take_before) : rc;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        struct sl_look_item *item = &look->items[i];

        item->image = sl_held_hash(&item->want.held, look->r->seed);
        sl_suspect_note_image(item->suspect, item->image);
    }
    return rc;
}

static int read_behind(struct look *look)
{
    const struct sl_held nothing = {.kind = SL_HELD_NOTHING};
    struct sl_chunk chunk;
    int rc = read_rows(look, false, &chunk);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].image_behind = sl_held_hash(&nothing, look->r->seed);
    }
    rc = rc == SL_OK ? each_row(look, &chunk, take_behind) : rc;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        struct sl_look_item *item = &look->items[i];

        if (item->outcome == SL_LOOK_DIFFERENT && item->image != item->image_behind) {
            item->outcome = SL_LOOK_MOVED;
        }
    }
    return rc;
}

/* ---- keys ---- */

/* A text's members as fields. What is no JSON has none. */
static struct sl_held with_members(const struct sl_held *held, struct sl_json_members *members)
{
    if (held->kind != SL_HELD_TEXT) {
        return *held;
    }
    if (sl_json_members_read(members, held->text) != SL_OK) {
        return (struct sl_held){.kind = SL_HELD_OTHER};
    }
    return (struct sl_held){
        .kind = SL_HELD_FIELDS, .fields = members->items, .field_count = members->count};
}

static size_t find_differing(const struct sl_held *want, const struct sl_held *have,
                             struct sl_span *names)
{
    struct sl_json_members members[2] = {{0}};
    const struct sl_held sides[] = {with_members(want, &members[0]),
                                    with_members(have, &members[1])};
    size_t count = sl_held_differing(&sides[0], &sides[1], names, SL_FIELDS_MAX);

    sl_json_members_release(&members[0]);
    sl_json_members_release(&members[1]);
    return count;
}

static int format_fields(struct sl_look_item *item, const struct sl_held *held)
{
    struct sl_span names[SL_FIELDS_MAX];
    size_t count = find_differing(&item->want.held, held, names);
    int rc = SL_OK;

    sl_buf_clear(&item->fields);
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = sl_buf_add_byte(&item->fields, i == 0 ? '[' : ',');
        rc = rc == SL_OK ? sl_json_string(names[i], &item->fields) : rc;
    }
    return rc == SL_OK && count > 0 ? sl_buf_add_byte(&item->fields, ']') : rc;
}

/* Keys that are read in one step. */
struct holding {
    struct look *look;
    struct sl_look_item *items[SL_RECONCILE_BATCH];
    struct sl_span keys[SL_RECONCILE_BATCH];
    size_t count;
};

static int take_held(void *user, size_t index, const struct sl_held *held)
{
    struct holding *holding = user;
    struct sl_look_item *item = holding->items[index];
    uint64_t found = sl_held_hash(held, holding->look->r->seed);
    bool has_changed = item->outcome == SL_LOOK_DIFFERENT && item->found != found;

    item->found = found;
    item->drift = sl_held_compare(&item->want.held, held);
    if (item->drift == SL_DRIFT_NONE || item->drift == SL_DRIFT_EXPIRED) {
        item->outcome = SL_LOOK_EQUAL;
        item->is_out = true;
        return SL_OK;
    }
    item->outcome = has_changed ? SL_LOOK_MOVED : SL_LOOK_DIFFERENT;
    item->expected_public = sl_held_hash(&item->want.held, 0);
    item->found_public = sl_held_hash(held, 0);
    return holding->look->is_locked ? format_fields(item, held) : SL_OK;
}

static bool is_open(const struct look *look, const struct sl_look_item *item, bool only_absent)
{
    return !item->is_out && item->outcome != SL_LOOK_MOVED &&
           (!only_absent || item->want.held.kind == SL_HELD_NOTHING) && look->count > 0;
}

static int read_step(struct holding *holding, bool *is_behind)
{
    struct look *look = holding->look;
    struct sl_reconcile *r = look->r;
    const struct sl_redis_reading reading = {
        .keys = holding->keys, .count = holding->count, .form = r->form};
    int rc;

    if (holding->count == 0) {
        return SL_OK;
    }
    rc = sl_redis_rows_read(r->rows, &reading, &r->place, take_held, holding, look->err);
    *is_behind |= !sl_reconcile_has_passed(r, &r->high);
    holding->count = 0;
    return rc;
}

/* *IS_BEHIND: a writer began again from a place before the rows. */
static int read_keys(struct look *look, bool only_absent, bool *is_behind)
{
    struct holding holding = {.look = look};
    int rc = SL_OK;

    *is_behind = false;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        if (is_open(look, &look->items[i], only_absent)) {
            holding.items[holding.count] = &look->items[i];
            holding.keys[holding.count++] = sl_suspect_key(look->items[i].suspect);
        }
        if (holding.count == SL_RECONCILE_BATCH) {
            rc = read_step(&holding, is_behind);
        }
    }
    return rc == SL_OK ? read_step(&holding, is_behind) : rc;
}

static void all_are(struct look *look, enum sl_look_outcome outcome)
{
    for (size_t i = 0; i < look->count; i++) {
        if (!look->items[i].is_out) {
            look->items[i].outcome = outcome;
        }
    }
}

/* The stream is too far behind for rows to be locked until it comes: it is waited for, but not for
 * ever. */
static void put_off(struct look *look)
{
    struct sl_reconcile *r = look->r;
    uint64_t now = sl_clock_mono_ms(r->clock);

    r->late_since_ms = r->late_since_ms > 0 ? r->late_since_ms : now;
    if (now - r->late_since_ms < r->words->wait_s * 1000) {
        all_are(look, SL_LOOK_LATE);
        return;
    }
    for (size_t i = 0; i < look->count; i++) {
        r->counts.late += !look->items[i].is_out;
    }
    all_are(look, SL_LOOK_VAIN);
}

/* Long rows leave memory behind in every item that they happened to be in. */
static void trim(struct look *look)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->items[i].want.commands.cap > SL_ITEM_KEEP_BYTES) {
            sl_expect_release(&look->items[i].want);
        }
    }
}

static bool any_differs(const struct look *look, bool only_absent)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->items[i].outcome == SL_LOOK_DIFFERENT &&
            is_open(look, &look->items[i], only_absent)) {
            return true;
        }
    }
    return false;
}

/* The keys as of a checkpoint that is behind the rows; otherwise the look counts for nothing. */
static int compare(struct look *look)
{
    struct sl_reconcile *r = look->r;
    bool is_behind = false;
    int rc = sl_reconcile_wait(r, &r->high, look->is_locked ? SL_LOCK_WAIT_MS : 0, look->err);

    rc = rc == SL_OK ? read_keys(look, false, &is_behind) : rc;
    if (look->is_locked) {
        r->reader->ops->unlock(r->reader);
    }
    if (rc == SL_AGAIN) {
        put_off(look);
        return SL_OK;
    }
    r->late_since_ms = rc == SL_OK && look->is_locked ? 0 : r->late_since_ms;
    if (rc == SL_OK && is_behind) {
        all_are(look, SL_LOOK_MOVED);
        return SL_OK;
    }
    return rc == SL_OK && any_differs(look, false) ? read_behind(look) : rc;
}

static int compare_absent(struct look *look)
{
    int rc = SL_OK;

    for (int i = 0; rc == SL_OK && i < SL_ABSENT_ROUNDS && any_differs(look, true); i++) {
        bool is_behind; /* the place that was waited for is not that of the rows behind */

        rc = read_keys(look, true, &is_behind);
        rc = rc == SL_OK && any_differs(look, true) ? read_behind(look) : rc;
    }
    return rc;
}

/* ---- what follows ---- */

static int report(struct look *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;
    const struct sl_reconcile_line line = {
        .sink = r->sink->name,
        .db = r->table->db,
        .table = r->table->name,
        .suspect = item->suspect,
        .drift = item->drift,
        .fields = item->fields.len > 0 ? sl_buf_cstr(&item->fields) : NULL,
        .expected = item->expected_public,
        .found = item->found_public,
        .high = &r->high,
    };
    struct sl_buf text = {0};
    int rc = sl_reconcile_format_line(&line, &text);
    const char *string = rc == SL_OK ? sl_buf_cstr(&text) : NULL;

    if (string == NULL) {
        rc = sl_err_set(look->err, SL_ENOMEM, "out of memory");
    } else if (r->mend != NULL) {
        rc = sl_mend_add(r->mend, sl_suspect_key(item->suspect), string);
    } else {
        rc = sl_reconcile_report_line(r->report, string, -1, look->err);
    }
    sl_buf_release(&text);
    return rc;
}

static int take_drift(struct look *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;

    if (r->mend != NULL && sl_mend_settle(r->mend, sl_suspect_key(item->suspect), false)) {
        return SL_OK;
    }
    if (item->drift == SL_DRIFT_DIFFERENT && sl_suspect_was(item->suspect, item->found)) {
        item->drift = SL_DRIFT_STALE;
    }
    r->counts.drift[item->drift]++;
    r->drifted++;
    if (r->words->has_max_drift && r->drifted > r->words->max_drift) {
        (void)sl_err_set(look->err, SL_ELIMIT,
                         "more than %llu keys drift: something is broken, so no more is compared "
                         "(--max-drift)",
                         (unsigned long long)r->words->max_drift);
        return SL_RECONCILE_ENOUGH;
    }
    return report(look, item);
}

static int take_verdict(struct look *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;
    struct sl_suspect *suspect = item->suspect;
    int rc = SL_OK;

    suspect->drift = item->drift;
    switch (sl_look_take(&suspect->look, item->outcome, sl_clock_mono_ms(r->clock))) {
    case SL_LOOK_AGAIN:
        return SL_OK;
    case SL_LOOK_FINE:
        if (r->mend == NULL || !sl_mend_settle(r->mend, sl_suspect_key(suspect), true)) {
            r->counts.drift[SL_DRIFT_EXPIRED] += item->drift == SL_DRIFT_EXPIRED;
        }
        break;
    case SL_LOOK_UNSETTLED:
        r->counts.unsettled++;
        break;
    case SL_LOOK_DRIFT:
        rc = take_drift(look, item);
        break;
    }
    sl_suspects_remove(r->suspects, suspect);
    item->suspect = NULL;
    return rc;
}

/* Rows are not locked while a stream that is seconds behind comes along. */
static int is_stream_near(struct look *look, bool *is_near)
{
    struct sl_reconcile *r = look->r;
    uint64_t began = sl_clock_mono_ms(r->clock);
    int rc = sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, look->err));

    rc = rc == SL_OK ? sl_reconcile_wait(r, &r->high, 0, look->err) : rc;
    *is_near = sl_clock_mono_ms(r->clock) - began <= SL_LOCK_WAIT_MS / 2;
    return rc;
}

static int compare_rows(struct look *look)
{
    bool is_near = true;
    int rc = look->is_locked ? is_stream_near(look, &is_near) : SL_OK;

    if (rc == SL_OK && !is_near) {
        put_off(look);
        return SL_OK;
    }
    rc = rc == SL_OK ? read_before(look) : rc;
    rc = rc == SL_OK ? compare(look) : rc;
    return rc == SL_OK && look->is_locked ? compare_absent(look) : rc;
}

static int look_at(struct look *look)
{
    int rc = parse_keys(look);

    rc = rc == SL_OK ? compare_rows(look) : rc;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        rc = take_verdict(look, &look->items[i]);
    }
    return rc;
}

/* Looks at some of those that are due; SL_DONE: there are none. */
static int look_at_some(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_suspect *due[SL_LOOK_BATCH];
    struct look look = {.r = r, .items = r->items, .err = err};
    int rc;

    look.count = sl_suspects_due(r->suspects, sl_clock_mono_ms(r->clock), SL_RECONCILE_BYTES, due,
                                 SL_LOOK_BATCH);
    if (look.count == 0) {
        return SL_DONE;
    }
    look.is_locked = sl_look_is_locked(&due[0]->look);
    if (look.is_locked && look.count > SL_LOCK_BATCH) {
        look.count = SL_LOCK_BATCH;
    }
    for (size_t i = 0; i < look.count; i++) {
        look.items[i].suspect = due[i];
        look.items[i].outcome = SL_LOOK_EQUAL;
        look.items[i].drift = SL_DRIFT_NONE;
        look.items[i].is_out = false;
    }
    rc = look_at(&look);
    sl_arena_release(&look.arena);
    trim(&look);
    return rc == SL_OK ? sl_reconcile_pace(r, look.count, err) : rc;
}

int sl_reconcile_look(struct sl_reconcile *r, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && sl_suspects_count(r->suspects) > 0) {
        rc = look_at_some(r, err);
        if (rc == SL_DONE) {
            uint64_t now = sl_clock_mono_ms(r->clock);
            uint64_t next = sl_suspects_next_due(r->suspects);

            rc = sl_reconcile_sleep(r, next > now ? next - now : 0, err);
        }
    }
    return rc;
}
