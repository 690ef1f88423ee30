/*
 * json_value.h - reads single values of MySQL's binary JSON (sql-common/json_binary.cc). Private to
 * json_*.c.
 *
 *     document   type byte, value
 *     container  count, bytes, [key entries: offset, 2 bytes of length], value entries: type,
 *                offset or the scalar itself; keys; values. Counts, sizes and offsets take 2 bytes
 *                in the small format and 4 in the large one; offsets count from the container.
 *
 * Offsets are whatever the peer wrote, so values may overlap and a few bytes could unfold into
 * terabytes of text. The server never lets two values share bytes; so a reader charges each
 * value for the bytes it is made of, and may not charge more than it was given: time and
 * output stay linear in the input.
 */
#ifndef SLUICE_CDC_JSON_VALUE_H
#define SLUICE_CDC_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/err.h"
#include "cdc/base/span.h"

enum sl_json_type {
    SL_JSON_SMALL_OBJECT = 0x0,
    SL_JSON_LARGE_OBJECT = 0x1,
    SL_JSON_SMALL_ARRAY = 0x2,
    SL_JSON_LARGE_ARRAY = 0x3,
    SL_JSON_LITERAL = 0x4,
    SL_JSON_INT16 = 0x5,
    SL_JSON_UINT16 = 0x6,
    SL_JSON_INT32 = 0x7,
    SL_JSON_UINT32 = 0x8,
    SL_JSON_INT64 = 0x9,
    SL_JSON_UINT64 = 0xa,
    SL_JSON_DOUBLE = 0xb,
    SL_JSON_STRING = 0xc,
    SL_JSON_OPAQUE = 0xf,
};

enum sl_json_literal {
    SL_JSON_NULL = 0,
    SL_JSON_TRUE = 1,
    SL_JSON_FALSE = 2,
};

/* Containers inside each other: JSON_DOCUMENT_MAX_DEPTH of sql-common/json_syntax_check.cc. */
enum { SL_JSON_DEPTH_MAX = 100 };

/* One value: a view into the document. */
struct sl_json_value {
    const uint8_t *data; /* a container from its count on; a scalar's own bytes without length */
    uint32_t len;
    uint32_t count;     /* containers: members or elements */
    uint8_t type;       /* enum sl_json_type */
    uint8_t field_type; /* SL_JSON_OPAQUE: enum sl_type */
};

struct sl_json_reader {
    size_t budget; /* bytes that may still be charged */
    struct sl_err *err;
};

static inline bool sl_json_is_object(const struct sl_json_value *value)
{
    return value->type <= SL_JSON_LARGE_OBJECT;
}

static inline bool sl_json_is_container(const struct sl_json_value *value)
{
    return value->type <= SL_JSON_LARGE_ARRAY;
}

/* Stores "binary JSON: CAUSE …" in the reader's err and returns STATUS. */
int sl_json_fail(const struct sl_json_reader *reader, int status, const char *cause);

/* Takes LEN off the budget; SL_EFORMAT when more was read than there is. */
int sl_json_charge(struct sl_json_reader *reader, size_t len) SL_MUSTCHECK;

/* Opens a whole document; an empty one is the null literal, as in the server. */
int sl_json_document(struct sl_json_reader *reader, struct sl_span document,
                     struct sl_json_value *out) SL_MUSTCHECK;

/* Opens element or member value number INDEX, below count, of a container. */
int sl_json_element(struct sl_json_reader *reader, const struct sl_json_value *container,
                    uint32_t index, struct sl_json_value *out) SL_MUSTCHECK;

/* The key of member number INDEX, below count, of an object. Not charged: the caller does. */
int sl_json_key(const struct sl_json_reader *reader, const struct sl_json_value *object,
                uint32_t index, struct sl_span *out) SL_MUSTCHECK;

#endif
