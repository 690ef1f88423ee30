/*
 * gtid.h - sets of global transaction identifiers of both servers.
 *
 * MySQL: a set of source UUIDs, each with tags ("" or a lower-case name, MySQL
 * 8.3 and later) and intervals of transaction numbers. Text form as in
 * gtid_executed: "uuid:1-5:7,uuid2:1-3:tag:1-9" (a tag holds for the intervals
 * after it until the next tag of the same UUID).
 * Binary form as COM_BINLOG_DUMP_GTID and PREVIOUS_GTIDS_LOG_EVENT carry it
 * (sql/rpl_gtid_set.cc: Gtid_set::encode; the top byte of n_sids is the format, 1 = tagged).
 *
 * MariaDB: one last identifier a domain, text form as in gtid_binlog_pos:
 * "0-1-100,1-1-42" (domain-server-sequence).
 */
#ifndef SLUICE_CDC_GTID_H
#define SLUICE_CDC_GTID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

enum {
    SL_UUID_BYTES = 16,
    SL_GTID_TAG_MAX = 32,
};

/* One MySQL transaction identifier. */
struct sl_gtid {
    uint8_t uuid[SL_UUID_BYTES];
    uint8_t tag_len;
    char tag[SL_GTID_TAG_MAX]; /* tag_len bytes, lower case, no NUL */
    uint64_t number;           /* 1 and up */
};

struct sl_gtid_interval {
    uint64_t first;
    uint64_t last; /* inclusive */
};

/* The intervals of one UUID and tag, sorted, disjoint and never adjacent. */
struct sl_gtid_source {
    uint8_t uuid[SL_UUID_BYTES];
    uint8_t tag_len;
    char tag[SL_GTID_TAG_MAX];
    struct sl_gtid_interval *intervals;
    size_t count;
    size_t cap;
};

/* Sources sorted by UUID, then tag. A zeroed set is empty. */
struct sl_gtid_set {
    struct sl_gtid_source *sources;
    size_t count;
    size_t cap;
};

void sl_gtid_set_release(struct sl_gtid_set *set);
int sl_gtid_set_copy(struct sl_gtid_set *to, const struct sl_gtid_set *from) SL_MUSTCHECK;
/* Adds one identifier; cheap (no search, no allocation) when it follows the last one added. */
int sl_gtid_set_add(struct sl_gtid_set *set, const struct sl_gtid *gtid) SL_MUSTCHECK;
bool sl_gtid_set_contains(const struct sl_gtid_set *set, const struct sl_gtid *gtid);
/* True when every identifier of INNER is in OUTER. */
bool sl_gtid_set_covers(const struct sl_gtid_set *outer, const struct sl_gtid_set *inner);
/* Makes OUT what is in A and not in B. */
int sl_gtid_set_subtract(const struct sl_gtid_set *a, const struct sl_gtid_set *b,
                         struct sl_gtid_set *out) SL_MUSTCHECK;
/* Replaces SET by what TEXT says (white space and upper case are accepted); SL_EINVAL with a reason. */
int sl_gtid_set_parse(struct sl_gtid_set *set, struct sl_span text, struct sl_err *err) SL_MUSTCHECK;
/* Replaces SET by the binary form; SL_EFORMAT, SL_ETRUNC. */
int sl_gtid_set_decode(struct sl_gtid_set *set, struct sl_span bytes, struct sl_err *err) SL_MUSTCHECK;
/* Appends the text or binary form. The binary form is the tagged one only if a tag is there. */
int sl_gtid_set_format(const struct sl_gtid_set *set, struct sl_buf *out) SL_MUSTCHECK;
int sl_gtid_set_encode(const struct sl_gtid_set *set, struct sl_buf *out) SL_MUSTCHECK;
/* Appends "uuid:number" or "uuid:tag:number". */
int sl_gtid_format(const struct sl_gtid *gtid, struct sl_buf *out) SL_MUSTCHECK;

/* One MariaDB transaction identifier. */
struct sl_mgtid {
    uint32_t domain;
    uint32_t server;
    uint64_t sequence;
};

/* The last identifier of each domain, sorted by domain. A zeroed list is empty. */
struct sl_mgtid_list {
    struct sl_mgtid *items;
    size_t count;
    size_t cap;
};

void sl_mgtid_list_release(struct sl_mgtid_list *list);
int sl_mgtid_list_copy(struct sl_mgtid_list *to, const struct sl_mgtid_list *from) SL_MUSTCHECK;
/* Makes GTID the last one of its domain. */
int sl_mgtid_list_set(struct sl_mgtid_list *list, const struct sl_mgtid *gtid) SL_MUSTCHECK;
int sl_mgtid_list_parse(struct sl_mgtid_list *list, struct sl_span text, struct sl_err *err) SL_MUSTCHECK;
int sl_mgtid_list_format(const struct sl_mgtid_list *list, struct sl_buf *out) SL_MUSTCHECK;
int sl_mgtid_format(const struct sl_mgtid *gtid, struct sl_buf *out) SL_MUSTCHECK;

#endif
