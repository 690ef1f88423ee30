/*
 * log_place.h - how many bytes of a source's binary log lie between a place in it and its end.
 */
#ifndef SLUICE_CDC_LOG_PLACE_H
#define SLUICE_CDC_LOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/position.h"

/* What of a position says where it is in the files. Zeroed: nowhere. */
struct sl_log_place {
    char file[SL_BINLOG_NAME_MAX]; /* "": nowhere */
    uint64_t offset;
    char server_uuid[SL_SERVER_UUID_TEXT + 1]; /* as in struct sl_position */
};

struct sl_log_file {
    char *name;
    uint64_t size; /* bytes */
};

/* The files of a log, oldest first. Zeroed: none. */
struct sl_log_files {
    struct sl_log_file *items;
    size_t count;
};

void sl_log_files_release(struct sl_log_files *files);
/* SL_ENOMEM. */
int sl_log_files_add(struct sl_log_files *files, const char *name, uint64_t size) SL_MUSTCHECK;

void sl_log_place_of(struct sl_log_place *place, const struct sl_position *position);
/* True when PLACE lies in another file of the same server than END, so that their distance takes
 * the sizes of files. */
bool sl_log_place_needs_files(const struct sl_log_place *place, const struct sl_log_place *end);
/*
 * Replaces *BYTES by what lies between PLACE and END; 0 where it lies behind it, as the end was
 * asked for earlier. False when that cannot be said: another server, or no such file any more.
 */
bool sl_log_place_distance(const struct sl_log_place *place, const struct sl_log_place *end,
                           const struct sl_log_files *files, uint64_t *bytes);

#endif
