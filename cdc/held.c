#include "cdc/held.h"

#include "cdc/base/hash.h"

const char *sl_drift_name(enum sl_drift drift)
{
    static const char *const names[SL_DRIFT_KINDS] = {
        [SL_DRIFT_NONE] = "none",     [SL_DRIFT_MISSING] = "missing",
        [SL_DRIFT_ORPHAN] = "orphan", [SL_DRIFT_DIFFERENT] = "different",
        [SL_DRIFT_STALE] = "stale",   [SL_DRIFT_WRONG_TYPE] = "wrong_type",
        [SL_DRIFT_NO_TTL] = "no_ttl", [SL_DRIFT_EXPIRED] = "expired",
    };

    return names[drift];
}

static bool same(struct sl_span a, struct sl_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/*
 * The field NAME of HELD, or NULL. *NEXT is where it is probably: sinks mostly keep the order in
 * which fields were written.
 */
static const struct sl_held_field *find(const struct sl_held *held, struct sl_span name,
                                        size_t *next)
{
    for (size_t i = 0; i < held->field_count; i++) {
        size_t at = (*next + i) % held->field_count;

        if (same(held->fields[at].name, name)) {
            *next = at + 1;
            return &held->fields[at];
        }
    }
    return NULL;
}

static bool has_same_fields(const struct sl_held *want, const struct sl_held *have)
{
    size_t next = 0;

    if (want->field_count != have->field_count) {
        return false;
    }
    for (size_t i = 0; i < want->field_count; i++) {
        const struct sl_held_field *found = find(have, want->fields[i].name, &next);

        if (found == NULL || !same(found->value, want->fields[i].value)) {
            return false;
        }
    }
    return true;
}

static bool has_same_content(const struct sl_held *want, const struct sl_held *have)
{
    return want->kind == SL_HELD_FIELDS ? has_same_fields(want, have)
                                        : same(want->text, have->text);
}

enum sl_drift sl_held_compare(const struct sl_held *want, const struct sl_held *have)
{
    if (have->kind == SL_HELD_NOTHING) {
        if (want->kind == SL_HELD_NOTHING) {
            return SL_DRIFT_NONE;
        }
        return want->expires ? SL_DRIFT_EXPIRED : SL_DRIFT_MISSING;
    }
    if (want->kind == SL_HELD_NOTHING) {
        return SL_DRIFT_ORPHAN;
    }
    if (want->kind != have->kind) {
        return SL_DRIFT_WRONG_TYPE;
    }
    if (have->is_damaged || !has_same_content(want, have)) {
        return SL_DRIFT_DIFFERENT;
    }
    return want->expires && !have->expires ? SL_DRIFT_NO_TTL : SL_DRIFT_NONE;
}

uint64_t sl_held_hash(const struct sl_held *held, uint64_t seed)
{
    uint64_t hash = sl_hash_u64((uint64_t)held->kind, seed + held->is_damaged);

    if (held->kind == SL_HELD_TEXT) {
        return sl_hash_bytes(held->text.data, held->text.len, hash);
    }
    for (size_t i = 0; held->kind == SL_HELD_FIELDS && i < held->field_count; i++) {
        const struct sl_held_field *field = &held->fields[i];
        uint64_t name = sl_hash_bytes(field->name.data, field->name.len, seed);

        /* A sum, so that the order does not count. */
        hash += sl_hash_bytes(field->value.data, field->value.len, name);
    }
    return sl_hash_u64(hash, seed);
}

static size_t add_one_sided(const struct sl_held *from, const struct sl_held *other,
                            bool with_changed, struct sl_span *names, size_t cap, size_t count)
{
    size_t next = 0;

    for (size_t i = 0; i < from->field_count && count < cap; i++) {
        const struct sl_held_field *found = find(other, from->fields[i].name, &next);

        if (found == NULL || (with_changed && !same(found->value, from->fields[i].value))) {
            names[count++] = from->fields[i].name;
        }
    }
    return count;
}

size_t sl_held_differing(const struct sl_held *want, const struct sl_held *have,
                         struct sl_span *names, size_t cap)
{
    size_t count;

    if (want->kind != SL_HELD_FIELDS || have->kind != SL_HELD_FIELDS) {
        return 0;
    }
    count = add_one_sided(want, have, true, names, cap, 0);
    return add_one_sided(have, want, false, names, cap, count);
}
