/* What a server prints is anybody's. The form of a text in that form is itself. */
#include <stdlib.h>
#include <string.h>

#include "filters/json_canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_buf once = {0};
    struct sl_buf twice = {0};

    if (sl_json_canonical(sl_span_make(data, size), &once) == SL_OK &&
        (sl_json_canonical(sl_span_make(once.data, once.len), &twice) != SL_OK ||
         once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)) {
        abort();
    }
    sl_buf_release(&once);
    sl_buf_release(&twice);
    return 0;
}
