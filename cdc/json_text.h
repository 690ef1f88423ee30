/*
 * json_text.h - single values of binary JSON as the text that SELECT prints
 * (sql-common/json_dom.cc: wrapper_to_string, double_quote). Private to json_*.c.
 */
#ifndef SLUICE_CDC_JSON_TEXT_H
#define SLUICE_CDC_JSON_TEXT_H

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/json_value.h"

/* Appends TEXT in double quotes, escaped. */
int sl_json_put_string(struct sl_span text, struct sl_buf *out) SL_MUSTCHECK;

/* Appends a value that is no container. */
int sl_json_put_scalar(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out) SL_MUSTCHECK;

/* Appends an opaque value: DECIMAL, the temporal types and base64 of anything else (json_opaque.c).
 */
int sl_json_put_opaque(const struct sl_json_reader *reader, const struct sl_json_value *value,
                       struct sl_buf *out) SL_MUSTCHECK;

/*
 * Appends a value and what it contains. DEPTH is the number of containers around it. The budget
 * bounds the output: a byte of input becomes seven bytes of text at the most.
 */
int sl_json_put_value(struct sl_json_reader *reader, const struct sl_json_value *value,
                      unsigned depth, struct sl_buf *out) SL_MUSTCHECK;

/*
 * Ends the printing that began when OUT held START bytes: after a failure cuts OUT back and
 * explains what sl_buf functions returned without a sentence. Returns RC.
 */
int sl_json_end_text(int rc, size_t start, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

#endif
