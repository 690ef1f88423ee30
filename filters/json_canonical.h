/*
 * json_canonical.h - JSON texts that stand for the same value, made the same text: without white
 * space, with the shortest escapes and one spelling of each number. For documents that a server has
 * parsed and prints in its own way.
 */
#ifndef SLUICE_FILTERS_JSON_CANONICAL_H
#define SLUICE_FILTERS_JSON_CANONICAL_H

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/*
 * Appends TEXT in that form; members stay in their order. Numbers with a point or an exponent, and
 * those of more than 20 digits, count as doubles. SL_EFORMAT: TEXT is no JSON, or is deeper than
 * 512; SL_ENOMEM. OUT has grown on failure, too.
 */
int sl_json_canonical(struct sl_span text, struct sl_buf *out) SL_MUSTCHECK;

#endif
