/*
 * err.h - what went wrong, in one sentence for the operator: the thing, the
 * cause and the remedy. Functions that can fail in a way worth explaining take
 * a struct sl_err * as their last parameter (NULL: the caller does not care)
 * and return what sl_err_set() returns. Nobody logs an error where it happens;
 * the caller at the top does, once.
 */
#ifndef SLUICE_CDC_BASE_ERR_H
#define SLUICE_CDC_BASE_ERR_H

#include <stddef.h>

#include "cdc/base/status.h"

struct sl_err {
    int status;     /* enum sl_status; SL_OK while nothing went wrong */
    char text[768]; /* NUL-terminated, no line breaks; cut when too long */
};

/* Stores STATUS and the formatted sentence in ERR (may be NULL); returns STATUS. */
int sl_err_set(struct sl_err *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a formatted "WHERE: " before the sentence that ERR holds; returns its status. */
int sl_err_prefix(struct sl_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes ERR hold nothing again. */
void sl_err_clear(struct sl_err *err);

#endif
