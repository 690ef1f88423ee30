/*
 * key_text.h - what the compiler, the pattern and the parser of key templates share: the scanner of
 * the template text and the percent-encoding.
 */
#ifndef SLUICE_FILTERS_KEY_TEXT_H
#define SLUICE_FILTERS_KEY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/base/span.h"

/* One piece of a template: literal bytes, or the name between braces. */
struct sl_key_token {
    bool is_placeholder;
    bool is_rewritten;    /* {db:/REGEX/REPLACEMENT/}, {table:/REGEX/REPLACEMENT/} */
    struct sl_span text;  /* then "db" or "table" */
    struct sl_span regex; /* as it stands between the slashes */
    struct sl_span replacement;
};

/*
 * Takes the next piece off REST ("{{" and "}}" come as one literal brace each). SL_DONE at the end;
 * SL_EINVAL for a brace without its partner, an empty name, or a rewriting without its slashes.
 */
int sl_key_next(struct sl_span *rest, struct sl_key_token *token, struct sl_err *err) SL_MUSTCHECK;

/* True for bytes that are percent-encoded in values. */
static inline bool sl_key_is_special(uint8_t byte)
{
    return byte == '%' || byte == ':' || byte == '{' || byte == '}';
}

/* How many bytes at the front of KEY are one byte of a value, percent-encoded or not. 0: what
 * stands there is in no value, encoded as values are ("100%", "%3a", a raw ":"). */
size_t sl_key_unit_length(struct sl_span key);

/* True when KEY begins with what stands for NULL. */
bool sl_key_is_null(struct sl_span key);

/* True for {part}, which is a column's name, too, where rows have no parts (key_part.h). */
static inline bool sl_key_is_part(const struct sl_key_token *token)
{
    return token->is_placeholder && !token->is_rewritten && sl_span_equals(token->text, "part");
}

/* Percent-encodes what BUF holds from AT on, in place. */
int sl_key_escape(struct sl_buf *buf, size_t at) SL_MUSTCHECK;

#endif
