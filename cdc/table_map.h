/*
 * table_map.h - the TABLE_MAP event: which columns the rows that follow have. It only splits the
 * event into views; table_meta.h reads the optional metadata at its end, layout.h makes a table of
 * it.
 *
 * Format: libs/mysql/binlog/event/rows_event.h of MySQL (class Table_map_event) and sql/log_event.h
 * of MariaDB (class Table_map_log_event), which agree.
 */
#ifndef SLUICE_CDC_TABLE_MAP_H
#define SLUICE_CDC_TABLE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

enum {
    SL_TABLE_COLUMNS_MAX = 4096, /* MAX_FIELDS of both servers */
    SL_TABLE_MAP_ID_BYTES = 8,   /* table id and flags: what differs between maps of one layout */
};

/* All views are borrowed from the event. */
struct sl_table_map {
    uint64_t id;
    struct sl_span db;   /* UTF-8 */
    struct sl_span name; /* UTF-8 */
    uint32_t column_count;
    const uint8_t *types;    /* column_count wire types (enum sl_type) */
    struct sl_span meta;     /* for sl_column_take_meta(), column by column */
    const uint8_t *nullable; /* a bit a column, lowest first */
    struct sl_span optional; /* type, length, value …; empty where the server logs none */
};

/* Splits BODY. SL_ETRUNC, SL_EFORMAT. */
int sl_table_map_parse(struct sl_span body, struct sl_table_map *map,
                       struct sl_err *err) SL_MUSTCHECK;

/* The table id at the front of a TABLE_MAP or rows event. SL_ETRUNC. */
int sl_table_map_id(struct sl_span body, uint64_t *id, struct sl_err *err) SL_MUSTCHECK;

/* Bit INDEX of a bitmap whose bytes begin with their lowest bit. */
static inline bool sl_bit(const uint8_t *bits, uint32_t index)
{
    return (bits[index / 8] >> (index % 8) & 1) != 0;
}

#endif
