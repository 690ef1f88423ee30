/*
 * percent.h - bytes that stand for themselves but for some that are encoded as %hh.
 */
#ifndef SLUICE_CDC_BASE_PERCENT_H
#define SLUICE_CDC_BASE_PERCENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"

#define SL_PERCENT_UPPER "0123456789ABCDEF"
#define SL_PERCENT_LOWER "0123456789abcdef"

/* Encodes what BUF holds from AT on, in place, with the 16 DIGITS. SL_ENOMEM: it is as before. */
int sl_percent_encode(struct sl_buf *buf, size_t at, bool (*is_special)(uint8_t byte),
                      const char *digits) SL_MUSTCHECK;

#endif
