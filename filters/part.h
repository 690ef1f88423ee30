/*
 * part.h - the parts of a row: where the key template has {part}, the rule's function returns a
 * table of rows by names, and each of them has a key of its own.
 *
 *     "order:{id}:{part}"     { head = {...}, address = {...} }
 *                             order:7:head, order:7:address
 *
 * They are the items (cdc/item.h) of one facet. The key of facet 0 only names the row: batches,
 * windows and notes know it by that, and what is written to it is always its removal.
 */
#ifndef SLUICE_FILTERS_PART_H
#define SLUICE_FILTERS_PART_H

#include "cdc/mapper.h"
#include "filters/encode.h"

struct sl_part {
    struct sl_span name; /* views into the buffers of sl_parts */
    struct sl_span key;
    struct sl_span value; /* of a hash its fields in wire form, packed; else JSON, not packed */
    size_t fields;        /* of a hash */
};

/* Those of a row, by the bytes of their names; reused from row to row. Zeroed: a valid empty one.
 */
struct sl_parts {
    struct sl_part *items;
    size_t count;
    size_t cap;
    struct sl_buf names;
    struct sl_buf keys;
    struct sl_buf values;
};

void sl_parts_release(struct sl_parts *parts);
void sl_parts_clear(struct sl_parts *parts);

/* Adds an empty one; NULL when out of memory. */
struct sl_part *sl_parts_add(struct sl_parts *parts);

/*
 * Replaces PARTS by those of ROW, which the rule's `where` has taken. Fails as sl_transform_parts()
 * does, but a row that the function leaves out is one without parts. IS_ASKING: see there.
 */
int sl_parts_make(struct sl_parts *parts, const struct sl_shape *shape, struct sl_row row,
                  bool is_asking, struct sl_err *err) SL_MUSTCHECK;

/* By the bytes of their names, for qsort(). */
int sl_part_compare(const void *a, const void *b);
/* The one with the name and the key of LIKE, which is of another row; NULL: none. */
const struct sl_part *sl_parts_find(const struct sl_parts *parts, const struct sl_part *like);

/* How a part is written; all is borrowed. */
struct sl_part_writing {
    const struct sl_shape *shape;
    const struct sl_part *part;
    bool replaces; /* whatever the key holds, also what is not of the rule's kind */
};

/*
 * Appends the commands that make the part's key hold it (*COMMANDS is how many), and where the
 * key's bytes stand in the first one. On failure OUT is as before. SL_ELIMIT: it is longer than
 * Redis takes.
 */
int sl_part_encode(const struct sl_part_writing *writing, struct sl_buf *out, uint32_t *key_at,
                   uint16_t *commands, struct sl_err *err) SL_MUSTCHECK;

#endif
