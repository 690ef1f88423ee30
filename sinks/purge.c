#include "sinks/purge.h"

#include <stdio.h>
#include <string.h>

#include "cdc/resp.h"

struct purge {
    struct sl_session *session;
    const struct sl_key_pattern *pattern;
    sl_purge_tick_fn tick;
    void *tick_user;
    char cursor[24];
    uint64_t replies; /* queued commands of the group being built */
    uint64_t keys;    /* of them, keys to unlink */
};

static int scan(struct purge *purge, redisReply **reply, struct sl_err *err)
{
    const char *const args[] = {"SCAN",  purge->cursor, "MATCH", purge->pattern->glob,
                                "COUNT", "1000"};
    int rc = sl_request_call(&purge->session->request, 6, args, reply, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_reply_status("cannot look for the keys of a dropped table", *reply, err);
    if (rc == SL_OK && ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != 2 ||
                        (*reply)->element[0]->type != REDIS_REPLY_STRING ||
                        (*reply)->element[1]->type != REDIS_REPLY_ARRAY)) {
        rc = sl_err_set(err, SL_EFORMAT, "the reply to SCAN is not a cursor and keys");
    }
    if (rc != SL_OK) {
        freeReplyObject(*reply);
        return rc;
    }
    (void)snprintf(purge->cursor, sizeof(purge->cursor), "%s", (*reply)->element[0]->str);
    return SL_OK;
}

static int add_unlinks(struct purge *purge, const redisReply *keys, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < keys->elements; i++) {
        const redisReply *key = keys->element[i];

        if (key->type != REDIS_REPLY_STRING ||
            !purge->pattern->matches(purge->pattern, sl_span_make(key->str, (size_t)key->len))) {
            continue;
        }
        rc = sl_resp_array(out, 2);
        if (rc == SL_OK) {
            rc = sl_resp_text(out, "UNLINK");
        }
        if (rc == SL_OK) {
            rc = sl_resp_bulk(out, key->str, (size_t)key->len);
        }
        purge->keys++;
        purge->replies++;
    }
    return rc;
}

static int receive_group(struct purge *purge, uint64_t count, struct sl_err *err)
{
    int status = SL_OK;

    for (uint64_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        int rc = sl_request_receive(&purge->session->request, &reply, err);

        if (rc != SL_OK) {
            return rc;
        }
        if (status == SL_OK) {
            status = sl_reply_status("cannot remove the keys of a dropped table", reply, err);
        }
        if (status == SL_OK && i + 1 == count && reply->type != REDIS_REPLY_ARRAY) {
            status = sl_err_set(err, SL_EFENCED, "another writer came, or the data was lost");
        }
        freeReplyObject(reply);
    }
    return status;
}

static int remove_keys(struct purge *purge, const redisReply *keys, struct sl_err *err)
{
    struct sl_session *session = purge->session;
    struct sl_buf *out = &session->request.out;
    int rc = sl_session_add_head(session, out);

    purge->replies = 0;
    purge->keys = 0;
    if (rc == SL_OK) {
        rc = add_unlinks(purge, keys, out);
    }
    if (rc == SL_OK) {
        rc = purge->tick(purge->tick_user, out, &purge->replies);
    }
    if (rc == SL_OK && purge->replies == 0) {
        sl_buf_clear(out); /* nothing was found among these keys */
        return SL_OK;
    }
    if (rc == SL_OK) {
        rc = sl_session_add_tail(session, out);
    }
    if (rc == SL_OK) {
        rc = sl_request_send(&session->request, err);
    }
    return rc == SL_OK
               ? receive_group(
                     purge, SL_SESSION_HEAD_REPLIES + purge->replies + SL_SESSION_TAIL_REPLIES, err)
               : rc;
}

int sl_purge_run(struct sl_session *session, const struct sl_key_pattern *pattern,
                 sl_purge_tick_fn tick, void *tick_user, uint64_t *removed, struct sl_err *err)
{
    struct purge purge = {
        .session = session,
        .pattern = pattern,
        .tick = tick,
        .tick_user = tick_user,
        .cursor = "0",
    };

    do {
        redisReply *reply = NULL;
        int rc = scan(&purge, &reply, err);

        if (rc != SL_OK) {
            return rc;
        }
        rc = remove_keys(&purge, reply->element[1], err);
        freeReplyObject(reply);
        if (rc != SL_OK) {
            return rc;
        }
        *removed += purge.keys;
    } while (strcmp(purge.cursor, "0") != 0);
    return SL_OK;
}
