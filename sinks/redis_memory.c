/*
 * redis_memory.c - what Redis allocates for a key, added up.
 *
 * Structures of Redis 6.2 to 8.0 on 64 bits (src/dict.h, src/server.h, src/sds.h, src/listpack.c,
 * src/t_hash.c; newer releases and Valkey save some tens of bytes a key):
 *
 *     a place in a database's table of keys   dictEntry 24, and a pointer in a table of buckets
 *                                             whose size is a power of two: 8 to 16, 12 on average
 *     the key                                 an sds: a head of 1, 3, 5 or 9 bytes, and a NUL
 *     with a time to live                     one more place, in the table of those
 *     a string                                robj 16 and an sds; up to 44 bytes in one allocation
 *     a hash of up to 512 fields, none of     robj 16 and a listpack: 7 bytes, and an entry for
 *     whose names and values is longer than   each name and value, numbers in binary
 *     64 bytes (hash-max-listpack-entries,
 *     hash-max-listpack-value)
 *     any other hash                          robj 16, dict 56, a pointer for each bucket, and for
 *                                             each field a dictEntry 24 and two sds
 *
 * jemalloc rounds each allocation up to one of its sizes: multiples of 16 up to 128, then four
 * sizes between one power of two and the next. used_memory counts the rounded ones.
 */
#include "sinks/redis_memory.h"

#include <stdbool.h>

enum {
    SL_DICT_ENTRY = 24,
    SL_DICT = 56,
    SL_POINTER = 8,
    SL_BUCKETS_A_KEY = 12,
    SL_BUCKETS_MIN = 4,
    SL_ROBJ = 16,
    SL_EMBEDDED_MAX = 44,
    SL_LISTPACK_FIELDS_MAX = 512,
    SL_LISTPACK_VALUE_MAX = 64,
    SL_LISTPACK_ENDS = 7,
};

static uint64_t allocation(uint64_t bytes)
{
    uint64_t step = 16;

    if (bytes <= SL_POINTER) {
        return SL_POINTER;
    }
    while (bytes > 8 * step) {
        step *= 2;
    }
    return (bytes + step - 1) / step * step;
}

static uint64_t sds_bytes(uint64_t len)
{
    uint64_t head = len < 32 ? 1 : len < 256 ? 3 : len < 65536 ? 5 : 9;

    return head + len + 1;
}

static uint64_t text_bytes(uint64_t len)
{
    return len <= SL_EMBEDDED_MAX ? allocation(SL_ROBJ + 3 + len + 1)
                                  : allocation(SL_ROBJ) + allocation(sds_bytes(len));
}

/* ---- hashes ---- */

static bool is_number(struct sl_span text)
{
    size_t at = text.len > 1 && text.data[0] == '-' ? 1 : 0;

    if (at == text.len || text.len - at > 18 || (text.data[at] == '0' && text.len > 1)) {
        return false;
    }
    for (; at < text.len; at++) {
        if (text.data[at] < '0' || text.data[at] > '9') {
            return false;
        }
    }
    return true;
}

/* Without the length for reading backwards. Numbers by their digits alone, which is near enough. */
static uint64_t listpack_entry(struct sl_span text)
{
    static const uint8_t numbers[] = {1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5};

    if (is_number(text)) {
        return text.len < sizeof(numbers) ? numbers[text.len] : 9;
    }
    return text.len + (text.len < 64 ? 1 : 2);
}

static uint64_t listpack_bytes(const struct sl_held *held)
{
    uint64_t bytes = SL_LISTPACK_ENDS;

    for (size_t i = 0; i < held->field_count; i++) {
        bytes += listpack_entry(held->fields[i].name) + 1;
        bytes += listpack_entry(held->fields[i].value) + 1;
    }
    return allocation(SL_ROBJ) + allocation(bytes);
}

static uint64_t table_bytes(const struct sl_held *held)
{
    uint64_t buckets = SL_BUCKETS_MIN;
    uint64_t bytes = allocation(SL_ROBJ) + allocation(SL_DICT);

    while (buckets < held->field_count) {
        buckets *= 2;
    }
    bytes += allocation(buckets * SL_POINTER);
    for (size_t i = 0; i < held->field_count; i++) {
        bytes += allocation(SL_DICT_ENTRY) + allocation(sds_bytes(held->fields[i].name.len)) +
                 allocation(sds_bytes(held->fields[i].value.len));
    }
    return bytes;
}

static bool is_compact(const struct sl_held *held)
{
    for (size_t i = 0; i < held->field_count; i++) {
        if (held->fields[i].name.len > SL_LISTPACK_VALUE_MAX ||
            held->fields[i].value.len > SL_LISTPACK_VALUE_MAX) {
            return false;
        }
    }
    return held->field_count <= SL_LISTPACK_FIELDS_MAX;
}

/* ---- keys ---- */

static uint64_t value_bytes(const struct sl_held *held)
{
    if (held->kind == SL_HELD_TEXT) {
        return text_bytes(held->text.len);
    }
    return is_compact(held) ? listpack_bytes(held) : table_bytes(held);
}

uint64_t sl_redis_memory(size_t key_bytes, const struct sl_held *held)
{
    uint64_t place = allocation(SL_DICT_ENTRY) + SL_BUCKETS_A_KEY;

    if (held->kind != SL_HELD_TEXT && held->kind != SL_HELD_FIELDS) {
        return 0;
    }
    return place + allocation(sds_bytes(key_bytes)) + value_bytes(held) +
           (held->expires ? place : 0);
}
