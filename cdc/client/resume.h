/*
 * resume.h - decides how a stream can go on behind a position at the server that answers now,
 * and refuses where that would be a guess.
 */
#ifndef SLUICE_CDC_CLIENT_RESUME_H
#define SLUICE_CDC_CLIENT_RESUME_H

#include "cdc/client/session.h"

enum sl_resume_how {
    SL_RESUME_BY_FILE, /* file and offset of this very server */
    SL_RESUME_BY_SET,  /* MySQL's GTID set */
    SL_RESUME_BY_LIST, /* MariaDB's GTID list */
};

struct sl_resume {
    enum sl_resume_how how;
};

/*
 * SL_EGAP: transactions behind START are purged, or the server lacks some that lie before it and
 * does not get them within a few seconds (it may be a replica that was promoted too early).
 * SL_EINVAL: only file and offset are known and they are another server's, or the position is
 * of the other kind of server.
 */
int sl_resume_plan(struct sl_client *client, const struct sl_server *server,
                   const struct sl_position *start, struct sl_resume *resume,
                   struct sl_err *err) SL_MUSTCHECK;

#endif
