/*
 * rule_digest.c - a rule as a canonical text, which is hashed while it is made, so that no copy of
 * its secrets stays behind.
 *
 * A member that is as it is by default adds nothing: a rule keeps its digest when later versions
 * know more members, and its tables are not loaded again for that. What the order of does not
 * matter is sorted.
 */
#include "filters/rule_digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(struct sl_table_rule) == 224,
               "struct sl_table_rule has changed: add to add_rule() what keys or values depend on");
#endif

struct hash {
    EVP_MD_CTX *context;
    bool has_failed;
};

static void add_bytes(struct hash *hash, const void *bytes, size_t len)
{
    if (!hash->has_failed && EVP_DigestUpdate(hash->context, bytes, len) != 1) {
        hash->has_failed = true;
    }
}

/* "NAME=LENGTH:TEXT", which nothing else can look like. */
static void add_text(struct hash *hash, const char *name, const char *text)
{
    char head[64];
    size_t len = strlen(text);

    (void)snprintf(head, sizeof(head), "%s=%zu:", name, len);
    add_bytes(hash, head, strlen(head));
    add_bytes(hash, text, len);
}

static void add_number(struct hash *hash, const char *name, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    add_text(hash, name, text);
}

/* ---- lists, in one order ---- */

/* All items begin with the name that they are sorted by. */
static int compare_names(const void *a, const void *b)
{
    const char *const *const *left = a;
    const char *const *const *right = b;

    return strcmp(**left, **right);
}

typedef void (*add_item_fn)(struct hash *hash, const void *item);

static void add_list(struct hash *hash, const void *items, size_t count, size_t size,
                     add_item_fn add)
{
    const void **order = calloc(count + 1, sizeof(*order));

    if (order == NULL) {
        hash->has_failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (const char *)items + i * size;
    }
    qsort(order, count, sizeof(*order), compare_names);
    for (size_t i = 0; i < count; i++) {
        add(hash, order[i]);
    }
    free(order);
}

static void add_column(struct hash *hash, const void *item)
{
    add_text(hash, "column", *(const char *const *)item);
}

static void add_exception(struct hash *hash, const void *item)
{
    add_text(hash, "except", *(const char *const *)item);
}

static void add_rename(struct hash *hash, const void *item)
{
    const struct sl_column_name *rename = item;

    add_text(hash, "rename", rename->column);
    add_text(hash, "to", rename->name);
}

static void add_mask(struct hash *hash, const void *item)
{
    const struct sl_column_mask *mask = item;

    add_text(hash, "mask", mask->column);
    add_number(hash, "kind", (uint64_t)mask->kind);
    if (mask->text != NULL) {
        add_text(hash, "text", mask->text);
    }
    add_number(hash, "last", mask->last);
}

static void add_index(struct hash *hash, const void *item)
{
    const struct sl_row_index *index = item;

    add_text(hash, "index", index->key);
    add_text(hash, index->is_set ? "member" : "holds", index->value);
}

/* ---- a rule ---- */

const char *sl_rule_form(const struct sl_table_rule *rule)
{
    switch (rule->value) {
    case SL_VALUE_HASH:
        return "hash";
    case SL_VALUE_JSON:
        return "json";
    case SL_VALUE_REJSON:
        return "rejson";
    case SL_VALUE_INVALIDATE:
        return "invalidate";
    case SL_VALUE_STREAM:
        return "stream";
    }
    return "";
}

static void add_compression(struct hash *hash, const struct sl_table_rule *rule)
{
    if (rule->compress != SL_COMPRESS_NONE) {
        add_number(hash, "compress", (uint64_t)rule->compress);
        add_number(hash, "compress_level", rule->compress_level);
        add_number(hash, "min_bytes", rule->min_bytes);
    }
}

/* What it matches is not in it: a table that falls under another rule alike is not loaded again.
 * Nor are redelete_ms, stream and maxlen, which no key depends on, and on_error: rows on which
 * `where` fails are in no cache, whatever it says. */
static void add_rule(struct hash *hash, const struct sl_table_rule *rule)
{
    add_text(hash, "key", rule->key_template);
    if (rule->part_template != NULL) {
        add_text(hash, "parts", rule->part_template);
    }
    add_text(hash, "value", sl_rule_form(rule));
    add_list(hash, rule->columns, rule->column_count, sizeof(*rule->columns), add_column);
    add_list(hash, rule->except, rule->except_count, sizeof(*rule->except), add_exception);
    add_list(hash, rule->renames, rule->rename_count, sizeof(*rule->renames), add_rename);
    add_list(hash, rule->masks, rule->mask_count, sizeof(*rule->masks), add_mask);
    add_list(hash, rule->indexes, rule->index_count, sizeof(*rule->indexes), add_index);
    if (rule->where != NULL) {
        add_text(hash, "where", rule->where);
    }
    if (rule->transform != NULL) {
        add_text(hash, rule->is_transform_chunk ? "transform_file" : "transform", rule->transform);
    }
    if (rule->ttl_s > 0) {
        add_number(hash, "ttl", rule->ttl_s);
    }
    if (rule->ttl_jitter_s > 0) {
        add_number(hash, "ttl_jitter", rule->ttl_jitter_s);
    }
    add_compression(hash, rule);
}

/* ---- the digest ---- */

static int begin(struct hash *hash)
{
    hash->has_failed = false;
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(hash->context);
        return SL_ENOMEM;
    }
    return SL_OK;
}

static int end(struct hash *hash, char digest[SL_RULE_DIGEST_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};

    if (EVP_DigestFinal_ex(hash->context, bytes, NULL) != 1) {
        hash->has_failed = true;
    }
    EVP_MD_CTX_free(hash->context);
    for (size_t i = 0; i < SL_RULE_DIGEST_LEN / 2; i++) {
        digest[2 * i] = digits[bytes[i] >> 4];
        digest[2 * i + 1] = digits[bytes[i] & 15];
    }
    digest[SL_RULE_DIGEST_LEN] = '\0';
    return hash->has_failed ? SL_ENOMEM : SL_OK;
}

int sl_rule_digest(const struct sl_table_rule *rule, char digest[SL_RULE_DIGEST_LEN + 1])
{
    struct hash hash;
    int rc = begin(&hash);

    if (rc != SL_OK) {
        return rc;
    }
    add_rule(&hash, rule);
    return end(&hash, digest);
}

int sl_rules_digest(const struct sl_table_rule *rules, size_t count,
                    char digest[SL_RULE_DIGEST_LEN + 1])
{
    struct hash hash;
    int rc = begin(&hash);

    if (rc != SL_OK) {
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        add_text(&hash, "table", rules[i].pattern);
        if (rules[i].skip) {
            add_number(&hash, "skip", 1);
        } else {
            add_rule(&hash, &rules[i]);
        }
    }
    return end(&hash, digest);
}
