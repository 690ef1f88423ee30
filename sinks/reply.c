#include "sinks/reply.h"

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

struct sl_reply_reader {
    redisReader *hiredis;
    struct sl_reply reply; /* being put together */
};

/* hiredis takes any pointer but NULL for an object, and hands the reader's privdata to no callback
   but through the task. */
static struct sl_reply *reply_of(const redisReadTask *task)
{
    return task->privdata;
}

static void copy_text(struct sl_reply *reply, const char *text, size_t len)
{
    len = len < SL_REPLY_TEXT_MAX - 1 ? len : SL_REPLY_TEXT_MAX - 1;
    memcpy(reply->text, text, len);
    reply->text[len] = '\0';
}

static void note_error(const redisReadTask *task, const char *text, size_t len)
{
    struct sl_reply *reply = reply_of(task);
    const redisReadTask *element = task;

    if (reply->has_error) {
        return;
    }
    /* A script's reply may be an array of its own: what counts is which element of ours it is. */
    while (element->parent != NULL && element->parent->parent != NULL) {
        element = element->parent;
    }
    reply->has_error = true;
    reply->error_at = element->parent != NULL ? (size_t)element->idx : 0;
    copy_text(reply, text, len);
}

static void note_kind(const redisReadTask *task, enum sl_reply_kind kind)
{
    if (task->parent == NULL) {
        reply_of(task)->kind = kind;
    }
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    if (task->type == REDIS_REPLY_ERROR) {
        note_kind(task, SL_REPLY_ERROR);
        note_error(task, text, len);
        return reply_of(task);
    }
    note_kind(task, task->type == REDIS_REPLY_STATUS ? SL_REPLY_STATUS : SL_REPLY_STRING);
    if (task->parent == NULL) {
        copy_text(reply_of(task), text, len);
    }
    return reply_of(task);
}

#if HIREDIS_MAJOR >= 1
static void *on_array(const redisReadTask *task, size_t elements)
#else
static void *on_array(const redisReadTask *task, int elements)
#endif
{
    note_kind(task, SL_REPLY_ARRAY);
    if (task->parent == NULL) {
        reply_of(task)->elements = (size_t)elements;
    }
    return reply_of(task);
}

static void *on_integer(const redisReadTask *task, long long value)
{
    note_kind(task, SL_REPLY_INTEGER);
    if (task->parent == NULL) {
        reply_of(task)->integer = value;
    }
    return reply_of(task);
}

static void *on_nil(const redisReadTask *task)
{
    note_kind(task, SL_REPLY_NIL);
    return reply_of(task);
}

#if HIREDIS_MAJOR >= 1
static void *on_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value;
    return on_string(task, text, len);
}

static void *on_bool(const redisReadTask *task, int value)
{
    return on_integer(task, value);
}
#endif

static void on_free(void *object)
{
    (void)object;
}

static redisReplyObjectFunctions functions = {
    .createString = on_string,
    .createArray = on_array,
    .createInteger = on_integer,
#if HIREDIS_MAJOR >= 1
    .createDouble = on_double,
    .createBool = on_bool,
#endif
    .createNil = on_nil,
    .freeObject = on_free,
};

struct sl_reply_reader *sl_reply_reader_new(void)
{
    struct sl_reply_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return NULL;
    }
    reader->hiredis = redisReaderCreateWithFunctions(&functions);
    if (reader->hiredis == NULL) {
        free(reader);
        return NULL;
    }
    reader->hiredis->privdata = &reader->reply;
    return reader;
}

void sl_reply_reader_free(struct sl_reply_reader *reader)
{
    if (reader != NULL) {
        redisReaderFree(reader->hiredis);
        free(reader);
    }
}

static int bad_reply(struct sl_reply_reader *reader, struct sl_err *err)
{
    return sl_err_set(err, SL_EFORMAT, "Redis sent what is not its protocol: %s",
                      reader->hiredis->errstr);
}

int sl_reply_feed(struct sl_reply_reader *reader, const void *data, size_t len, struct sl_err *err)
{
    return redisReaderFeed(reader->hiredis, data, len) == REDIS_OK ? SL_OK : bad_reply(reader, err);
}

int sl_reply_next(struct sl_reply_reader *reader, struct sl_reply *reply, struct sl_err *err)
{
    void *object = NULL;

    if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK) {
        return bad_reply(reader, err);
    }
    if (object == NULL) {
        return SL_AGAIN;
    }
    *reply = reader->reply;
    reader->reply.has_error = false;
    reader->reply.text[0] = '\0';
    return SL_OK;
}
