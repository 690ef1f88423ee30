/*
 * fuzz_reply.c - replies of a hostile Redis. The first byte says in which pieces the rest arrives:
 * however it is cut, the same replies must come out, and what is refused must be refused.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    size_t replies;
    size_t errors;
    long long sum; /* of what the replies hold */
    int rc;
};

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void count(struct outcome *outcome, const struct sl_reply *reply)
{
    must(memchr(reply->text, '\0', sizeof(reply->text)) != NULL);
    must(!reply->has_error || reply->kind == SL_REPLY_ERROR ||
         (reply->kind == SL_REPLY_ARRAY && reply->error_at < reply->elements));
    outcome->replies++;
    outcome->errors += reply->has_error;
    outcome->sum =
        (long long)((unsigned long long)outcome->sum * 31 + (unsigned)reply->kind +
                    (reply->kind == SL_REPLY_ARRAY ? reply->elements : 0) + strlen(reply->text));
}

static struct outcome feed(const uint8_t *data, size_t size, size_t step)
{
    struct sl_reply_reader *reader = sl_reply_reader_new();
    struct outcome outcome = {0};
    struct sl_reply reply;
    struct sl_err err = {0};

    must(reader != NULL);
    for (size_t at = 0; at < size && outcome.rc >= 0; at += step) {
        outcome.rc = sl_reply_feed(reader, data + at, size - at < step ? size - at : step, &err);
        while (outcome.rc == SL_OK && (outcome.rc = sl_reply_next(reader, &reply, &err)) == SL_OK) {
            count(&outcome, &reply);
        }
    }
    must(outcome.rc >= 0 || outcome.rc == err.status);
    sl_reply_reader_free(reader);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole;
    struct outcome pieces;

    if (size < 2) {
        return 0;
    }
    whole = feed(data + 1, size - 1, size);
    pieces = feed(data + 1, size - 1, (size_t)1 + data[0] % 16U);
    must(whole.replies == pieces.replies && whole.errors == pieces.errors);
    must(whole.sum == pieces.sum && whole.rc == pieces.rc);
    return 0;
}
