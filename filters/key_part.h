/*
 * key_part.h - {part} in a key template: rows of such a rule have several keys, their parts
 * (part.h).
 *
 *     "order:{id}:{part}"  ->  "order:{id}:"   what names the row, and is no key of any part, as
 * the names of parts are not empty
 */
#ifndef SLUICE_FILTERS_KEY_PART_H
#define SLUICE_FILTERS_KEY_PART_H

#include "filters/key.h"

/* The column of a piece of a compiled template that is a part's name. */
#define SL_KEY_PART_NAME (UINT32_MAX - 1)

/*
 * Appends to OUT the template TEXT, which is a valid one, without its {part}. SL_DONE: it has none.
 * SL_EINVAL: it has two, or nothing that no value holds stands between it and another placeholder,
 * so that parts of two rows could have one key.
 */
int sl_key_without_part(const char *text, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

/* As sl_key_compile_any(), for a template with {part}. */
int sl_key_compile_part(const char *text, const struct sl_table *table, struct sl_key *key,
                        struct sl_err *err) SL_MUSTCHECK;

/* What keys of parts are made of, beside their names; cells as in sl_key_render(). */
struct sl_part_place {
    const struct sl_key *key; /* compiled so */
    const struct sl_table *table;
    const struct sl_cell *cells;
    const struct sl_cell *fallback;
};

/* Appends the key of the part NAME. Fails as sl_key_render(). */
int sl_key_render_part(const struct sl_part_place *place, struct sl_span name, struct sl_buf *out,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
