/*
 * err_list.h - several things that are wrong, in the order they were found, so that a user mends
 * a file in one go.
 */
#ifndef SLUICE_CONF_ERR_LIST_H
#define SLUICE_CONF_ERR_LIST_H

#include <stddef.h>

#include "cdc/base/err.h"

/* More than this nobody reads; what comes after is counted only. */
enum { SL_ERR_LIST_MAX = 50 };

/* Zeroed: empty. */
struct sl_err_list {
    struct sl_err *items; /* owned */
    size_t count;
    size_t cap;
    size_t dropped; /* errors for which there was no room */
};

/* Adds a formatted sentence; returns STATUS. */
int sl_err_list_add(struct sl_err_list *list, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Frees the sentences and empties LIST. */
void sl_err_list_release(struct sl_err_list *list);

#endif
