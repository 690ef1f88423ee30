/*
 * json_cases.h - the documents in tests/golden/json/cases.txt, as captured from MySQL 9.7.
 */
#ifndef SLUICE_TESTS_SUPPORT_JSON_CASES_H
#define SLUICE_TESTS_SUPPORT_JSON_CASES_H

#include "cdc/base/span.h"

struct sl_json_case {
    const char *sql; /* what made the document */
    struct sl_span
        before; /* the document, or what the diff applies to; allocated to its exact size */
    struct sl_span diff; /* data NULL: none */
    const char *text;    /* what SELECT printed */
};

/* Calls CHECK for each case; fails the test when there are none. */
void sl_json_cases_each(void (*check)(const struct sl_json_case *item));

/* A copy of BYTES of exactly its size, so that a sanitizer sees each read past its end. Free it. */
uint8_t *sl_json_copy(struct sl_span bytes);

#endif
