/*
 * secret.c - the three ways to give a password. Nothing in here puts a value into a sentence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/loader.h"

static void store(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                  const char *secret)
{
    size_t len = strnlen(secret, SL_CONFIG_SECRET_MAX_BYTES + 1);

    if (len > SL_CONFIG_SECRET_MAX_BYTES) {
        sl_conf_fail(loader, value->path, "expected a password of at most %d bytes",
                     SL_CONFIG_SECRET_MAX_BYTES);
    } else {
        /* Empty is none: what a deployment without a password puts into its variable. */
        sl_conf_store_text(value, len == 0 ? NULL : secret);
    }
}

static void take_env(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    const char *found;
    const char *copy;

    found = getenv(value->text); /* NOLINT(concurrency-mt-unsafe): nothing here calls setenv() */
    if (found == NULL) {
        /* Somebody may have put the password itself here: only what can be no password is shown. */
        if (sl_conf_is_env_name(value->text, strlen(value->text))) {
            sl_conf_fail(
                loader, value->path,
                "the environment variable %.64s is not set; export it or use password_file",
                value->text);
        } else {
            sl_conf_fail(loader, value->path,
                         "expected the name of an environment variable that is set (not the "
                         "password itself); export it or use password_file");
        }
        return;
    }
    copy = sl_conf_copy(loader, found, strlen(found));
    if (copy != NULL) {
        store(loader, value, copy);
    }
}

static void warn_if_public(struct sl_conf_loader *loader, const struct sl_conf_value *value, int fd)
{
    struct stat info;

    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH) != 0) {
        (void)sl_err_list_add(&loader->config->warnings, SL_EINVAL,
                              "%s: every user of this machine can read \"%.256s\"; chmod o-r it",
                              value->path, value->text);
    }
}

/* Reads up to SIZE bytes; returns how many, -1 on failure with errno. */
static ssize_t read_all(int fd, char *out, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, out + len, size - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static size_t without_line_end(const char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '\n') {
        len--;
        if (len > 0 && text[len - 1] == '\r') {
            len--;
        }
    }
    return len;
}

static void fail_file(struct sl_conf_loader *loader, const struct sl_conf_value *value, int error)
{
    char reason[128];

    sl_conf_fail(loader, value->path,
                 "the file cannot be read: %s; name a file that holds the password and that this "
                 "user may read",
                 strerror_r(error, reason, sizeof(reason)));
}

static void read_secret(struct sl_conf_loader *loader, const struct sl_conf_value *value, int fd)
{
    enum { SL_ROOM = SL_CONFIG_SECRET_MAX_BYTES + 3 }; /* a line end, and a byte that is too many */

    char *secret = sl_conf_alloc(loader, SL_ROOM + 1);
    ssize_t got;
    size_t len;

    if (secret == NULL) {
        return;
    }
    got = read_all(fd, secret, SL_ROOM);
    if (got < 0) {
        fail_file(loader, value, errno);
        return;
    }
    len = without_line_end(secret, (size_t)got);
    if (memchr(secret, '\0', len) != NULL) {
        sl_conf_fail(loader, value->path, "the file holds a NUL byte; expected a password as text");
        return;
    }
    secret[len] = '\0';
    store(loader, value, secret);
}

static void take_file(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    int fd;

    if (value->text[0] == '\0') {
        sl_conf_fail(loader, value->path, "expected the path of a file");
        return;
    }
    if ((loader->flags & SL_CONFIG_OFFLINE) != 0) {
        return;
    }
    fd = open(value->text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail_file(loader, value, errno);
        return;
    }
    warn_if_public(loader, value, fd);
    read_secret(loader, value, fd);
    (void)close(fd);
}

void sl_conf_take_secret(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    if (value->key->type == SL_CONF_SECRET_ENV) {
        take_env(loader, value);
    } else if (value->key->type == SL_CONF_SECRET_FILE) {
        take_file(loader, value);
    } else {
        loader->has_literal_secret = loader->has_literal_secret || !value->is_expanded;
        store(loader, value, value->text);
    }
}

static bool is_secret_type(enum sl_conf_type type)
{
    return type == SL_CONF_SECRET || type == SL_CONF_SECRET_ENV || type == SL_CONF_SECRET_FILE;
}

void sl_conf_check_secrets(struct sl_conf_loader *loader, const cJSON *item, const char *parent,
                           const char *path)
{
    const cJSON *member;
    const char *first = NULL;

    cJSON_ArrayForEach(member, item)
    {
        const struct sl_conf_key *key = sl_conf_find(parent, member->string);

        if (key == NULL || !is_secret_type(key->type)) {
            continue;
        }
        if (first == NULL) {
            first = member->string;
        } else if (strcmp(first, member->string) != 0) {
            sl_conf_fail(loader, path, "%s and %s are both given; keep one", first, member->string);
            return;
        }
    }
}
