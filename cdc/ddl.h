/*
 * ddl.h - what a logged statement does to tables. Only what a cache has to know is read: the names
 * and whether rows appear or vanish; column definitions are not, the layout comes from the
 * server or the next table map event.
 *
 * More than one struct sl_ddl is reported for: lists (DROP TABLE a, b; RENAME TABLE a TO b, b TO
 * c); EXCHANGE PARTITION and CONVERT PARTITION or TABLE (ALTER_TABLE with rows_gone for either
 * table); CREATE OR REPLACE TABLE (DROP_TABLE with if_exists, then CREATE_TABLE; of a DATABASE:
 * DROP_DATABASE); CREATE TABLE … SELECT that was logged as a statement (CREATE_TABLE, then DML).
 * Temporary tables are OTHER: they never have row events. ALTER IGNORE TABLE has rows_gone, because
 * it drops duplicate rows. if_exists also says IF NOT EXISTS.
 *
 * reshapes is false only when every action of an ALTER is known to leave what SELECT returns as it
 * is: indexes, constraints, table options, defaults, visibility, partitions, FORCE. CONVERT TO
 * CHARACTER SET is not among these: without strict mode the servers put '?' for what the new set
 * lacks, and "binary" makes bytes of text. DEFAULT CHARACTER SET only concerns later columns.
 *
 * DML names the table that the statement names, none if it may change several; triggers may change
 * more.
 *
 * TEXT and DB are taken for UTF-8, or any superset of ASCII in which no byte of a character of
 * several bytes is a quote or backslash; texts of other clients are converted before.
 */
#ifndef SLUICE_CDC_DDL_H
#define SLUICE_CDC_DDL_H

#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/stream.h"

/* DDL and its spans are valid during the call. A negative status ends sl_ddl_parse() with it. */
typedef int (*sl_ddl_fn)(void *user, const struct sl_ddl *ddl, struct sl_err *err);

/*
 * Calls EACH, once at least, for what TEXT does; DB is the current database of the event. Fails
 * only with what EACH returned: a statement that cannot be read is reported as UNPARSED, if need be
 * behind those of its tables that could be read.
 */
int sl_ddl_parse(struct sl_span db, struct sl_span text, sl_ddl_fn each, void *user,
                 struct sl_err *err) SL_MUSTCHECK;

/*
 * True when NAME may be one of the words or quoted names of the statement TEXT, in whatever place;
 * true as well when that cannot be told.
 */
bool sl_ddl_mentions(struct sl_span text, struct sl_span name);

#endif
