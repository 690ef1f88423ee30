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
    SL_UUID_TEXT_BYTES = 36,
    SL_GTID_TAG_MAX = 32,
};

/* The largest transaction number: GNO_END - 1 (sql/rpl_gtid.h). */
#define SL_GTID_NUMBER_MAX ((uint64_t)INT64_MAX - 1)

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

/* The intervals of one UUID and tag, sorted, disjoint, never adjacent, at least one. */
struct sl_gtid_source {
    uint8_t uuid[SL_UUID_BYTES];
    uint8_t tag_len;
    char tag[SL_GTID_TAG_MAX];
    struct sl_gtid_interval *intervals; /* owned */
    size_t count;
    size_t cap;
    size_t touched; /* the interval that was added to last */
};

/*
 * Sources sorted by UUID, then tag. A zeroed set is empty. Slots from count up to cap are kept with
 * the memory of their intervals, so that copying into a set again and again allocates nothing.
 */
struct sl_gtid_set {
    struct sl_gtid_source *sources; /* owned */
    size_t count;
    size_t cap;
    size_t touched; /* the source that was added to last */
};

/* Frees everything; SET is a valid empty one then. */
void sl_gtid_set_release(struct sl_gtid_set *set);
/* Empties SET and keeps its memory. */
void sl_gtid_set_clear(struct sl_gtid_set *set);
/* Makes TO equal to FROM and reuses its memory; TO is unchanged on failure (SL_ENOMEM). */
int sl_gtid_set_copy(struct sl_gtid_set *to, const struct sl_gtid_set *from) SL_MUSTCHECK;
/* Puts the index of the source of GTID (or where it belongs) in *INDEX; true when it is there. */
bool sl_gtid_set_find(const struct sl_gtid_set *set, const struct sl_gtid *gtid, size_t *index);
/*
 * Adds one identifier; cheap (no search, no allocation) when it follows the last one added.
 * SL_EFORMAT for a number of 0 or above SL_GTID_NUMBER_MAX, SL_ENOMEM; SET is unchanged then.
 */
int sl_gtid_set_add(struct sl_gtid_set *set, const struct sl_gtid *gtid) SL_MUSTCHECK;
/* Adds the identifiers from GTID's number to LAST (inclusive, not below it); fails as above. */
int sl_gtid_set_add_range(struct sl_gtid_set *set, const struct sl_gtid *gtid,
                          uint64_t last) SL_MUSTCHECK;
/* Adds all of OTHER. On SL_ENOMEM a part of it may have been added. */
int sl_gtid_set_add_set(struct sl_gtid_set *set, const struct sl_gtid_set *other) SL_MUSTCHECK;
bool sl_gtid_set_contains(const struct sl_gtid_set *set, const struct sl_gtid *gtid);
/* True when every identifier of INNER is in OUTER. */
bool sl_gtid_set_covers(const struct sl_gtid_set *outer, const struct sl_gtid_set *inner);
/* Makes OUT (which may be A or B) what is in A and not in B; it is unchanged on SL_ENOMEM. */
int sl_gtid_set_subtract(const struct sl_gtid_set *a, const struct sl_gtid_set *b,
                         struct sl_gtid_set *out) SL_MUSTCHECK;
/*
 * Replaces SET by what TEXT says (white space and upper case are accepted); SL_EINVAL with a
 * reason, SL_ELIMIT for more than 16 MiB. SET is unchanged on failure.
 */
int sl_gtid_set_parse(struct sl_gtid_set *set, struct sl_span text,
                      struct sl_err *err) SL_MUSTCHECK;
/* Replaces SET by the binary form; SL_EFORMAT, SL_ETRUNC. SET is unchanged on failure. */
int sl_gtid_set_decode(struct sl_gtid_set *set, struct sl_span bytes,
                       struct sl_err *err) SL_MUSTCHECK;
/*
 * Appends the text or binary form. The binary form is the tagged one only if a tag is there; a
 * server that has seen a tag writes it for every set, and sl_gtid_set_decode() reads both.
 */
int sl_gtid_set_format(const struct sl_gtid_set *set, struct sl_buf *out) SL_MUSTCHECK;
int sl_gtid_set_encode(const struct sl_gtid_set *set, struct sl_buf *out) SL_MUSTCHECK;
/* Appends "uuid:number" or "uuid:tag:number". */
int sl_gtid_format(const struct sl_gtid *gtid, struct sl_buf *out) SL_MUSTCHECK;

/* Appends the 36 characters of a UUID. */
int sl_uuid_format(const uint8_t uuid[SL_UUID_BYTES], struct sl_buf *out) SL_MUSTCHECK;
/* Takes 36 characters of a UUID off the front of TEXT; SL_EINVAL and TEXT unmoved if there are
 * none. */
int sl_uuid_take(struct sl_span *text, uint8_t uuid[SL_UUID_BYTES]) SL_MUSTCHECK;
/*
 * Stores TEXT as GTID's tag, in lower case. SL_EINVAL unless it is empty or a letter or '_'
 * followed by letters, digits and '_', 32 at most (libs/mysql/gtid/tag.cpp).
 */
int sl_gtid_take_tag(struct sl_gtid *gtid, struct sl_span text) SL_MUSTCHECK;

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
/* The last identifier of DOMAIN; NULL when there is none. Valid until the list changes. */
const struct sl_mgtid *sl_mgtid_list_get(const struct sl_mgtid_list *list, uint32_t domain);
/*
 * Replaces LIST by what TEXT says (white space is accepted). SL_EINVAL with a reason, also for a
 * domain that is named twice; SL_ELIMIT for more than 1 MiB. LIST is unchanged on failure.
 */
int sl_mgtid_list_parse(struct sl_mgtid_list *list, struct sl_span text,
                        struct sl_err *err) SL_MUSTCHECK;
int sl_mgtid_list_format(const struct sl_mgtid_list *list, struct sl_buf *out) SL_MUSTCHECK;
int sl_mgtid_format(const struct sl_mgtid *gtid, struct sl_buf *out) SL_MUSTCHECK;

#endif
