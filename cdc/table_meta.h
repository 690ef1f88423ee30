/*
 * table_meta.h - the optional metadata at the end of a TABLE_MAP event, put onto the columns.
 *
 * Both servers number the fields alike (enum Optional_metadata_field_type); MariaDB logs types 1 to
 * 11. binlog_row_metadata=MINIMAL logs signedness, character sets and geometry types, FULL all.
 * A field of an unknown type is passed over.
 */
#ifndef SLUICE_CDC_TABLE_META_H
#define SLUICE_CDC_TABLE_META_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/arena.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/column.h"

/* What the metadata said of the table as a whole. */
struct sl_table_meta {
    bool has_signedness; /* is_unsigned of the columns can be relied on */
    bool has_names;
    bool has_visibility;
    bool has_labels; /* ENUM and SET labels are set (true where there are no such columns, too) */
    uint32_t *key;   /* primary key: column numbers in key order, in the arena */
    uint32_t key_count;
};

/*
 * Puts what OPTIONAL says onto the columns of TABLE, whose type is set already. IS_MARIADB:
 * GEOMETRY columns are among those with a character set. Names are views into OPTIONAL; labels are
 * put into ARENA, in UTF-8. SL_ETRUNC, SL_EFORMAT, SL_ENOMEM.
 */
int sl_table_meta_apply(struct sl_span optional, bool is_mariadb, const struct sl_table *table,
                        struct sl_arena *arena, struct sl_table_meta *meta,
                        struct sl_err *err) SL_MUSTCHECK;

/* Sets the collation of COLUMN and the character set that belongs to it (NULL where unknown). */
void sl_table_set_collation(struct sl_column *column, uint32_t collation);

#endif
