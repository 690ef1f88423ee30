/*
 * snapshot_private.h - shared by the files of the snapshot; for nobody else.
 *
 *     snapshot.c        life, workers, waiting
 *     snapshot_plan.c   what is to be done: states
 *     snapshot_request.c  what others ask for
 *     snapshot_rules.c  tables that are chosen newly
 *     snapshot_tables.c which worker loads what
 *     snapshot_commands.c  states and requests as commands
 *     snapshot_table.c  one table's load
 *     snapshot_rowless.c  the same of a table whose rows are not in the sink
 *     snapshot_range.c  its windows: chunks of rows
 *     snapshot_piece.c  rows of a chunk on their way into the stream
 *     snapshot_keys.c   a set of keys
 *     snapshot_facets.c the patterns of what rows have
 *     snapshot_walk.c   which of it the sink has
 *     snapshot_settle.c keys that are read again
 *     snapshot_rereads.c  keys that the stream has noted to be read again
 *     snapshot_redelete.c  keys that are to be removed once more
 *     snapshot_look.c   and those that the sink has notes of
 *     snapshot_sweep.c  items without a row
 *     snapshot_repair.c rows and items that are to be put right
 *     snapshot_pace.c   how fast
 *
 * Locks: the snapshot's may be taken inside of a visit, never the other way round.
 */
#ifndef SLUICE_CDC_SNAPSHOT_PRIVATE_H
#define SLUICE_CDC_SNAPSHOT_PRIVATE_H

#include <pthread.h>

#include "cdc/item.h"
#include "cdc/load_state.h"
#include "cdc/reader_visit.h"
#include "cdc/snapshot.h"

/* Outcomes beside those of status.h. */
#define SL_ALTERED    3 /* the table was altered: its load begins anew */
#define SL_OVERRUN    4 /* more keys changed than could be kept: the chunk is read again */
#define SL_UNREADABLE 5 /* the table is to be loaded instead */

/* A set of Redis keys, or of members' names (item.h). Zeroed: empty. */
struct sl_snapshot_key {
    size_t at; /* in bytes */
    size_t len;
    size_t cells_at; /* of a note: its cells, in bytes */
    size_t cells_len;
    unsigned tries;
    bool is_settled;
    bool is_left; /* to another window */
    bool has_row;
    size_t row; /* of the chunk */
};

struct sl_snapshot_keys {
    struct sl_buf bytes;
    struct sl_snapshot_key *items;
    size_t count;
    size_t cap;
    size_t *slots; /* open addressing: number + 1, 0 empty */
    size_t slot_mask;
    size_t unsettled;
};

struct sl_snapshot_table {
    struct sl_buf db;
    struct sl_buf name;
    struct sl_load_state state;   /* as the sink has it, or will have it */
    uint64_t generation;          /* how often a request replaced the state */
    bool is_taken;                /* by a worker, who alone uses what follows */
    struct sl_snapshot_keys *old; /* of each facet: items that were there when the load began ... */
    uint32_t old_count;
    bool has_old; /* ... all of them, in this life of the load */
    struct sl_snapshot_table *next;
};

struct sl_snapshot_request {
    struct sl_buf id;
    struct sl_buf text;
    bool is_handled;   /* its removal is on the way */
    bool is_listed;    /* the sink still has it */
    uint64_t retry_ms; /* it failed: not before; monotonic */
    struct sl_snapshot_request *next;
};

struct sl_snapshot_worker {
    struct sl_snapshot *snapshot;
    size_t number;
    pthread_t thread;
    struct sl_chunk_reader *chunks;
    struct sl_load_store *store;
    unsigned failures;                       /* in a row */
    struct sl_snapshot_rereading *rereading; /* of the worker that does only that */
    uint64_t pressure_ms;                    /* when the source was asked last; monotonic */
};

struct sl_snapshot {
    struct sl_snapshot_options options;
    struct sl_snapshot_stats stats;
    struct sl_snapshot_worker *workers;
    size_t worker_count; /* with those that read again and remove again */
    size_t started;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    struct sl_snapshot_table *tables;
    bool has_all; /* the state "*" is to be expanded: all else waits */
    bool is_paused;
    size_t running;
    int status;
    struct sl_err err;
    /* ---- of worker 0 alone ---- */
    struct sl_snapshot_request *requests;
    struct sl_load_state all; /* the state "*" */
    uint64_t polled_ms;
};

/* What is found of a facet (mapper.h). */
struct sl_snapshot_facet {
    struct sl_key_pattern *pattern; /* of its keys, or of its sets */
    struct sl_key_pattern *owned;   /* of its items, what no other table can have */
    bool has_members;
    bool holds_nothing; /* there are none */
};

/* A table that is open at a worker's chunk reader, with a watch on it. */
struct sl_snapshot_load {
    struct sl_snapshot_worker *worker;
    struct sl_snapshot_table *target; /* NULL: repair */
    uint64_t generation;              /* of target, when it was taken */
    struct sl_span db;
    struct sl_span name;
    struct sl_load_state state; /* with the progress of this load */
    struct sl_table *table;     /* of the chunk reader */
    struct sl_snapshot_facet *facets;
    uint32_t facet_count;
    struct sl_table_watch *watch;
    bool is_watched; /* the reader knows the watch */
    struct sl_position low;
    size_t chunk_rows;
    uint64_t read_bytes; /* of rows' texts, ... */
    uint64_t made_bytes; /* ... and of the commands that were made of them */
    uint64_t free_ms;    /* the rate allows the next chunk then; monotonic */
    unsigned restarts;   /* since the last chunk */
    size_t key_bytes;    /* of the rows that were read by their keys last */
};

static inline struct sl_span sl_snapshot_span(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

/* ---- snapshot.c ---- */

bool sl_snapshot_is_stopped(const struct sl_snapshot *snapshot);
/* Waits so long, or until somebody wakes it. */
void sl_snapshot_rest(struct sl_snapshot *snapshot, uint64_t ms);
void sl_snapshot_wake(struct sl_snapshot *snapshot);
void sl_snapshot_notice(const struct sl_snapshot *snapshot, bool is_warning, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/* The sink's refusal is no table's fault. */
static inline int sl_snapshot_of_store(int rc)
{
    return rc == SL_EAUTH ? SL_ESINK : rc;
}

/* ---- snapshot_plan.c ---- */

/* Tables that are to be loaded, with states ALIKE but for the estimates; when they are accepted
   FIELD of the hash KEY, which asked for it, is removed. */
struct sl_snapshot_order {
    struct sl_snapshot_worker *worker;
    struct sl_snapshot_table *tables; /* owned until they are accepted */
    const struct sl_load_state *alike;
    bool is_choice; /* all tables that the rules choose */
    const char *key;
    struct sl_span field;
};

int sl_snapshot_carry_out(struct sl_snapshot_order *order, struct sl_err *err) SL_MUSTCHECK;

/* Worker 0: looks for what is to be done, and does what no table waits for. SL_AGAIN: later. */
int sl_snapshot_plan(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_request.c ---- */

/* Worker 0, between two chunks: true when plan() has something to do. */
int sl_snapshot_poll(struct sl_snapshot_worker *worker, bool *has_requests,
                     struct sl_err *err) SL_MUSTCHECK;
int sl_snapshot_handle_requests(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;
void sl_snapshot_free_requests(struct sl_snapshot *snapshot);

/* ---- snapshot_rules.c ---- */

/* True when tables that are chosen newly are still to be found. */
bool sl_snapshot_has_rules(const struct sl_snapshot *snapshot);
/* Worker 0: finds them, says that they wait, and that the rules of all chosen tables are these. */
int sl_snapshot_settle_rules(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_tables.c ---- */

/* NULL when out of memory. */
bool sl_snapshot_is_same_table(const struct sl_snapshot_table *a,
                               const struct sl_snapshot_table *b);
struct sl_snapshot_table *sl_snapshot_new_table(struct sl_span db, struct sl_span name);
void sl_snapshot_free_table(struct sl_snapshot_table *table);
void sl_snapshot_free_tables(struct sl_snapshot_table **tables);
/* Takes TABLE over; the state of a table that is known already is replaced. */
int sl_snapshot_accept(struct sl_snapshot *snapshot, struct sl_snapshot_table *table) SL_MUSTCHECK;
/* Says whether some table is not done. */
void sl_snapshot_update(struct sl_snapshot *snapshot);
/* A table that waits; NULL: none. Its state is copied to LOAD. */
int sl_snapshot_take(struct sl_snapshot_worker *worker, struct sl_snapshot_load *load) SL_MUSTCHECK;
/* Gives it back with the load's state, unless a request came meanwhile. HAS_FAILED: other tables
   have their turn first. */
int sl_snapshot_give_back(struct sl_snapshot_load *load, bool has_failed) SL_MUSTCHECK;
/* False when a request has replaced the state. */
bool sl_snapshot_is_current(const struct sl_snapshot_load *load);

/* ---- snapshot_commands.c ---- */

/* In a visit: STATE becomes what the sink has of a table. */
int sl_snapshot_put_state(struct sl_reader *reader, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name,
                          const struct sl_load_state *state) SL_MUSTCHECK;
/* The same, in one step with the rows of BATCH, which is not put yet. */
int sl_snapshot_add_state(struct sl_batch *batch, const struct sl_load_store *store,
                          struct sl_span db, struct sl_span name,
                          const struct sl_load_state *state) SL_MUSTCHECK;
/* In a visit: removes FIELD of the hash KEY. */
int sl_snapshot_put_removal(struct sl_reader *reader, const char *key,
                            struct sl_span field) SL_MUSTCHECK;

/* Fields of a hash that are to be removed. Zeroed: none. */
struct sl_snapshot_fields {
    struct sl_buf bytes; /* as arguments */
    size_t count;
};

void sl_snapshot_fields_release(struct sl_snapshot_fields *fields);
int sl_snapshot_add_field(struct sl_snapshot_fields *fields, struct sl_span field) SL_MUSTCHECK;
/* The field of a note (reread_note.h). */
int sl_snapshot_add_note(struct sl_snapshot_fields *fields, struct sl_span scope,
                         struct sl_span key) SL_MUSTCHECK;
/* In a visit. */
int sl_snapshot_put_removals(struct sl_reader *reader, const char *key,
                             const struct sl_snapshot_fields *fields) SL_MUSTCHECK;

/* ---- snapshot_table.c ---- */

/* Loads the table that was taken. SL_OK: done, or failed for good; SL_AGAIN: not done yet. */
int sl_snapshot_load_table(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;
/* Opens db.name with a watch on it. SL_DONE: no such table, or no rule chooses it. */
int sl_snapshot_open(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;
void sl_snapshot_close(struct sl_snapshot_load *load);
/* A window opens: the watch notes keys, LOW is how far the stream has been read. */
/* How the row of KEY is written: a key that was there before may have fields that no row has any
   more. */
enum sl_write sl_snapshot_write(const struct sl_snapshot_load *load, struct sl_span key);
/* What the stream did to KEY, as far as the load is concerned: where keys are replaced, what the
   stream wrote whole may have left such fields and is read again. */
enum sl_touch sl_snapshot_touch(const struct sl_snapshot_load *load, struct sl_span key);
int sl_snapshot_open_window(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;
/* In the visit that ends a window: SL_OK, SL_AGAIN, SL_ALTERED, SL_OVERRUN. */
int sl_snapshot_judge(const struct sl_snapshot_load *load) SL_MUSTCHECK;
void sl_snapshot_count_query(struct sl_snapshot_load *load, const struct sl_chunk *chunk);
int sl_snapshot_copy_state(struct sl_load_state *to, const struct sl_load_state *from) SL_MUSTCHECK;

/* Its last state. REASON may be NULL: it stays. */
int sl_snapshot_finish(struct sl_snapshot_load *load, enum sl_load_phase phase, const char *reason,
                       struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_rowless.c ---- */

/* What the sink has of the load's table by the rules. */
int sl_snapshot_ask_keeping(const struct sl_snapshot_load *load, enum sl_keeping *keeping,
                            struct sl_err *err) SL_MUSTCHECK;
/* Ends the load of a table of which it has no rows. */
int sl_snapshot_end_without_rows(struct sl_snapshot_load *load, enum sl_keeping keeping,
                                 struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_range.c ---- */

/* Reads the table's rows from state.after on. */
int sl_snapshot_load_rows(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_piece.c ---- */

/* Rows of a chunk that are ready to be put, in one group. */
struct sl_snapshot_piece {
    struct sl_batch *batch; /* borrowed from the reader */
    size_t rows;
    bool has_after;
    struct sl_buf after; /* what follows this piece is read behind */
    struct sl_snapshot_piece *next;
};

/* In order. Zeroed: empty. */
struct sl_snapshot_pieces {
    struct sl_snapshot_piece *first;
    struct sl_snapshot_piece *last;
    struct sl_buf key; /* scratch */
};

/* Makes pieces of the rows of CHUNK; of the last one it is known what follows. */
int sl_snapshot_make_pieces(struct sl_snapshot_load *load, struct sl_snapshot_pieces *pieces,
                            const struct sl_chunk *chunk, struct sl_err *err) SL_MUSTCHECK;
void sl_snapshot_pieces_release(struct sl_snapshot_pieces *pieces);
void sl_snapshot_drop_first(struct sl_snapshot_pieces *pieces);
/* In the visit that puts it: takes out what the stream has changed since LOW; keys of which it had
   only a part are added to AGAIN. */
int sl_snapshot_judge_piece(const struct sl_snapshot_load *load, struct sl_snapshot_piece *piece,
                            struct sl_snapshot_keys *again) SL_MUSTCHECK;

/* ---- snapshot_keys.c ---- */

/* A key that is there already stays as it is. */
int sl_snapshot_keys_add(struct sl_snapshot_keys *keys, struct sl_span key) SL_MUSTCHECK;
/* Memory that they take, about. */
size_t sl_snapshot_keys_bytes(const struct sl_snapshot_keys *keys);
void sl_snapshot_keys_release(struct sl_snapshot_keys *keys);
void sl_snapshot_keys_clear(struct sl_snapshot_keys *keys);
/* NULL: it is not among them. */
struct sl_snapshot_key *sl_snapshot_keys_find(const struct sl_snapshot_keys *keys,
                                              struct sl_span key);

static inline struct sl_span sl_snapshot_key(const struct sl_snapshot_keys *keys,
                                             const struct sl_snapshot_key *item)
{
    return sl_span_make(keys->bytes.data + item->at, item->len);
}

/* ---- snapshot_facets.c ---- */

/* Of load->table, for which the mapper's rule was compiled. */
int sl_snapshot_facets_init(struct sl_snapshot_load *load) SL_MUSTCHECK;
void sl_snapshot_facets_release(struct sl_snapshot_load *load);

/* NAME of an item of FACET. */
static inline struct sl_item_name sl_snapshot_item(const struct sl_snapshot_load *load,
                                                   uint32_t facet, struct sl_span name)
{
    return (struct sl_item_name){.bytes = name, .is_member = load->facets[facet].has_members};
}

/* ---- snapshot_walk.c ---- */

/* A way through all items of a facet. All but the first two zeroed: at its begin. */
struct sl_snapshot_walk {
    const struct sl_snapshot_load *load;
    uint32_t facet;
    bool is_done;
    uint64_t cursor; /* of SCAN */
    bool has_all_keys;
    struct sl_snapshot_keys sets; /* that the last step of it found ... */
    size_t set;                   /* ... and the one that is being listed */
    uint64_t member_cursor;
    struct sl_buf name;
};

/* One step: calls EACH for the names of some items, as load_store.h says of keys. */
int sl_snapshot_walk_on(struct sl_snapshot_walk *walk, sl_load_key_fn each, void *user,
                        struct sl_err *err) SL_MUSTCHECK;
void sl_snapshot_walk_release(struct sl_snapshot_walk *walk);

/* ---- snapshot_settle.c ---- */

typedef int (*sl_snapshot_finish_fn)(struct sl_snapshot_load *load, struct sl_reader *reader,
                                     void *user);

/*
 * Reads the rows of KEYS again until none of them changed meanwhile: puts them (not if
 * ONLY_REMOVES) and removes keys that have no row. FINISH is called in the visit that settles the
 * last of them.
 *
 * FACET: the keys are names of its items; 0: of rows, the only ones that may be put.
 *
 * ARE_NOTED: the keys come from notes, at most SL_SNAPSHOT_KEYS_AT_ONCE, and one window is all:
 * FINISH is called at its end, for those that were settled. A key that was noted again in the
 * window, and not written, gets the row that was read, as that is newer than what it holds, and
 * is not settled.
 */
enum { SL_SNAPSHOT_KEYS_AT_ONCE = 500 };

struct sl_snapshot_settling {
    struct sl_snapshot_keys *keys;
    uint32_t facet;
    bool only_removes;
    bool are_noted;
    sl_snapshot_finish_fn finish;
    void *user;
};

/* SL_UNREADABLE: a note does not say (any more) which row it is about. */
int sl_snapshot_settle(struct sl_snapshot_load *load, const struct sl_snapshot_settling *settling,
                       struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_rereads.c ---- */

/* The worker that reads again what the stream has noted: one window, or a rest. */
int sl_snapshot_reread(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;
void sl_snapshot_end_rereading(struct sl_snapshot_worker *worker);
/* False once the load of another table is to be told that it waits for a new load. */
bool sl_snapshot_is_told(const struct sl_snapshot_load *load);
/* In the visit that a load begins in: from now on notes of its table count again. */
void sl_snapshot_wants_notes(const struct sl_snapshot_load *load);

/* ---- snapshot_redelete.c ---- */

/* The worker that removes keys once more: those that are due, or a rest. */
int sl_snapshot_redelete(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_look.c ---- */

/* Asks the sink which notes it has. */
int sl_snapshot_look_for_notes(struct sl_snapshot_worker *worker, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_sweep.c ---- */

/* Looks which items of the table there are; when they are too many target->has_old is false. */
/* True when there were some, as far as it is known. */
bool sl_snapshot_has_any_old(const struct sl_snapshot_table *table);
void sl_snapshot_forget_old(struct sl_snapshot_table *table);
int sl_snapshot_find_old(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;
int sl_snapshot_sweep(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_repair.c ---- */

/* Does what a request to repair asks for, and removes it. */
int sl_snapshot_repair(struct sl_snapshot_worker *worker, const struct sl_load_request *request,
                       struct sl_span id, struct sl_err *err) SL_MUSTCHECK;

/* ---- snapshot_pace.c ---- */

/* Between two chunks: waits while the source is busy, the stream is behind or the rate says so.
   SL_AGAIN: something else is to be done first. */
int sl_snapshot_pace(struct sl_snapshot_load *load, struct sl_err *err) SL_MUSTCHECK;
/* How many rows the next chunk may have. */
size_t sl_snapshot_chunk_rows(const struct sl_snapshot_load *load);
/* ROWS were read for it. */
void sl_snapshot_spend(struct sl_snapshot_load *load, size_t rows);
/* The next chunk is to take about as long as is aimed at. */
void sl_snapshot_adapt(struct sl_snapshot_load *load, size_t asked, size_t rows, uint64_t took_us);
/* How much of a chunk may be in memory as commands, and in one of its parts: as texts. */
struct sl_chunk_limit sl_snapshot_limit(const struct sl_snapshot_load *load, size_t rows);

#endif
