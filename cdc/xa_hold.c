#include "cdc/xa_hold.h"

#include <stdlib.h>

struct held {
    struct sl_buf xid;
    struct sl_batch *rows;
    struct held *next;
};

struct sl_xa_hold {
    struct held *first;
    uint64_t bytes;
    uint64_t limit;
};

struct sl_xa_hold *sl_xa_hold_new(uint64_t limit)
{
    struct sl_xa_hold *hold = calloc(1, sizeof(*hold));

    if (hold != NULL) {
        hold->limit = limit;
    }
    return hold;
}

static void free_held(struct held *held)
{
    sl_buf_release(&held->xid);
    sl_batch_free(held->rows);
    free(held);
}

void sl_xa_hold_free(struct sl_xa_hold *hold)
{
    if (hold == NULL) {
        return;
    }
    while (hold->first != NULL) {
        struct held *next = hold->first->next;

        free_held(hold->first);
        hold->first = next;
    }
    free(hold);
}

/* The link that points to what is held under XID, or to the NULL at the end. */
static struct held **find(struct sl_xa_hold *hold, struct sl_span xid)
{
    struct held **link = &hold->first;

    while (*link != NULL &&
           ((*link)->xid.len != xid.len || memcmp((*link)->xid.data, xid.data, xid.len) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void unlink_held(struct sl_xa_hold *hold, struct held **link)
{
    struct held *held = *link;

    *link = held->next;
    hold->bytes -= held->rows->data.len;
    free_held(held);
}

static int copy_rows(struct held *held, struct sl_span xid, const struct sl_batch *from,
                     struct sl_err *err)
{
    int rc = sl_buf_add(&held->xid, xid.data, xid.len);

    held->rows = sl_batch_new();
    if (held->rows == NULL) {
        return SL_ENOMEM;
    }
    return rc == SL_OK ? sl_batch_append(held->rows, from, from->begin, err) : rc;
}

static int check_room(const struct sl_xa_hold *hold, uint64_t more, struct sl_err *err)
{
    if (more <= hold->limit - hold->bytes) {
        return SL_OK;
    }
    return sl_err_set(err, SL_ELIMIT,
                      "prepared XA transactions of more than %llu bytes cannot be held until they "
                      "are decided: raise memory_limit, or decide them (XA RECOVER lists them)",
                      (unsigned long long)hold->limit);
}

int sl_xa_hold_add(struct sl_xa_hold *hold, struct sl_span xid, const struct sl_batch *from,
                   struct sl_err *err)
{
    struct held *held;
    int rc = check_room(hold, from->data.len - from->begin.data, err);

    if (rc != SL_OK) {
        return rc;
    }
    held = calloc(1, sizeof(*held));
    rc = held != NULL ? copy_rows(held, xid, from, err) : SL_ENOMEM;
    if (rc == SL_OK) {
        rc = check_room(hold, held->rows->data.len, err); /* what was raw has grown */
    }
    if (rc != SL_OK) {
        if (held != NULL) {
            free_held(held);
        }
        return rc;
    }
    sl_xa_hold_drop(hold, xid); /* an identifier may be used again once it is decided */
    hold->bytes += held->rows->data.len;
    held->next = hold->first;
    hold->first = held;
    return SL_OK;
}

int sl_xa_hold_take(struct sl_xa_hold *hold, struct sl_span xid, struct sl_batch *to)
{
    struct held **link = find(hold, xid);
    int rc;

    if (*link == NULL) {
        return SL_DONE;
    }
    rc = sl_batch_append(to, (*link)->rows, (struct sl_batch_mark){0}, NULL);
    if (rc == SL_OK) {
        unlink_held(hold, link);
    }
    return rc;
}

void sl_xa_hold_drop(struct sl_xa_hold *hold, struct sl_span xid)
{
    struct held **link = find(hold, xid);

    if (*link != NULL) {
        unlink_held(hold, link);
    }
}
