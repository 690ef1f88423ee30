/*
 * binlog.h - the source of events that is a server's binary log: struct sl_source over the
 * replication protocol, with whichever client library the build has.
 */
#ifndef SLUICE_CDC_CLIENT_BINLOG_H
#define SLUICE_CDC_CLIENT_BINLOG_H

#include <stdbool.h>

#include "cdc/options.h"
#include "cdc/source.h"

/*
 * A source for OPTIONS (copied), not opened yet; NULL when there is no memory. READER names this
 * reader among the server's replicas (pipeline and sink): two with one name, or one server id,
 * throw each other out. "" is for a short look at the log that shall disturb nobody (server id 0
 * is used). STOP_AT_END: next() returns SL_DONE at the end of the log instead of waiting.
 *
 * open() refuses (SL_EINVAL) to go on by file and offset at another server than the one that
 * the position is from. SL_ESTOPPED as source.h says; a login that is under way is not cut short
 * but ends at connect_timeout_ms. The process must ignore SIGPIPE.
 */
struct sl_source *sl_binlog_source_new(const struct sl_source_options *options, const char *reader,
                                       bool stop_at_end);

/* "libmysqlclient 9.7.4", "MariaDB Connector/C 3.3.20". */
const char *sl_binlog_library(void);

#endif
