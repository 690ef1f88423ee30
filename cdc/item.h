/*
 * item.h - the names of what rows have in the sink: a Redis key, or one member of a set.
 *
 * A member's name is the two arguments as they stand in the command that adds or removes it, so
 * that it is a part of the command, as a key's name is:
 *
 *     *3 CRLF $4 CRLF SADD CRLF $10 CRLF orders:of:7 CRLF $2 CRLF 42 CRLF
 *                               `------------- the name -----------'
 *
 * A key could have the bytes of a member's name: `is_member` tells them apart.
 */
#ifndef SLUICE_CDC_ITEM_H
#define SLUICE_CDC_ITEM_H

#include <stdbool.h>
#include <string.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/base/status.h"

struct sl_item_name {
    struct sl_span bytes; /* borrowed */
    bool is_member;
};

static inline struct sl_item_name sl_item_key(struct sl_span key)
{
    return (struct sl_item_name){.bytes = key};
}

static inline struct sl_item_name sl_item_member(struct sl_span name)
{
    return (struct sl_item_name){.bytes = name, .is_member = true};
}

static inline bool sl_item_is_same(struct sl_item_name a, struct sl_item_name b)
{
    return a.is_member == b.is_member && a.bytes.len == b.bytes.len &&
           (a.bytes.len == 0 || memcmp(a.bytes.data, b.bytes.data, a.bytes.len) == 0);
}

/* Appends the name of MEMBER of the set KEY. */
int sl_item_format_member(struct sl_span key, struct sl_span member,
                          struct sl_buf *out) SL_MUSTCHECK;
/* The reverse: views of NAME. SL_EFORMAT: it is no member's name. */
int sl_item_split_member(struct sl_span name, struct sl_span *key,
                         struct sl_span *member) SL_MUSTCHECK;
/* The Redis key: NAME itself, or that of the set. */
struct sl_span sl_item_redis_key(struct sl_item_name name);

#endif
