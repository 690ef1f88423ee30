/*
 * fuzz_since.c - what --since takes. A moment is past; a place is one that can be printed and read
 * again.
 */
#include <stdlib.h>
#include <string.h>

#include "cdc/since.h"
#include "tests/fuzz/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW UINT64_C(1795255200)

static void check_place(const struct sl_position *place)
{
    struct sl_since again = {.kind = SL_SINCE_TIME};
    struct sl_buf text = {0};
    const char *string;
    int rc =
        place->has_gtid ? sl_position_format_gtid(place, &text) : sl_position_format(place, &text);

    must(rc == SL_OK);
    string = sl_buf_cstr(&text);
    must(string != NULL);
    if (text.len > 0) {
        must(sl_since_parse(&again, string, NOW, NULL) == SL_OK);
        must(again.kind == SL_SINCE_PLACE && again.place.has_gtid == place->has_gtid);
        must(again.place.offset == place->offset && strcmp(again.place.file, place->file) == 0);
    }
    sl_since_release(&again);
    sl_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_since since = {.kind = SL_SINCE_PLACE};
    struct sl_err err = {0};
    char *text = malloc(size + 1);
    int rc;

    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    rc = sl_since_parse(&since, text, NOW, &err);
    must(rc == SL_OK || (rc == SL_EINVAL && err.text[0] != '\0'));
    if (rc == SL_OK && since.kind == SL_SINCE_TIME) {
        must(since.time > 0 && since.time <= NOW);
    } else if (rc == SL_OK) {
        check_place(&since.place);
    }
    sl_since_release(&since);
    free(text);
    return 0;
}
