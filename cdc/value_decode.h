/*
 * value_decode.h - the decoders behind value.h, for value.c to choose from. All are sl_render_fn.
 */
#ifndef SLUICE_CDC_VALUE_DECODE_H
#define SLUICE_CDC_VALUE_DECODE_H

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"

/* Puts why the LEN bytes cannot be a value of COLUMN into ERR; returns SL_EFORMAT. */
int sl_value_bad(const struct sl_column *column, size_t len, struct sl_err *err)
    __attribute__((cold));
/* Explains STATUS, SL_ELIMIT or SL_ENOMEM of the output buffer; returns it. */
int sl_value_full(const struct sl_column *column, int status, struct sl_err *err)
    __attribute__((cold));

/* Appends TEXT as it is. */
static inline SL_MUSTCHECK int sl_value_put(const struct sl_column *column, const void *text,
                                            size_t len, struct sl_buf *out, struct sl_err *err)
{
    int rc = sl_buf_add(out, text, len);

    return rc == SL_OK ? SL_OK : sl_value_full(column, rc, err);
}

#define SL_RENDER_ARGS                                                                   \
    const struct sl_column *column, const uint8_t *data, size_t len, struct sl_buf *out, \
        struct sl_err *err

/* value_number.c: little-endian integers of fixed_len bytes, BIT, YEAR. */
sl_render_fn sl_value_integer(const struct sl_column *column);
int sl_value_bit(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_year(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_decimal.c */
int sl_value_decimal(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_float.c */
int sl_value_float(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_double(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_temporal.c: the types of MySQL 5.6 and later. */
int sl_value_date(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_time2(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_datetime2(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_timestamp2(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_temporal_old.c: MySQL 5.5, and MariaDB without mysql56_temporal_format. */
int sl_value_old_time(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_old_datetime(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_old_timestamp(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_string.c: bytes as they are, BINARY(n) padded, text to UTF-8. */
int sl_value_bytes(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_binary(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_charset_text(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_compressed.c: MariaDB COMPRESSED columns. */
int sl_value_compressed(SL_RENDER_ARGS) SL_MUSTCHECK;

/* value_special.c */
int sl_value_enum(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_set(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_uuid(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_inet4(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_inet6(SL_RENDER_ARGS) SL_MUSTCHECK;
int sl_value_json(SL_RENDER_ARGS) SL_MUSTCHECK;

#endif
