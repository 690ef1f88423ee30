/*
 * reconcile_mend.c - has the daemon read rows again, through the stream, so that what is written is
 * in order with everything else; and looks whether it helped.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/base/xrand.h"
#include "cdc/load_state.h"
#include "cmd/reconcile_private.h"
#include "sinks/redis_client.h"

enum {
    SL_MEND_KEYS = 300,  /* of a request */
    SL_MEND_FULL = 3000, /* keys that are collected before they are mended */
    SL_MEND_POLL_MS = 50,
    SL_MEND_IDLE_MS = 60000, /* a daemon that takes no request for so long */
};

struct mend_key {
    struct sl_reconcile_item item; /* in the arena */
    struct sl_span row;            /* likewise: of an item of an index, the key of its row */
    const char *line;
    bool is_equal;
};

struct sl_mend {
    struct mend_key *keys;
    size_t count;
    size_t cap;
    size_t asked; /* the first ones, which the daemon has been asked for */
    struct sl_arena arena;
};

struct sl_mend *sl_mend_new(void)
{
    return calloc(1, sizeof(struct sl_mend));
}

void sl_mend_free(struct sl_mend *mend)
{
    if (mend != NULL) {
        sl_arena_release(&mend->arena);
        free(mend->keys);
        free(mend);
    }
}

int sl_mend_add(struct sl_mend *mend, struct sl_reconcile_item item, struct sl_span row,
                const char *line)
{
    struct sl_span text = sl_span_make(line, strlen(line) + 1);

    if (mend->count == mend->cap) {
        size_t cap = mend->cap > 0 ? 2 * mend->cap : 64;
        struct mend_key *keys = realloc(mend->keys, cap * sizeof(*keys));

        if (keys == NULL) {
            return SL_ENOMEM;
        }
        mend->keys = keys;
        mend->cap = cap;
    }
    if (sl_arena_keep(&mend->arena, &item.name) != SL_OK ||
        sl_arena_keep(&mend->arena, &row) != SL_OK || sl_arena_keep(&mend->arena, &text) != SL_OK) {
        return SL_ENOMEM;
    }
    mend->keys[mend->count++] =
        (struct mend_key){.item = item, .row = row, .line = (const char *)text.data};
    return SL_OK;
}

bool sl_mend_is_full(const struct sl_mend *mend)
{
    return mend->count >= SL_MEND_FULL;
}

size_t sl_mend_count(const struct sl_mend *mend)
{
    return mend->count;
}

static bool is_same(struct sl_reconcile_item a, struct sl_reconcile_item b)
{
    return a.facet == b.facet && a.name.len == b.name.len &&
           (a.name.len == 0 || memcmp(a.name.data, b.name.data, a.name.len) == 0);
}

bool sl_mend_settle(struct sl_mend *mend, struct sl_reconcile_item item, bool is_equal)
{
    for (size_t i = 0; i < mend->asked; i++) {
        if (is_same(mend->keys[i].item, item)) {
            mend->keys[i].is_equal = is_equal;
            return true;
        }
    }
    return false;
}

/* ---- requests ---- */

/* A row that is written has all of its items written; one that no row has is named itself. */
static int fill_item(const struct mend_key *key, struct sl_load_item *item)
{
    bool is_of_row = key->row.len > 0;
    struct sl_span name = is_of_row ? key->row : key->item.name;

    item->facet = is_of_row ? 0 : key->item.facet;
    return sl_buf_add(&item->name, name.data, name.len);
}

static int fill_request(const struct sl_reconcile *r, const struct mend_key *keys, size_t count,
                        struct sl_load_request *request)
{
    int rc = sl_buf_add(&request->db, r->table->db.data, r->table->db.len);

    request->kind = SL_REQUEST_REPAIR;
    rc = rc == SL_OK ? sl_buf_add(&request->table, r->table->name.data, r->table->name.len) : rc;
    request->items = rc == SL_OK ? calloc(count, sizeof(*request->items)) : NULL;
    if (request->items == NULL) {
        return SL_ENOMEM;
    }
    request->item_count = count;
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = fill_item(&keys[i], &request->items[i]);
    }
    return rc;
}

static int send_text(const struct sl_reconcile *r, const char *id, struct sl_buf *text,
                     struct sl_err *err)
{
    const char *const args[] = {"HSET", r->store->requests_key, id, sl_buf_cstr(text)};
    struct sl_redis_client client;
    int rc = args[3] != NULL ? sl_redis_client_open(&client, r->sink, err)
                             : sl_err_set(err, SL_ENOMEM, "out of memory");

    if (rc == SL_OK) {
        rc = sl_redis_client_call(&client, "cannot ask the daemon to repair keys", 4, args, NULL,
                                  err);
        sl_redis_client_close(&client);
    }
    return rc;
}

static int send_some(struct sl_reconcile *r, const struct mend_key *keys, size_t count,
                     struct sl_err *err)
{
    struct sl_load_request request = {0};
    struct sl_buf text = {0};
    char id[SL_LOAD_ID_MAX];
    int rc = fill_request(r, keys, count, &request);

    (void)snprintf(id, sizeof(id), "reconcile-%016llx", (unsigned long long)sl_xrand_entropy());
    rc = rc == SL_OK ? sl_load_request_format(&request, &text) : rc;
    rc = rc == SL_OK ? send_text(r, id, &text, err) : sl_err_set(err, rc, "out of memory");
    sl_load_request_release(&request);
    sl_buf_release(&text);
    return rc;
}

static int count_own(void *user, struct sl_span name, struct sl_span value)
{
    static const char own[] = "reconcile-";

    (void)value;
    if (name.len > sizeof(own) - 1 && memcmp(name.data, own, sizeof(own) - 1) == 0) {
        *(size_t *)user += 1;
    }
    return SL_OK;
}

/* There is one reconcile at a time, so all requests by that name are its own. */
static int wait_until_done(struct sl_reconcile *r, struct sl_err *err)
{
    uint64_t moved = sl_clock_mono_ms(r->clock);
    size_t last = SIZE_MAX;

    for (;;) {
        size_t left = 0;
        int rc = r->store->ops->requests(r->store, count_own, &left, err);

        if (rc != SL_OK || left == 0) {
            return rc;
        }
        if (left != last) {
            moved = sl_clock_mono_ms(r->clock);
            last = left;
        }
        if (sl_clock_mono_ms(r->clock) - moved > SL_MEND_IDLE_MS) {
            return sl_err_set(err, SL_ESINK,
                              "the daemon of sink %s does not take requests to repair: look at "
                              "sluice status and the daemon's log",
                              r->sink->name);
        }
        rc = sl_reconcile_sleep(r, SL_MEND_POLL_MS, err);
        if (rc != SL_OK) {
            return rc;
        }
    }
}

/* ---- the whole ---- */

static int send_all(struct sl_reconcile *r, size_t count, struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i += SL_MEND_KEYS) {
        size_t left = count - i;

        rc = send_some(r, r->mend->keys + i, left < SL_MEND_KEYS ? left : SL_MEND_KEYS, err);
    }
    r->mend->asked = count;
    return rc == SL_OK ? wait_until_done(r, err) : rc;
}

static int look_again(struct sl_reconcile *r, size_t count, struct sl_err *err)
{
    int rc = sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &r->high, err));

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = sl_reconcile_suspect(r, r->mend->keys[i].item, SL_DRIFT_DIFFERENT, 0, 0, err);
    }
    return rc == SL_OK ? sl_reconcile_look(r, err) : rc;
}

static int report_all(struct sl_reconcile *r, size_t count, struct sl_err *err)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        bool is_mended = r->mend->keys[i].is_equal;

        r->counts.mended += is_mended;
        r->mended += is_mended;
        rc = sl_reconcile_report_line(r->report, r->mend->keys[i].line, is_mended, err);
    }
    return rc;
}

/* What was added meanwhile, by the looks, stays for the next time. */
static int drop(struct sl_mend *mend, size_t count)
{
    struct sl_mend rest = {0};
    int rc = SL_OK;

    for (size_t i = count; rc == SL_OK && i < mend->count; i++) {
        rc = sl_mend_add(&rest, mend->keys[i].item, mend->keys[i].row, mend->keys[i].line);
    }
    sl_arena_release(&mend->arena);
    free(mend->keys);
    *mend = rest;
    return rc;
}

int sl_reconcile_mend(struct sl_reconcile *r, struct sl_err *err)
{
    size_t count = r->mend->count < SL_MEND_FULL ? r->mend->count : SL_MEND_FULL;
    int rc = send_all(r, count, err);

    rc = rc == SL_OK ? look_again(r, count, err) : rc;
    rc = rc == SL_OK ? report_all(r, count, err) : rc;
    return rc == SL_OK ? drop(r->mend, count) : rc;
}
