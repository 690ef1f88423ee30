/*
 * gtid_set.c - MySQL GTID sets in memory: sorted sources with sorted intervals. The text form is in
 * gtid_text.c, the binary one in gtid_binary.c.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/gtid.h"

/* Grows an array of ELEMENT bytes to hold NEED; *CAP and the array are unchanged on failure. */
static void *grow(void *data, size_t *cap, size_t need, size_t element)
{
    size_t wanted = *cap > 0 ? *cap : 1;
    void *grown;

    while (wanted < need) {
        wanted *= 2;
    }
    if (wanted > SIZE_MAX / 2 / element) {
        return NULL;
    }
    grown = realloc(data, wanted * element);
    if (grown != NULL) {
        *cap = wanted;
    }
    return grown;
}

static int reserve_sources(struct sl_gtid_set *set, size_t need)
{
    size_t old = set->cap;
    struct sl_gtid_source *sources;

    if (need <= set->cap) {
        return SL_OK;
    }
    sources = grow(set->sources, &set->cap, need, sizeof(*sources));
    if (sources == NULL) {
        return SL_ENOMEM;
    }
    memset(sources + old, 0, (set->cap - old) * sizeof(*sources));
    set->sources = sources;
    return SL_OK;
}

static int reserve_intervals(struct sl_gtid_source *source, size_t need)
{
    struct sl_gtid_interval *intervals;

    if (need <= source->cap) {
        return SL_OK;
    }
    intervals = grow(source->intervals, &source->cap, need, sizeof(*intervals));
    if (intervals == NULL) {
        return SL_ENOMEM;
    }
    source->intervals = intervals;
    return SL_OK;
}

void sl_gtid_set_release(struct sl_gtid_set *set)
{
    for (size_t i = 0; i < set->cap; i++) {
        free(set->sources[i].intervals);
    }
    free(set->sources);
    *set = (struct sl_gtid_set){0};
}

void sl_gtid_set_clear(struct sl_gtid_set *set)
{
    set->count = 0;
    set->touched = 0;
}

static void copy_source(struct sl_gtid_source *to, const struct sl_gtid_source *from)
{
    memcpy(to->uuid, from->uuid, sizeof(to->uuid));
    memcpy(to->tag, from->tag, sizeof(to->tag));
    to->tag_len = from->tag_len;
    memcpy(to->intervals, from->intervals, from->count * sizeof(*from->intervals));
    to->count = from->count;
    to->touched = from->touched;
}

int sl_gtid_set_copy(struct sl_gtid_set *to, const struct sl_gtid_set *from)
{
    int rc;

    if (to == from) {
        return SL_OK;
    }
    /* All memory first: what follows cannot fail half-way. */
    rc = reserve_sources(to, from->count);
    for (size_t i = 0; rc == SL_OK && i < from->count; i++) {
        rc = reserve_intervals(&to->sources[i], from->sources[i].count);
    }
    if (rc != SL_OK) {
        return rc;
    }
    for (size_t i = 0; i < from->count; i++) {
        copy_source(&to->sources[i], &from->sources[i]);
    }
    to->count = from->count;
    to->touched = from->touched;
    return SL_OK;
}

static int compare_source(const struct sl_gtid_source *source, const struct sl_gtid *gtid)
{
    size_t shorter = source->tag_len < gtid->tag_len ? source->tag_len : gtid->tag_len;
    int order = memcmp(source->uuid, gtid->uuid, SL_UUID_BYTES);

    if (order == 0) {
        order = memcmp(source->tag, gtid->tag, shorter);
    }
    return order != 0 ? order : (int)source->tag_len - (int)gtid->tag_len;
}

bool sl_gtid_set_find(const struct sl_gtid_set *set, const struct sl_gtid *gtid, size_t *index)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_source(&set->sources[middle], gtid);

        if (order == 0) {
            *index = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *index = low;
    return false;
}

/* The first interval that ends at or behind NUMBER; count when there is none. */
static size_t find_interval(const struct sl_gtid_source *source, uint64_t number)
{
    size_t low = 0;
    size_t high = source->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (source->intervals[middle].last < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The usual case: the next transaction of a source. True when the touched interval took the range.
 */
static bool extend_touched(struct sl_gtid_source *source, uint64_t first, uint64_t last)
{
    struct sl_gtid_interval *touched;

    if (source->touched >= source->count) {
        return false;
    }
    touched = &source->intervals[source->touched];
    if (first < touched->first || first > touched->last + 1) {
        return false;
    }
    if (source->touched + 1 < source->count && last + 1 >= touched[1].first) {
        return false;
    }
    if (last > touched->last) {
        touched->last = last;
    }
    return true;
}

static int insert_interval(struct sl_gtid_source *source, size_t at, uint64_t first, uint64_t last)
{
    int rc = reserve_intervals(source, source->count + 1);

    if (rc != SL_OK) {
        return rc;
    }
    memmove(source->intervals + at + 1, source->intervals + at,
            (source->count - at) * sizeof(*source->intervals));
    source->intervals[at] = (struct sl_gtid_interval){.first = first, .last = last};
    source->count++;
    return SL_OK;
}

/* Puts FIRST to LAST in the place of the intervals from AT to before END, which they touch. */
static void merge_intervals(struct sl_gtid_source *source, size_t at, size_t end, uint64_t first,
                            uint64_t last)
{
    struct sl_gtid_interval *merged = &source->intervals[at];
    uint64_t old_last = source->intervals[end - 1].last;

    merged->first = first < merged->first ? first : merged->first;
    merged->last = last > old_last ? last : old_last;
    memmove(merged + 1, source->intervals + end, (source->count - end) * sizeof(*merged));
    source->count -= end - at - 1;
}

static int add_interval(struct sl_gtid_source *source, uint64_t first, uint64_t last)
{
    size_t at;
    size_t end;
    int rc = SL_OK;

    if (extend_touched(source, first, last)) {
        return SL_OK;
    }
    at = find_interval(source, first - 1); /* one that ends just before FIRST is extended */
    end = at;
    while (end < source->count && source->intervals[end].first <= last + 1) {
        end++;
    }
    if (at == end) {
        rc = insert_interval(source, at, first, last);
    } else {
        merge_intervals(source, at, end, first, last);
    }
    if (rc == SL_OK) {
        source->touched = at;
    }
    return rc;
}

/* Makes room at INDEX for a source of GTID with no interval yet but memory for one. */
static int insert_source(struct sl_gtid_set *set, size_t index, const struct sl_gtid *gtid)
{
    int rc = reserve_sources(set, set->count + 1);
    struct sl_gtid_source spare;

    if (rc == SL_OK) {
        rc = reserve_intervals(&set->sources[set->count], 1);
    }
    if (rc != SL_OK) {
        return rc;
    }
    spare = set->sources[set->count];
    memcpy(spare.uuid, gtid->uuid, sizeof(spare.uuid));
    memcpy(spare.tag, gtid->tag, gtid->tag_len);
    spare.tag_len = gtid->tag_len;
    spare.count = 0;
    spare.touched = 0;
    memmove(set->sources + index + 1, set->sources + index,
            (set->count - index) * sizeof(*set->sources));
    set->sources[index] = spare;
    set->count++;
    return SL_OK;
}

int sl_gtid_set_add_range(struct sl_gtid_set *set, const struct sl_gtid *gtid, uint64_t last)
{
    size_t index = set->touched;
    int rc;

    if (gtid->number == 0 || last < gtid->number || last > SL_GTID_NUMBER_MAX ||
        gtid->tag_len > SL_GTID_TAG_MAX) {
        return SL_EFORMAT;
    }
    if (index >= set->count || compare_source(&set->sources[index], gtid) != 0) {
        if (!sl_gtid_set_find(set, gtid, &index)) {
            rc = insert_source(set, index, gtid);
            if (rc != SL_OK) {
                return rc;
            }
        }
        set->touched = index;
    }
    return add_interval(&set->sources[index], gtid->number, last);
}

int sl_gtid_set_add(struct sl_gtid_set *set, const struct sl_gtid *gtid)
{
    return sl_gtid_set_add_range(set, gtid, gtid->number);
}

static struct sl_gtid gtid_of(const struct sl_gtid_source *source, uint64_t number)
{
    struct sl_gtid gtid = {.tag_len = source->tag_len, .number = number};

    memcpy(gtid.uuid, source->uuid, sizeof(gtid.uuid));
    memcpy(gtid.tag, source->tag, source->tag_len);
    return gtid;
}

int sl_gtid_set_add_set(struct sl_gtid_set *set, const struct sl_gtid_set *other)
{
    int rc = SL_OK;

    if (set == other) {
        return SL_OK;
    }
    for (size_t i = 0; rc == SL_OK && i < other->count; i++) {
        const struct sl_gtid_source *source = &other->sources[i];

        for (size_t j = 0; rc == SL_OK && j < source->count; j++) {
            struct sl_gtid gtid = gtid_of(source, source->intervals[j].first);

            rc = sl_gtid_set_add_range(set, &gtid, source->intervals[j].last);
        }
    }
    return rc;
}

bool sl_gtid_set_contains(const struct sl_gtid_set *set, const struct sl_gtid *gtid)
{
    const struct sl_gtid_source *source;
    size_t index;
    size_t at;

    if (!sl_gtid_set_find(set, gtid, &index)) {
        return false;
    }
    source = &set->sources[index];
    at = find_interval(source, gtid->number);
    return at < source->count && source->intervals[at].first <= gtid->number;
}

static const struct sl_gtid_source *same_source(const struct sl_gtid_set *set,
                                                const struct sl_gtid_source *source)
{
    struct sl_gtid gtid = gtid_of(source, 1);
    size_t index;

    return sl_gtid_set_find(set, &gtid, &index) ? &set->sources[index] : NULL;
}

static bool source_covers(const struct sl_gtid_source *outer, const struct sl_gtid_source *inner)
{
    for (size_t i = 0; i < inner->count; i++) {
        size_t at = find_interval(outer, inner->intervals[i].last);

        if (at == outer->count || outer->intervals[at].first > inner->intervals[i].first) {
            return false;
        }
    }
    return true;
}

bool sl_gtid_set_covers(const struct sl_gtid_set *outer, const struct sl_gtid_set *inner)
{
    for (size_t i = 0; i < inner->count; i++) {
        const struct sl_gtid_source *source = same_source(outer, &inner->sources[i]);

        if (source == NULL || !source_covers(source, &inner->sources[i])) {
            return false;
        }
    }
    return true;
}

/* Adds to OUT what of FIRST to LAST lies in no interval of MINUS (NULL: nothing to leave out). */
static int add_difference(struct sl_gtid_set *out, struct sl_gtid *gtid, uint64_t last,
                          const struct sl_gtid_source *minus)
{
    uint64_t next = gtid->number;
    int rc = SL_OK;

    for (size_t i = minus != NULL ? find_interval(minus, next) : 0;
         minus != NULL && i < minus->count && minus->intervals[i].first <= last && rc == SL_OK;
         i++) {
        if (minus->intervals[i].first > next) {
            gtid->number = next;
            rc = sl_gtid_set_add_range(out, gtid, minus->intervals[i].first - 1);
        }
        next = minus->intervals[i].last + 1;
    }
    if (rc == SL_OK && next <= last) {
        gtid->number = next;
        rc = sl_gtid_set_add_range(out, gtid, last);
    }
    return rc;
}

int sl_gtid_set_subtract(const struct sl_gtid_set *a, const struct sl_gtid_set *b,
                         struct sl_gtid_set *out)
{
    struct sl_gtid_set left = {0};
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < a->count; i++) {
        const struct sl_gtid_source *source = &a->sources[i];
        const struct sl_gtid_source *minus = same_source(b, source);

        for (size_t j = 0; rc == SL_OK && j < source->count; j++) {
            struct sl_gtid gtid = gtid_of(source, source->intervals[j].first);

            rc = add_difference(&left, &gtid, source->intervals[j].last, minus);
        }
    }
    if (rc != SL_OK) {
        sl_gtid_set_release(&left);
        return rc;
    }
    sl_gtid_set_release(out);
    *out = left;
    return SL_OK;
}
