/*
 * schema_query.h - looks tables up in information_schema on a connection of its own, which it
 * opens again when it was lost, and tells whether what it read holds for an event that was written
 * earlier.
 */
#ifndef SLUICE_CDC_CLIENT_SCHEMA_QUERY_H
#define SLUICE_CDC_CLIENT_SCHEMA_QUERY_H

#include "cdc/options.h"
#include "cdc/stream.h"

struct sl_schema_query;

/* Connects at the first look. NULL when there is no memory. */
struct sl_schema_query *sl_schema_query_new(const struct sl_source_options *options);
void sl_schema_query_free(struct sl_schema_query *query);

/* Thread-safe: a look that is under way and all later ones fail with SL_ESTOPPED. */
void sl_schema_query_interrupt(struct sl_schema_query *query);

/*
 * A sl_schema_fn; USER is the struct sl_schema_query. The key is the primary key, else the first
 * unique index, in the server's own order, whose columns are all NOT NULL and whole. is_current is
 * true when no statement on the table stands in the binary log between AT and the moment that the
 * layout was read, and false without AT. SL_EAUTH: the account may not SELECT from the table.
 */
int sl_schema_query_read(void *user, struct sl_span db, struct sl_span table,
                         const struct sl_position *at, const struct sl_schema **schema,
                         struct sl_err *err) SL_MUSTCHECK;

#endif
