#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cdc/base/buf.h"
#include "cdc/json_binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_buf out = {0};
    struct sl_err err = {0};
    int rc = sl_json_text(sl_span_make(data, size), &out, &err);

    if (rc != SL_OK && (out.len != 0 || err.status != rc)) {
        abort(); /* a failure leaves the output alone and explains itself */
    }
    if (out.len > 8 * size + 4) {
        abort(); /* the output is bounded by the input */
    }
    sl_buf_release(&out);
    return 0;
}
