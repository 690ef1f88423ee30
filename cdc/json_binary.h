/*
 * json_binary.h - MySQL's binary JSON (sql-common/json_binary.h of MySQL 8.0 and later) to the
 * text that SELECT prints (sql-common/json_dom.cc: wrapper_to_string), and partial updates of
 * it (sql-common/json_diff.cc).
 */
#ifndef SLUICE_CDC_JSON_BINARY_H
#define SLUICE_CDC_JSON_BINARY_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/*
 * Appends the text of DOC, a cell without its length prefix; "null" when it is empty, as the server
 * prints what INSERT IGNORE of NULL into a NOT NULL column leaves. Opaque values of type VAR_STRING
 * are printed as strings, which servers do since MySQL 8.0 (5.7: base64). Allocates nothing but
 * OUT's memory, takes time linear in DOC and appends at most eight bytes for each of its bytes.
 * SL_ETRUNC, SL_EFORMAT (deeper than 100 levels, too); SL_ENOMEM, SL_ELIMIT from OUT. After a
 * failure OUT is as before.
 */
int sl_json_text(struct sl_span doc, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

/*
 * Applies a diff sequence (the cell data of SL_CELL_JSON_DIFF, without its length prefix; may be
 * empty) to the binary document BEFORE and appends the text of the result to OUT.
 * SL_ETRUNC, SL_EFORMAT: the diff or the document is malformed.
 * SL_EUNSUPPORTED: a path leads to no place in BEFORE, so that is not the document that was
 * changed; SL_ELIMIT: the change needs more than 256 MiB of memory or OUT's limit. Read the row
 * again in either case. SL_ENOMEM. After a failure OUT is as before.
 */
int sl_json_apply_diff(struct sl_span before, struct sl_span diff, struct sl_buf *out,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
