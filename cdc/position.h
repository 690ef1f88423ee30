/*
 * position.h - a place between two transactions of a source's binary log.
 */
#ifndef SLUICE_CDC_POSITION_H
#define SLUICE_CDC_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/gtid.h"

enum {
    SL_BINLOG_NAME_MAX = 512, /* FN_REFLEN of both servers */
    SL_SERVER_UUID_TEXT = 36,
};

struct sl_position {
    char file[SL_BINLOG_NAME_MAX]; /* binary log file name, NUL-terminated; "" unknown */
    uint64_t offset;             /* bytes from the start of the file: the next event's first byte */
    bool has_gtid;               /* the set below is kept and is what a stream resumes by */
    struct sl_gtid_set gtids;    /* MySQL: executed before this place */
    struct sl_mgtid_list mgtids; /* MariaDB: the last identifier of each domain before it */
    /* MySQL server_uuid or MariaDB "server_id:N"; "" unknown */
    char server_uuid[SL_SERVER_UUID_TEXT + 1];
    uint32_t event_time; /* of the last transaction before this place, since 1970; 0 unknown */
    /* While a prepared XA transaction keeps this place back: as far as all others were applied, on
       the same server; "" nothing. */
    char applied_file[SL_BINLOG_NAME_MAX];
    uint64_t applied_offset;
};

/* A position that is all zeros is initialised, too. */
void sl_position_init(struct sl_position *position);
void sl_position_release(struct sl_position *position);
/* Makes TO (initialised) equal to FROM, reusing memory. SL_ENOMEM: TO can only be released. */
int sl_position_copy(struct sl_position *to, const struct sl_position *from) SL_MUSTCHECK;

/* Sets file (cut to fit is an error: SL_ELIMIT) and offset. */
int sl_position_set_file(struct sl_position *position, const char *file, size_t len,
                         uint64_t offset) SL_MUSTCHECK;

/*
 * Reads what a user or a checkpoint may write: "FILE:POS", a MySQL GTID set or a MariaDB
 * GTID list ("0-1-100"). SL_EINVAL with a reason; POSITION is unchanged then.
 */
int sl_position_parse(struct sl_position *position, const char *text,
                      struct sl_err *err) SL_MUSTCHECK;

/* Appends the GTID text of either server ("" when there is none). */
int sl_position_format_gtid(const struct sl_position *position, struct sl_buf *out) SL_MUSTCHECK;

/* Appends "FILE:POS" and, where known, " (GTID …)", for log lines. */
int sl_position_format(const struct sl_position *position, struct sl_buf *out) SL_MUSTCHECK;

/*
 * Orders two places of one server by file number (the digits after the last dot) and offset:
 * negative, 0 or positive as A lies before, at or behind B.
 */
int sl_position_compare_file(const struct sl_position *a, const struct sl_position *b);
/* True when all up to FILE:OFFSET of the position's server was applied already, though it lies
 * behind. */
bool sl_position_has_applied(const struct sl_position *position, const char *file, uint64_t offset);

#endif
