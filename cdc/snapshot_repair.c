/* snapshot_repair.c - rows and items that somebody asked to be put right. */
#include <stdlib.h>

#include "cdc/snapshot_private.h"

enum { SL_REPAIR_TRIES = 5 };

struct repair {
    struct sl_snapshot_worker *worker;
    struct sl_span id;
};

static int put_done(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    const struct repair *repair = user;

    (void)load;
    return sl_snapshot_put_removal(reader, repair->worker->store->requests_key, repair->id);
}

static int visit_done(struct sl_reader *reader, void *user, struct sl_err *err)
{
    (void)err;
    return put_done(NULL, reader, user);
}

/* ---- what is asked for ---- */

static bool is_own(const struct sl_snapshot_load *load, const struct sl_load_item *item)
{
    const struct sl_snapshot_facet *facet = &load->facets[item->facet];
    const struct sl_key_pattern *pattern = item->facet == 0 ? facet->pattern : facet->owned;

    return pattern->matches(pattern, sl_snapshot_span(&item->name));
}

/* Who wrote the request may be wrong, or has another configuration: what is not the table's is left
 * alone. KEYS have one set for each facet. */
static int own_items(struct sl_snapshot_load *load, const struct sl_load_request *request,
                     struct sl_snapshot_keys *keys)
{
    size_t others = 0;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < request->item_count; i++) {
        const struct sl_load_item *item = &request->items[i];

        if (item->facet < load->facet_count && is_own(load, item)) {
            rc = sl_snapshot_keys_add(&keys[item->facet], sl_snapshot_span(&item->name));
        } else {
            others++;
        }
    }
    if (others > 0) {
        sl_snapshot_notice(
            load->worker->snapshot, true,
            "%zu keys that were to be repaired are not of table %.*s.%.*s: left alone", others,
            (int)load->db.len, (const char *)load->db.data, (int)load->name.len,
            (const char *)load->name.data);
    }
    return rc;
}

/* ---- doing it ---- */

static int put_nothing(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    (void)load;
    (void)reader;
    (void)user;
    return SL_OK;
}

/* Rows are put with all of their items, so of what is named itself only that can be wrong which no
 * row has. The request goes with the last of it. */
static int settle_all(struct sl_snapshot_load *load, struct sl_snapshot_keys *keys,
                      struct repair *repair, struct sl_err *err)
{
    uint32_t left = 0;
    int rc = SL_DONE;

    for (uint32_t i = 0; i < load->facet_count; i++) {
        left += keys[i].count > 0;
    }
    for (uint32_t i = 0; (rc == SL_OK || rc == SL_DONE) && i < load->facet_count; i++) {
        const struct sl_snapshot_settling settling = {.keys = &keys[i],
                                                      .facet = i,
                                                      .only_removes = i > 0,
                                                      .finish = left == 1 ? put_done : put_nothing,
                                                      .user = repair};

        if (keys[i].count > 0) {
            rc = sl_snapshot_settle(load, &settling, err);
            left--;
        }
    }
    return rc;
}

static int repair_open(struct sl_snapshot_load *load, const struct sl_load_request *request,
                       struct repair *repair, struct sl_err *err)
{
    struct sl_snapshot_keys *keys = calloc(load->facet_count, sizeof(*keys));
    int rc = keys != NULL ? own_items(load, request, keys) : SL_ENOMEM;

    rc = rc == SL_OK ? settle_all(load, keys, repair, err) : rc;
    for (uint32_t i = 0; keys != NULL && i < load->facet_count; i++) {
        sl_snapshot_keys_release(&keys[i]);
    }
    free(keys);
    return rc;
}

static int repair_once(struct sl_snapshot_load *load, const struct sl_load_request *request,
                       struct repair *repair, struct sl_err *err)
{
    int rc = sl_snapshot_open(load, err);

    rc = rc == SL_OK ? repair_open(load, request, repair, err) : rc;
    sl_snapshot_close(load);
    return rc;
}

static bool is_to_be_given_up(int rc)
{
    return rc == SL_DONE || rc == SL_ESCHEMA || rc == SL_EINVAL || rc == SL_EAUTH ||
           rc == SL_EUNSUPPORTED || rc == SL_EFORMAT || rc == SL_ELIMIT;
}

static int give_up(struct sl_snapshot_load *load, int why, struct repair *repair,
                   struct sl_err *err)
{
    if (why != SL_DONE) {
        sl_snapshot_notice(load->worker->snapshot, true, "keys of %.*s.%.*s cannot be repaired: %s",
                           (int)load->db.len, (const char *)load->db.data, (int)load->name.len,
                           (const char *)load->name.data, err->text);
    }
    return sl_reader_visit(load->worker->snapshot->options.reader, NULL, visit_done, repair, err);
}

int sl_snapshot_repair(struct sl_snapshot_worker *worker, const struct sl_load_request *request,
                       struct sl_span id, struct sl_err *err)
{
    struct repair repair = {.worker = worker, .id = id};
    struct sl_snapshot_load load = {.worker = worker,
                                    .db = sl_snapshot_span(&request->db),
                                    .name = sl_snapshot_span(&request->table)};
    int rc = SL_OVERRUN;

    for (int i = 0; (rc == SL_ALTERED || rc == SL_OVERRUN) && i < SL_REPAIR_TRIES; i++) {
        rc = repair_once(&load, request, &repair, err);
    }
    if (rc == SL_ALTERED || rc == SL_OVERRUN) {
        rc = sl_err_set(err, SL_EIO, "the table changes too fast to repair its keys");
    }
    return is_to_be_given_up(rc) ? give_up(&load, rc, &repair, err) : rc;
}
