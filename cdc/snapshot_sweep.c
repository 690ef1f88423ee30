/* snapshot_sweep.c - from what the sink has to rows: keys, and members of sets, without a row. */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum {
    SL_SWEEP_KEYS = 500, /* gathered before their rows are looked for */
    SL_OLD_SHARE = 4,    /* of the bytes for noted keys: for those that were there */
};

bool sl_snapshot_has_any_old(const struct sl_snapshot_table *table)
{
    for (uint32_t i = 0; i < table->old_count; i++) {
        if (table->old[i].count > 0) {
            return true;
        }
    }
    return false;
}

void sl_snapshot_forget_old(struct sl_snapshot_table *table)
{
    for (uint32_t i = 0; i < table->old_count; i++) {
        sl_snapshot_keys_release(&table->old[i]);
    }
    free(table->old);
    table->old = NULL;
    table->old_count = 0;
}

static size_t old_bytes(const struct sl_snapshot_table *table)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < table->old_count; i++) {
        bytes += sl_snapshot_keys_bytes(&table->old[i]);
    }
    return bytes;
}

static int on_old(void *user, struct sl_span name)
{
    const struct sl_snapshot_walk *walk = user;
    const struct sl_snapshot_load *load = walk->load;
    int rc = sl_snapshot_keys_add(&load->target->old[walk->facet], name);

    return rc == SL_OK && old_bytes(load->target) >
                              load->worker->snapshot->options.watch_bytes / SL_OLD_SHARE
               ? SL_DONE
               : rc;
}

static int find_old_of(struct sl_snapshot_load *load, uint32_t facet, struct sl_err *err)
{
    struct sl_snapshot_walk walk = {
        .load = load, .facet = facet, .is_done = load->facets[facet].holds_nothing};
    int rc = SL_OK;

    while (rc == SL_OK && !walk.is_done) {
        rc = sl_snapshot_is_stopped(load->worker->snapshot)
                 ? sl_err_set(err, SL_ESTOPPED, "the loading of tables was stopped")
                 : sl_snapshot_walk_on(&walk, on_old, &walk, err);
    }
    sl_snapshot_walk_release(&walk);
    return rc;
}

/*
 * Most loads begin where there are no keys but the few that the stream has just written: to look
 * at these at the end is less than to look at all.
 */
int sl_snapshot_find_old(struct sl_snapshot_load *load, struct sl_err *err)
{
    struct sl_snapshot_table *target = load->target;
    int rc = SL_OK;

    sl_snapshot_forget_old(target);
    target->old = calloc(load->facet_count, sizeof(*target->old));
    if (target->old == NULL) {
        return SL_ENOMEM;
    }
    target->old_count = load->facet_count;
    for (uint32_t i = 0; rc == SL_OK && i < load->facet_count; i++) {
        rc = find_old_of(load, i, err);
    }
    target->has_old = rc == SL_OK;
    if (rc != SL_OK) {
        sl_snapshot_forget_old(target);
    }
    return rc == SL_DONE ? SL_OK : rc;
}

/* ---- the sweep ---- */

struct sweep {
    struct sl_snapshot_load *load;
    struct sl_snapshot_walk walk; /* where the items that were there are not known */
    struct sl_snapshot_keys keys;
    uint64_t others; /* items that may be of another table's rows */
};

static int on_item(void *user, struct sl_span name)
{
    struct sweep *sweep = user;
    const struct sl_key_pattern *owned = sweep->load->facets[sweep->walk.facet].owned;

    if (!owned->matches(owned, name)) {
        sweep->others++;
        return SL_OK;
    }
    return sl_snapshot_keys_add(&sweep->keys, name);
}

/* Nobody else tells: after a TRUNCATE, say, such keys stay for good. */
static void tell_of_others(const struct sweep *sweep)
{
    const struct sl_snapshot_load *load = sweep->load;

    if (sweep->others > 0) {
        sl_snapshot_notice(load->worker->snapshot, true,
                           "table %.*s.%.*s: %llu keys were not looked at for having no row, as "
                           "rows of other tables can have them, too: put {db} and {table} into the "
                           "key template; continuing",
                           (int)load->db.len, (const char *)load->db.data, (int)load->name.len,
                           (const char *)load->name.data, (unsigned long long)sweep->others);
    }
}

static int put_progress(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    (void)user;
    load->state.changed_ms = sl_clock_wall_ms(sl_clock_real());
    return sl_snapshot_put_state(reader, load->worker->store, load->db, load->name, &load->state);
}

static int gather_old(struct sweep *sweep)
{
    const struct sl_snapshot_keys *old = &sweep->load->target->old[sweep->walk.facet];
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < old->count; i++) {
        rc = on_item(sweep, sl_snapshot_key(old, &old->items[i]));
    }
    sweep->walk.is_done = true;
    return rc;
}

static int gather_some(struct sweep *sweep, struct sl_err *err)
{
    int rc;

    do {
        rc = sl_snapshot_pace(sweep->load, err);
        rc = rc == SL_OK ? sl_snapshot_walk_on(&sweep->walk, on_item, sweep, err) : rc;
    } while (rc == SL_OK && !sweep->walk.is_done && sweep->keys.count < SL_SWEEP_KEYS);
    return rc;
}

static int gather(struct sweep *sweep, struct sl_err *err)
{
    int rc;

    if (!sweep->load->target->has_old) {
        return gather_some(sweep, err);
    }
    rc = sl_snapshot_pace(sweep->load, err);
    return rc == SL_OK ? gather_old(sweep) : rc;
}

/* The keys are as they were: a window that was overrun is opened again. */
static int settle(struct sl_snapshot_load *load, uint32_t facet, struct sl_snapshot_keys *keys,
                  struct sl_err *err)
{
    const struct sl_snapshot_settling settling = {
        .keys = keys, .facet = facet, .only_removes = true, .finish = put_progress};

    for (;;) {
        int rc = sl_snapshot_settle(load, &settling, err);

        if (rc != SL_OVERRUN) {
            return rc;
        }
        for (size_t i = 0; i < keys->count; i++) {
            keys->items[i].tries = 0;
        }
        rc = sl_snapshot_pace(load, err);
        if (rc != SL_OK) {
            return rc;
        }
    }
}

static int sweep_facet(struct sweep *sweep, uint32_t facet, struct sl_err *err)
{
    int rc;

    sweep->walk = (struct sl_snapshot_walk){.load = sweep->load, .facet = facet};
    do {
        rc = gather(sweep, err);
        if (rc == SL_OK) {
            rc = settle(sweep->load, facet, &sweep->keys, err);
        }
        sl_snapshot_keys_clear(&sweep->keys);
    } while (rc == SL_OK && !sweep->walk.is_done);
    sl_snapshot_walk_release(&sweep->walk);
    return rc;
}

int sl_snapshot_sweep(struct sl_snapshot_load *load, struct sl_err *err)
{
    struct sweep sweep = {.load = load};
    int rc = SL_OK;

    for (uint32_t i = 0; rc == SL_OK && i < load->facet_count; i++) {
        rc = load->facets[i].holds_nothing ? SL_OK : sweep_facet(&sweep, i, err);
    }
    if (rc == SL_OK) {
        tell_of_others(&sweep);
    }
    sl_snapshot_keys_release(&sweep.keys);
    return rc;
}
