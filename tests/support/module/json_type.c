/*
 * json_type.c - JSON.SET KEY $ TEXT and JSON.GET KEY for a Redis that has no JSON type, for tests:
 * it keeps the text as a string, and prints it with other white space than it came with. Of the
 * module API (redis.io, "Modules API reference") it declares what it uses.
 */
#include <stddef.h>
#include <string.h>

struct ctx;
struct key;
struct string;

typedef int (*command_fn)(struct ctx *ctx, struct string **argv, int argc);

enum { OK = 0, FAILED = 1, API_VERSION = 1, MODE_READ = 1, MODE_WRITE = 2 };

enum { TYPE_EMPTY = 0, TYPE_STRING = 1 };

static void (*set_attributes)(struct ctx *ctx, const char *name, int version, int api);
static int (*create_command)(struct ctx *ctx, const char *name, command_fn fn, const char *flags,
                             int first, int last, int step);
static struct key *(*open_key)(struct ctx *ctx, struct string *name, int mode);
static void (*close_key)(struct key *key);
static int (*key_type)(struct key *key);
static int (*string_set)(struct key *key, struct string *value);
static char *(*string_dma)(struct key *key, size_t *len, int mode);
static int (*reply_simple)(struct ctx *ctx, const char *text);
static int (*reply_error)(struct ctx *ctx, const char *text);
static int (*reply_null)(struct ctx *ctx);
static int (*reply_buffer)(struct ctx *ctx, const char *data, size_t len);
static int (*replicate)(struct ctx *ctx);
static void *(*allocate)(size_t size);
static void (*release)(void *memory);

int RedisModule_OnLoad(struct ctx *ctx, struct string **argv, int argc);

static const char wrong_type[] =
    "WRONGTYPE Operation against a key holding the wrong kind of value";

static int json_set(struct ctx *ctx, struct string **argv, int argc)
{
    struct key *key;
    int type;

    if (argc != 4) {
        return reply_error(ctx, "ERR wrong number of arguments for 'JSON.SET' command");
    }
    key = open_key(ctx, argv[1], MODE_READ | MODE_WRITE);
    type = key_type(key);
    if (type == TYPE_EMPTY || type == TYPE_STRING) {
        string_set(key, argv[3]);
    }
    close_key(key);
    if (type != TYPE_EMPTY && type != TYPE_STRING) {
        return reply_error(ctx, wrong_type);
    }
    replicate(ctx);
    return reply_simple(ctx, "OK");
}

static int reply_document(struct ctx *ctx, const char *text, size_t len)
{
    char *spaced = allocate(len + 3);
    int rc;

    spaced[0] = '\n';
    memcpy(spaced + 1, text, len);
    memcpy(spaced + 1 + len, " \n", 2);
    rc = reply_buffer(ctx, spaced, len + 3);
    release(spaced);
    return rc;
}

static int json_get(struct ctx *ctx, struct string **argv, int argc)
{
    struct key *key;
    size_t len = 0;
    const char *text;
    int rc;

    if (argc != 2) {
        return reply_error(ctx, "ERR wrong number of arguments for 'JSON.GET' command");
    }
    key = open_key(ctx, argv[1], MODE_READ);
    if (key == NULL || key_type(key) == TYPE_EMPTY) {
        rc = reply_null(ctx);
    } else if (key_type(key) != TYPE_STRING) {
        rc = reply_error(ctx, wrong_type);
    } else {
        text = string_dma(key, &len, MODE_READ);
        rc = reply_document(ctx, text, len);
    }
    close_key(key);
    return rc;
}

static int find(struct ctx *ctx)
{
    const struct {
        const char *name;
        void *function;
    } wanted[] = {
        {"RedisModule_SetModuleAttribs", &set_attributes},
        {"RedisModule_CreateCommand", &create_command},
        {"RedisModule_OpenKey", &open_key},
        {"RedisModule_CloseKey", &close_key},
        {"RedisModule_KeyType", &key_type},
        {"RedisModule_StringSet", &string_set},
        {"RedisModule_StringDMA", &string_dma},
        {"RedisModule_ReplyWithSimpleString", &reply_simple},
        {"RedisModule_ReplyWithError", &reply_error},
        {"RedisModule_ReplyWithNull", &reply_null},
        {"RedisModule_ReplyWithStringBuffer", &reply_buffer},
        {"RedisModule_ReplicateVerbatim", &replicate},
        {"RedisModule_Alloc", &allocate},
        {"RedisModule_Free", &release},
    };

    int (*get_api)(const char *name, void *function);

    memcpy(&get_api, ctx, sizeof(get_api)); /* it is the context's first member */
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (get_api(wanted[i].name, wanted[i].function) != OK) {
            return FAILED;
        }
    }
    return OK;
}

int RedisModule_OnLoad(struct ctx *ctx, struct string **argv, int argc)
{
    (void)argv;
    (void)argc;
    if (find(ctx) != OK) {
        return FAILED;
    }
    set_attributes(ctx, "testjson", 1, API_VERSION);
    if (create_command(ctx, "json.set", json_set, "write deny-oom", 1, 1, 1) != OK) {
        return FAILED;
    }
    return create_command(ctx, "json.get", json_get, "readonly", 1, 1, 1);
}
