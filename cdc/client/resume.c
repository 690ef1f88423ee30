#include "cdc/client/resume.h"

#include <string.h>
#include <time.h>

#include "cdc/sql_text.h"

enum {
    SL_FIRST_OFFSET = 4,
    SL_CATCH_UP_TRIES = 20,
    SL_CATCH_UP_PAUSE_MS = 250,
};

static int wrong_kind(const struct sl_client *client, const char *has, const char *is,
                      struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL,
                      "the position holds GTIDs of %s, but source %s:%u is %s: give a position of "
                      "this server or load the tables again",
                      has, client->options.host, client->options.port, is);
}

static int plan_by_file(struct sl_client *client, const struct sl_server *server,
                        const struct sl_position *start, struct sl_err *err)
{
    if (start->file[0] == '\0') {
        return sl_err_set(err, SL_EINVAL,
                          "the position names no binary log file and source %s:%u has gtid_mode "
                          "off: set gtid_mode = ON there or give FILE:POS",
                          client->options.host, client->options.port);
    }
    if (start->server_uuid[0] != '\0' && strcmp(start->server_uuid, server->uuid) != 0) {
        return sl_err_set(err, SL_EINVAL,
                          "the position %s:%llu is of server %s, but source %s:%u is server %s: "
                          "without GTIDs a position cannot be carried over; load the tables again",
                          start->file, (unsigned long long)start->offset, start->server_uuid,
                          client->options.host, client->options.port, server->uuid);
    }
    if (start->offset < SL_FIRST_OFFSET) {
        return sl_err_set(err, SL_EINVAL, "the position %s:%llu cannot be: offsets begin at 4",
                          start->file, (unsigned long long)start->offset);
    }
    if (start->offset > UINT32_MAX) {
        return sl_err_set(err, SL_EGAP,
                          "the position %s:%llu lies beyond 4 GiB, where the replication protocol "
                          "cannot start by file: load the tables again and set "
                          "gtid_mode = ON or keep transactions smaller",
                          start->file, (unsigned long long)start->offset);
    }
    return SL_OK;
}

/* SELECT with the set's text between BEFORE and AFTER; the result's text in *OUT. */
static int ask_with_set(struct sl_client *client, const char *before,
                        const struct sl_position *start, const char *after, struct sl_buf *out,
                        struct sl_err *err)
{
    struct sl_buf sql = {0};
    struct sl_buf set = {0};
    const char *text = NULL;
    int rc = sl_position_format_gtid(start, &set);

    rc = rc == SL_OK ? sl_buf_add_str(&sql, before) : rc;
    rc = rc == SL_OK ? sl_sql_add_literal(&sql, set.data, set.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_str(&sql, after) : rc;
    text = rc == SL_OK ? sl_buf_cstr(&sql) : NULL;
    rc = text != NULL ? sl_client_value(client, text, "compare GTID sets", out, err)
                      : sl_err_set(err, SL_ENOMEM, "no memory to compare GTID sets");
    sl_buf_release(&sql);
    sl_buf_release(&set);
    return rc;
}

static int check_purged(struct sl_client *client, const struct sl_position *start,
                        struct sl_err *err)
{
    struct sl_buf missing = {0};
    int rc = ask_with_set(client, "SELECT GTID_SUBTRACT(@@global.gtid_purged, ", start, ")",
                          &missing, err);

    if (rc == SL_OK && missing.len > 0) {
        rc = sl_err_set(err, SL_EGAP,
                        "source %s:%u has purged transactions that are still needed (%.*s): load "
                        "the tables again and keep binary logs longer "
                        "(binlog_expire_logs_seconds)",
                        client->options.host, client->options.port,
                        (int)(missing.len < 300 ? missing.len : 300), (const char *)missing.data);
    }
    sl_buf_release(&missing);
    return rc < 0 ? rc : SL_OK;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&time, NULL);
}

/* A replica that was just promoted may still be applying what it has received. */
static int check_ahead(struct sl_client *client, const char *before,
                       const struct sl_position *start, const char *after, struct sl_err *err)
{
    struct sl_buf extra = {0};
    int rc = SL_OK;

    for (int i = 0; i < SL_CATCH_UP_TRIES; i++) {
        sl_buf_clear(&extra);
        rc = ask_with_set(client, before, start, after, &extra, err);
        if (rc != SL_OK || extra.len == 0 || sl_client_is_interrupted(client)) {
            break;
        }
        pause_ms(SL_CATCH_UP_PAUSE_MS);
    }
    if (rc == SL_OK && extra.len > 0) {
        rc = sl_err_set(err, SL_EGAP,
                        "source %s:%u lacks transactions that were applied already (%.*s): it lost "
                        "data or is not a replica of the former source; load the tables again",
                        client->options.host, client->options.port,
                        (int)(extra.len < 300 ? extra.len : 300), (const char *)extra.data);
    }
    sl_buf_release(&extra);
    return rc < 0 ? rc : SL_OK;
}

static int plan_mysql(struct sl_client *client, const struct sl_server *server,
                      const struct sl_position *start, struct sl_resume *resume, struct sl_err *err)
{
    int rc;

    if (start->mgtids.count > 0) {
        return wrong_kind(client, "MariaDB", "MySQL", err);
    }
    if (!start->has_gtid || (!server->gtid_on && start->file[0] != '\0')) {
        resume->how = SL_RESUME_BY_FILE;
        return plan_by_file(client, server, start, err);
    }
    if (!server->gtid_on) {
        return plan_by_file(client, server, start, err);
    }
    resume->how = SL_RESUME_BY_SET;
    rc = check_purged(client, start, err);
    if (rc != SL_OK) {
        return rc;
    }
    return check_ahead(client, "SELECT GTID_SUBTRACT(", start, ", @@global.gtid_executed)", err);
}

int sl_resume_plan(struct sl_client *client, const struct sl_server *server,
                   const struct sl_position *start, struct sl_resume *resume, struct sl_err *err)
{
    if (server->flavor == SL_FLAVOR_MYSQL) {
        return plan_mysql(client, server, start, resume, err);
    }
    if (start->gtids.count > 0) {
        return wrong_kind(client, "MySQL", "MariaDB", err);
    }
    if (!start->has_gtid) {
        resume->how = SL_RESUME_BY_FILE;
        return plan_by_file(client, server, start, err);
    }
    resume->how = SL_RESUME_BY_LIST;
    return SL_OK;
}
