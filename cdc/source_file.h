/*
 * source_file.h - a source of events that reads binary log files, one after another. It ends with
 * SL_DONE behind the last one. Before the first event of a file it gives an artificial rotate
 * event, as a server does, so that positions name the file (by its name without folders).
 */
#ifndef SLUICE_CDC_SOURCE_FILE_H
#define SLUICE_CDC_SOURCE_FILE_H

#include <stddef.h>

#include "cdc/base/err.h"
#include "cdc/source.h"

/*
 * Makes a source of COUNT files (their names are copied), in this order. open() with a position
 * that names one of them begins there: at its offset, which must be where an event begins, or,
 * offset 0, at its first event; any other START, also NOW, begins at the first file. next() fails
 * with SL_EIO (cannot be read), SL_EFORMAT (no binary log), SL_EUNSUPPORTED (encrypted), SL_ETRUNC
 * (ends inside of an event).
 */
int sl_source_file_new(const char *const *paths, size_t count, struct sl_source **source,
                       struct sl_err *err) SL_MUSTCHECK;

#endif
