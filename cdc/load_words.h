/*
 * load_words.h - words, numbers and hex digits of the texts of load_state.h; for load_state.c,
 * load_request.c and load_field.c. The texts come from Redis, where anybody may have written them.
 */
#ifndef SLUICE_CDC_LOAD_WORDS_H
#define SLUICE_CDC_LOAD_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"

/* A longer text is none of ours. */
enum { SL_LOAD_TEXT_MAX = 16 * 1024 * 1024 };

/* Takes the next word off the front of TEXT, spaces around it dropped; false at the end. */
bool sl_load_take_word(struct sl_span *text, struct sl_span *word);
/* Takes what is before the first MARK off the front of WORD, and MARK. SL_EFORMAT: no MARK. */
int sl_load_split(struct sl_span *word, char mark, struct sl_span *before) SL_MUSTCHECK;

/* Decimal digits and nothing else. SL_EFORMAT, also beyond 64 bits. */
int sl_load_parse_number(struct sl_span text, uint64_t *number) SL_MUSTCHECK;
/* Replaces OUT by the bytes that the hex digits of TEXT say. SL_EFORMAT. */
int sl_load_parse_hex(struct sl_span text, struct sl_buf *out) SL_MUSTCHECK;
int sl_load_add_hex(struct sl_buf *out, struct sl_span bytes) SL_MUSTCHECK;
/* Two digits at TEXT; -1 when they are none. */
int sl_load_hex_byte(const uint8_t *text);

#endif
