/*
 * session.h - the right to write: from a fresh connection to a fenced session with the position
 * to begin at.
 *
 * Two keys guard a pipeline, next to its checkpoint:
 *     sluice:{P}:lease   "IDENTITY TOKEN" with a time to live; who writes, for others to see
 *     sluice:{P}:guard   a hash with one field "TOKEN:N": N groups of the writer TOKEN were applied
 *
 * Every group is sent as
 *     WATCH guard; HSETNX guard TOKEN:N 1; MULTI; rows; checkpoint;
 *     HSET guard TOKEN:N+1 1; HDEL guard TOKEN:N; EXEC
 * HSETNX changes nothing while the field is there. When it is not (another writer came, a group
 * before failed, the data was lost or went back in time) it changes the key that is being watched,
 * and EXEC does nothing. So groups can be pipelined without waiting, and one can never be applied
 * without the one before.
 */
#ifndef SLUICE_SINKS_SESSION_H
#define SLUICE_SINKS_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/position.h"
#include "sinks/checkpoint.h"
#include "sinks/options.h"
#include "sinks/request.h"
#include "sinks/transport.h"

enum { SL_TOKEN_MAX = 32 };

struct sl_session_options {
    const char *pipeline;
    const struct sl_redis_options *redis;
    uint32_t lease_ms;
    const char *identity; /* of this process: see sl_identity_make() */
    const atomic_bool *stop;
};

struct sl_session {
    struct sl_session_options options;
    struct sl_transport transport;
    struct sl_request request;
    struct sl_buf lease_key; /* each NUL-terminated */
    struct sl_buf guard_key;
    struct sl_buf checkpoint_key;
    struct sl_buf heartbeat_key;
    char token[SL_TOKEN_MAX];
    uint64_t groups; /* N above */
    struct sl_redis_life life;
    bool has_checkpoint;
    struct sl_position position; /* the checkpoint, if there is one */
};

int sl_session_init(struct sl_session *session,
                    const struct sl_session_options *options) SL_MUSTCHECK;
void sl_session_release(struct sl_session *session);

/*
 * Connects, logs in, takes the lease and reads the checkpoint. SL_AGAIN: another writer holds the
 * lease (ERR says who). SL_EIO: try again later; SL_EAUTH, SL_ESINK, SL_EFORMAT, SL_EINVAL: an
 * operator must act.
 */
int sl_session_open(struct sl_session *session, struct sl_err *err) SL_MUSTCHECK;
/* Disconnects. RELEASE_LEASE: another writer may come at once (only while the lease is ours). */
void sl_session_close(struct sl_session *session, bool release_lease);

/* Appends what comes before the rows of the next group: 3 replies. */
int sl_session_add_head(struct sl_session *session, struct sl_buf *out) SL_MUSTCHECK;

enum { SL_SESSION_HEAD_REPLIES = 3 };

/* Appends the guard's step and EXEC (3 replies, the last one EXEC's) and counts the group. */
int sl_session_add_tail(struct sl_session *session, struct sl_buf *out) SL_MUSTCHECK;

enum { SL_SESSION_TAIL_REPLIES = 3 };

/* Appends the refresh of the lease: 1 reply. */
int sl_session_add_lease(struct sl_session *session, struct sl_buf *out) SL_MUSTCHECK;

#endif
