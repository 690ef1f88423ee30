/*
 * model.h - a source and a sink in memory for tests of the snapshot: tables of two numbers each,
 * whose changes go into a binary log that a real reader decodes; a chunk reader that reads the
 * tables as SELECT would, with a hook between the reading and the end of its window; and a cache
 * that applies batches in a thread of its own.
 *
 * Tables are shop.t0 to shop.t3 (id INT, v INT); their keys are "t0:ID", the values V.
 */
#ifndef SLUICE_TESTS_SUPPORT_MODEL_H
#define SLUICE_TESTS_SUPPORT_MODEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "cdc/chunk.h"
#include "cdc/load_store.h"
#include "cdc/mapper.h"
#include "cdc/reader.h"
#include "cdc/rereads.h"
#include "cdc/source.h"

enum {
    SL_MODEL_TABLES = 4,
    SL_MODEL_IDS = 200,
    SL_MODEL_EVENTS = 40000,
    SL_MODEL_FIELDS = 16,
    SL_MODEL_NONE = -1, /* no row, no key */
};

struct sl_model;

/* A mapper, chunk reader or store, and whose it is. */
struct sl_model_chunks {
    struct sl_chunk_reader base;
    struct sl_model *model;
    struct sl_table table;
    struct sl_column columns[2];
    bool is_open;
    int number; /* of the open table */
    struct sl_buf texts;
    struct sl_cell cells[SL_MODEL_IDS * 2];
    char after[16];
    unsigned locks;
    struct sl_chunk rest; /* of a range that comes in parts: its rows, all read at once */
    size_t part_bytes;
    bool is_last;
};

struct sl_model_store {
    struct sl_load_store base;
    struct sl_model *model;
};

struct sl_model_field {
    struct sl_buf name;
    struct sl_buf value;
};

struct sl_model {
    pthread_mutex_t lock; /* of rows, log and cache */
    int rows[SL_MODEL_TABLES][SL_MODEL_IDS];
    bool is_gone[SL_MODEL_TABLES]; /* no such table */
    bool is_unwanted[SL_MODEL_TABLES];
    struct sl_buf events[SL_MODEL_EVENTS];
    size_t event_count;
    size_t sent;
    uint64_t offset;  /* of the log's end */
    bool is_minimal;  /* updates are logged with the changed column alone */
    bool notes_parts; /* what such an update says is not written: the key is noted */
    size_t reread_limit;
    bool
        has_locks; /* changes wait while rows are locked; not for those who change them in a hook */
    size_t max_ahead; /* events that the source may send; SIZE_MAX all */
    pthread_cond_t more;
    bool is_interrupted;
    bool chunks_are_interrupted;
    /* Called by a chunk reader before its SELECT, and behind it, without the lock. */
    void (*before_read)(struct sl_model *model, bool is_keys);
    void (*after_read)(struct sl_model *model, unsigned nth, int table, bool is_keys);
    void (*before_part)(struct sl_model *model, int table); /* but the first one of a range */
    void (*at_gone)(struct sl_model *model, int table);     /* when there is no such table */
    unsigned reads;
    atomic_uint parts;     /* that were read, but the first ones */
    atomic_uint keys_read; /* keys that rows were asked for by */
    atomic_uint locked_reads;
    size_t most_keys; /* that were read together */
    int fail_reads;   /* so many next reads fail ... */
    int fail_status;  /* ... with this */
    bool only_t0_fails;
    uint64_t threads_running;
    struct sl_buf where; /* of the last open_table() */

    int cache[SL_MODEL_TABLES][SL_MODEL_IDS];
    struct sl_model_field states[SL_MODEL_FIELDS];
    struct sl_model_field requests[SL_MODEL_FIELDS];
    struct sl_model_field rules[SL_MODEL_FIELDS];
    bool notes[SL_MODEL_TABLES][SL_MODEL_IDS]; /* the hash of keys to be read again */
    int newest[SL_MODEL_TABLES][SL_MODEL_IDS]; /* the largest value that a key ever had */
    unsigned went_back;                        /* how often a key got a smaller one */
    struct sl_buf history;                     /* of the state hash: "field=value\n" */
    struct sl_buf notices;
    atomic_uint writes; /* to the cache's keys */
    atomic_bool sink_stops;
    atomic_bool sink_waits; /* it takes nothing */
    pthread_t sink;

    struct sl_source source;
    struct sl_mapper mapper;
    struct sl_model_chunks chunks[4]; /* the last ones are for rows that are read again */
    struct sl_model_store stores[4];
    struct sl_rereads *rereads; /* while the reader runs */
    struct sl_handoff handoff;
    struct sl_reader *reader;
    struct sl_reader_options reader_options;
};

void sl_model_init(struct sl_model *model);
void sl_model_release(struct sl_model *model);

/* Starts the reader and the cache. */
void sl_model_start(struct sl_model *model);
/* Ends both; what was published is applied. */
void sl_model_stop(struct sl_model *model);

/* One transaction. V is SL_MODEL_NONE: DELETE. */
void sl_model_set(struct sl_model *model, int table, int id, int v);
/* The same but ended by ROLLBACK, as of a table without transactions; the rows stay as they are. */
void sl_model_set_rolled_back(struct sl_model *model, int table, int id, int v);
void sl_model_statement(struct sl_model *model, const char *text);

void sl_model_put_field(struct sl_model_field *fields, const char *name, const char *value);
/* Whether the cache has a load that has not come to its end. */
bool sl_model_is_loading(struct sl_model *model);
/* NULL: none. */
const char *sl_model_field(struct sl_model *model, struct sl_model_field *fields, const char *name);

#endif
