/*
 * transform.c - the function of a rule: as an expression in the configuration, or as a file of Lua.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/loader.h"
#include "filters/transform.h"

enum { SL_TRANSFORM_FILE_MAX = 256 * 1024 };

/* What its function says of a row is for who has rows. */
static void take(struct sl_conf_loader *loader, const struct sl_conf_value *value, const char *text,
                 bool is_chunk)
{
    struct sl_table_rule *rule = value->base;
    const struct sl_table_rule tried = {.transform = text, .is_transform_chunk = is_chunk};
    struct sl_transform *transform = NULL;
    struct sl_err err = {0};
    int rc = sl_transform_new(&tried, &transform, &err);

    sl_transform_free(transform);
    if (rc == SL_ENOMEM) {
        loader->is_out_of_memory = true;
    } else if (rc != SL_OK) {
        sl_conf_fail(loader, value->path, "no Lua %s a function: %s",
                     is_chunk ? "that returns" : "expression for", err.text);
    } else {
        rule->transform = text;
        rule->is_transform_chunk = is_chunk;
    }
}

void sl_conf_take_transform(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    take(loader, value, value->text, false);
}

/* ---- a file ---- */

static void fail_file(struct sl_conf_loader *loader, const struct sl_conf_value *value, int error)
{
    char reason[128];

    sl_conf_fail(loader, value->path,
                 "the file cannot be read: %s; name a file of Lua, whose path begins where the "
                 "configuration is, that this user may read",
                 strerror_r(error, reason, sizeof(reason)));
}

/* PATH begins in the folder of the configuration. NULL: no memory, which is noted. */
static char *resolve(struct sl_conf_loader *loader, const char *path)
{
    const char *slash = path[0] == '/' ? NULL : strrchr(loader->name, '/');
    size_t folder = slash != NULL ? (size_t)(slash - loader->name) + 1 : 0;
    char *out = sl_conf_alloc(loader, folder + strlen(path) + 1);

    if (out != NULL) {
        memcpy(out, loader->name, folder);
        memcpy(out + folder, path, strlen(path) + 1);
    }
    return out;
}

/* Reads one byte more than is allowed at most; -1 on failure with errno. */
static ssize_t read_all(int fd, char *out)
{
    size_t len = 0;

    while (len <= SL_TRANSFORM_FILE_MAX) {
        ssize_t got = read(fd, out + len, SL_TRANSFORM_FILE_MAX + 1 - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)len;
        }
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static void take_text(struct sl_conf_loader *loader, const struct sl_conf_value *value, char *text,
                      size_t len)
{
    const char *copy;

    if (len > SL_TRANSFORM_FILE_MAX) {
        sl_conf_fail(loader, value->path, "the file has more than %d KiB, which no function needs",
                     SL_TRANSFORM_FILE_MAX / 1024);
        return;
    }
    if (memchr(text, '\0', len) != NULL) {
        sl_conf_fail(loader, value->path, "the file holds a NUL byte; expected Lua as text");
        return;
    }
    copy = sl_conf_copy(loader, text, len);
    if (copy != NULL) {
        take(loader, value, copy, true);
    }
}

static void take_open(struct sl_conf_loader *loader, const struct sl_conf_value *value, int fd)
{
    char *text = malloc(SL_TRANSFORM_FILE_MAX + 1);
    ssize_t len;

    if (text == NULL) {
        loader->is_out_of_memory = true;
        return;
    }
    len = read_all(fd, text);
    if (len < 0) {
        fail_file(loader, value, errno);
    } else {
        take_text(loader, value, text, (size_t)len);
    }
    free(text);
}

void sl_conf_take_transform_file(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    const char *path;
    int fd;

    if ((loader->flags & SL_CONFIG_OFFLINE) != 0) {
        return;
    }
    path = resolve(loader, value->text);
    if (path == NULL) {
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail_file(loader, value, errno);
        return;
    }
    take_open(loader, value, fd);
    (void)close(fd);
}

/* ---- beside other keys ---- */

/* The function says what is shown, all of it. */
static void check_transform(struct sl_conf_loader *loader, const cJSON *item, size_t number)
{
    static const char *const replaced[] = {"columns", "except", "rename", "mask"};
    bool has_text = cJSON_GetObjectItemCaseSensitive(item, "transform") != NULL;
    bool has_file = cJSON_GetObjectItemCaseSensitive(item, "transform_file") != NULL;
    char path[SL_CONF_PATH_MAX];

    if (has_text && has_file) {
        (void)snprintf(path, sizeof(path), "tables[%zu].transform_file", number);
        sl_conf_fail(loader, path, "transform says it already; remove one");
    }
    for (size_t i = 0; (has_text || has_file) && i < sizeof(replaced) / sizeof(replaced[0]); i++) {
        if (cJSON_GetObjectItemCaseSensitive(item, replaced[i]) != NULL) {
            (void)snprintf(path, sizeof(path), "tables[%zu].%s", number, replaced[i]);
            sl_conf_fail(loader, path,
                         "the function of transform says what is shown of a row; do it there, or "
                         "remove transform");
        }
    }
    if (has_text || has_file) {
        sl_conf_take_parts(loader, number);
    }
}

void sl_conf_check_transforms(struct sl_conf_loader *loader, const cJSON *items)
{
    const struct sl_config *config = loader->config;
    const cJSON *item = items != NULL ? items->child : NULL;

    for (size_t i = 0; i < config->table_count && item != NULL; i++, item = item->next) {
        check_transform(loader, item, i);
    }
}
