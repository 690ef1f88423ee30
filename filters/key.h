/*
 * key.h - key templates: "{db}:{table}:{pk}", "order:{id}".
 *
 * {db} and {table} are the names, which can be rewritten (key_name.h), {pk} the row key's columns
 * joined with ":", anything else a
 * column. In every value the bytes % : { } are percent-encoded (%25 %3A %7B %7D), so that two
 * rows never share a key; NULL is %N, which no value can look like. "{{" and "}}" stand for the
 * braces themselves (a Redis Cluster hash tag).
 */
#ifndef SLUICE_FILTERS_KEY_H
#define SLUICE_FILTERS_KEY_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "cdc/column.h"
#include "filters/options.h"

/* A run of literal bytes, or a column where column is not SL_KEY_LITERAL. */
#define SL_KEY_LITERAL UINT32_MAX

struct sl_key_part {
    uint32_t column; /* column number of the table */
    uint32_t at;     /* literal: offset and length in the template's bytes */
    uint32_t len;
};

/* A template compiled for one table. Zeroed: empty. */
struct sl_key {
    struct sl_key_part *parts;
    size_t count;
    struct sl_buf literals;
};

/*
 * Compiles TEMPLATE for TABLE; RULE names it in errors. SL_EINVAL: unbalanced braces, an unknown
 * column, no placeholder that tells rows apart; SL_ESCHEMA: the table has no row key.
 */
int sl_key_compile(const char *text, const struct sl_table *table, struct sl_key *key,
                   struct sl_err *err) SL_MUSTCHECK;
/* The same for a template that need not tell rows apart (index.h). */
int sl_key_compile_any(const char *text, const struct sl_table *table, struct sl_key *key,
                       struct sl_err *err) SL_MUSTCHECK;
void sl_key_release(struct sl_key *key);

/* Checks what can be checked without a table. */
int sl_key_check(const char *text, struct sl_err *err) SL_MUSTCHECK;
int sl_key_check_any(const char *text, struct sl_err *err) SL_MUSTCHECK;

/*
 * Appends the key of a row. CELLS come first, FALLBACK (may be NULL) for cells that CELLS lacks
 * (MINIMAL images leave unchanged key columns out of the after image). SL_ESCHEMA when a column is
 * in neither.
 */
int sl_key_render(const struct sl_key *key, const struct sl_table *table,
                  const struct sl_cell *cells, const struct sl_cell *fallback, struct sl_buf *out,
                  struct sl_err *err) SL_MUSTCHECK;

/* True when both rows have the same bytes in all columns of the key; absent cells of AFTER count as
 * unchanged. */
bool sl_key_same(const struct sl_key *key, const struct sl_cell *before,
                 const struct sl_cell *after);

/*
 * The pattern of all keys that rows of a table can have; needs no layout, only the names and how
 * many columns the row key has (PK_COUNT; 0: unknown, any). An empty TABLE stands for every table.
 * NULL when out of memory. Free with pattern->free().
 */
struct sl_key_pattern *sl_key_pattern_new(const char *text, struct sl_span db, struct sl_span table,
                                          uint32_t pk_count);

/* All tables of the database DB that RULE, one of COUNT RULES, decides about. */
struct sl_key_tables {
    const struct sl_table_rule *rules;
    size_t count;
    const struct sl_table_rule *rule;
    struct sl_span db;
    const char *text; /* the template; NULL: the rule's key */
};

/*
 * The pattern of all keys that rows of TABLES can have: with {table} in the template of none
 * but theirs. The rules are borrowed for the pattern's life, DB is not. NULL when out of memory.
 */
struct sl_key_pattern *sl_key_pattern_of_tables(const struct sl_key_tables *tables);

#endif
