/*
 * chunk_race.c - whether chunks are what their places say, while others write: follows the binary
 * log in one thread, reads the table chunk by chunk in another, and compares.
 *
 *   tool_chunk_race DB TABLE SECONDS     TABLE: (id INT PRIMARY KEY, ver INT), ids from 1 to 999,
 *                                        each UPDATE adds 1 to ver, which is 0 at the start
 *
 * A row of a chunk must have a version between that of LOW and that of HIGH. LOW is the place of a
 * transaction that has just come, whose commit the engine may not have done yet. Settings as for
 * tool_chunk. Prints "ok CHUNKS CHANGES", or what is wrong.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cdc/client/binlog.h"
#include "cdc/client/chunk_reader.h"
#include "cdc/stream.h"
#include "cdc/value.h"

enum { IDS = 1000, CHANGES = 4000000, PREPARED = 16 };

struct change {
    uint64_t place; /* behind its transaction */
    uint32_t id;
    uint32_t ver;
};

/* One row of a transaction that is prepared; the test changes one in each. */
struct prepared {
    struct sl_buf xid;
    struct change change;
};

struct race {
    const char *table;
    struct prepared prepared[PREPARED];
    struct sl_source *source;
    struct sl_stream *stream;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t moved;
    struct sl_position at;
    struct change *changes;
    size_t count;
    size_t open; /* changes of the transaction that is being read, behind COUNT */
    bool is_over;
    struct sl_err err;
};

static uint64_t place_of(const struct sl_position *position)
{
    const char *dot = strrchr(position->file, '.');

    return (dot != NULL ? strtoull(dot + 1, NULL, 10) << 40 : 0) | position->offset;
}

static uint32_t number_of(const struct sl_table *table, const struct sl_cell *cells,
                          uint32_t column)
{
    struct sl_buf text = {0};
    struct sl_err err;
    uint32_t number = 0;

    if (sl_value_text(&table->columns[column], &cells[column], &text, &err) == SL_OK &&
        sl_buf_cstr(&text) != NULL) {
        number = (uint32_t)strtoul((const char *)text.data, NULL, 10);
    }
    sl_buf_release(&text);
    return number;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    const struct race *race = user;

    (void)err;
    *skip = !sl_span_equals(table->name, race->table);
    return SL_OK;
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct race *race = user;

    if (change->after == NULL || race->count + race->open >= CHANGES) {
        return sl_err_set(err, SL_ELIMIT, "a DELETE, or too many changes");
    }
    race->changes[race->count + race->open++] =
        (struct change){.id = number_of(change->table, change->after, 0),
                        .ver = number_of(change->table, change->after, 1)};
    return SL_OK;
}

static int on_move(void *user, struct sl_err *err)
{
    struct race *race = user;
    const struct sl_position *at = sl_stream_read_position(race->stream);
    int rc;

    (void)err;
    (void)pthread_mutex_lock(&race->lock);
    for (; race->open > 0; race->open--) {
        race->changes[race->count++].place = place_of(at);
    }
    rc = sl_position_copy(&race->at, at);
    (void)pthread_cond_broadcast(&race->moved);
    (void)pthread_mutex_unlock(&race->lock);
    return rc;
}

static struct prepared *find_prepared(struct race *race, struct sl_span xid)
{
    for (size_t i = 0; i < PREPARED; i++) {
        struct prepared *item = &race->prepared[i];

        if (item->xid.len == xid.len &&
            (xid.len == 0 || memcmp(item->xid.data, xid.data, xid.len) == 0)) {
            return item;
        }
    }
    return NULL;
}

static int on_xa_prepare(void *user, struct sl_span xid, struct sl_err *err)
{
    struct race *race = user;
    struct prepared *item = find_prepared(race, sl_span_make("", 0));

    if (item == NULL || race->open != 1) {
        return sl_err_set(err, SL_ELIMIT, "too many transactions are prepared, or too large");
    }
    item->change = race->changes[race->count];
    race->open = 0;
    return sl_buf_add(&item->xid, xid.data, xid.len);
}

/* Its commit follows. */
static int on_xa_commit(void *user, struct sl_span xid, struct sl_err *err)
{
    struct race *race = user;
    struct prepared *item = find_prepared(race, xid);

    if (item == NULL) {
        return sl_err_set(err, SL_EGAP, "a transaction that was not prepared");
    }
    race->changes[race->count + race->open++] = item->change;
    sl_buf_release(&item->xid);
    return SL_OK;
}

static void *follow(void *user)
{
    struct race *race = user;
    struct sl_span event;
    int rc = SL_OK;

    while (rc == SL_OK) {
        rc = race->source->ops->next(race->source, &event, &race->err);
        rc = rc == SL_OK ? sl_stream_feed(race->stream, event, &race->err) : rc;
    }
    (void)pthread_mutex_lock(&race->lock);
    race->is_over = true;
    (void)pthread_cond_broadcast(&race->moved);
    (void)pthread_mutex_unlock(&race->lock);
    return NULL;
}

/* Waits until the stream has come to PLACE, or further than it is now (0). */
static int wait_for(struct race *race, uint64_t place, struct sl_position *low)
{
    uint64_t had;
    int rc;

    (void)pthread_mutex_lock(&race->lock);
    had = place_of(&race->at);
    while (!race->is_over &&
           (place > 0 ? place_of(&race->at) < place : place_of(&race->at) <= had)) {
        (void)pthread_cond_wait(&race->moved, &race->lock);
    }
    rc = race->is_over ? SL_EIO : low != NULL ? sl_position_copy(low, &race->at) : SL_OK;
    (void)pthread_mutex_unlock(&race->lock);
    return rc;
}

static uint32_t cell_number(const struct sl_cell *cell)
{
    char text[16] = {0};

    memcpy(text, cell->data, cell->len < sizeof(text) ? cell->len : sizeof(text) - 1);
    return (uint32_t)strtoul(text, NULL, 10);
}

/* VERSIONS are those of LOW when it returns; *DONE counts the changes that are in them. */
static int compare(struct race *race, const struct sl_chunk *chunk, uint64_t low,
                   uint32_t *versions, size_t *done)
{
    uint32_t high[IDS];
    uint64_t end = place_of(&chunk->high);

    (void)pthread_mutex_lock(&race->lock);
    for (; *done < race->count && race->changes[*done].place <= low; (*done)++) {
        versions[race->changes[*done].id % IDS] = race->changes[*done].ver;
    }
    memcpy(high, versions, sizeof(high));
    for (size_t i = *done; i < race->count && race->changes[i].place <= end; i++) {
        high[race->changes[i].id % IDS] = race->changes[i].ver;
    }
    (void)pthread_mutex_unlock(&race->lock);
    for (size_t i = 0; i < chunk->row_count; i++) {
        uint32_t id = cell_number(&chunk->cells[i * 2]) % IDS;
        uint32_t ver = cell_number(&chunk->cells[i * 2 + 1]);

        if (ver < versions[id] || ver > high[id]) {
            printf("wrong: row %u has version %u, but %u at LOW and %u at HIGH\n", id, ver,
                   versions[id], high[id]);
            return SL_ESINK;
        }
    }
    return SL_OK;
}

static int read_on(struct race *race, struct sl_chunk_reader *reader, time_t until,
                   struct sl_err *err)
{
    const struct sl_chunk_limit limit = {.rows = IDS, .bytes = 1 << 20};
    uint32_t versions[IDS] = {0};
    struct sl_position low = {0};
    unsigned chunks = 0;
    size_t done = 0;
    int rc = SL_OK;

    for (; rc == SL_OK && time(NULL) < until; chunks++) {
        struct sl_chunk chunk;

        rc = wait_for(race, 0, &low);
        rc = rc == SL_OK
                 ? reader->ops->read_range(reader, sl_span_make(NULL, 0), &low, &limit, &chunk, err)
                 : rc;
        if (rc == SL_OK && chunk.high.offset > 0) {
            rc = wait_for(race, place_of(&chunk.high), NULL);
        }
        rc = rc == SL_OK ? compare(race, &chunk, place_of(&low), versions, &done) : rc;
    }
    sl_position_release(&low);
    if (rc == SL_OK) {
        printf("ok %u %zu\n", chunks, race->count);
    }
    return rc;
}

static int run(struct race *race, const struct sl_source_options *options, char **argv,
               struct sl_err *err)
{
    const struct sl_stream_handler handler = {.table = on_table,
                                              .row = on_row,
                                              .commit = on_move,
                                              .rollback = on_move,
                                              .idle = on_move,
                                              .xa_prepare = on_xa_prepare,
                                              .xa_commit = on_xa_commit,
                                              .user = race};
    struct sl_stream_options stream = {.verify_checksum = true};
    struct sl_chunk_reader *reader = sl_chunk_reader_new(options);
    struct sl_table *table;
    pthread_t thread;
    int rc = reader != NULL ? SL_OK : SL_ENOMEM;

    rc =
        rc == SL_OK ? race->source->ops->open(race->source, SL_START_EARLIEST, &race->at, err) : rc;
    stream.flavor = race->source->flavor;
    race->stream = rc == SL_OK ? sl_stream_new(&stream, &handler, &race->at) : NULL;
    rc = rc == SL_OK
             ? reader->ops->open_table(reader, sl_span_make(argv[1], strlen(argv[1])),
                                       sl_span_make(argv[2], strlen(argv[2])), NULL, &table, err)
             : rc;
    if (rc == SL_OK && pthread_create(&thread, NULL, follow, race) == 0) {
        rc = read_on(race, reader, time(NULL) + strtol(argv[3], NULL, 10), err);
        race->source->ops->interrupt(race->source);
        (void)pthread_join(thread, NULL);
    }
    if (reader != NULL) {
        reader->ops->free(reader);
    }
    sl_stream_free(race->stream);
    return rc;
}

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return value != NULL ? value : fallback;
}

int main(int argc, char **argv)
{
    const struct sl_source_options options = {
        .host = setting("SRC_HOST", "127.0.0.1"),
        .port = (uint16_t)strtoul(setting("SRC_PORT", "3306"), NULL, 10),
        .user = setting("SRC_USER", "root"),
        .password = setting("SRC_PASSWORD", NULL),
        .server_id = 4712,
        .tls.mode = SL_TLS_PREFERRED,
        .heartbeat_ms = 1000,
        .connect_timeout_ms = 3000,
    };
    struct race race = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct sl_err err = {0};
    int rc = SL_EINVAL;

    (void)signal(SIGPIPE, SIG_IGN);
    race.changes = calloc(CHANGES, sizeof(*race.changes));
    race.source = sl_binlog_source_new(&options, "race", false);
    if (argc == 4 && race.changes != NULL && race.source != NULL) {
        race.table = argv[2];
        rc = run(&race, &options, argv, &err);
    }
    if (rc != SL_OK) {
        printf("error %s: %s%s\n", sl_status_str(rc), err.text, race.err.text);
    }
    if (race.source != NULL) {
        race.source->ops->free(race.source);
    }
    for (size_t i = 0; i < PREPARED; i++) {
        sl_buf_release(&race.prepared[i].xid);
    }
    sl_position_release(&race.at);
    free(race.changes);
    return rc == SL_OK ? 0 : 1;
}
