/*
 * options.h - what the user asked for about a set of tables: plain values that the loader fills
 * and owns. The first rule that matches a table decides.
 */
#ifndef SLUICE_FILTERS_OPTIONS_H
#define SLUICE_FILTERS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shape of a row in Redis. */
enum sl_value_kind {
    SL_VALUE_HASH,       /* a HASH a row, a field a column */
    SL_VALUE_JSON,       /* a STRING a row, a JSON object */
    SL_VALUE_REJSON,     /* a document a row, of the server's JSON type */
    SL_VALUE_INVALIDATE, /* nothing: others fill the keys, a change removes them */
    SL_VALUE_STREAM,     /* nothing: each change is an entry of a Redis Stream */
};

/* What becomes of values on their way. */
enum sl_compression {
    SL_COMPRESS_NONE,
    SL_COMPRESS_ZSTD, /* each is a zstd frame */
    SL_COMPRESS_DICT, /* made with the table's dictionary, if there is one */
};

/* What to do with a row on which `where` or the transform fails. */
enum sl_rule_error {
    SL_RULE_STOP,       /* the stream: the expression has to be corrected */
    SL_RULE_QUARANTINE, /* as with a row that does not match, and count it */
};

/* A column whose field or member in the cache has another name. */
struct sl_column_name {
    const char *column;
    const char *name; /* different from all others of the rule */
};

enum sl_mask_kind {
    SL_MASK_NULL,   /* as if the column were NULL */
    SL_MASK_TEXT,   /* a fixed text */
    SL_MASK_SHA256, /* the HMAC-SHA-256 of the text, in hexadecimal */
    SL_MASK_LAST,   /* stars but for the last characters */
};

/* A column that is not shown as it is. NULL stays NULL. */
struct sl_column_mask {
    const char *column;
    enum sl_mask_kind kind;
    const char *text; /* TEXT: the text; SHA256: the key */
    uint32_t last;    /* LAST: how many characters stay; a text that is not longer shows none */
};

/* Further keys that lead to a row. */
struct sl_row_index {
    const char *key;   /* a template; a row with NULL in one of its columns has no such key */
    const char *value; /* a template: what the key holds, or the member of the set */
    bool is_set;
};

struct sl_table_regex; /* table_regex.h */

struct sl_table_rule {
    /* "DATABASE.TABLE" as the user wrote it, for messages, and its two sides, split at the first
       dot. In both, * stands for any characters (none too) and ? for exactly one. */
    const char *pattern;
    const char *db_pattern;
    const char *table_pattern;
    /* Not NULL: "/REGEX/", which decides; the two sides are "*" then. */
    struct sl_table_regex *regex;
    bool skip; /* its tables are left out; all below is of no interest then */
    /* Braces are balanced and not empty, and something in it differs from row to row; whether the
       columns exist is for who knows the table. "{{" and "}}" are literal braces. */
    const char *key_template;
    /* Not NULL: rows have parts (part.h), whose keys this template makes: {part} stands in it once.
       key_template is the same without it then. Beside a transform only. */
    const char *part_template;
    enum sl_value_kind value;
    const char *const *columns; /* names without repeats; NULL: all */
    size_t column_count;
    const char *const *except; /* instead of columns: all but these; NULL: none */
    size_t except_count;
    const struct sl_column_name *renames;
    size_t rename_count;
    const struct sl_column_mask *masks;
    size_t mask_count;
    const struct sl_row_index *indexes; /* keys differ; NULL: none */
    size_t index_count;
    const char *where;       /* a Lua expression that compiles, see where.h; NULL: every row */
    const char *transform;   /* Lua that compiles and gives a function, see transform.h; NULL: none,
                                else columns, except, renames, masks and indexes are empty */
    bool is_transform_chunk; /* it is statements, not an expression */
    enum sl_rule_error on_error;
    uint64_t ttl_s;        /* seconds until a key expires; 0: never */
    uint64_t ttl_jitter_s; /* and up to so many more, by the key */
    uint64_t redelete_ms;  /* INVALIDATE: a key is removed once more so long after; 0: it is not */
    const char *stream;    /* STREAM: the template of its name, see stream_name.h */
    uint64_t max_len;      /* STREAM: entries that it keeps, about; 0: all */
    enum sl_compression compress;
    uint32_t compress_level; /* zstd's */
    uint64_t min_bytes;      /* shorter values are not compressed */
};

#endif
