/*
 * reconcile_look_keys.c - the sink's side of a look: what the keys hold, beside what they should.
 */
#include "cmd/reconcile_look.h"
#include "filters/json_members.h"
#include "filters/json_string.h"

enum { SL_FIELDS_MAX = 32 }; /* named in the report */

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
    struct sl_look_batch *look;
    struct sl_look_item *items[SL_RECONCILE_BATCH];
    struct sl_span names[SL_RECONCILE_BATCH];
    struct sl_span rows[SL_RECONCILE_BATCH];
    size_t count;
};

static int take_plain(struct holding *holding, struct sl_look_item *item,
                      const struct sl_held *held)
{
    uint64_t found = sl_held_hash(held, holding->look->r->seed);
    bool has_changed = item->outcome == SL_LOOK_DIFFERENT && item->found != found;

    item->found = found;
    item->drift = sl_held_compare(&item->want.held, held);
    if (item->drift == SL_DRIFT_NONE || item->drift == SL_DRIFT_EXPIRED) {
        item->outcome = SL_LOOK_EQUAL;
        item->is_out = true;
        return SL_OK;
    }
    item->outcome = has_changed || held->waits ? SL_LOOK_MOVED : SL_LOOK_DIFFERENT;
    item->expected_public = sl_held_hash(&item->want.held, 0);
    item->found_public = sl_held_hash(held, 0);
    return holding->look->is_locked ? format_fields(item, held) : SL_OK;
}

static int take_held(void *user, size_t index, const struct sl_held *held)
{
    struct holding *holding = user;
    const struct sl_held *plain;
    int rc = sl_reconcile_unpack(holding->look->r, holding->look->facet, held, &plain,
                                 holding->look->err);

    return rc == SL_OK ? take_plain(holding, holding->items[index], plain) : rc;
}

static bool is_open(const struct sl_look_batch *look, const struct sl_look_item *item,
                    bool only_absent)
{
    return !item->is_out && item->outcome != SL_LOOK_MOVED &&
           (!only_absent || item->want.held.kind == SL_HELD_NOTHING) && look->count > 0;
}

static int read_step(struct holding *holding, bool *is_behind)
{
    struct sl_look_batch *look = holding->look;
    struct sl_reconcile *r = look->r;
    const struct sl_redis_reading reading = {.names = holding->names,
                                             .count = holding->count,
                                             .form = sl_reconcile_form(r, look->facet),
                                             .scope = sl_span_make(r->scope.data, r->scope.len),
                                             .rows = look->facet > 0 ? holding->rows : NULL};
    int rc;

    if (holding->count == 0) {
        return SL_OK;
    }
    rc = sl_redis_rows_read(r->rows, &reading, &r->place, take_held, holding, look->err);
    *is_behind |= !sl_reconcile_has_passed(r, &r->high);
    holding->count = 0;
    return rc;
}

static void add_item(struct holding *holding, struct sl_look_item *item)
{
    holding->items[holding->count] = item;
    holding->names[holding->count] = sl_suspect_key(item->suspect);
    holding->rows[holding->count++] = sl_span_make(item->row.data, item->row.len);
}

/* *IS_BEHIND: a writer began again from a place before the rows. */
int sl_look_read_keys(struct sl_look_batch *look, bool only_absent, bool *is_behind)
{
    struct holding holding = {.look = look};
    int rc = SL_OK;

    *is_behind = false;
    for (size_t i = 0; rc == SL_OK && i < look->count; i++) {
        if (is_open(look, &look->items[i], only_absent)) {
            add_item(&holding, &look->items[i]);
        }
        if (holding.count == SL_RECONCILE_BATCH) {
            rc = read_step(&holding, is_behind);
        }
    }
    return rc == SL_OK ? read_step(&holding, is_behind) : rc;
}

bool sl_look_any_differs(const struct sl_look_batch *look, bool only_absent)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->items[i].outcome == SL_LOOK_DIFFERENT &&
            is_open(look, &look->items[i], only_absent)) {
            return true;
        }
    }
    return false;
}
