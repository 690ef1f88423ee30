/* Input: two bytes with the length of the document, low byte first; the document; the diff. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cdc/base/buf.h"
#include "cdc/json_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span diff = sl_span_make(data, size);
    struct sl_span before;
    struct sl_buf out = {0};
    struct sl_err err = {0};
    uint16_t len;
    int rc;

    if (sl_span_u16le(&diff, &len) != SL_OK || sl_span_take(&diff, len, &before) != SL_OK) {
        return 0;
    }
    rc = sl_json_apply_diff(before, diff, &out, &err);
    if (rc != SL_OK && (out.len != 0 || err.status != rc)) {
        abort(); /* a failure leaves the output alone and explains itself */
    }
    if (out.len > 8 * size + 4) {
        abort(); /* the output is bounded by the input */
    }
    sl_buf_release(&out);
    return 0;
}
