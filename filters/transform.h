/*
 * transform.h - the "transform" of a rule: a Lua function that gets a row and returns what the
 * cache shows of it, or nil for a row that is not to be in the cache.
 *
 * The row is a table that renders a column when it is looked at (values: see lua_cell.h), and says
 * so when it is asked for a name that is no column. What is assigned to it is seen by who returns
 * it. Nothing is kept from one row to the next: the text itself is run for each row, so that the
 * variables around its function are new ones.
 *
 * A name that is a column's, with the column's own value, shows what a rule without transform would
 * show; so does every column of the row itself that was not assigned to. Columns come first, in
 * table order, then all other names, by bytes.
 *
 * Where rows have parts (part.h) it returns a table of such rows by the names of the parts.
 */
#ifndef SLUICE_FILTERS_TRANSFORM_H
#define SLUICE_FILTERS_TRANSFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/mapper.h"
#include "filters/encode.h"
#include "filters/options.h"

enum {
    SL_TRANSFORM_VALUES_MAX = 100000, /* in all tables of a row: there may be more than it made */
    SL_TRANSFORM_DEPTH_MAX = 32,      /* tables in tables */
    SL_TRANSFORM_JSON_MAX = 16 * 1024 * 1024, /* bytes that one of them takes as JSON */
    SL_TRANSFORM_PARTS_MAX = 1000,
};

struct sl_parts; /* part.h */

/* A compiled function; threads take turns. */
struct sl_transform;

/* Compiles RULE's transform. SL_EINVAL with Lua's sentence, SL_ENOMEM. RULE is borrowed for the
 * transform's life. */
int sl_transform_new(const struct sl_table_rule *rule, struct sl_transform **out,
                     struct sl_err *err) SL_MUSTCHECK;
void sl_transform_free(struct sl_transform *transform);

/* Who counts the rows that are kept out, and hears once of one on which the function failed; NOTICE
 * may be NULL. */
void sl_transform_tell(struct sl_transform *transform, struct sl_mapper_stats *stats,
                       sl_notice_fn notice, void *user);

/*
 * Appends what the cache shows of ROW, of the table of SHAPE, whose transform it is: in wire form
 * *COUNT names each with its value, packed; or one JSON object, not packed. SL_DONE: the row is not
 * to be in the cache. SL_ERULE: the function fails, ERR says on which table and why, and never
 * holds a value of the row. SL_EUNSUPPORTED, SL_ELIMIT: ROW is not whole. Or what a decoder or
 * sl_encode_end_value() fails with. OUT has grown then, too. Where rows have parts it is SL_DONE:
 * none has a value of its own.
 */
int sl_transform_fields(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                        size_t *count, struct sl_err *err) SL_MUSTCHECK;
int sl_transform_json(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                      struct sl_err *err) SL_MUSTCHECK;

/*
 * Fills PARTS, which is empty, with the parts of ROW, of a rule that has some: all but their keys.
 * Fails as the two above. IS_ASKING: a row that it keeps out is neither counted nor told.
 */
int sl_transform_parts(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                       struct sl_parts *parts, struct sl_err *err) SL_MUSTCHECK;

/* Does it take ROW into the cache? Fails as the two above. SL_ROW_UNCLEAR: ROW is not whole.
 * IS_ASKING: a row that it keeps out is neither counted nor told. */
int sl_transform_judge(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                       enum sl_verdict *verdict, struct sl_err *err) SL_MUSTCHECK;

#endif
