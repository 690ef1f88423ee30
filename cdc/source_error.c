#include "cdc/source_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Numbers below 2000 and from 3000 up are the server's (share/messages_to_clients.txt of MySQL,
 * sql/share/errmsg-utf8.txt of MariaDB), those between are the client library's (errmsg.h).
 */
enum {
    SL_ER_DBACCESS_DENIED = 1044,
    SL_ER_ACCESS_DENIED = 1045,
    SL_ER_HOST_IS_BLOCKED = 1129,
    SL_ER_HOST_NOT_PRIVILEGED = 1130,
    SL_ER_TABLEACCESS_DENIED = 1142,
    SL_ER_COLUMNACCESS_DENIED = 1143,
    SL_ER_TOO_MANY_USER_CONNECTIONS = 1203,
    SL_ER_SPECIFIC_ACCESS_DENIED = 1227,
    SL_ER_MUST_CHANGE_PASSWORD = 1820,
    SL_ER_MUST_CHANGE_PASSWORD_LOGIN = 1862,
    SL_ER_ACCESS_DENIED_NO_PASSWORD = 1698,
    SL_ER_SECURE_TRANSPORT_REQUIRED = 3159,
    SL_ER_ACCOUNT_LOCKED = 3118,
    SL_ER_USER_IS_BLOCKED_MARIADB = 4166,
    SL_ER_ACCOUNT_LOCKED_MARIADB = 4151,
    SL_CR_CONNECTION_ERROR = 2002,
    SL_CR_CONN_HOST_ERROR = 2003,
    SL_CR_UNKNOWN_HOST = 2005,
    SL_CR_SERVER_GONE = 2006,
    SL_CR_SERVER_LOST = 2013,
    SL_CR_NET_PACKET_TOO_LARGE = 2020,
    SL_CR_SSL = 2026,
    SL_CR_AUTH_PLUGIN_CANNOT_LOAD = 2059,
    SL_CR_AUTH_PLUGIN_ERR = 2061,
};

static bool has(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

static int login_refused(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                         struct sl_err *err)
{
    return sl_err_set(
        err, SL_EAUTH,
        "source %s:%u refuses user '%s' (%s): check source.user and the password, and "
        "that the account may log in from this host (SELECT user, host FROM mysql.user)",
        peer->host, peer->port, peer->user, fault->text);
}

static int tls_failed(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                      struct sl_err *err)
{
    return sl_err_set(
        err, SL_EAUTH,
        "TLS with source %s:%u failed (%s): check source.tls (mode, ca, cert, key) and "
        "the server's certificate",
        peer->host, peer->port, fault->text);
}

/*
 * A server that dies or shuts down during the handshake shows as a TLS error, too: the libraries
 * put what the socket said into its text ("error:00000000" is OpenSSL's when a system call failed).
 */
static bool is_cut_off(const char *text)
{
    static const char *const parts[] = {
        "reset by peer", "eof",     "broken pipe",    "timed out",  "refused",
        "interrupted",   "syscall", "error:00000000", "unreachable"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (has(text, parts[i])) {
            return true;
        }
    }
    return false;
}

static int unreachable(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                       struct sl_err *err)
{
    return sl_err_set(err, SL_EIO,
                      "cannot reach source %s:%u (%s): check that the server runs and listens "
                      "there, and the firewall between",
                      peer->host, peer->port, fault->text);
}

static int account_unusable(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                            struct sl_err *err)
{
    return sl_err_set(err, SL_EAUTH,
                      "source %s:%u does not let user '%s' work (%s): ALTER USER '%s' … "
                      "ACCOUNT UNLOCK or set a new password",
                      peer->host, peer->port, peer->user, fault->text, peer->user);
}

static int plugin_missing(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                          struct sl_err *err)
{
    return sl_err_set(err, SL_EAUTH,
                      "the client library cannot log in to source %s:%u as '%s' (%s): install the "
                      "library's authentication plugins or give the account another plugin",
                      peer->host, peer->port, peer->user, fault->text);
}

int sl_source_error_connect(const struct sl_source_peer *peer, const struct sl_source_fault *fault,
                            struct sl_err *err)
{
    switch (fault->code) {
    case SL_ER_ACCESS_DENIED:
    case SL_ER_ACCESS_DENIED_NO_PASSWORD:
    case SL_ER_DBACCESS_DENIED:
        return login_refused(peer, fault, err);
    case SL_ER_MUST_CHANGE_PASSWORD:
    case SL_ER_MUST_CHANGE_PASSWORD_LOGIN:
    case SL_ER_ACCOUNT_LOCKED:
    case SL_ER_ACCOUNT_LOCKED_MARIADB:
    case SL_ER_USER_IS_BLOCKED_MARIADB:
        return account_unusable(peer, fault, err);
    case SL_ER_HOST_NOT_PRIVILEGED:
        return sl_err_set(
            err, SL_EAUTH,
            "source %s:%u lets no account log in from this host (%s): CREATE USER '%s' "
            "for this host",
            peer->host, peer->port, fault->text, peer->user);
    case SL_ER_HOST_IS_BLOCKED:
        return sl_err_set(err, SL_EIO,
                          "source %s:%u blocks this host after too many failed connections (%s): "
                          "TRUNCATE performance_schema.host_cache or FLUSH HOSTS there",
                          peer->host, peer->port, fault->text);
    case SL_ER_SECURE_TRANSPORT_REQUIRED:
        return sl_err_set(
            err, SL_EAUTH,
            "source %s:%u accepts only encrypted connections (%s): set source.tls.mode "
            "to \"required\" or stricter",
            peer->host, peer->port, fault->text);
    case SL_CR_UNKNOWN_HOST:
        return sl_err_set(err, SL_EIO,
                          "the host name of source %s:%u is not known (%s): check source.host "
                          "and the name service",
                          peer->host, peer->port, fault->text);
    case SL_CR_SSL:
        return is_cut_off(fault->text) ? unreachable(peer, fault, err)
                                       : tls_failed(peer, fault, err);
    case SL_CR_AUTH_PLUGIN_CANNOT_LOAD:
    case SL_CR_AUTH_PLUGIN_ERR:
        return plugin_missing(peer, fault, err);
    default:
        return unreachable(peer, fault, err);
    }
}

int sl_source_error_query(const struct sl_source_peer *peer, const char *what,
                          const struct sl_source_fault *fault, struct sl_err *err)
{
    switch (fault->code) {
    case SL_ER_SPECIFIC_ACCESS_DENIED:
    case SL_ER_DBACCESS_DENIED:
    case SL_ER_ACCESS_DENIED:
    case SL_ER_TABLEACCESS_DENIED:
    case SL_ER_COLUMNACCESS_DENIED:
        return sl_err_set(err, SL_EAUTH,
                          "user '%s' may not %s on source %s:%u (%s): GRANT REPLICATION SLAVE, "
                          "REPLICATION CLIENT ON *.* and SELECT on the tables TO '%s'",
                          peer->user, what, peer->host, peer->port, fault->text, peer->user);
    case SL_ER_MUST_CHANGE_PASSWORD:
        return account_unusable(peer, fault, err);
    default:
        return sl_err_set(err, SL_EIO, "cannot %s on source %s:%u: %s (error %u)", what, peer->host,
                          peer->port, fault->text, fault->code);
    }
}

/* A rule for error 1236 (ER_MASTER_FATAL_ERROR_READING_BINLOG), whose number says nothing and whose
 * text says everything. */
struct sl_fatal_rule {
    const char *part; /* of the text, in any case */
    int status;
    const char *remedy;
};

/*
 * Texts: sql/rpl_binlog_sender.cc and share/messages_to_error_log.txt of MySQL, sql/sql_repl.cc
 * of MariaDB. The first rule that fits decides.
 */
static const struct sl_fatal_rule fatal_rules[] = {
    {"same server_uuid/server_id", SL_EAUTH,
     "a second client with the same server id or replica UUID has connected: give each reader its "
     "own source.server_id"},
    {"purged required binary logs", SL_EGAP,
     "load the tables again and keep binary logs longer "
     "(binlog_expire_logs_seconds)"},
    {"has purged binary logs", SL_EGAP,
     "load the tables again and keep binary logs longer "
     "(binlog_expire_logs_seconds)"},
    {"could not find first log file name", SL_EGAP,
     "the file is purged or was never there: load the tables again and keep "
     "binary logs longer"},
    {"could not find gtid state", SL_EGAP,
     "the binary logs for the GTID position are purged: load the tables again"},
    {"required binlog files have been purged", SL_EGAP,
     "load the tables again and keep binary logs longer (expire_logs_days)"},
    {"which is not in the master's binlog", SL_EGAP,
     "the server does not have the transaction that was applied last: it is another server or lost "
     "data; load the tables again"},
    {"diverged", SL_EGAP,
     "the server's history differs from what was applied: load the tables again (sluice "
     "bootstrap)"},
    {"than the source has", SL_EGAP,
     "the server lost transactions that were applied already: load the tables again (sluice "
     "bootstrap)"},
    {"than the master has", SL_EGAP,
     "the server lost transactions that were applied already: load the tables again (sluice "
     "bootstrap)"},
    {"position > file size", SL_EGAP,
     "the server lost the end of its binary log (sync_binlog is not 1?): load the tables again"},
    {"binary log is not open", SL_EINVAL, "set log_bin and restart the server"},
    {"GTID_MODE = OFF", SL_EINVAL, "set gtid_mode = ON at the server or resume by FILE:POS"},
    {"AUTO_POSITION", SL_EINVAL, "set gtid_mode = ON at the server or resume by FILE:POS"},
    {"master doesn't have replication log", SL_EINVAL, "set log_bin and restart the server"},
    {"server-id", SL_EINVAL, "set server_id to a number above 0 at the server"},
    {"server_id", SL_EINVAL, "set server_id to a number above 0 at the server"},
    {"impossible position", SL_EGAP,
     "the server lost the end of its binary log (sync_binlog is not 1?) or the position was never "
     "right: load the tables again"},
    {"bogus data in log event", SL_EGAP,
     "the position lies inside an event or the file is damaged: give one from SHOW BINLOG EVENTS "
     "or "
     "load the tables again"},
    {"truncated in the middle of event", SL_EGAP,
     "the position lies inside an event or the file is damaged: give one from SHOW BINLOG EVENTS "
     "or "
     "load the tables again"},
    {"max_allowed_packet", SL_EGAP,
     "the position lies inside an event or the file is damaged: give one from SHOW BINLOG EVENTS "
     "or "
     "load the tables again"},
    {"is missing the GTID", SL_EGAP,
     "the server's history differs from what was applied: load the tables again (sluice "
     "bootstrap)"},
    {"position < 4", SL_EINVAL, "positions begin at 4"},
    {"checksum", SL_ECORRUPT, "the binary log is damaged at the server: load the tables again"},
    {"event read from binlog did not pass", SL_ECORRUPT,
     "the binary log is damaged at the server: load the tables again"},
};

static const struct sl_fatal_rule *find_rule(const char *text)
{
    for (size_t i = 0; i < sizeof(fatal_rules) / sizeof(fatal_rules[0]); i++) {
        if (has(text, fatal_rules[i].part)) {
            return &fatal_rules[i];
        }
    }
    return NULL;
}

static int fatal_reading(const struct sl_source_peer *peer, const char *where,
                         const struct sl_source_fault *fault, struct sl_err *err)
{
    const struct sl_fatal_rule *rule = find_rule(fault->text);

    if (rule == NULL) {
        return sl_err_set(err, SL_EIO, "source %s:%u stopped the stream from %s: %s (error %u)",
                          peer->host, peer->port, where, fault->text, fault->code);
    }
    return sl_err_set(err, rule->status, "source %s:%u cannot stream from %s: %s; %s", peer->host,
                      peer->port, where, fault->text, rule->remedy);
}

int sl_source_error_stream(const struct sl_source_peer *peer, const char *where,
                           const struct sl_source_fault *fault, struct sl_err *err)
{
    switch (fault->code) {
    case SL_ER_SPECIFIC_ACCESS_DENIED:
    case SL_ER_ACCESS_DENIED:
    case SL_ER_DBACCESS_DENIED:
        return sl_err_set(err, SL_EAUTH,
                          "user '%s' may not read the binary log of source %s:%u (%s): GRANT "
                          "REPLICATION SLAVE ON *.* TO '%s'",
                          peer->user, peer->host, peer->port, fault->text, peer->user);
    case SL_CR_NET_PACKET_TOO_LARGE:
        return sl_err_set(err, SL_ELIMIT,
                          "source %s:%u sent an event larger than 1 GiB behind %s: load the tables "
                          "again and write such rows in smaller statements",
                          peer->host, peer->port, where);
    case SL_CR_SERVER_GONE:
    case SL_CR_SERVER_LOST:
        return sl_err_set(err, SL_EIO,
                          "the connection to source %s:%u was lost, or it sent nothing for three "
                          "heartbeat periods (%s)",
                          peer->host, peer->port, fault->text);
    default:
        /* Mostly 1236, ER_MASTER_FATAL_ERROR_READING_BINLOG; MariaDB has numbers of their own for
         * some of its texts. */
        return fatal_reading(peer, where, fault, err);
    }
}
