#include "cdc/key_union.h"

#include <stdlib.h>
#include <string.h>

struct key_union {
    struct sl_key_pattern base; /* first: the two are cast into each other */
    struct sl_key_pattern **parts;
    size_t count;
    char *glob; /* what the globs of all parts begin with, and a star */
};

static bool matches(const struct sl_key_pattern *base, struct sl_span key)
{
    const struct key_union *self = (const struct key_union *)base;

    for (size_t i = 0; i < self->count; i++) {
        if (self->parts[i]->matches(self->parts[i], key)) {
            return true;
        }
    }
    return false;
}

static void free_union(struct sl_key_pattern *base)
{
    struct key_union *self = (struct key_union *)base;

    for (size_t i = 0; i < self->count; i++) {
        self->parts[i]->free(self->parts[i]);
    }
    free(self->parts);
    free(self->glob);
    free(self);
}

/* Plain bytes that both begin with. */
static size_t common_length(const char *a, const char *b)
{
    size_t len = 0;

    while (a[len] != '\0' && a[len] == b[len] && strchr("*?[]\\", a[len]) == NULL) {
        len++;
    }
    return len;
}

static int widen_glob(struct key_union *self, const char *other)
{
    size_t len;

    if (self->glob == NULL) {
        self->glob = calloc(1, strlen(other) + 2);
        if (self->glob == NULL) {
            return SL_ENOMEM;
        }
        memcpy(self->glob, other, strlen(other));
    }
    len = common_length(self->glob, other);
    self->glob[len] = '*';
    self->glob[len + 1] = '\0';
    self->base.glob = self->glob;
    return SL_OK;
}

/* Takes PART over. */
static int add(struct key_union *self, struct sl_key_pattern *part)
{
    struct sl_key_pattern **parts =
        realloc(self->parts, (self->count + 1) * sizeof(struct sl_key_pattern *));

    if (parts == NULL || widen_glob(self, part->glob) != SL_OK) {
        self->parts = parts != NULL ? parts : self->parts;
        part->free(part);
        return SL_ENOMEM;
    }
    self->parts = parts;
    parts[self->count++] = part;
    return SL_OK;
}

/* Takes A over. */
static struct key_union *union_of(struct sl_key_pattern *a)
{
    struct key_union *self;

    if (a->matches == matches) {
        return (struct key_union *)a;
    }
    self = calloc(1, sizeof(*self));
    if (self == NULL) {
        a->free(a);
        return NULL;
    }
    self->base = (struct sl_key_pattern){.matches = matches, .free = free_union};
    if (add(self, a) != SL_OK) {
        free_union(&self->base);
        return NULL;
    }
    return self;
}

struct sl_key_pattern *sl_key_pattern_join(struct sl_key_pattern *a, struct sl_key_pattern *b)
{
    struct key_union *self;

    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    self = union_of(a);
    if (self == NULL) {
        b->free(b);
        return NULL;
    }
    if (add(self, b) != SL_OK) {
        free_union(&self->base);
        return NULL;
    }
    return &self->base;
}
