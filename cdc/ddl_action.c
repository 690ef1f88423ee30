/*
 * ddl_action.c - whether an action of ALTER TABLE can change what SELECT returns for the table's
 * rows, or the columns that tell them apart. What is not known here can: grammar of sql/sql_yacc.yy
 * of MySQL 9 and MariaDB 11.
 */
#include "cdc/ddl_parser.h"

static void may_reshape(struct sl_ddl_change *change)
{
    change->reshapes = true;
}

static void may_rekey(struct sl_ddl_change *change, enum sl_ddl_keys keys)
{
    if (change->keys < keys) {
        change->keys = keys;
    }
    if (keys == SL_DDL_KEYS_PRIMARY) {
        change->reshapes = true;
    }
}

/* A definition may hold the words of a key at any depth: ADD (a INT PRIMARY KEY, b INT). */
static void judge_columns(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    static const char *const key_words[] = {"PRIMARY", "UNIQUE", "KEY", "SERIAL", NULL};
    size_t depth = 0;

    may_reshape(change);
    for (; !sl_ddl_at_end(ahead) && ahead->token.kind != SL_SQL_BAD; sl_ddl_advance(ahead)) {
        if (sl_ddl_is_any(ahead, key_words)) {
            may_rekey(change, SL_DDL_KEYS_PRIMARY);
        }
        if (sl_sql_is_sign(&ahead->token, '(')) {
            depth++;
        } else if (sl_sql_is_sign(&ahead->token, ')') && depth > 0) {
            depth--;
        } else if (sl_sql_is_sign(&ahead->token, ',') && depth == 0) {
            return;
        }
    }
}

/* The kinds of constraints and indexes, behind ADD [CONSTRAINT [name]]. False when it is none. */
static bool judge_new_key(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    static const char *const harmless[] = {"INDEX", "KEY",     "FULLTEXT", "SPATIAL",
                                           "CHECK", "FOREIGN", NULL};

    if (sl_sql_is(&ahead->token, "PRIMARY")) {
        may_rekey(change, SL_DDL_KEYS_PRIMARY);
        return true;
    }
    if (sl_sql_is(&ahead->token, "UNIQUE")) {
        may_rekey(change, SL_DDL_KEYS_UNIQUE);
        return true;
    }
    return sl_ddl_is_any(ahead, harmless);
}

static void judge_add(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    static const char *const indexes[] = {"INDEX", "KEY", NULL};
    struct sl_ddl_parser definition;

    if (sl_sql_is(&ahead->token, "PARTITION") || judge_new_key(ahead, change)) {
        return;
    }
    definition = *ahead;
    if (sl_ddl_accept(ahead, "CONSTRAINT")) {
        (void)sl_ddl_accept_if_exists(ahead);
        if (judge_new_key(ahead, change)) {
            return;
        }
        sl_ddl_advance(ahead); /* its name */
        if (judge_new_key(ahead, change)) {
            return;
        }
    } else if (sl_ddl_accept(ahead, "VECTOR") && sl_ddl_is_any(ahead, indexes)) {
        return; /* not a column called vector */
    }
    judge_columns(&definition, change);
}

static void judge_drop(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    static const char *const harmless[] = {"FOREIGN", "CHECK", "PARTITION", NULL};
    /* What is dropped may have been a unique index. */
    static const char *const keys[] = {"INDEX", "KEY", "CONSTRAINT", NULL};

    if (sl_ddl_is_any(ahead, harmless)) { /* partitions are for rows_gone to tell */
        return;
    }
    if (sl_sql_is(&ahead->token, "PRIMARY")) {
        may_rekey(change, SL_DDL_KEYS_PRIMARY);
        return;
    }
    if (!sl_ddl_accept_any(ahead, keys)) {
        may_reshape(change);
        return;
    }
    (void)sl_ddl_accept_if_exists(ahead);
    may_rekey(change, sl_ddl_is_primary(ahead) ? SL_DDL_KEYS_PRIMARY : SL_DDL_KEYS_UNIQUE);
}

static void judge_rename(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    if (sl_sql_is(&ahead->token, "COLUMN")) {
        may_reshape(change);
    }
}

/* TO CHARACTER SET concerns all columns, those of the key among them. CONVERT PARTITION and CONVERT
   TABLE are for rows_gone to tell. */
static void judge_convert(struct sl_ddl_parser *ahead, struct sl_ddl_change *change)
{
    if (sl_sql_is(&ahead->token, "TO")) {
        may_rekey(change, SL_DDL_KEYS_PRIMARY);
    }
}

/* Table options follow one another without a comma; none of them is another action. */
static const char *const harmless_actions[] = {
    "ALGORITHM", /* also an option of MariaDB's */
    "ALTER",     /* ALTER COLUMN … DEFAULT, visibility; ALTER INDEX; ALTER CHECK */
    "ANALYZE",
    "AUTOEXTEND_SIZE",
    "AUTO_INCREMENT",
    "AVG_ROW_LENGTH",
    "CHARACTER",
    "CHARSET",
    "CHECK",
    "CHECKSUM",
    "COALESCE",
    "COLLATE",
    "COMMENT",
    "COMPRESSION",
    "CONNECTION",
    "DATA",
    "DEFAULT",
    "DELAY_KEY_WRITE",
    "DISABLE",
    "DISCARD",
    "ENABLE",
    "ENCRYPTED",
    "ENCRYPTION",
    "ENCRYPTION_KEY_ID",
    "ENGINE",
    "ENGINE_ATTRIBUTE",
    "EXCHANGE",
    "FORCE",
    "IETF_QUOTES",
    "IMPORT",
    "INDEX",
    "INSERT_METHOD",
    "KEY_BLOCK_SIZE",
    "LOCK",
    "MAX_ROWS",
    "MIN_ROWS",
    "OPTIMIZE",
    "ORDER",
    "PACK_KEYS",
    "PAGE_CHECKSUM",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "PARTITION",
    "PASSWORD",
    "REBUILD",
    "REMOVE",
    "REORGANIZE",
    "REPAIR",
    "ROW_FORMAT",
    "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "SECONDARY_LOAD",
    "SECONDARY_UNLOAD",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "TABLESPACE",
    "TRANSACTIONAL",
    "TRUNCATE",
    "WITH",
    "WITHOUT",
    NULL,
};

void sl_ddl_judge_action(const struct sl_ddl_parser *parser, struct sl_ddl_change *change)
{
    static const struct {
        const char *word;
        void (*judge)(struct sl_ddl_parser *ahead, struct sl_ddl_change *change);
    } actions[] = {
        {"ADD", judge_add},        {"DROP", judge_drop},     {"CHANGE", judge_columns},
        {"MODIFY", judge_columns}, {"RENAME", judge_rename}, {"CONVERT", judge_convert},
    };
    struct sl_ddl_parser ahead = *parser;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (sl_ddl_accept(&ahead, actions[i].word)) {
            actions[i].judge(&ahead, change);
            return;
        }
    }
    if (!sl_ddl_at_end(&ahead) && !sl_ddl_is_any(&ahead, harmless_actions)) {
        may_rekey(change, SL_DDL_KEYS_PRIMARY);
    }
}
