/*
 * json_path.h - the paths of partial JSON updates, leg by leg (sql-common/json_path.cc). They name
 * exactly one value: wildcards, ranges and ellipses are refused. Private to json_*.c.
 */
#ifndef SLUICE_CDC_JSON_PATH_H
#define SLUICE_CDC_JSON_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

struct sl_json_leg {
    bool is_member;
    bool is_from_end;    /* [last-N] */
    uint32_t index;      /* array cells */
    struct sl_span name; /* members: borrowed from the path, still escaped if has_escapes */
    bool has_escapes;
};

/* Takes the "$" off the front of PATH. SL_EFORMAT. */
int sl_json_path_begin(struct sl_span *path) SL_MUSTCHECK;

/* Takes the next leg off the front of PATH; SL_DONE at the end, SL_EFORMAT. */
int sl_json_path_next(struct sl_span *path, struct sl_json_leg *leg) SL_MUSTCHECK;

/* Writes NAME without its escapes at OUT (NAME.len bytes are enough) and stores the length.
 * SL_EFORMAT. */
int sl_json_path_unescape(struct sl_span name, uint8_t *out, size_t *len) SL_MUSTCHECK;

#endif
