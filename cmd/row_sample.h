/*
 * row_sample.h - rows of a table by chance, from all over its key, each as the commands that would
 * write it. Of a table whose rows have parts (filters/part.h) it is parts instead.
 */
#ifndef SLUICE_CMD_ROW_SAMPLE_H
#define SLUICE_CMD_ROW_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/chunk.h"
#include "cdc/dictionary.h"
#include "conf/config.h"

/* Zeroed: a valid empty one. */
struct sl_row_sample {
    struct sl_buf *rows; /* owned; commands as of filters/encode.h */
    size_t count;
    size_t cap;        /* how many are wanted; falls when they are long */
    uint64_t seen;     /* rows that could have been taken: those that the rule wants */
    uint64_t sent;     /* rows that the source sent */
    uint64_t estimate; /* what the server thinks of how many rows the table has */
    bool is_all;       /* it sent all that there are */
    size_t bytes;      /* of all */
};

void sl_row_sample_release(struct sl_row_sample *sample);

/* What is wanted; all is borrowed. */
struct sl_row_sampling {
    const struct sl_config *config;
    struct sl_chunk_reader *reader;
    struct sl_span db;
    struct sl_span table;
    size_t rows;
    bool packs; /* values are compressed as the rule says; else they stay as they are */
    const struct sl_dictionaries *dictionaries; /* to do it with; NULL: none */
};

/*
 * Fills SAMPLE with that many rows of the table, or with as many as there are and the rule wants.
 * SL_DONE: no such table. SL_ESTOPPED, and how the chunk reader and the encoder fail; *AT_SOURCE:
 * it was the source.
 */
int sl_row_sample_take(struct sl_row_sample *sample, const struct sl_row_sampling *what,
                       bool *at_source, struct sl_err *err) SL_MUSTCHECK;

#endif
