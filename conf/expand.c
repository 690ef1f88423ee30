/*
 * expand.c - ${NAME} in strings stands for an environment variable, $${ for ${ itself.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/loader.h"

static bool is_name_byte(char byte, bool is_first)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_' ||
           (!is_first && byte >= '0' && byte <= '9');
}

/* Where lower case may be a misplaced password it is not repeated; names by convention have none.
 */
bool sl_conf_is_env_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_name_byte(name[i], i == 0) || (name[i] >= 'a' && name[i] <= 'z')) {
            return false;
        }
    }
    return len > 0;
}

static bool is_secret(const struct sl_conf_key *key)
{
    return key->type == SL_CONF_SECRET || (key->flags & SL_CONF_HIDE_VALUE) != 0;
}

/* The value of the variable whose name begins at NAME; *END is the place behind its brace. */
static const char *look_up(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                           const char *name, const char **end)
{
    char copy[256] = {0};
    size_t len = 0;
    const char *found;

    while (is_name_byte(name[len], len == 0)) {
        len++;
    }
    if (len == 0 || len >= sizeof(copy) || name[len] != '}') {
        sl_conf_fail(loader, value->path,
                     "\"${\" must be followed by the name of an environment variable and \"}\"; "
                     "write \"$${\" where \"${\" itself is meant");
        return NULL;
    }
    *end = name + len + 1;
    memcpy(copy, name, len);
    found = getenv(copy); /* NOLINT(concurrency-mt-unsafe): nothing here ever calls setenv() */
    if (found == NULL && is_secret(value->key) && !sl_conf_is_env_name(copy, len)) {
        sl_conf_fail(loader, value->path, "an environment variable in it is not set; export it");
    } else if (found == NULL) {
        sl_conf_fail(loader, value->path, "the environment variable %s is not set; export it",
                     copy);
    }
    return found;
}

/* One pass over RAW: counts the bytes of the result and, where OUT is given, writes them. False:
 * reported. */
static bool pass(struct sl_conf_loader *loader, const struct sl_conf_value *value, const char *raw,
                 char *out, size_t *len)
{
    *len = 0;
    while (*raw != '\0') {
        const char *piece = raw;
        size_t piece_len = 1;

        if (strncmp(raw, "$${", 3) == 0) {
            piece = raw + 1;
            piece_len = 2;
            raw += 3;
        } else if (strncmp(raw, "${", 2) == 0) {
            piece = look_up(loader, value, raw + 2, &raw);
            if (piece == NULL) {
                return false;
            }
            piece_len = strlen(piece);
        } else {
            raw++;
        }
        if (out != NULL) {
            memcpy(out + *len, piece, piece_len);
        }
        *len += piece_len;
    }
    return true;
}

char *sl_conf_expand(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                     const char *raw, bool *is_expanded)
{
    size_t len;
    char *text;

    /* Measured first, so that no half-grown copy of a secret stays behind in freed memory. */
    if (!pass(loader, value, raw, NULL, &len)) {
        return NULL;
    }
    text = sl_conf_alloc(loader, len + 1);
    if (text == NULL || !pass(loader, value, raw, text, &len)) {
        return NULL;
    }
    *is_expanded = strstr(raw, "${") != NULL;
    return text;
}
