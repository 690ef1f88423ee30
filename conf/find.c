/*
 * find.c - looks keys up by name, and by what a name was probably meant to be.
 */
#include <string.h>

#include "conf/keys.h"

enum { SL_NAME_MAX = 32 }; /* longer than every key; longer names resemble none */

size_t sl_conf_parent_len(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot == NULL ? 0 : (size_t)(dot - path);
}

size_t sl_conf_name(const struct sl_conf_key *key, const char **name)
{
    size_t parent = sl_conf_parent_len(key->path);

    *name = key->path + parent + (parent > 0 ? 1 : 0);
    return strlen(*name);
}

bool sl_conf_is_child(const struct sl_conf_key *key, const char *parent)
{
    size_t len = sl_conf_parent_len(key->path);

    return len == strlen(parent) && memcmp(key->path, parent, len) == 0;
}

const struct sl_conf_key *sl_conf_find(const char *parent, const char *name)
{
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const char *own;

        (void)sl_conf_name(&sl_conf_keys[i], &own);
        if (sl_conf_is_child(&sl_conf_keys[i], parent) && strcmp(own, name) == 0) {
            return &sl_conf_keys[i];
        }
    }
    return NULL;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* How many letters have to be added, dropped or changed (Levenshtein), case aside. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[SL_NAME_MAX + 1];

    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t change = strncasecmp(&a[i - 1], &b[j - 1], 1) == 0 ? 0 : 1;

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[b_len];
}

const struct sl_conf_key *sl_conf_nearest(const char *parent, const char *name)
{
    const struct sl_conf_key *nearest = NULL;
    const struct sl_conf_key *elsewhere = NULL;
    size_t len = strlen(name);
    size_t best = len / 3 + 2; /* one letter of a short name, more of a long one */

    if (len == 0 || len > SL_NAME_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];
        const char *own;
        size_t own_len = sl_conf_name(key, &own);

        if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
            continue;
        }
        if (!sl_conf_is_child(key, parent)) {
            elsewhere = elsewhere == NULL && strcmp(own, name) == 0 ? key : elsewhere;
        } else if (distance(name, len, own, own_len) < best) {
            best = distance(name, len, own, own_len);
            nearest = key;
        }
    }
    return elsewhere != NULL ? elsewhere : nearest;
}
