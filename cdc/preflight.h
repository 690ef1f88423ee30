/*
 * preflight.h - judges what a source's server says about itself: each fact is ok, worth a warning
 * or in the way, with a sentence and the statement that mends it. Pure: client/probe.h finds the
 * facts.
 */
#ifndef SLUICE_CDC_PREFLIGHT_H
#define SLUICE_CDC_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/source.h"

enum { SL_FACT_TEXT = 64 };

/* Texts are "" where the server has no such variable. */
struct sl_source_facts {
    enum sl_flavor flavor;
    uint32_t version; /* 80407 is 8.4.7 */
    char version_text[SL_FACT_TEXT];
    char account[2 * SL_FACT_TEXT]; /* CURRENT_USER() as a statement wants it: 'user'@'host' */
    bool log_bin;
    uint32_t server_id;
    char binlog_format[SL_FACT_TEXT];
    char row_image[SL_FACT_TEXT];
    char row_metadata[SL_FACT_TEXT];
    char row_value_options[SL_FACT_TEXT];
    char gtid_mode[SL_FACT_TEXT];
    char checksum[SL_FACT_TEXT];
    int64_t keep_seconds;  /* how long binary logs are kept; 0: until purged by hand */
    bool log_compressed;   /* MariaDB's log_bin_compress */
    bool may_replicate;    /* REPLICATION SLAVE, by trial */
    bool may_see_log;      /* REPLICATION CLIENT or BINLOG MONITOR, by trial */
    bool needs_old_values; /* not the server's: a rule has an index, or parts */
};

struct sl_table_facts {
    const char *db;
    const char *table;
    bool exists; /* only known when the account may read it */
    bool may_select;
    bool has_key;
    bool key_is_primary;
    bool
        is_cascade_child; /* a foreign key changes its rows without row events (before MySQL 9.6) */
};

enum sl_check_level {
    SL_CHECK_OK,
    SL_CHECK_WARN,
    SL_CHECK_FAIL,
};

/* One line of `sluice check`; the texts are valid during the call. FIX is "" where none is needed.
 */
struct sl_check_line {
    enum sl_check_level level;
    const char *topic; /* "binlog_format" */
    const char *text;  /* "binlog_format is ROW" */
    const char *fix;   /* "SET PERSIST binlog_format = ROW" */
};

typedef void (*sl_check_fn)(void *user, const struct sl_check_line *line);

void sl_preflight_source(const struct sl_source_facts *facts, sl_check_fn each, void *user);

/* SOURCE gives the account and the server for the statements. */
void sl_preflight_table(const struct sl_source_facts *source, const struct sl_table_facts *facts,
                        sl_check_fn each, void *user);

/*
 * True when DEFINITION, the text of SHOW CREATE TABLE, has a foreign key by which the server
 * changes rows of the table on its own (CASCADE, SET NULL).
 */
bool sl_preflight_has_cascade(const char *definition);

#endif
