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
 * Appends the text of DOC ("" when DOC is empty: the server stores an empty document for a
 * JSON NULL default; prints as null). Depth is limited to 100 as in the server. SL_EFORMAT, SL_ETRUNC.
 */
int sl_json_text(struct sl_span doc, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

/*
 * Applies a diff sequence (the cell data of SL_CELL_JSON_DIFF, without its length prefix) to the
 * binary document BEFORE and appends the text of the result to OUT. Returns SL_EFORMAT for a malformed diff and
 * SL_EUNSUPPORTED when the diff cannot be applied to this document (path absent): the row must be read again.
 */
int sl_json_apply_diff(struct sl_span before, struct sl_span diff, struct sl_buf *out,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
