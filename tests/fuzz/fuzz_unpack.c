/*
 * fuzz_unpack.c - any bytes as a value that was packed, with and without a dictionary to be had:
 * what comes out of a frame is what zstd itself makes of it, and a value packed again comes out the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/pack.h"
#include "filters/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(void *user, uint32_t id, struct sl_buf *out, struct sl_err *err)
{
    const struct sl_span *bytes = user;

    (void)id;
    (void)err;
    return sl_buf_add(out, bytes->data, bytes->len);
}

static void check(int is_right)
{
    if (!is_right) {
        abort();
    }
}

static void pack_again(struct sl_unpacker *unpacker, struct sl_span value)
{
    struct sl_pack pack = {.packer = sl_packer_new(), .level = 1};
    struct sl_buf packed = {0};
    struct sl_buf plain = {0};

    check(pack.packer != NULL && sl_buf_add(&packed, value.data, value.len) == SL_OK);
    check(sl_pack_tail(&pack, &packed, 0) == SL_OK);
    check(sl_unpack(unpacker, sl_span_make(packed.data, packed.len), &plain, NULL) == SL_OK);
    check(plain.len == value.len &&
          (value.len == 0 || memcmp(plain.data, value.data, value.len) == 0));
    sl_packer_free(pack.packer);
    sl_buf_release(&packed);
    sl_buf_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span value;
    struct sl_unpacker *unpacker;
    struct sl_buf out = {.limit = 16 * 1024 * 1024};
    uint8_t *copy = malloc(size > 0 ? size : 1); /* of its own, so that reading beyond is noticed */

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    value = sl_span_make(copy, size);
    unpacker = sl_unpacker_new(find, &value);
    check(unpacker != NULL);
    if (sl_unpack(unpacker, value, &out, NULL) != SL_OK) {
        check(out.len == 0 && sl_is_frame(value));
    }
    pack_again(unpacker, value);
    sl_unpacker_free(unpacker);
    sl_buf_release(&out);
    free(copy);
    return 0;
}
