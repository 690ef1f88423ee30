/*
 * fuzz_json_members.c - any bytes as a JSON object: names and values lie in order within the text.
 */
#include <stdlib.h>
#include <string.h>

#include "filters/json_members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_json_members members = {0};
    uint8_t *copy = malloc(size + 1); /* of its own, so that reading beyond is noticed */
    const uint8_t *at = copy;
    int rc;

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    copy = realloc(copy, size > 0 ? size : 1);
    at = copy;
    rc = sl_json_members_read(&members, sl_span_make(copy, size));
    for (size_t i = 0; rc == SL_OK && i < members.count; i++) {
        const struct sl_held_field *item = &members.items[i];

        if (item->name.data < at || item->value.data < item->name.data + item->name.len ||
            item->value.data + item->value.len > copy + size || item->value.len == 0) {
            abort();
        }
        at = item->value.data + item->value.len;
    }
    sl_json_members_release(&members);
    free(copy);
    return 0;
}
