/*
 * reconcile_since.c - --since: reads the binary log from there to its end, over a replica
 * connection of its own, and notes which keys the daemon writes for what is in it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc/client/binlog.h"
#include "cdc/client/log_index.h"
#include "cdc/client/schema_query.h"
#include "cdc/stream.h"
#include "cmd/reconcile_private.h"
#include "filters/changed_keys.h"

enum {
    SL_SINCE_BYTES = 64 * 1024 * 1024, /* of keys */
    SL_SINCE_TICK_MS = 200,
};

struct sl_reconcile_since {
    const struct sl_config *config;
    const struct sl_reconcile_words *words;
    struct sl_source_options server;
    struct sl_source *source;
    struct sl_schema_query *schema;
    struct sl_log_index *index;
    struct sl_changed_keys *changed;
    struct sl_stream *stream;
    struct sl_position from;
    struct sl_position to;
    uint64_t ticked_ms;
    bool is_read;
    int status; /* of the reading */
    struct sl_err err;
    const struct sl_reconcile_table *told; /* the table that a line said is compared whole */
};

/* ---- life ---- */

static bool is_asked(void *user, struct sl_span db, struct sl_span table)
{
    return sl_reconcile_is_wanted(user, db, table);
}

/* Two readers with one server id throw each other out. */
static bool is_a_pipelines(const struct sl_config *config, uint32_t id)
{
    for (size_t i = 0; i < config->sink_count; i++) {
        if (sl_config_server_id(config, i) == id) {
            return true;
        }
    }
    return false;
}

/* Of this machine and process, unlike those of the daemon and of its standbys elsewhere. */
static void name_reader(struct sl_reconcile_since *since, char *name, size_t size)
{
    char host[256] = "";
    unsigned nth = 0;

    (void)gethostname(host, sizeof(host) - 1);
    since->server = since->config->source;
    do {
        (void)snprintf(name, size, "reconcile.%ld.%u", (long)getpid(), nth++);
        since->server.server_id =
            sl_config_derive_server_id(host, since->config->pipeline.name, name);
    } while (is_a_pipelines(since->config, since->server.server_id));
}

struct sl_reconcile_since *sl_reconcile_since_new(const struct sl_config *config,
                                                  const struct sl_reconcile_words *words)
{
    struct sl_reconcile_since *since = calloc(1, sizeof(*since));
    struct sl_changed_options options = {
        .rules = config->tables,
        .rule_count = config->table_count,
        .is_asked = is_asked,
        .user = (void *)(uintptr_t)words, /* read as const again */
        .bytes_max = SL_SINCE_BYTES,
        .from_time = words->since.time,
    };
    char name[48];

    if (since == NULL) {
        return NULL;
    }
    since->config = config;
    since->words = words;
    name_reader(since, name, sizeof(name));
    since->source = sl_binlog_source_new(&since->server, name, false);
    since->schema = sl_schema_query_new(&since->server);
    since->index = sl_log_index_new(&since->server);
    since->changed = sl_changed_keys_new(&options);
    if (since->source == NULL || since->schema == NULL || since->index == NULL ||
        since->changed == NULL) {
        sl_reconcile_since_free(since);
        return NULL;
    }
    return since;
}

void sl_reconcile_since_free(struct sl_reconcile_since *since)
{
    if (since == NULL) {
        return;
    }
    sl_stream_free(since->stream);
    sl_changed_keys_free(since->changed);
    sl_log_index_free(since->index);
    sl_schema_query_free(since->schema);
    if (since->source != NULL) {
        since->source->ops->free(since->source);
    }
    sl_position_release(&since->from);
    sl_position_release(&since->to);
    free(since);
}

void sl_reconcile_since_interrupt(struct sl_reconcile_since *since)
{
    since->source->ops->interrupt(since->source);
    sl_schema_query_interrupt(since->schema);
    sl_log_index_interrupt(since->index);
}

/* ---- where it begins ---- */

/* FIRST: what the source still has; NULL: not known. */
static int gone(const struct sl_reconcile_since *since, const struct sl_position *first,
                struct sl_err *err)
{
    return sl_err_set(
        err, SL_EGAP,
        "--since %s: the source does not have its binary log from there on any more, or never "
        "had%s%s%s: compare all, without --since, or since a later place, and keep binary logs "
        "longer (binlog_expire_logs_seconds)",
        since->words->since_text, first != NULL ? " (the first file is " : "",
        first != NULL ? first->file : "", first != NULL ? ")" : "");
}

/* Behind the end of the log there is nothing, but not because nothing changed. */
static int check_place(struct sl_reconcile_since *since, struct sl_err *err)
{
    struct sl_position first = {.offset = 0};
    int rc = sl_log_index_has(since->index, &since->from, &first, err);

    if (rc == SL_DONE) {
        rc = gone(since, &first, err);
    } else if (rc == SL_OK && sl_position_compare_file(&since->from, &since->to) > 0) {
        rc = sl_err_set(err, SL_EINVAL,
                        "--since %s: the binary log ends before that, at %s:%llu: give a place in "
                        "it",
                        since->words->since_text, since->to.file,
                        (unsigned long long)since->to.offset);
    }
    sl_position_release(&first);
    return rc;
}

/* The first file that a server ever writes ends in a 1: no other one was purged before it. */
static bool is_first_ever(const char *file)
{
    const char *dot = strrchr(file, '.');

    return dot != NULL && strtoull(dot + 1, NULL, 10) == 1;
}

static int find_time(struct sl_reconcile_since *since, struct sl_reconcile *r, struct sl_err *err)
{
    int rc = sl_log_index_find(since->index, since->words->since.time, &since->from, err);

    if (rc == SL_EGAP) {
        return gone(since, NULL, err);
    }
    if (rc == SL_DONE && !is_first_ever(since->from.file)) {
        return gone(since, &since->from, err);
    }
    if (rc == SL_DONE) {
        sl_reconcile_say(r->report,
                         "--since %s: the source's binary log begins later, with its first file; "
                         "all of it is read",
                         since->words->since_text);
    }
    return rc >= SL_OK ? SL_OK : rc;
}

static int find_start(struct sl_reconcile_since *since, struct sl_reconcile *r, struct sl_err *err)
{
    int rc;

    if (since->words->since.kind == SL_SINCE_TIME) {
        return find_time(since, r, err);
    }
    rc = sl_position_copy(&since->from, &since->words->since.place);
    return rc == SL_OK && !since->from.has_gtid ? check_place(since, err) : rc;
}

/* ---- reading ---- */

/* A layout that the event may not have been written with is of no use, but all rows are. */
static int read_schema(void *user, struct sl_span db, struct sl_span table,
                       const struct sl_position *at, const struct sl_schema **schema,
                       struct sl_err *err)
{
    struct sl_reconcile_since *since = user;
    int rc = sl_schema_query_read(since->schema, db, table, at, schema, err);

    if (at == NULL || rc < SL_OK || (rc == SL_OK && (*schema)->is_current)) {
        return rc;
    }
    rc = sl_changed_keys_add_whole(since->changed, db, table,
                                   "its layout at that place of the log is not known");
    return rc == SL_OK ? SL_DONE : sl_err_set(err, rc, "out of memory");
}

static int make_stream(struct sl_reconcile_since *since, struct sl_err *err)
{
    const struct sl_stream_options options = {
        .verify_checksum = true,
        .max_event_bytes = since->config->pipeline.memory_limit_bytes,
        .wants = sl_changed_keys_wants,
        .wants_user = since->changed,
        .schema = read_schema,
        .schema_user = since,
        .flavor = since->source->flavor,
        .folds_names = since->source->folds_names,
    };
    const struct sl_stream_handler handler = sl_changed_keys_handler(since->changed);

    since->stream = sl_stream_new(&options, &handler, &since->from);
    if (since->stream == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    sl_changed_keys_attach(since->changed, since->stream);
    return SL_OK;
}

static bool has_arrived(const struct sl_reconcile_since *since)
{
    const struct sl_position *at = sl_stream_read_position(since->stream);

    return at->file[0] != '\0' && !sl_stream_in_transaction(since->stream) &&
           sl_position_compare_file(at, &since->to) >= 0;
}

/* Keeps the lock, and notices a stop. */
static int tick(struct sl_reconcile_since *since, struct sl_reconcile *r, struct sl_err *err)
{
    uint64_t now = sl_clock_mono_ms(r->clock);

    if (now - since->ticked_ms < SL_SINCE_TICK_MS) {
        return SL_OK;
    }
    since->ticked_ms = now;
    return sl_reconcile_sleep(r, 0, err);
}

static int from_log(const struct sl_reconcile_since *since, struct sl_reconcile *r, int rc,
                    struct sl_err *err)
{
    r->source_failed |= rc < SL_OK;
    return rc == SL_EGAP ? gone(since, NULL, err) : rc;
}

static int pump(struct sl_reconcile_since *since, struct sl_reconcile *r, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && !has_arrived(since)) {
        struct sl_span event;

        rc = from_log(since, r, since->source->ops->next(since->source, &event, err), err);
        if (rc == SL_OK) {
            rc = sl_stream_feed(since->stream, event, err);
            r->source_failed |= rc < SL_OK;
        }
        rc = rc == SL_OK ? tick(since, r, err) : rc;
    }
    return rc;
}

static int read_log(struct sl_reconcile_since *since, struct sl_reconcile *r, struct sl_err *err)
{
    int rc = sl_reconcile_from_source(r, r->reader->ops->end(r->reader, &since->to, err));

    if (rc == SL_OK) {
        rc = find_start(since, r, err);
        r->source_failed |= rc < SL_OK;
    }
    if (rc == SL_OK) {
        rc = from_log(since, r,
                      since->source->ops->open(since->source, SL_START_AT, &since->from, err), err);
    }
    rc = rc == SL_OK ? make_stream(since, err) : rc;
    return rc == SL_OK ? pump(since, r, err) : rc;
}

static void tell(const struct sl_reconcile_since *since, struct sl_reconcile *r, uint64_t took_ms)
{
    const struct sl_stream_stats *stats = sl_stream_stats(since->stream);
    const struct sl_reconcile_log log = {
        .from = &since->from,
        .to = &since->to,
        .events = stats->events,
        .bytes = stats->bytes,
        .took_ms = took_ms,
        .keys = sl_changed_keys_count(since->changed),
    };

    sl_reconcile_report_log(r->report, &log);
}

int sl_reconcile_since_read(struct sl_reconcile *r, struct sl_err *err)
{
    struct sl_reconcile_since *since = r->since;
    uint64_t began = sl_clock_mono_ms(r->clock);

    if (since == NULL || since->is_read) {
        r->source_failed |= since != NULL && since->status != SL_OK;
        return since == NULL || since->status == SL_OK
                   ? SL_OK
                   : sl_err_set(err, since->status, "%s", since->err.text);
    }
    since->is_read = true;
    since->status = read_log(since, r, &since->err);
    since->source->ops->close(since->source);
    if (since->status == SL_OK) {
        tell(since, r, sl_clock_mono_ms(r->clock) - began);
        return SL_OK;
    }
    return sl_err_set(err, since->status, "%s", since->err.text);
}

/* ---- what changed ---- */

bool sl_reconcile_since_chooses(struct sl_reconcile *r, struct sl_changed_table *changed)
{
    const struct sl_reconcile_table *table = r->current;
    struct sl_changed_table found;

    *changed = (struct sl_changed_table){.whole = NULL};
    if (r->since == NULL) {
        return true;
    }
    found = sl_changed_keys_find(r->since->changed, table->db, table->name);
    *changed = found;
    if (found.whole != NULL && r->since->told != table) {
        r->since->told = table;
        sl_reconcile_say(r->report, "table %.*s.%.*s is compared whole: %s", (int)table->db.len,
                         (const char *)table->db.data, (int)table->name.len,
                         (const char *)table->name.data, found.whole);
    }
    return found.whole != NULL || found.facets > 0;
}

int sl_reconcile_since_whole(struct sl_reconcile *r, const char *why, struct sl_err *err)
{
    if (r->since != NULL && sl_changed_keys_add_whole(r->since->changed, r->current->db,
                                                      r->current->name, why) != SL_OK) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    return SL_RECONCILE_ALTERED;
}
