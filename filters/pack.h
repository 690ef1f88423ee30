/*
 * pack.h - compression of values: each is a zstd frame of its own, which any zstd library reads.
 *
 * What begins with zstd's magic number is a frame, always. So a value that happens to begin with it
 * is packed, too, and the first four bytes tell a reader all there is to know.
 */
#ifndef SLUICE_FILTERS_PACK_H
#define SLUICE_FILTERS_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

struct ZSTD_CDict_s;

/* The engine and its memory, used again from value to value; threads take turns. */
struct sl_packer;

/* How the values of a table are packed. */
struct sl_pack {
    struct sl_packer *packer;              /* borrowed; NULL: values stay as they are */
    const struct ZSTD_CDict_s *dictionary; /* borrowed; it holds the level; NULL: none */
    int level;
    size_t min_bytes; /* shorter values stay as they are */
};

/* NULL: out of memory. */
struct sl_packer *sl_packer_new(void);
void sl_packer_free(struct sl_packer *packer);

/* True when VALUE begins with zstd's magic number. */
bool sl_is_frame(struct sl_span value);

/*
 * Packs the value that OUT ends with, from byte AT on, in its place, unless it is short or gets no
 * shorter. SL_ENOMEM, SL_ELIMIT: OUT is as before.
 */
int sl_pack_tail(const struct sl_pack *pack, struct sl_buf *out, size_t at) SL_MUSTCHECK;

#endif
