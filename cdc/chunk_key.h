/*
 * chunk_key.h - what the rows of a table are paged by: its key, each column in the form that the
 * server compares it in, so that "behind this row" means the same in a statement as in the index.
 * Pure.
 */
#ifndef SLUICE_CDC_CHUNK_KEY_H
#define SLUICE_CDC_CHUNK_KEY_H

#include "cdc/base/arena.h"
#include "cdc/base/err.h"
#include "cdc/column.h"
#include "cdc/stream.h"

enum { SL_CHUNK_PARTS_MAX = 32 }; /* of a key: MariaDB's limit; MySQL has 16 */

/* How a value of the key is written in a statement. The numbers are stored (chunk_after.h). */
enum sl_chunk_form {
    SL_CHUNK_PLAIN = 1,   /* as sl_sql_add_value() does: numbers, bytes, dates, UUIDs */
    SL_CHUNK_STRING = 2,  /* bytes in the column's character set; nothing is converted */
    SL_CHUNK_ORDINAL = 3, /* ENUM and SET are in the order of their numbers, not of their labels */
};

struct sl_chunk_part {
    const struct sl_column *column;
    enum sl_chunk_form form;
    struct sl_span charset; /* STRING: the column's */
    uint32_t place;         /* where the SELECT of a chunk has it: a column's number or behind */
    bool is_padded;         /* CHAR that the index compares with its spaces: see chunk_pad.h */
    bool is_extra;          /* behind: the column's own text is not what it is compared by */
};

/* What it points to is the table's and the arena's. */
struct sl_chunk_key {
    const struct sl_table *table;
    struct sl_chunk_part parts[SL_CHUNK_PARTS_MAX];
    uint32_t count;
    uint32_t select_count; /* the table's columns and what stands behind them */
    struct sl_span index;  /* its name */
};

/*
 * Fills KEY for TABLE, built of SCHEMA. SL_ESCHEMA: the table has no key, or one that rows cannot
 * be paged by.
 */
int sl_chunk_key_init(struct sl_chunk_key *key, const struct sl_table *table,
                      const struct sl_schema *schema, struct sl_span index, struct sl_arena *arena,
                      struct sl_err *err) SL_MUSTCHECK;

#endif
