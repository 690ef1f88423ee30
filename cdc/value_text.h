/*
 * value_text.h - the text of dates and times, shared by the decoders of their newer and older
 * forms.
 */
#ifndef SLUICE_CDC_VALUE_TEXT_H
#define SLUICE_CDC_VALUE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/column.h"

struct sl_moment {
    uint32_t year;
    uint32_t month; /* 0 to 12: partial and zero dates are values, too */
    uint32_t day;
    uint32_t hour; /* TIME goes beyond 23 */
    uint32_t minute;
    uint32_t second;
    uint32_t micros;
    bool is_negative; /* TIME only */
};

/*
 * Append MOMENT with column->fraction digits after the second. SL_EFORMAT, through sl_value_bad()
 * with LEN, for what no server stores (minute 60, month 13).
 */
int sl_value_put_datetime(const struct sl_column *column, const struct sl_moment *moment,
                          size_t len, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;
int sl_value_put_date(const struct sl_column *column, const struct sl_moment *moment, size_t len,
                      struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;
int sl_value_put_time(const struct sl_column *column, const struct sl_moment *moment, size_t len,
                      struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

/* SECONDS since 1970 in UTC; 0 without MICROS is the zero date, not 1970. */
int sl_value_put_timestamp(const struct sl_column *column, uint32_t seconds, uint32_t micros,
                           size_t len, struct sl_buf *out, struct sl_err *err) SL_MUSTCHECK;

/* 10^(6 - FRACTION): what a fraction of so many digits counts in microseconds. */
uint32_t sl_value_fraction_micros(unsigned fraction);

#endif
