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

#include "cmd/reconcile_look.h"
#include "filters/facet.h"

enum {
    SL_LOCK_WAIT_MS = 2000, /* for the checkpoint, while rows are locked */
    SL_ABSENT_ROUNDS = 3,
    SL_ITEM_KEEP_BYTES = 16 * 1024,
    SL_LOOK_BATCH = 2000, /* keys that wait for the stream together */
    SL_LOCK_BATCH = 200,  /* rows that are locked together */
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
        sl_buf_release(&items[i].row);
    }
    free(items);
}

static void all_are(struct sl_look_batch *look, enum sl_look_outcome outcome)
{
    for (size_t i = 0; i < look->count; i++) {
        if (!look->items[i].is_out) {
            look->items[i].outcome = outcome;
        }
    }
}

/* The stream is too far behind for rows to be locked until it comes: it is waited for, but not for
 * ever. */
static void put_off(struct sl_look_batch *look)
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
static void trim(struct sl_look_batch *look)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->items[i].want.commands.cap > SL_ITEM_KEEP_BYTES) {
            sl_expect_release(&look->items[i].want);
        }
    }
}

/* The keys as of a checkpoint that is behind the rows; otherwise the look counts for nothing. */
static int compare(struct sl_look_batch *look)
{
    struct sl_reconcile *r = look->r;
    bool is_behind = false;
    int rc = sl_reconcile_wait(r, &r->high, look->is_locked ? SL_LOCK_WAIT_MS : 0, look->err);

    rc = rc == SL_OK ? sl_look_read_keys(look, false, &is_behind) : rc;
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
    return rc == SL_OK && sl_look_any_differs(look, false) ? sl_look_read_behind(look) : rc;
}

static int compare_absent(struct sl_look_batch *look)
{
    int rc = SL_OK;

    for (int i = 0; rc == SL_OK && i < SL_ABSENT_ROUNDS && sl_look_any_differs(look, true); i++) {
        bool is_behind; /* the place that was waited for is not that of the rows behind */

        rc = sl_look_read_keys(look, true, &is_behind);
        rc = rc == SL_OK && sl_look_any_differs(look, true) ? sl_look_read_behind(look) : rc;
    }
    return rc;
}

/* ---- what follows ---- */

/* What stands where a set should is not the daemon's to remove, and nothing can be added to it. */
static bool is_hopeless(const struct sl_reconcile_line *line)
{
    return line->is_member && line->drift == SL_DRIFT_WRONG_TYPE;
}

static int report(struct sl_look_batch *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;
    uint32_t facet = item->suspect->facet;
    const struct sl_row_index *index = sl_rule_index(r->current->rule, facet);
    const struct sl_reconcile_line line = {
        .sink = r->sink->name,
        .db = r->table->db,
        .table = r->table->name,
        .suspect = item->suspect,
        .index = index != NULL ? index->key : NULL,
        .is_member = sl_reconcile_form(r, facet).is_member,
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
    } else if (r->mend != NULL && !is_hopeless(&line)) {
        rc = sl_mend_add(r->mend, sl_reconcile_item_of(item->suspect),
                         sl_span_make(item->row.data, item->row.len), string);
    } else {
        rc = sl_reconcile_report_line(r->report, string, r->mend != NULL ? 0 : -1, look->err);
    }
    sl_buf_release(&text);
    return rc;
}

static int take_drift(struct sl_look_batch *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;

    if (r->mend != NULL && sl_mend_settle(r->mend, sl_reconcile_item_of(item->suspect), false)) {
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

static int take_verdict(struct sl_look_batch *look, struct sl_look_item *item)
{
    struct sl_reconcile *r = look->r;
    struct sl_suspect *suspect = item->suspect;
    int rc = SL_OK;

    suspect->drift = item->drift;
    switch (sl_look_take(&suspect->look, item->outcome, sl_clock_mono_ms(r->clock))) {
    case SL_LOOK_AGAIN:
        return SL_OK;
    case SL_LOOK_FINE:
        if (r->mend == NULL || !sl_mend_settle(r->mend, sl_reconcile_item_of(suspect), true)) {
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

/* ---- in what order ---- */

/* Rows are not locked while a stream that is seconds behind comes along. */
static int is_stream_near(struct sl_look_batch *look, bool *is_near)
{
    struct sl_reconcile *r = look->r;
    uint64_t began = sl_clock_mono_ms(r->clock);
    int rc = sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, look->err));

    rc = rc == SL_OK ? sl_reconcile_wait(r, &r->high, 0, look->err) : rc;
    *is_near = sl_clock_mono_ms(r->clock) - began <= SL_LOCK_WAIT_MS / 2;
    return rc;
}

static int compare_rows(struct sl_look_batch *look)
{
    bool is_near = true;
    int rc = look->is_locked ? is_stream_near(look, &is_near) : SL_OK;

    if (rc == SL_OK && !is_near) {
        put_off(look);
        return SL_OK;
    }
    rc = rc == SL_OK ? sl_look_read_before(look) : rc;
    rc = rc == SL_OK ? compare(look) : rc;
    return rc == SL_OK && look->is_locked ? compare_absent(look) : rc;
}

static int look_at(struct sl_look_batch *look)
{
    int rc = sl_look_parse_keys(look);

    rc = rc == SL_OK ? compare_rows(look) : rc;
    if (rc == SL_OK && look->is_locked && sl_look_any_differs(look, false)) {
        rc = sl_reconcile_check_load(look->r, look->err);
    }
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        rc = take_verdict(look, &look->items[i]);
    }
    return rc;
}

/* Looks at some of those that are due; SL_DONE: there are none. */
static int look_at_some(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_suspect *due[SL_LOOK_BATCH];
    struct sl_look_batch look = {.r = r, .items = r->items, .err = err};
    int rc;

    look.count = sl_suspects_due(r->suspects, sl_clock_mono_ms(r->clock), SL_RECONCILE_BYTES, due,
                                 SL_LOOK_BATCH);
    if (look.count == 0) {
        return SL_DONE;
    }
    look.facet = due[0]->facet;
    look.is_locked = sl_look_is_locked(&due[0]->look);
    if (look.is_locked && look.count > SL_LOCK_BATCH) {
        look.count = SL_LOCK_BATCH;
    }
    for (size_t i = 0; i < look.count; i++) {
        look.items[i].suspect = due[i];
        look.items[i].outcome = SL_LOOK_EQUAL;
        look.items[i].drift = SL_DRIFT_NONE;
        look.items[i].is_out = false;
        sl_buf_clear(&look.items[i].row);
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
