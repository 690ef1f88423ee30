/*
 * unpack.h - values as they were before they were packed (see pack.h).
 */
#ifndef SLUICE_FILTERS_UNPACK_H
#define SLUICE_FILTERS_UNPACK_H

#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"
#include "cdc/held.h"

/* Appends the dictionary ID to OUT. SL_DONE: there is none. */
typedef int (*sl_dictionary_fn)(void *user, uint32_t id, struct sl_buf *out, struct sl_err *err);

/* An engine and the dictionaries that it met; used by one thread at a time. */
struct sl_unpacker;

/* FIND, which may be NULL, is called once for a dictionary, also when there is none. NULL: no
 * memory. */
struct sl_unpacker *sl_unpacker_new(sl_dictionary_fn find, void *user);
void sl_unpacker_free(struct sl_unpacker *unpacker);

/*
 * Appends to OUT what VALUE stands for: itself, or what the frame holds that it is. Memory grows
 * with what comes out of the frame, not with what it says. SL_EFORMAT: it is no whole frame;
 * SL_EUNSUPPORTED: its dictionary is gone; SL_ELIMIT: it holds 4 GiB; what FIND returned;
 * SL_ENOMEM. OUT is as before then.
 */
int sl_unpack(struct sl_unpacker *unpacker, struct sl_span value, struct sl_buf *out,
              struct sl_err *err) SL_MUSTCHECK;

/* What a sink holds, unpacked. Zeroed: a valid empty one. */
struct sl_unpacked {
    struct sl_held held; /* views into the rest and into what it was made of */
    struct sl_buf bytes;
    struct sl_held_field *fields;
    size_t field_cap;
};

void sl_unpacked_release(struct sl_unpacked *unpacked);

/*
 * Replaces UNPACKED by HAVE with its values unpacked. One that cannot be is left as it is, and
 * marks the whole as damaged; ERR says why then, though SL_OK is returned. SL_ENOMEM, what FIND
 * returned.
 */
int sl_unpack_held(struct sl_unpacker *unpacker, const struct sl_held *have,
                   struct sl_unpacked *unpacked, struct sl_err *err) SL_MUSTCHECK;

#endif
