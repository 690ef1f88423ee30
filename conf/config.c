/*
 * config.c - reads a file, has it checked and hands the result out; owns its memory.
 */
#include "conf/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdc/base/hash.h"
#include "conf/loader.h"
#include "conf/syntax.h"
#include "filters/table_regex.h"

/* Everything that a config points at; wiped when it goes. */
struct sl_config_block {
    struct sl_config_block *next;
    size_t size;
    max_align_t data[];
};

void *sl_conf_alloc(struct sl_conf_loader *loader, size_t size)
{
    struct sl_config_block *block = NULL;

    if (size < SIZE_MAX / 2) {
        block = calloc(1, sizeof(*block) + size);
    }
    if (block == NULL) {
        loader->is_out_of_memory = true;
        return NULL;
    }
    block->size = size;
    block->next = loader->config->memory;
    loader->config->memory = block;
    return block->data;
}

char *sl_conf_copy(struct sl_conf_loader *loader, const char *text, size_t len)
{
    char *copy = sl_conf_alloc(loader, len + 1);

    if (copy != NULL) {
        memcpy(copy, text, len);
    }
    return copy;
}

void sl_config_free(struct sl_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->table_count; i++) {
        sl_table_regex_free(config->tables[i].regex);
    }
    while (config->memory != NULL) {
        struct sl_config_block *block = config->memory;

        config->memory = block->next;
        explicit_bzero(block->data, block->size);
        free(block);
    }
    sl_err_list_release(&config->warnings);
    free(config);
}

/* The library frees strings as they are. Walks down and along without recursion, as deep as syntax
 * allows. */
static void wipe_tree(cJSON *root)
{
    cJSON *open[SL_CONFIG_MAX_DEPTH + 1] = {root};
    size_t depth = root == NULL ? 0 : 1;

    while (depth > 0) {
        cJSON *item = open[depth - 1];

        if (item->valuestring != NULL) {
            explicit_bzero(item->valuestring, strlen(item->valuestring));
        }
        open[depth - 1] = item->next;
        if (item->next == NULL) {
            depth--;
        }
        if (item->child != NULL) {
            open[depth++] = item->child;
        }
    }
    cJSON_Delete(root);
}

uint32_t sl_config_derive_server_id(const char *host, const char *pipeline, const char *sink)
{
    /* Low numbers are what people give to servers by hand. */
    const uint64_t least = 1001;
    uint64_t hash = sl_hash_str(sink, sl_hash_str(pipeline, sl_hash_str(host, 0)));

    return (uint32_t)(least + hash % (UINT32_MAX - least + 1));
}

static uint32_t derive_server_id(const struct sl_config *config, size_t sink)
{
    char host[256] = {0};

    (void)gethostname(host, sizeof(host) - 1);
    return sl_config_derive_server_id(host, config->pipeline.name,
                                      sink < config->sink_count ? config->sinks[sink].name : "");
}

uint32_t sl_config_server_id(const struct sl_config *config, size_t sink)
{
    return config->is_server_id_derived ? derive_server_id(config, sink)
                                        : config->source.server_id + (uint32_t)sink;
}

static void finish_server_id(struct sl_conf_loader *loader)
{
    struct sl_config *config = loader->config;

    config->is_server_id_derived = config->source.server_id == 0;
    if (config->is_server_id_derived) {
        config->source.server_id = derive_server_id(config, 0);
    } else if (config->sink_count > 1 &&
               config->source.server_id > UINT32_MAX - (config->sink_count - 1)) {
        sl_conf_fail(loader, "source.server_id",
                     "the sinks count up from it and pass 4294967295; choose a lower one");
    }
}

static void read_tree(struct sl_conf_loader *loader, const cJSON *root)
{
    size_t before = loader->errors->count + loader->errors->dropped;

    if (!cJSON_IsObject(root)) {
        sl_conf_fail(loader, "the configuration", "expected an object: { … }");
        return;
    }
    sl_conf_walk(loader, root);
    sl_conf_check(loader, root);
    if (loader->errors->count + loader->errors->dropped == before && !loader->is_out_of_memory) {
        finish_server_id(loader);
    }
}

/* TEXT is LEN bytes and a NUL; its comments are overwritten. */
static void parse_text(struct sl_conf_loader *loader, const char *name, char *text, size_t len)
{
    struct sl_err err = {0};
    cJSON *root;

    if (sl_conf_check_syntax(name, text, len, &err) != SL_OK) {
        (void)sl_err_list_add(loader->errors, err.status, "%s", err.text);
        return;
    }
    root = cJSON_ParseWithLengthOpts(text, len + 1, NULL, 1);
    if (root == NULL) {
        loader->is_out_of_memory = true; /* the text is JSON: nothing else can fail */
        return;
    }
    read_tree(loader, root);
    wipe_tree(root);
}

/* Hands the config out or, when anything went wrong, frees it. */
static int finish(struct sl_conf_loader *loader, size_t before, struct sl_config **out)
{
    if (loader->is_out_of_memory) {
        (void)sl_err_list_add(loader->errors, SL_ENOMEM,
                              "no memory left to read the configuration");
    }
    if (loader->errors->count + loader->errors->dropped == before) {
        *out = loader->config;
        return SL_OK;
    }
    sl_config_free(loader->config);
    return loader->is_out_of_memory ? SL_ENOMEM : SL_EINVAL;
}

/* A text to be read, and where it comes from. */
struct input {
    const char *name;
    char *text; /* LEN bytes and a NUL; its comments are overwritten */
    size_t len;
    unsigned flags;
    bool is_public; /* every user of the machine can read it */
};

static int parse_input(const struct input *input, struct sl_config **out,
                       struct sl_err_list *errors)
{
    size_t before = errors->count + errors->dropped;
    struct sl_conf_loader loader = {.errors = errors, .name = input->name, .flags = input->flags};

    loader.config = calloc(1, sizeof(*loader.config));
    if (loader.config == NULL) {
        return sl_err_list_add(errors, SL_ENOMEM, "no memory left to read the configuration");
    }
    parse_text(&loader, input->name, input->text, input->len);
    if (input->is_public && loader.has_literal_secret) {
        (void)sl_err_list_add(&loader.config->warnings, SL_EINVAL,
                              "%s: every user of this machine can read the password in it; chmod "
                              "o-r it or use password_env or password_file",
                              input->name);
    }
    return finish(&loader, before, out);
}

static int fail_size(const char *name, struct sl_err_list *errors)
{
    return sl_err_list_add(errors, SL_EINVAL,
                           "%s: larger than 4 MiB, which no configuration is; check the path",
                           name);
}

int sl_config_parse(const char *name, struct sl_span text, unsigned flags, struct sl_config **out,
                    struct sl_err_list *errors)
{
    struct input input = {.name = name, .len = text.len, .flags = flags};
    int rc;

    if (text.len > SL_CONFIG_MAX_BYTES) {
        return fail_size(name, errors);
    }
    input.text = calloc(1, text.len + 1);
    if (input.text == NULL) {
        return sl_err_list_add(errors, SL_ENOMEM, "no memory left to read the configuration");
    }
    if (text.len > 0) {
        memcpy(input.text, text.data, text.len);
    }
    rc = parse_input(&input, out, errors);
    explicit_bzero(input.text, text.len);
    free(input.text);
    return rc;
}

static int fail_read(const char *path, int error, struct sl_err_list *errors)
{
    char reason[128];

    return sl_err_list_add(errors, SL_EIO,
                           "%s: cannot be read: %s; name the configuration with -c FILE", path,
                           strerror_r(error, reason, sizeof(reason)));
}

/* Reads at most one byte more than is allowed; also from a pipe, whose size nobody knows. */
static int read_file(const char *path, int fd, char *text, size_t *len, struct sl_err_list *errors)
{
    *len = 0;
    while (*len <= SL_CONFIG_MAX_BYTES) {
        ssize_t got = read(fd, text + *len, SL_CONFIG_MAX_BYTES + 1 - *len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_read(path, errno, errors);
        }
        if (got == 0) {
            return SL_OK;
        }
        *len += (size_t)got;
    }
    return fail_size(path, errors);
}

int sl_config_load_with(const char *path, unsigned flags, struct sl_config **out,
                        struct sl_err_list *errors)
{
    struct input input = {.name = path, .flags = flags};
    struct stat info;
    int fd;
    int rc;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_read(path, errno, errors);
    }
    input.text = malloc(SL_CONFIG_MAX_BYTES + 2);
    if (input.text == NULL) {
        rc = sl_err_list_add(errors, SL_ENOMEM, "no memory left to read the configuration");
        goto out;
    }
    rc = read_file(path, fd, input.text, &input.len, errors);
    if (rc == SL_OK) {
        input.text[input.len] = '\0';
        input.is_public =
            fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IROTH) != 0;
        rc = parse_input(&input, out, errors);
    }
    explicit_bzero(input.text, input.len);
out:
    free(input.text);
    (void)close(fd);
    return rc;
}

int sl_config_load(const char *path, struct sl_config **out, struct sl_err_list *errors)
{
    return sl_config_load_with(path, 0, out, errors);
}
