/*
 * snapshot_redelete.c - the worker that removes keys once more (redelete_note.h).
 *
 *     sink: notes that are due by now -> visit: remove their keys, and all notes due by then
 *
 * Notes are removed by their time, not by their names: a key that the stream has removed since the
 * look has got a later time, and its note stays. One that came since the look and was due before it
 * stood in a batch for so long that its first removal came as late as the second had to.
 */
#include "cdc/base/clock.h"
#include "cdc/load_words.h"
#include "cdc/redelete_note.h"
#include "cdc/resp.h"
#include "cdc/snapshot_private.h"

enum {
    SL_REDELETE_POLL_MS = 100,
    SL_APPLY_WAIT_MS = 5,
    SL_REDELETE_KEYS = 1000, /* at a time; those of one millisecond stay together */
};

struct redelete {
    struct sl_snapshot_worker *worker;
    uint64_t until_ms;
    size_t count;
    struct sl_buf members; /* as lengths and bytes */
    struct sl_buf keys;    /* as arguments */
    size_t key_count;
    struct sl_buf scope; /* of the last note */
    bool is_ours;        /* by the rules its keys are still filled by others */
    struct sl_buf db;
    struct sl_buf table;
    uint64_t mark;
};

static void release(struct redelete *self)
{
    sl_buf_release(&self->members);
    sl_buf_release(&self->keys);
    sl_buf_release(&self->scope);
    sl_buf_release(&self->db);
    sl_buf_release(&self->table);
}

/* ---- the look ---- */

static int on_due(void *user, struct sl_span member, struct sl_span score)
{
    struct redelete *self = user;
    int rc = sl_load_parse_number(score, &self->until_ms);

    if (rc == SL_EFORMAT) {
        return SL_OK; /* not written by sluice: it goes with the others */
    }
    rc = rc == SL_OK ? sl_buf_add(&self->members, &member.len, sizeof(member.len)) : rc;
    rc = rc == SL_OK ? sl_buf_add(&self->members, member.data, member.len) : rc;
    self->count += rc == SL_OK;
    return rc;
}

static int look(struct redelete *self, uint64_t until_ms, size_t limit, struct sl_err *err)
{
    struct sl_load_store *store = self->worker->store;

    sl_buf_clear(&self->members);
    self->count = 0;
    return sl_snapshot_of_store(store->ops->due(store, until_ms, limit, on_due, self, err));
}

/* Of more than can be done at once, those up to a millisecond that is whole. */
static int look_for_due(struct redelete *self, struct sl_err *err)
{
    uint64_t now = sl_clock_wall_ms(sl_clock_real());
    int rc = look(self, now, SL_REDELETE_KEYS, err);

    if (rc == SL_OK && self->count == SL_REDELETE_KEYS) {
        return look(self, self->until_ms, 0, err);
    }
    self->until_ms = now;
    return rc;
}

/* ---- the visit ---- */

/* Rules may be others than when the note was made. */
static int find_scope(struct redelete *self, struct sl_reader *reader, struct sl_span scope)
{
    int rc;

    if (self->scope.len == scope.len && scope.len > 0 &&
        memcmp(self->scope.data, scope.data, scope.len) == 0) {
        return SL_OK;
    }
    sl_buf_clear(&self->scope);
    rc = sl_buf_add(&self->scope, scope.data, scope.len);
    rc = rc == SL_OK ? sl_redelete_scope_parse(scope, &self->db, &self->table) : rc;
    self->is_ours =
        rc == SL_OK && sl_reader_keeping(reader, sl_snapshot_span(&self->db),
                                         sl_snapshot_span(&self->table)) == SL_KEEPS_OTHERS;
    return rc == SL_EFORMAT ? SL_OK : rc;
}

static int take_note(struct redelete *self, struct sl_reader *reader, struct sl_span member,
                     struct sl_err *err)
{
    struct sl_redelete_note note;
    int rc = sl_redelete_note_parse(member, &note);

    if (rc != SL_OK) {
        return SL_OK;
    }
    rc = find_scope(self, reader, note.scope);
    if (rc == SL_OK && note.key.len == 0) {
        return sl_reader_put_drop_again(reader, sl_snapshot_span(&self->db),
                                        sl_snapshot_span(&self->table), err);
    }
    if (rc == SL_OK && self->is_ours) {
        rc = sl_resp_bulk(&self->keys, note.key.data, note.key.len);
        self->key_count += rc == SL_OK;
    }
    return rc;
}

static int take_notes(struct redelete *self, struct sl_reader *reader, struct sl_err *err)
{
    const uint8_t *at = self->members.data;
    int rc = SL_OK;

    sl_buf_clear(&self->scope);
    sl_buf_clear(&self->keys);
    self->key_count = 0;
    for (size_t i = 0; rc == SL_OK && i < self->count; i++) {
        size_t len;

        memcpy(&len, at, sizeof(len));
        rc = take_note(self, reader, sl_span_make(at + sizeof(len), len), err);
        at += sizeof(len) + len;
    }
    return rc;
}

static int add_commands(const struct redelete *self, const char *set, struct sl_buf *out)
{
    int rc = SL_OK;

    if (self->key_count > 0) {
        rc = sl_resp_array(out, 1 + self->key_count);
        rc = rc == SL_OK ? sl_resp_text(out, "DEL") : rc;
        rc = rc == SL_OK ? sl_buf_add(out, self->keys.data, self->keys.len) : rc;
    }
    rc = rc == SL_OK ? sl_resp_array(out, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "ZREMRANGEBYSCORE") : rc;
    rc = rc == SL_OK ? sl_resp_text(out, set) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "-inf") : rc;
    return rc == SL_OK ? sl_resp_u64(out, self->until_ms) : rc;
}

/* One entry, of sluice's own key: nothing that is written of the keys makes it superfluous. */
static int put(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct redelete *self = user;
    const char *set = self->worker->store->redelete_key;
    struct sl_buf commands = {0};
    int rc = take_notes(self, reader, err);

    rc = rc == SL_OK ? add_commands(self, set, &commands) : rc;
    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, sl_span_make(set, strlen(set)),
                                    sl_snapshot_span(&commands), self->key_count > 0 ? 2 : 1);
    }
    self->mark = sl_reader_mark(reader);
    sl_buf_release(&commands);
    return rc;
}

/* What is not applied yet would be found again. */
static int wait_for(const struct redelete *self, struct sl_err *err)
{
    struct sl_snapshot *snapshot = self->worker->snapshot;

    while (!sl_reader_has_passed(snapshot->options.reader, self->mark)) {
        if (sl_snapshot_is_stopped(snapshot)) {
            return sl_err_set(err, SL_ESTOPPED, "the stream has ended");
        }
        sl_snapshot_rest(snapshot, SL_APPLY_WAIT_MS);
    }
    return SL_OK;
}

int sl_snapshot_redelete(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct redelete self = {.worker = worker};
    int rc = look_for_due(&self, err);
    bool was_due = self.count > 0;

    if (rc == SL_OK && was_due) {
        rc = sl_reader_visit(snapshot->options.reader, NULL, put, &self, err);
        rc = rc == SL_OK ? wait_for(&self, err) : rc;
    }
    release(&self);
    if (rc == SL_EIO) {
        sl_err_prefix(err, "keys that are to be removed once more");
    }
    if (rc == SL_OK && !was_due) {
        sl_snapshot_rest(snapshot, SL_REDELETE_POLL_MS);
    }
    return rc;
}
