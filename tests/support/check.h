/*
 * check.h - what every test file needs of cmocka, and the assertions about spans and buffers that
 * it does not have.
 */
#ifndef SLUICE_TESTS_SUPPORT_CHECK_H
#define SLUICE_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

#define SL_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct sl_span sl_check_span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

/* The bytes are compared, printable text is shown. */
#define assert_span(span, want)                                                              \
    do {                                                                                     \
        struct sl_span have_ = (span);                                                       \
        if (!sl_span_equals(have_, want)) {                                                  \
            fail_msg("have \"%.*s\", want \"%s\"", (int)have_.len, (const char *)have_.data, \
                     want);                                                                  \
        }                                                                                    \
    } while (0)

#define assert_bytes(data, len, want) assert_span(sl_span_make(data, len), want)
#define assert_buf(buf, want)         assert_bytes((buf)->data, (buf)->len, want)

/* A call must succeed; ERR says why it did not. */
#define assert_ok(call, err)                                        \
    do {                                                            \
        int rc_ = (call);                                           \
        if (rc_ != SL_OK) {                                         \
            fail_msg("%s: status %d: %s", #call, rc_, (err)->text); \
        }                                                           \
    } while (0)

#endif
