/*
 * snapshot_rereads.c - the worker that reads again what the stream has noted (rereads.h).
 *
 *     bell -> take: some keys of one table -> window: low, read them, high -> visit: put the rows,
 *             and remove the notes of those that were not noted again
 *
 * Its table stays open between two windows, until another one has its turn.
 */
#include <stdlib.h>

#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

enum {
    SL_FIRST_KEYS = 16,      /* of a table: nobody knows how long its rows are */
    SL_TURNS = 8,            /* windows of a table while others wait */
    SL_PAUSE_MS = 20,        /* when there is nothing to be had for the moment */
    SL_TABLE_WAIT_MS = 5000, /* for a table whose rows cannot be read */
};

struct sl_snapshot_rereading {
    struct sl_snapshot_load load; /* of the open table */
    struct sl_buf scope;          /* of the table whose turn it is */
    struct sl_buf db;
    struct sl_buf name;
    bool is_open; /* or was begun to be opened */
    unsigned turns;
    size_t most; /* keys that are read together */
    bool must_look;
    bool has_accepted; /* a table that is to be loaded */
    struct sl_snapshot_keys keys;
};

static struct sl_rereads *rereads_of(const struct sl_snapshot_worker *worker)
{
    return sl_reader_rereads(worker->snapshot->options.reader);
}

static uint64_t now_ms(void)
{
    return sl_clock_mono_ms(sl_clock_real());
}

/* ---- tables that are loaded instead ---- */

static struct sl_reread_table *find_table(const struct sl_snapshot_load *load)
{
    const struct sl_rereads *rereads = rereads_of(load->worker);
    struct sl_reread_table *table = NULL;
    struct sl_buf scope = {0};

    if (rereads != NULL && sl_reread_scope_format(load->db, load->name, &scope) == SL_OK) {
        table = sl_rereads_find_table(rereads, sl_snapshot_span(&scope));
    }
    sl_buf_release(&scope);
    return table;
}

bool sl_snapshot_is_told(const struct sl_snapshot_load *load)
{
    const struct sl_reread_table *table = load->target != NULL ? find_table(load) : NULL;

    return table == NULL || !table->is_untold;
}

void sl_snapshot_wants_notes(const struct sl_snapshot_load *load)
{
    struct sl_reread_table *table = load->target != NULL ? find_table(load) : NULL;

    if (table != NULL && !table->is_untold) {
        table->is_whole = false;
        table->is_blind = false;
    }
}

static int accept(struct sl_snapshot_worker *worker, struct sl_reread_table *whole)
{
    struct sl_snapshot_table *table =
        sl_snapshot_new_table(sl_snapshot_span(&whole->scope), sl_snapshot_span(&whole->scope));
    int rc = table != NULL ? SL_OK : SL_ENOMEM;

    rc = rc == SL_OK
             ? sl_reread_scope_parse(sl_snapshot_span(&whole->scope), &table->db, &table->name)
             : rc;
    rc = rc == SL_OK ? sl_reread_load_state(rereads_of(worker), whole, &table->state) : rc;
    if (rc == SL_OK) {
        rc = sl_snapshot_accept(worker->snapshot, table);
        whole->is_untold = rc != SL_OK;
        worker->rereading->has_accepted = true;
    } else if (table != NULL) {
        sl_snapshot_free_table(table);
    }
    return rc;
}

static int accept_all(struct sl_snapshot_worker *worker)
{
    int rc = SL_OK;

    for (struct sl_reread_table *table = sl_rereads_tables(rereads_of(worker));
         rc == SL_OK && table != NULL; table = table->next) {
        rc = table->is_untold ? accept(worker, table) : SL_OK;
    }
    return rc;
}

/* ---- which keys ---- */

static bool is_due(const struct sl_reread_table *table)
{
    return table->first != NULL && now_ms() >= table->retry_ms;
}

/* The one whose turn it was, for some time; then those behind it, round and round. */
static struct sl_reread_table *choose_table(struct sl_snapshot_rereading *self,
                                            struct sl_rereads *rereads)
{
    struct sl_reread_table *last = sl_rereads_find_table(rereads, sl_snapshot_span(&self->scope));
    struct sl_reread_table *table;

    if (last != NULL && is_due(last) && self->turns < SL_TURNS) {
        self->turns++;
        return last;
    }
    self->turns = 0;
    for (table = last != NULL ? last->next : NULL; table != NULL; table = table->next) {
        if (is_due(table)) {
            return table;
        }
    }
    for (table = sl_rereads_tables(rereads); table != NULL && !is_due(table);) {
        table = table->next;
    }
    return table;
}

static int add_key(struct sl_snapshot_keys *keys, const struct sl_reread *item)
{
    struct sl_span cells = sl_reread_cells(item);
    int rc = sl_snapshot_keys_add(keys, sl_reread_key(item));

    if (rc == SL_OK) {
        struct sl_snapshot_key *key = &keys->items[keys->count - 1];

        key->tries = item->tries;
        key->cells_at = keys->bytes.len;
        key->cells_len = cells.len;
        rc = sl_buf_add(&keys->bytes, cells.data, cells.len);
    }
    return rc;
}

static int take_keys(struct sl_snapshot_rereading *self, const struct sl_reread_table *table)
{
    int rc = SL_OK;

    sl_snapshot_keys_clear(&self->keys);
    for (const struct sl_reread *item = table->first;
         rc == SL_OK && item != NULL && self->keys.count < self->most; item = item->next) {
        rc = add_key(&self->keys, item);
    }
    return rc;
}

/* SL_DONE: nothing is to be read. */
static int take(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_worker *worker = user;
    struct sl_snapshot_rereading *self = worker->rereading;
    struct sl_rereads *rereads = rereads_of(worker);
    const struct sl_reread_table *table;
    int rc = accept_all(worker);

    (void)reader;
    (void)err;
    self->must_look = sl_rereads_must_look(rereads);
    table = rc == SL_OK && !self->must_look ? choose_table(self, rereads) : NULL;
    if (rc != SL_OK || table == NULL) {
        return rc == SL_OK ? SL_DONE : rc;
    }
    if (table != sl_rereads_find_table(rereads, sl_snapshot_span(&self->scope))) {
        self->most = SL_FIRST_KEYS;
    }
    sl_buf_clear(&self->scope);
    rc = sl_buf_add(&self->scope, table->scope.data, table->scope.len);
    return rc == SL_OK ? take_keys(self, table) : rc;
}

/* ---- the open table ---- */

static void close_table(struct sl_snapshot_rereading *self)
{
    if (self->is_open) {
        sl_snapshot_close(&self->load);
        self->is_open = false;
    }
}

static bool is_open_one(const struct sl_snapshot_rereading *self, const struct sl_buf *db,
                        const struct sl_buf *name)
{
    return self->is_open && self->db.len == db->len && self->name.len == name->len &&
           memcmp(self->db.data, db->data, db->len) == 0 &&
           memcmp(self->name.data, name->data, name->len) == 0;
}

static int open_other(struct sl_snapshot_worker *worker, struct sl_buf *db, struct sl_buf *name,
                      struct sl_err *err)
{
    struct sl_snapshot_rereading *self = worker->rereading;
    struct sl_buf old_db = self->db;
    struct sl_buf old_name = self->name;

    close_table(self);
    self->db = *db;
    self->name = *name;
    *db = old_db;
    *name = old_name;
    self->load = (struct sl_snapshot_load){
        .worker = worker, .db = sl_snapshot_span(&self->db), .name = sl_snapshot_span(&self->name)};
    self->is_open = true;
    return sl_snapshot_open(&self->load, err);
}

static int open_table(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot_rereading *self = worker->rereading;
    struct sl_buf name = {0};
    struct sl_buf db = {0};
    int rc = sl_reread_scope_parse(sl_snapshot_span(&self->scope), &db, &name);

    if (rc == SL_EFORMAT) {
        rc = SL_DONE; /* no table has such a name */
    } else if (rc == SL_OK && !is_open_one(self, &db, &name)) {
        rc = open_other(worker, &db, &name, err);
    }
    sl_buf_release(&db);
    sl_buf_release(&name);
    return rc;
}

/* ---- what becomes of the keys ---- */

static int end_key(struct sl_snapshot_rereading *self, struct sl_rereads *rereads,
                   const struct sl_snapshot_key *key, struct sl_snapshot_fields *fields)
{
    struct sl_span scope = sl_snapshot_span(&self->scope);
    struct sl_span name = sl_snapshot_key(&self->keys, key);
    struct sl_reread *item = sl_rereads_find(rereads, scope, name);

    if (item != NULL && !key->is_settled) {
        item->tries = key->tries;
        sl_rereads_move_back(item);
    } else if (item != NULL) {
        sl_rereads_remove(rereads, item);
    }
    return key->is_settled ? sl_snapshot_add_note(fields, scope, name) : SL_OK;
}

/* Their notes go in one step with the rows, or later. */
static int end_keys(struct sl_snapshot_worker *worker, struct sl_reader *reader)
{
    struct sl_snapshot_rereading *self = worker->rereading;
    struct sl_rereads *rereads = rereads_of(worker);
    struct sl_snapshot_fields fields = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < self->keys.count; i++) {
        rc = end_key(self, rereads, &self->keys.items[i], &fields);
    }
    if (rc == SL_OK) {
        rc = sl_snapshot_put_removals(reader, sl_rereads_options(rereads)->hash_key, &fields);
    }
    sl_snapshot_fields_release(&fields);
    return rc;
}

/* So many that their rows fill half a chunk or a whole one. */
static void adapt(struct sl_snapshot_rereading *self, size_t chunk_bytes)
{
    if (self->load.key_bytes > chunk_bytes) {
        self->most = self->most > 1 ? self->most / 2 : 1;
    } else if (self->load.key_bytes < chunk_bytes / 2 && self->keys.count == self->most) {
        self->most =
            self->most * 2 < SL_SNAPSHOT_KEYS_AT_ONCE ? self->most * 2 : SL_SNAPSHOT_KEYS_AT_ONCE;
    }
}

static int finish(struct sl_snapshot_load *load, struct sl_reader *reader, void *user)
{
    struct sl_snapshot_worker *worker = user;
    struct sl_reread_table *table = find_table(load);

    if (table != NULL) {
        table->has_failed = false;
    }
    adapt(worker->rereading, worker->snapshot->options.chunk_bytes);
    return end_keys(worker, reader);
}

/*
 * There is no such table, or no rule chooses it (any more): who dropped it removes its keys. One
 * that was made again since has altered the watch.
 */
static int drop(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_worker *worker = user;
    struct sl_snapshot_rereading *self = worker->rereading;

    (void)err;
    if (self->is_open && sl_table_watch_is_altered(self->load.watch)) {
        return SL_ALTERED;
    }
    for (size_t i = 0; i < self->keys.count; i++) {
        self->keys.items[i].is_settled = true;
    }
    return end_keys(worker, reader);
}

static struct sl_reread_table *table_at_hand(const struct sl_snapshot_worker *worker)
{
    return sl_rereads_find_table(rereads_of(worker), sl_snapshot_span(&worker->rereading->scope));
}

static int load_instead(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_reread_table *table = table_at_hand(user);

    (void)err;
    if (table != NULL) {
        table->is_overrun = true;
    }
    return sl_reader_put_overrun(reader);
}

struct failure {
    struct sl_snapshot_worker *worker;
    const char *why;
};

static int put_off(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct failure *failure = user;
    struct sl_reread_table *table = table_at_hand(failure->worker);

    (void)reader;
    (void)err;
    if (table == NULL) {
        return SL_OK;
    }
    table->retry_ms = now_ms() + SL_TABLE_WAIT_MS;
    if (!table->has_failed) {
        sl_snapshot_notice(failure->worker->snapshot, true,
                           "rows of %.*s that were changed cannot be read again: %s; trying again",
                           (int)table->scope.len, (const char *)table->scope.data, failure->why);
    }
    table->has_failed = true;
    return SL_OK;
}

static bool is_of_table(int rc)
{
    return rc < 0 && rc != SL_EIO && rc != SL_ENOMEM && rc != SL_ESTOPPED && rc != SL_ESINK &&
           rc != SL_EFENCED && rc != SL_ERULE;
}

/* ---- one window ---- */

static int judge(struct sl_snapshot_worker *worker, int rc, struct sl_err *err)
{
    struct sl_snapshot_rereading *self = worker->rereading;
    struct sl_reader *reader = worker->snapshot->options.reader;
    struct failure failure = {.worker = worker, .why = err->text};

    if (rc == SL_DONE) {
        rc = sl_reader_visit(reader, NULL, drop, worker, err);
        close_table(self);
    } else if (rc == SL_UNREADABLE) {
        rc = sl_reader_visit(reader, NULL, load_instead, worker, err);
    }
    if (rc == SL_OVERRUN) {
        sl_snapshot_rest(worker->snapshot, SL_PAUSE_MS);
    } else if (rc != SL_OK) {
        close_table(self);
    }
    if (is_of_table(rc)) {
        struct sl_err other = {0};

        rc = sl_reader_visit(reader, NULL, put_off, &failure, &other);
    }
    return rc > 0 ? SL_OK : rc;
}

static int read_again(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot_rereading *self = worker->rereading;
    const struct sl_snapshot_settling settling = {
        .keys = &self->keys, .are_noted = true, .finish = finish, .user = worker};
    int rc = open_table(worker, err);

    rc = rc == SL_OK ? sl_snapshot_settle(&self->load, &settling, err) : rc;
    if (rc == SL_EIO) {
        sl_err_prefix(err, "rows of %.*s that are to be read again", (int)self->scope.len,
                      (const char *)self->scope.data);
        self->turns = SL_TURNS; /* another table may do better */
    }
    return judge(worker, rc, err);
}

/* ---- the worker ---- */

/* A snapshot before this one may have left a load that nobody has begun. */
static int renew(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_reread_table *table = sl_rereads_tables(rereads_of(user));

    (void)reader;
    (void)err;
    for (; table != NULL; table = table->next) {
        table->is_untold = table->is_whole;
    }
    return SL_OK;
}

static int begin(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    worker->rereading = calloc(1, sizeof(*worker->rereading));
    if (worker->rereading == NULL) {
        return SL_ENOMEM;
    }
    worker->rereading->most = SL_FIRST_KEYS;
    return sl_reader_visit(worker->snapshot->options.reader, NULL, renew, worker, err);
}

int sl_snapshot_reread(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    int rc = SL_OK;

    if (!atomic_load(&snapshot->stats.has_looked)) {
        sl_snapshot_rest(snapshot, SL_PAUSE_MS);
        return SL_OK;
    }
    if (worker->rereading == NULL) {
        rc = begin(worker, err);
    }
    if (worker->rereading == NULL || rc != SL_OK) {
        return rc;
    }
    rc = sl_reader_visit(snapshot->options.reader, NULL, take, worker, err);
    if (worker->rereading->has_accepted) {
        worker->rereading->has_accepted = false;
        sl_snapshot_update(snapshot);
    }
    if (rc == SL_DONE && worker->rereading->must_look) {
        return sl_snapshot_look_for_notes(worker, err);
    }
    if (rc == SL_DONE) {
        sl_rereads_wait(rereads_of(worker), snapshot->options.poll_ms);
        return SL_OK;
    }
    return rc == SL_OK ? read_again(worker, err) : rc;
}

void sl_snapshot_end_rereading(struct sl_snapshot_worker *worker)
{
    struct sl_snapshot_rereading *self = worker->rereading;

    if (self == NULL) {
        return;
    }
    close_table(self);
    sl_snapshot_keys_release(&self->keys);
    sl_buf_release(&self->scope);
    sl_buf_release(&self->db);
    sl_buf_release(&self->name);
    free(self);
    worker->rereading = NULL;
}
