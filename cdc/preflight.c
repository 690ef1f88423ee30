#include "cdc/preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    SL_LINE_TEXT = 512,
    SL_MYSQL_MIN = 50700,
    SL_MYSQL_PERSIST = 80000, /* SET PERSIST */
    SL_MYSQL_CASCADE_LOGGED = 90600,
    SL_MARIADB_MIN = 100600,
    SL_KEEP_SHORT_SECONDS = 24 * 3600,
};

struct sl_judge {
    const struct sl_source_facts *facts;
    sl_check_fn each;
    void *user;
};

static void say(const struct sl_judge *judge, enum sl_check_level level, const char *topic,
                const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void say(const struct sl_judge *judge, enum sl_check_level level, const char *topic,
                const char *fix, const char *format, ...)
{
    char text[SL_LINE_TEXT];
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 loses va_start when it inlines
     */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    judge->each(judge->user,
                &(struct sl_check_line){.level = level, .topic = topic, .text = text, .fix = fix});
}

static bool is(const char *value, const char *wanted)
{
    return strcasecmp(value, wanted) == 0;
}

/* SET PERSIST where the server has it; elsewhere the setting must go into the file as well. */
static const char *set_fix(const struct sl_judge *judge, const char *setting, char *out)
{
    bool persist =
        judge->facts->flavor == SL_FLAVOR_MYSQL && judge->facts->version >= SL_MYSQL_PERSIST;

    (void)snprintf(out, SL_LINE_TEXT, "SET %s %s%s", persist ? "PERSIST" : "GLOBAL", setting,
                   persist ? "" : " (and the same under [mysqld] in the server's configuration)");
    return out;
}

static void judge_version(const struct sl_judge *judge)
{
    const struct sl_source_facts *facts = judge->facts;
    bool is_mariadb = facts->flavor == SL_FLAVOR_MARIADB;
    bool known = facts->version >= (uint32_t)(is_mariadb ? SL_MARIADB_MIN : SL_MYSQL_MIN);

    say(judge, known ? SL_CHECK_OK : SL_CHECK_WARN, "version", "", "the server is %s %s%s",
        is_mariadb ? "MariaDB" : "MySQL", facts->version_text,
        known        ? ""
        : is_mariadb ? ", older than what is tested (10.6)"
                     : ", older than what is tested (5.7)");
}

static void judge_log(const struct sl_judge *judge)
{
    if (judge->facts->log_bin) {
        say(judge, SL_CHECK_OK, "log_bin", "", "the binary log is on");
    } else {
        say(judge, SL_CHECK_FAIL, "log_bin",
            "log_bin = binlog under [mysqld] in the server's configuration, then restart it",
            "the binary log is off: there are no changes to read");
    }
}

static void judge_format(const struct sl_judge *judge)
{
    char fix[SL_LINE_TEXT];

    if (is(judge->facts->binlog_format, "ROW")) {
        say(judge, SL_CHECK_OK, "binlog_format", "", "binlog_format is ROW");
        return;
    }
    say(judge, SL_CHECK_FAIL, "binlog_format", set_fix(judge, "binlog_format = ROW", fix),
        "binlog_format is %s: changes that are logged as statements carry no rows; sessions that "
        "are open keep the old setting until they reconnect",
        judge->facts->binlog_format);
}

static void judge_image(const struct sl_judge *judge)
{
    char fix[SL_LINE_TEXT];

    if (is(judge->facts->row_image, "FULL") || is(judge->facts->row_image, "FULL_NODUP")) {
        say(judge, SL_CHECK_OK, "binlog_row_image", "", "binlog_row_image is %s",
            judge->facts->row_image);
        return;
    }
    if (judge->facts->needs_old_values) {
        say(judge, SL_CHECK_FAIL, "binlog_row_image",
            set_fix(judge, "binlog_row_image = FULL", fix),
            "binlog_row_image is %s: tables with an \"index\", or {part} in their \"key\", are "
            "loaded "
            "again whenever a row of theirs changes, as the log has not the old values",
            judge->facts->row_image);
        return;
    }
    say(judge, SL_CHECK_WARN, "binlog_row_image", set_fix(judge, "binlog_row_image = FULL", fix),
        "binlog_row_image is %s: values other than \"hash\", and \"transform\", need each changed "
        "row to be read again",
        judge->facts->row_image);
}

static void judge_metadata(const struct sl_judge *judge)
{
    char fix[SL_LINE_TEXT];

    if (is(judge->facts->row_metadata, "FULL")) {
        say(judge, SL_CHECK_OK, "binlog_row_metadata", "", "binlog_row_metadata is FULL");
    } else if (judge->facts->row_metadata[0] == '\0') {
        say(judge, SL_CHECK_WARN, "binlog_row_metadata", "",
            "the server cannot log column names: they are read from information_schema, which may "
            "load a table again after ALTER TABLE");
    } else {
        say(judge, SL_CHECK_WARN, "binlog_row_metadata",
            set_fix(judge, "binlog_row_metadata = FULL", fix),
            "binlog_row_metadata is %s: column names are read from information_schema, which may "
            "load a table again after ALTER TABLE",
            judge->facts->row_metadata);
    }
}

static void judge_gtid(const struct sl_judge *judge)
{
    if (judge->facts->flavor == SL_FLAVOR_MARIADB) {
        say(judge, SL_CHECK_OK, "gtid", "", "the server writes GTIDs: a failover is followed");
    } else if (is(judge->facts->gtid_mode, "ON")) {
        say(judge, SL_CHECK_OK, "gtid_mode", "", "gtid_mode is ON: a failover is followed");
    } else {
        say(judge, SL_CHECK_WARN, "gtid_mode",
            "SET PERSIST enforce_gtid_consistency = ON; then gtid_mode step by step: "
            "OFF_PERMISSIVE, "
            "ON_PERMISSIVE, ON",
            "gtid_mode is %s: a failover to another server cannot be followed",
            judge->facts->gtid_mode[0] != '\0' ? judge->facts->gtid_mode : "OFF");
    }
}

static void judge_server_id(const struct sl_judge *judge)
{
    char fix[SL_LINE_TEXT];

    if (judge->facts->server_id != 0) {
        say(judge, SL_CHECK_OK, "server_id", "", "server_id is %u", judge->facts->server_id);
    } else {
        say(judge, SL_CHECK_FAIL, "server_id", set_fix(judge, "server_id = 1", fix),
            "server_id is 0: the server refuses all replicas");
    }
}

static void judge_keep(const struct sl_judge *judge)
{
    char fix[SL_LINE_TEXT];
    int64_t seconds = judge->facts->keep_seconds;

    if (seconds == 0) {
        say(judge, SL_CHECK_OK, "binlog_expire", "", "binary logs are kept until they are purged");
    } else if (seconds >= SL_KEEP_SHORT_SECONDS) {
        say(judge, SL_CHECK_OK, "binlog_expire", "", "binary logs are kept for %lld hours",
            (long long)seconds / 3600);
    } else {
        say(judge, SL_CHECK_WARN, "binlog_expire",
            set_fix(judge, "binlog_expire_logs_seconds = 604800", fix),
            "binary logs are kept for %lld minutes only: a longer stop means a full load",
            (long long)seconds / 60);
    }
}

static void judge_options(const struct sl_judge *judge)
{
    if (strcasestr(judge->facts->row_value_options, "PARTIAL_JSON") != NULL) {
        say(judge, SL_CHECK_OK, "binlog_row_value_options", "",
            "binlog_row_value_options is PARTIAL_JSON: updates of JSON columns are put together "
            "from their parts");
    }
    if (judge->facts->log_compressed) {
        say(judge, SL_CHECK_OK, "log_bin_compress", "",
            "log_bin_compress is on: events are unpacked");
    }
    if (is(judge->facts->checksum, "NONE")) {
        say(judge, SL_CHECK_WARN, "binlog_checksum", "SET GLOBAL binlog_checksum = CRC32",
            "binlog_checksum is NONE: damage to the log or on the way goes unnoticed");
    }
}

static void judge_privileges(const struct sl_judge *judge)
{
    const struct sl_source_facts *facts = judge->facts;
    bool is_mariadb = facts->flavor == SL_FLAVOR_MARIADB;
    const char *see = is_mariadb ? "BINLOG MONITOR" : "REPLICATION CLIENT";
    char fix[SL_LINE_TEXT];

    (void)snprintf(fix, sizeof(fix), "GRANT REPLICATION SLAVE ON *.* TO %s", facts->account);
    say(judge, facts->may_replicate ? SL_CHECK_OK : SL_CHECK_FAIL, "privilege",
        facts->may_replicate ? "" : fix, "%s %s read the binary log (REPLICATION SLAVE)",
        facts->account, facts->may_replicate ? "may" : "may not");
    (void)snprintf(fix, sizeof(fix), "GRANT %s ON *.* TO %s", see, facts->account);
    say(judge, facts->may_see_log ? SL_CHECK_OK : SL_CHECK_FAIL, "privilege",
        facts->may_see_log ? "" : fix, "%s %s ask for the position of the binary log (%s)",
        facts->account, facts->may_see_log ? "may" : "may not", see);
}

void sl_preflight_source(const struct sl_source_facts *facts, sl_check_fn each, void *user)
{
    const struct sl_judge judge = {.facts = facts, .each = each, .user = user};

    judge_version(&judge);
    judge_log(&judge);
    judge_privileges(&judge);
    judge_server_id(&judge);
    judge_format(&judge);
    judge_image(&judge);
    judge_metadata(&judge);
    judge_gtid(&judge);
    judge_keep(&judge);
    judge_options(&judge);
}

static void judge_key(const struct sl_judge *judge, const struct sl_table_facts *facts)
{
    char fix[SL_LINE_TEXT];

    if (facts->has_key) {
        say(judge, SL_CHECK_OK, "table", "", "%s.%s has a %s", facts->db, facts->table,
            facts->key_is_primary ? "primary key" : "unique key without NULL");
        return;
    }
    (void)snprintf(fix, sizeof(fix), "ALTER TABLE `%s`.`%s` ADD PRIMARY KEY (…)", facts->db,
                   facts->table);
    say(judge, SL_CHECK_FAIL, "table", fix,
        "%s.%s has neither a primary key nor a unique key without NULL: its rows have no name",
        facts->db, facts->table);
}

void sl_preflight_table(const struct sl_source_facts *source, const struct sl_table_facts *facts,
                        sl_check_fn each, void *user)
{
    const struct sl_judge judge = {.facts = source, .each = each, .user = user};
    char fix[SL_LINE_TEXT];

    if (!facts->may_select) {
        (void)snprintf(fix, sizeof(fix), "GRANT SELECT ON `%s`.`%s` TO %s", facts->db, facts->table,
                       source->account);
        say(&judge, SL_CHECK_FAIL, "table", fix, "%s may not SELECT from %s.%s", source->account,
            facts->db, facts->table);
        return;
    }
    if (!facts->exists) {
        say(&judge, SL_CHECK_WARN, "table", "", "%s.%s does not exist", facts->db, facts->table);
        return;
    }
    judge_key(&judge, facts);
    if (facts->is_cascade_child &&
        (source->flavor == SL_FLAVOR_MARIADB || source->version < SL_MYSQL_CASCADE_LOGGED)) {
        say(&judge, SL_CHECK_WARN, "table", "",
            "%s.%s is changed by a foreign key with CASCADE or SET NULL, which the server does not "
            "log: delete or change such rows by statements of their own, or they stay in the cache",
            facts->db, facts->table);
    }
}

/* LINE of SHOW CREATE TABLE, without its line break: "  CONSTRAINT `name` FOREIGN KEY (…) …". */
static bool is_cascade(const char *line, size_t len)
{
    static const char *const actions[] = {"ON DELETE CASCADE", "ON DELETE SET NULL",
                                          "ON UPDATE CASCADE", "ON UPDATE SET NULL"};
    static const char *const start = "  CONSTRAINT `";

    if (len < strlen(start) || memcmp(line, start, strlen(start)) != 0 ||
        memmem(line, len, " FOREIGN KEY (", strlen(" FOREIGN KEY (")) == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (memmem(line, len, actions[i], strlen(actions[i])) != NULL) {
            return true;
        }
    }
    return false;
}

bool sl_preflight_has_cascade(const char *definition)
{
    while (*definition != '\0') {
        size_t len = strcspn(definition, "\n");

        if (is_cascade(definition, len)) {
            return true;
        }
        definition += definition[len] == '\n' ? len + 1 : len;
    }
    return false;
}
