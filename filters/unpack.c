#include "filters/unpack.h"

#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "filters/pack.h"

enum {
    SL_UNPACK_DICTIONARIES = 64, /* a damaged frame names any: the first ones go */
    SL_UNPACK_FIRST_BYTES = 64 * 1024,
    SL_UNPACK_DICTIONARY_BYTES = 128 * 1024 * 1024,
};

#define SL_UNPACK_BYTES_MAX ((size_t)UINT32_MAX) /* nothing longer is ever packed */

struct dictionary {
    uint32_t id;
    ZSTD_DDict *engine; /* NULL: it is gone */
};

struct sl_unpacker {
    ZSTD_DCtx *engine;
    sl_dictionary_fn find;
    void *user;
    struct dictionary dictionaries[SL_UNPACK_DICTIONARIES];
    size_t count; /* that were met; those beyond the table took the places of the first */
};

struct sl_unpacker *sl_unpacker_new(sl_dictionary_fn find, void *user)
{
    struct sl_unpacker *unpacker = calloc(1, sizeof(*unpacker));

    if (unpacker == NULL) {
        return NULL;
    }
    unpacker->find = find;
    unpacker->user = user;
    unpacker->engine = ZSTD_createDCtx();
    if (unpacker->engine == NULL) {
        free(unpacker);
        return NULL;
    }
    return unpacker;
}

void sl_unpacker_free(struct sl_unpacker *unpacker)
{
    if (unpacker == NULL) {
        return;
    }
    for (size_t i = 0; i < SL_UNPACK_DICTIONARIES; i++) {
        (void)ZSTD_freeDDict(unpacker->dictionaries[i].engine);
    }
    (void)ZSTD_freeDCtx(unpacker->engine);
    free(unpacker);
}

/* ---- dictionaries ---- */

/* What is no dictionary of this id is none at all: any bytes could be used as one. */
static int read_dictionary(struct sl_unpacker *unpacker, uint32_t id, ZSTD_DDict **out,
                           struct sl_err *err)
{
    struct sl_buf bytes = {.limit = SL_UNPACK_DICTIONARY_BYTES};
    int rc = unpacker->find != NULL ? unpacker->find(unpacker->user, id, &bytes, err) : SL_DONE;

    *out = NULL;
    if (rc == SL_OK && ZSTD_getDictID_fromDict(bytes.data, bytes.len) == id) {
        *out = ZSTD_createDDict(bytes.data, bytes.len);
        rc = *out != NULL ? SL_OK : SL_ENOMEM;
    }
    sl_buf_release(&bytes);
    return rc == SL_DONE ? SL_OK : rc;
}

static int meet(struct sl_unpacker *unpacker, uint32_t id, const struct dictionary **out,
                struct sl_err *err)
{
    struct dictionary *place = &unpacker->dictionaries[unpacker->count % SL_UNPACK_DICTIONARIES];
    ZSTD_DDict *engine;
    int rc = read_dictionary(unpacker, id, &engine, err);

    if (rc != SL_OK) {
        return rc;
    }
    (void)ZSTD_freeDDict(place->engine);
    *place = (struct dictionary){.id = id, .engine = engine};
    unpacker->count++;
    *out = place;
    return SL_OK;
}

static int find_dictionary(struct sl_unpacker *unpacker, uint32_t id, const struct dictionary **out,
                           struct sl_err *err)
{
    for (size_t i = 0; i < SL_UNPACK_DICTIONARIES && i < unpacker->count; i++) {
        if (unpacker->dictionaries[i].id == id) {
            *out = &unpacker->dictionaries[i];
            return SL_OK;
        }
    }
    return meet(unpacker, id, out, err);
}

/* ---- frames ---- */

static int refuse(struct sl_err *err)
{
    return sl_err_set(err, SL_EFORMAT,
                      "a value begins as a zstd frame, but is none, or is damaged: load its table "
                      "again with sluice bootstrap --table");
}

static int prepare(struct sl_unpacker *unpacker, struct sl_span value, struct sl_err *err)
{
    uint32_t id = ZSTD_getDictID_fromFrame(value.data, value.len);
    const struct dictionary *dictionary = NULL;
    int rc = id != 0 ? find_dictionary(unpacker, id, &dictionary, err) : SL_OK;

    if (rc != SL_OK) {
        return rc;
    }
    if (id != 0 && dictionary->engine == NULL) {
        return sl_err_set(err, SL_EUNSUPPORTED,
                          "a value was compressed with the dictionary %lu, which is not in Redis "
                          "any more: load its table again with sluice bootstrap --table",
                          (unsigned long)id);
    }
    (void)ZSTD_DCtx_reset(unpacker->engine, ZSTD_reset_session_only);
    (void)ZSTD_DCtx_refDDict(unpacker->engine, id != 0 ? dictionary->engine : NULL);
    return SL_OK;
}

/* At most what comes out of it, and not much more memory than that, whatever the frame says. */
static size_t first_bytes(struct sl_span value)
{
    unsigned long long says = ZSTD_getFrameContentSize(value.data, value.len);
    size_t most = 8 * (value.len < SL_UNPACK_BYTES_MAX ? value.len : SL_UNPACK_BYTES_MAX);

    most += SL_UNPACK_FIRST_BYTES;
    return says < most ? (size_t)says + 1 : most;
}

static int grow(struct sl_buf *out, size_t before, size_t first, struct sl_err *err)
{
    size_t len = out->len - before;
    size_t more = len < first ? first - len : len;

    if (len > SL_UNPACK_BYTES_MAX - 1) {
        return sl_err_set(err, SL_ELIMIT, "a compressed value holds 4 GiB or more");
    }
    more = more < SL_UNPACK_BYTES_MAX - len ? more : SL_UNPACK_BYTES_MAX - len;
    return sl_buf_reserve(out, more) == SL_OK ? SL_OK : sl_err_set(err, SL_ENOMEM, "out of memory");
}

/* Nothing may stand behind the frame. */
static int run(struct sl_unpacker *unpacker, struct sl_span value, struct sl_buf *out,
               struct sl_err *err)
{
    ZSTD_inBuffer in = {.src = value.data, .size = value.len};
    size_t before = out->len;
    size_t first = first_bytes(value);
    size_t left = 1;

    while (left != 0) {
        ZSTD_outBuffer room;
        size_t taken = in.pos;
        int rc = grow(out, before, first, err);

        if (rc != SL_OK) {
            return rc;
        }
        room = (ZSTD_outBuffer){.dst = sl_buf_tail(out), .size = out->cap - out->len};
        left = ZSTD_decompressStream(unpacker->engine, &room, &in);
        if (ZSTD_isError(left)) {
            return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation
                       ? sl_err_set(err, SL_ENOMEM, "out of memory")
                       : refuse(err);
        }
        sl_buf_commit(out, room.pos);
        if (left != 0 && room.pos == 0 && in.pos == taken) {
            return refuse(err); /* it ends too early */
        }
    }
    return in.pos == in.size ? SL_OK : refuse(err);
}

int sl_unpack(struct sl_unpacker *unpacker, struct sl_span value, struct sl_buf *out,
              struct sl_err *err)
{
    size_t before = out->len;
    int rc;

    if (!sl_is_frame(value)) {
        return sl_buf_add(out, value.data, value.len);
    }
    rc = prepare(unpacker, value, err);
    if (rc == SL_OK) {
        rc = run(unpacker, value, out, err);
    }
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}
