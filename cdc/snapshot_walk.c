/*
 * snapshot_walk.c - which items of a facet the sink has: keys that its pattern finds, or what is in
 * the sets that it finds.
 */
#include "cdc/snapshot_private.h"

void sl_snapshot_walk_release(struct sl_snapshot_walk *walk)
{
    sl_snapshot_keys_release(&walk->sets);
    sl_buf_release(&walk->name);
}

static const struct sl_snapshot_facet *facet_of(const struct sl_snapshot_walk *walk)
{
    return &walk->load->facets[walk->facet];
}

static int scan(struct sl_snapshot_walk *walk, sl_load_key_fn each, void *user, struct sl_err *err)
{
    struct sl_load_store *store = walk->load->worker->store;
    int rc = sl_snapshot_of_store(
        store->ops->scan(store, facet_of(walk)->pattern, &walk->cursor, each, user, err));

    walk->has_all_keys = walk->cursor == 0;
    return rc;
}

static int on_set(void *user, struct sl_span key)
{
    struct sl_snapshot_walk *walk = user;

    return sl_snapshot_keys_add(&walk->sets, key);
}

struct listing {
    struct sl_snapshot_walk *walk;
    struct sl_span set;
    sl_load_key_fn each;
    void *user;
};

static int on_member(void *user, struct sl_span member)
{
    const struct listing *listing = user;
    struct sl_buf *name = &listing->walk->name;
    int rc;

    sl_buf_clear(name);
    rc = sl_item_format_member(listing->set, member, name);
    return rc == SL_OK ? listing->each(listing->user, sl_snapshot_span(name)) : rc;
}

static int list_members(struct sl_snapshot_walk *walk, sl_load_key_fn each, void *user,
                        struct sl_err *err)
{
    struct sl_load_store *store = walk->load->worker->store;
    struct listing listing = {.walk = walk,
                              .set = sl_snapshot_key(&walk->sets, &walk->sets.items[walk->set]),
                              .each = each,
                              .user = user};
    int rc = sl_snapshot_of_store(
        store->ops->members(store, listing.set, &walk->member_cursor, on_member, &listing, err));

    if (rc == SL_OK && walk->member_cursor == 0) {
        walk->set++;
    }
    return rc;
}

static int find_sets(struct sl_snapshot_walk *walk, struct sl_err *err)
{
    sl_snapshot_keys_clear(&walk->sets);
    walk->set = 0;
    return scan(walk, on_set, walk, err);
}

int sl_snapshot_walk_on(struct sl_snapshot_walk *walk, sl_load_key_fn each, void *user,
                        struct sl_err *err)
{
    int rc;

    if (!facet_of(walk)->has_members) {
        rc = scan(walk, each, user, err);
        walk->is_done = walk->has_all_keys;
        return rc;
    }
    rc = walk->set < walk->sets.count ? list_members(walk, each, user, err) : find_sets(walk, err);
    walk->is_done = walk->has_all_keys && walk->set == walk->sets.count;
    return rc;
}
