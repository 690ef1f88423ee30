/*
 * snapshot_rules.c - tables that are chosen newly: all that are there are listed when the rules are
 * not those of the last listing (rule_book.h).
 */
#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

struct listing {
    struct sl_snapshot_worker *worker;
    struct sl_snapshot_table *tables; /* owned until they are accepted */
    size_t loaded;
};

static int list_table(void *user, struct sl_span db, struct sl_span name, uint64_t rows)
{
    struct listing *listing = user;
    struct sl_snapshot_table *table = sl_snapshot_new_table(db, name);

    if (table == NULL) {
        return SL_ENOMEM;
    }
    table->state.estimate = rows;
    table->next = listing->tables;
    listing->tables = table;
    return SL_OK;
}

static int begin_state(const struct listing *listing, struct sl_load_state *state)
{
    static const char id[] = "rule";

    state->phase = SL_LOAD_WAITING;
    state->rate = listing->worker->snapshot->options.rate;
    state->began_ms = sl_clock_wall_ms(sl_clock_real());
    state->changed_ms = state->began_ms;
    memcpy(state->id, id, sizeof(id));
    return sl_buf_add_str(&state->reason, "it is chosen newly");
}

/* SL_DONE: nothing is to be said of the table. */
static int put(const struct listing *listing, struct sl_reader *reader,
               struct sl_snapshot_table *table, bool *must_load, struct sl_err *err)
{
    struct sl_mapper *mapper = listing->worker->snapshot->options.mapper;
    struct sl_rule_book *book = sl_reader_rules(reader);
    struct sl_span name = sl_snapshot_span(&table->name);
    struct sl_span db = sl_snapshot_span(&table->db);
    int rc = mapper->ops->wants(mapper, db, name) ? sl_rule_book_judge(book, db, name, must_load)
                                                  : SL_DONE;

    if (rc == SL_OK && *must_load) {
        rc = begin_state(listing, &table->state);
        rc = rc == SL_OK
                 ? sl_snapshot_put_state(reader, listing->worker->store, db, name, &table->state)
                 : rc;
    }
    return rc == SL_OK ? sl_rule_book_settle(book, reader, db, name, err) : rc;
}

/* Takes TABLE over. */
static int settle(struct listing *listing, struct sl_reader *reader,
                  struct sl_snapshot_table *table, struct sl_err *err)
{
    bool must_load = false;
    int rc = put(listing, reader, table, &must_load, err);

    if (rc == SL_OK && must_load) {
        listing->loaded++;
        return sl_snapshot_accept(listing->worker->snapshot, table);
    }
    sl_snapshot_free_table(table);
    return rc == SL_DONE ? SL_OK : rc;
}

static int settle_all(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct listing *listing = user;
    int rc = SL_OK;

    while (rc == SL_OK && listing->tables != NULL) {
        struct sl_snapshot_table *table = listing->tables;

        listing->tables = table->next;
        table->next = NULL;
        rc = settle(listing, reader, table, err);
    }
    return rc == SL_OK ? sl_rule_book_end_settling(sl_reader_rules(reader), reader) : rc;
}

bool sl_snapshot_has_rules(const struct sl_snapshot *snapshot)
{
    const struct sl_rule_book *book = sl_reader_rules(snapshot->options.reader);

    return book != NULL && !sl_rule_book_is_settled(book);
}

int sl_snapshot_settle_rules(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_snapshot *snapshot = worker->snapshot;
    struct listing listing = {.worker = worker};
    int rc = worker->chunks->ops->list(worker->chunks, list_table, &listing, err);

    if (rc == SL_OK) {
        rc = sl_reader_visit(snapshot->options.reader, NULL, settle_all, &listing, err);
    }
    sl_snapshot_free_tables(&listing.tables);
    if (rc == SL_OK && listing.loaded > 0) {
        sl_snapshot_notice(snapshot, false, "%zu tables are chosen newly: they are loaded",
                           listing.loaded);
    }
    if (rc == SL_OK) {
        sl_snapshot_update(snapshot);
    }
    return rc;
}
