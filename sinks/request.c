#include "sinks/request.h"

#include <poll.h>

#include "cdc/resp.h"
#include "sinks/reply_class.h"

int sl_request_init(struct sl_request *request, struct sl_transport *transport, int timeout_ms)
{
    *request = (struct sl_request){.transport = transport, .timeout_ms = timeout_ms};
    request->reader = redisReaderCreate();
    return request->reader != NULL ? SL_OK : SL_ENOMEM;
}

void sl_request_release(struct sl_request *request)
{
    if (request->reader != NULL) {
        redisReaderFree(request->reader);
    }
    sl_buf_release(&request->out);
    *request = (struct sl_request){0};
}

int sl_request_send(struct sl_request *request, struct sl_err *err)
{
    int left_ms = request->timeout_ms;
    size_t sent = 0;

    while (sent < request->out.len) {
        const struct iovec iov = {.iov_base = request->out.data + sent,
                                  .iov_len = request->out.len - sent};
        size_t done = 0;
        int rc = sl_transport_write(request->transport, &iov, 1, &done, err);

        if (rc == SL_AGAIN) {
            rc = sl_transport_wait(request->transport, POLLOUT, &left_ms, err);
        }
        if (rc != SL_OK) {
            return rc;
        }
        sent += done;
    }
    sl_buf_clear(&request->out);
    return SL_OK;
}

static int read_more(struct sl_request *request, int *left_ms, struct sl_err *err)
{
    char data[16384];
    size_t done = 0;
    int rc = sl_transport_read(request->transport, data, sizeof(data), &done, err);

    if (rc == SL_AGAIN) {
        return sl_transport_wait(request->transport, POLLIN, left_ms, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    if (redisReaderFeed(request->reader, data, done) != REDIS_OK) {
        return sl_err_set(err, SL_EFORMAT, "the reply is not Redis's protocol");
    }
    return SL_OK;
}

int sl_request_receive(struct sl_request *request, redisReply **reply, struct sl_err *err)
{
    int left_ms = request->timeout_ms;

    for (;;) {
        void *object = NULL;
        int rc;

        if (redisReaderGetReply(request->reader, &object) != REDIS_OK) {
            return sl_err_set(err, SL_EFORMAT, "the reply is not Redis's protocol: %s",
                              request->reader->errstr);
        }
        if (object != NULL) {
            *reply = object;
            return SL_OK;
        }
        rc = read_more(request, &left_ms, err);
        if (rc != SL_OK) {
            return rc;
        }
    }
}

int sl_request_call(struct sl_request *request, size_t count, const char *const *args,
                    redisReply **reply, struct sl_err *err)
{
    int rc = sl_resp_command(&request->out, count, args);

    if (rc == SL_OK) {
        rc = sl_request_send(request, err);
    }
    return rc == SL_OK ? sl_request_receive(request, reply, err) : rc;
}

int sl_reply_text_status(const char *what, const char *text, struct sl_err *err)
{
    static const int statuses[] = {
        [SL_REPLY_WAIT] = SL_EIO,
        [SL_REPLY_MOVED] = SL_EIO,
        [SL_REPLY_REFUSED] = SL_EAUTH,
        [SL_REPLY_BROKEN] = SL_ESINK,
    };
    const char *remedy = sl_reply_remedy(text);

    return sl_err_set(err, statuses[sl_reply_classify(text)], "%s: Redis answered \"%s\"%s%s", what,
                      text, remedy[0] != '\0' ? ": " : "", remedy);
}

int sl_reply_status(const char *what, const redisReply *reply, struct sl_err *err)
{
    return reply->type == REDIS_REPLY_ERROR ? sl_reply_text_status(what, reply->str, err) : SL_OK;
}
