/*
 * query.h - statements of query events that control a transaction, told apart from those that
 * change tables (ddl.h). The servers print them themselves: MySQL in sql/xa and sql/binlog.cc,
 * MariaDB in sql/xa.cc and sql/log.cc.
 */
#ifndef SLUICE_CDC_QUERY_H
#define SLUICE_CDC_QUERY_H

#include "cdc/base/span.h"

enum sl_query_kind {
    SL_QUERY_BEGIN, /* BEGIN, START TRANSACTION */
    SL_QUERY_COMMIT,
    SL_QUERY_ROLLBACK, /* of the whole transaction */
    SL_QUERY_SAVEPOINT,
    SL_QUERY_ROLLBACK_TO, /* a savepoint: no boundary, but the rows since then are undone */
    SL_QUERY_RELEASE_SAVEPOINT,
    SL_QUERY_XA_START,
    SL_QUERY_XA_END,
    SL_QUERY_XA_PREPARE,
    SL_QUERY_XA_COMMIT,
    SL_QUERY_XA_COMMIT_ONE_PHASE,
    SL_QUERY_XA_ROLLBACK,
    SL_QUERY_DUMMY, /* nothing but comments, as MariaDB puts for events that a replica cannot read
                     */
    SL_QUERY_DDL_OR_DML, /* everything else: for sl_ddl_parse() */
};

/*
 * Classifies TEXT. *NAME becomes a view of the printed identifier, X'…',X'…',N, of the XA kinds or
 * of the savepoint's name (without its quotes), and is empty for the others.
 */
enum sl_query_kind sl_query_classify(struct sl_span text, struct sl_span *name);

#endif
