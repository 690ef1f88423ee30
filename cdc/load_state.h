/*
 * load_state.h - what is known of the loading of tables, as text in Redis, so that a load survives
 * any crash and every command can see how far it is.
 *
 * The hash sluice:{PIPELINE}:bootstrap has a field for each table ("shop.users") that is to be
 * loaded or was; its value is written in one step with the rows that it speaks of:
 *     phase=loading rows=120000 estimate=1000000 removed=0 orphans=1 began=1700000000123
 *     changed=1700000000456 rate=0 id=start after=<hex> where=<hex> reason=<hex>
 * The field "*" stands for all tables that the rules choose, until they have been listed.
 *
 * The hash sluice:{PIPELINE}:requests has a field for each request to the daemon, named by an id
 * that is used once; the daemon removes it in the step that writes what it did:
 *     load DB.TABLE rate=0 where=<hex>       (DB.TABLE in hex; "*": all tables)
 *     repair DB.TABLE KEY F/ITEM …           (all in hex but for F; Redis keys of the table's rows,
 *                                             and items of its index number F, see mapper.h)
 * A text of more than 16 MiB is none of ours.
 */
#ifndef SLUICE_CDC_LOAD_STATE_H
#define SLUICE_CDC_LOAD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

#define SL_LOAD_ALL "*"

enum {
    SL_LOAD_ID_MAX = 40,
    SL_LOAD_KEYS_MAX = 10000, /* of one request to repair: more are several requests */
};

enum sl_load_phase {
    SL_LOAD_WAITING,
    SL_LOAD_LOADING,
    SL_LOAD_SWEEPING, /* its rows are there; keys without a row are being looked for */
    SL_LOAD_DONE,
    SL_LOAD_FAILED, /* reason says why; it is not tried again */
};

/* One table's. Zeroed: a valid empty one. */
struct sl_load_state {
    enum sl_load_phase phase;
    uint64_t rows;         /* read so far */
    uint64_t estimate;     /* the server's, of all rows */
    uint64_t removed;      /* keys without a row that were removed */
    bool may_have_orphans; /* keys of the table were there when the load began */
    uint64_t rate;         /* rows a second at most; 0: no limit */
    uint64_t began_ms;     /* since 1970 */
    uint64_t changed_ms;
    char id[SL_LOAD_ID_MAX]; /* of the request, or "start" or "gap" */
    struct sl_buf after;     /* of the last chunk, see chunk.h */
    struct sl_buf where;     /* SQL condition; "" none */
    struct sl_buf reason;    /* why it is loaded, or why it failed: a sentence */
};

void sl_load_state_release(struct sl_load_state *state);
int sl_load_state_format(const struct sl_load_state *state, struct sl_buf *out) SL_MUSTCHECK;
/* Replaces STATE. Members that it does not know are passed over. SL_EFORMAT; SL_ENOMEM. On failure
   STATE is as before. */
int sl_load_state_parse(struct sl_load_state *state, struct sl_span text) SL_MUSTCHECK;
const char *sl_load_phase_name(enum sl_load_phase phase);
/* True for letters, digits and "-_.:", as many as fit into an id. */
bool sl_load_id_is_valid(struct sl_span id);

/* The name of a table's field: "shop.users", with dots and '%' in the name of the database as two
   hex digits behind a '%'. */
int sl_load_field_format(struct sl_span db, struct sl_span table, struct sl_buf *out) SL_MUSTCHECK;
/* The reverse; replaces DB and TABLE. SL_EFORMAT: no table's (the field "*", for instance). */
int sl_load_field_parse(struct sl_span field, struct sl_buf *db, struct sl_buf *table) SL_MUSTCHECK;

enum sl_load_request_kind {
    SL_REQUEST_LOAD,
    SL_REQUEST_REPAIR,
};

/* What is to be repaired. */
struct sl_load_item {
    uint32_t facet; /* 0: NAME is a row's Redis key */
    struct sl_buf name;
};

/* Zeroed: a valid empty one. */
struct sl_load_request {
    enum sl_load_request_kind kind;
    struct sl_buf db; /* both empty: all tables */
    struct sl_buf table;
    struct sl_buf where;
    uint64_t rate;
    struct sl_load_item *items; /* REPAIR: item_count of them */
    size_t item_count;
};

void sl_load_request_release(struct sl_load_request *request);
int sl_load_request_format(const struct sl_load_request *request, struct sl_buf *out) SL_MUSTCHECK;
/* Replaces REQUEST; fails as sl_load_state_parse() does. */
int sl_load_request_parse(struct sl_load_request *request, struct sl_span text) SL_MUSTCHECK;

#endif
