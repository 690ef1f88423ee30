/* The heartbeat in Redis may have been written by anybody. */
#include <stdlib.h>
#include <string.h>

#include "sinks/heartbeat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_heartbeat_seen seen = {.state = "?"};
    int rc = sl_heartbeat_read(sl_span_make(data, size), &seen);

    if (memchr(seen.state, '\0', sizeof(seen.state)) == NULL ||
        (rc != SL_OK && seen.state[0] != '?')) {
        abort();
    }
    return 0;
}
