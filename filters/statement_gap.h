/*
 * statement_gap.h - statements that change rows in a way that nobody can follow.
 */
#ifndef SLUICE_FILTERS_STATEMENT_GAP_H
#define SLUICE_FILTERS_STATEMENT_GAP_H

#include "filters/statement.h"

/* A statement that cannot be read. SL_EGAP: it may have been about a chosen table's rows. */
int sl_statement_judge_unparsed(const struct sl_statement_context *context,
                                const struct sl_ddl *ddl, struct sl_err *err) SL_MUSTCHECK;

/* INSERT and the like, logged as they were written. SL_EGAP: into a chosen table. */
int sl_statement_judge_dml(const struct sl_statement_context *context, const struct sl_ddl *ddl,
                           struct sl_err *err) SL_MUSTCHECK;

#endif
