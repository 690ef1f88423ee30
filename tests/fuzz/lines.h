/*
 * lines.h - what the targets have in common whose input is text, parted by newlines.
 */
#ifndef SLUICE_TESTS_FUZZ_LINES_H
#define SLUICE_TESTS_FUZZ_LINES_H

#include <stdlib.h>
#include <string.h>

#include "cdc/base/span.h"

static inline void must(int condition)
{
    if (!condition) {
        abort();
    }
}

static inline struct sl_span take_line(struct sl_span *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    struct sl_span line = *rest;

    if (end == NULL) {
        *rest = sl_span_make(NULL, 0);
        return line;
    }
    line.len = (size_t)(end - rest->data);
    rest->data += line.len + 1;
    rest->len -= line.len + 1;
    return line;
}

#endif
