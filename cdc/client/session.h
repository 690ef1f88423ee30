/*
 * session.h - what a connection has to know about its server and to tell it before the binary
 * log is read: who the server is, where its log begins and ends, how the stream shall come.
 */
#ifndef SLUICE_CDC_CLIENT_SESSION_H
#define SLUICE_CDC_CLIENT_SESSION_H

#include "cdc/client/connect.h"
#include "cdc/position.h"
#include "cdc/source.h"

struct sl_server {
    enum sl_flavor flavor;
    uint32_t version; /* 80407 is 8.4.7, 101119 is 10.11.19 */
    uint32_t server_id;
    bool folds_names;                   /* lower_case_table_names is 1 */
    bool gtid_on;                       /* MySQL: gtid_mode is ON; MariaDB: always */
    char uuid[SL_SERVER_UUID_TEXT + 1]; /* as in struct sl_position */
};

/* Asks the server who it is. */
int sl_session_identify(struct sl_client *client, struct sl_server *server,
                        struct sl_err *err) SL_MUSTCHECK;

/* 8.4.7 to 80407; 0 when TEXT is no version. Suffixes are ignored. */
uint32_t sl_session_version(const char *text);

/* Replaces *POSITION by the end of the log, with GTIDs where the server has them. */
int sl_session_find_end(struct sl_client *client, const struct sl_server *server,
                        struct sl_position *position, struct sl_err *err) SL_MUSTCHECK;

/* The same with file, offset and identity alone, which is one statement at either server. */
int sl_session_find_place(struct sl_client *client, const struct sl_server *server,
                          struct sl_position *position, struct sl_err *err) SL_MUSTCHECK;

/* Replaces *POSITION by FILE and the digits of OFFSET at SERVER. */
int sl_session_set_place(const struct sl_server *server, const char *file, const char *offset,
                         struct sl_position *position, struct sl_err *err) SL_MUSTCHECK;

/* Replaces *POSITION by the first event that the server still has. */
int sl_session_find_begin(struct sl_client *client, const struct sl_server *server,
                          struct sl_position *position, struct sl_err *err) SL_MUSTCHECK;

/*
 * Prepares the session for the dump command: checksums as they are in the file, heartbeats every
 * HEARTBEAT_MS, an identity derived from READER and the server id ("" for none: a short-lived
 * scan), and at MariaDB its GTID protocol; CONNECT_STATE is the GTID list to begin
 * behind, NULL to begin by file.
 */
int sl_session_prepare_dump(struct sl_client *client, const struct sl_server *server,
                            const char *reader, const char *connect_state,
                            struct sl_err *err) SL_MUSTCHECK;

#endif
