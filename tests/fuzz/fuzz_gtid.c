/*
 * fuzz_gtid.c - the first byte picks a parser: MySQL text, MySQL binary, MariaDB text. What was
 * read must survive every other form.
 */
#include <stdlib.h>

#include "cdc/gtid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void check_set(const struct sl_gtid_set *set)
{
    struct sl_gtid_set again = {0};
    struct sl_buf text = {0};
    struct sl_buf bytes = {0};

    must(sl_gtid_set_format(set, &text) == SL_OK);
    must(sl_gtid_set_parse(&again, sl_span_make(text.data, text.len), NULL) == SL_OK);
    must(sl_gtid_set_covers(set, &again) && sl_gtid_set_covers(&again, set));
    must(sl_gtid_set_encode(set, &bytes) == SL_OK);
    must(sl_gtid_set_decode(&again, sl_span_make(bytes.data, bytes.len), NULL) == SL_OK);
    must(sl_gtid_set_covers(set, &again) && sl_gtid_set_covers(&again, set));
    must(sl_gtid_set_subtract(set, &again, &again) == SL_OK && again.count == 0);
    sl_gtid_set_release(&again);
    sl_buf_release(&text);
    sl_buf_release(&bytes);
}

static void check_list(const struct sl_mgtid_list *list)
{
    struct sl_mgtid_list again = {0};
    struct sl_buf text = {0};

    must(sl_mgtid_list_format(list, &text) == SL_OK);
    must(sl_mgtid_list_parse(&again, sl_span_make(text.data, text.len), NULL) == SL_OK);
    must(again.count == list->count);
    sl_mgtid_list_release(&again);
    sl_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_gtid_set set = {0};
    struct sl_mgtid_list list = {0};
    struct sl_err err = {0};
    struct sl_span rest;
    int rc;

    if (size == 0) {
        return 0;
    }
    rest = sl_span_make(data + 1, size - 1);
    if (data[0] == 'm') {
        rc = sl_mgtid_list_parse(&list, rest, &err);
    } else if (data[0] == 'b') {
        rc = sl_gtid_set_decode(&set, rest, &err);
    } else {
        rc = sl_gtid_set_parse(&set, rest, &err);
    }
    must(rc == err.status);
    check_set(&set); /* empty when it was refused */
    check_list(&list);
    sl_gtid_set_release(&set);
    sl_mgtid_list_release(&list);
    return 0;
}
