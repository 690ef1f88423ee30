/*
 * explain_private.h - what `sluice explain` finds out about a table, a row and the memory that the
 * table takes, and who finds it and who prints it.
 */
#ifndef SLUICE_CMD_EXPLAIN_PRIVATE_H
#define SLUICE_CMD_EXPLAIN_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cdc/base/arena.h"
#include "cdc/chunk.h"
#include "cdc/dictionary.h"
#include "cdc/mapper.h"
#include "cmd/explain_out.h"
#include "conf/config.h"
#include "filters/expect.h"

struct sl_explain_words {
    const char *config;
    const char *table;
    const char **values; /* owned: an array of words that are not */
    size_t count;
    size_t sample; /* how many rows; 0: memory is not estimated */
    bool is_json;
};

/* What one sink has under a key. */
struct sl_explain_sink {
    const char *name;
    struct sl_err why; /* it cannot be told */
    enum sl_drift drift;
};

/* A key of the row. */
struct sl_explain_value {
    struct sl_buf key;
    struct sl_expect plain;        /* what it is to hold */
    struct sl_expect packed;       /* the same as it is written */
    struct sl_explain_sink *sinks; /* as many as the configuration has; owned */
};

struct sl_explain_row {
    bool is_there;
    bool is_kept;      /* by `where` */
    struct sl_err why; /* `where` fails on it, or it cannot be encoded: then it has no value */
    struct sl_arena arena;
    struct sl_cell *cells;           /* of all columns */
    struct sl_explain_value *values; /* one, or where rows have parts one each; owned */
    size_t count;
};

struct sl_explain_memory {
    struct sl_err why;  /* it cannot be estimated */
    uint64_t sampled;   /* rows */
    uint64_t rows;      /* of the table */
    bool is_counted;    /* ROWS; else it is the server's estimate */
    uint64_t kept;      /* of ROWS, by `where` */
    uint64_t key_bytes; /* these three on average of the sampled rows */
    uint64_t value_bytes;
    uint64_t row_bytes; /* in memory */
    uint64_t bytes;     /* in memory, of all rows */
};

struct sl_explain {
    const struct sl_config *config;
    const struct sl_explain_words *words;
    struct sl_span db;
    struct sl_span name;
    const struct sl_table_rule *rule; /* the first that matches, also one that skips; NULL: none */
    bool *matches;                    /* of each rule; owned */

    struct sl_chunk_reader *reader;
    struct sl_mapper *mapper;
    struct sl_table *table; /* the reader's, with the shape hanging on it */
    const struct sl_schema *schema;
    struct sl_dictionaries dictionaries;
    char *pattern; /* of its keys; owned */
    struct sl_explain_row row;
    struct sl_explain_memory memory;
    struct sl_explain_out out;
    atomic_bool stop;
};

/* ---- explain_row.c ---- */

/*
 * Reads the row that the words name, or the first one, and encodes it. SL_EINVAL: the number of
 * values is not that of the key's columns; how the chunk reader fails.
 */
int sl_explain_read_row(struct sl_explain *explain, struct sl_err *err) SL_MUSTCHECK;
void sl_explain_row_release(struct sl_explain_row *row);

/* ---- explain_sinks.c ---- */

/* The dictionaries of the first sink that answers. */
void sl_explain_find_dictionaries(struct sl_explain *explain);
/* Looks at the row's keys in every sink. SL_ENOMEM. */
int sl_explain_ask_sinks(struct sl_explain *explain) SL_MUSTCHECK;

/* ---- explain_memory.c ---- */

/* *AT_SOURCE: that it failed (explain->memory.why) is the source's doing. */
void sl_explain_measure(struct sl_explain *explain, bool *at_source);

/* ---- explain_facts.c: what both printers ask ---- */

struct sl_explain_column {
    struct sl_span name;
    struct sl_span type;  /* as the server writes it */
    struct sl_span shown; /* its name in the cache; empty: left out, or transformed */
    bool is_transformed;  /* the rule's function says what is shown of it */
    const char *mask;     /* how it is masked; NULL: it is not */
    uint32_t key_part;    /* 1 and up: its place in the row key */
    bool is_in_key;       /* of the cache */
    bool is_looked_at;    /* by `where` */
};

struct sl_explain_column sl_explain_column_of(const struct sl_explain *explain, uint32_t number);
const char *sl_explain_value_name(const struct sl_table_rule *rule);
const char *sl_explain_compress_name(const struct sl_table_rule *rule);
size_t sl_explain_rule_number(const struct sl_explain *explain, const struct sl_table_rule *rule);
/* The dictionary of the table; 0: none. */
uint32_t sl_explain_dictionary(const struct sl_explain *explain);
/* Bytes of its text, or of its values. */
uint64_t sl_explain_held_bytes(const struct sl_held *held);
/* "holds the row", "has no such key", ... */
const char *sl_explain_drift_text(enum sl_drift drift);

/* ---- explain_text.c, explain_json.c ---- */

struct sl_explain_printer {
    void (*begin)(struct sl_explain *explain);
    void (*rule)(struct sl_explain *explain);
    void (*layout)(struct sl_explain *explain);
    void (*row)(struct sl_explain *explain);
    void (*memory)(struct sl_explain *explain);
    void (*end)(struct sl_explain *explain);
};

extern const struct sl_explain_printer sl_explain_printer_text;
extern const struct sl_explain_printer sl_explain_printer_json;

#endif
