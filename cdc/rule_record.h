/*
 * rule_record.h - what the keys of a table were made with, as text in Redis: so a rule that has
 * changed is noticed, whatever way the new one came, and the keys of the old one can be found.
 *
 * The hash sluice:{PIPELINE}:rules has a field for each table with keys, named as in load_state.h:
 *     digest=<64 hex digits> form=hash pk=1 stale=0 key=<hex>
 * It is written in one step with the rows that it speaks of, or with the note that the table waits
 * to be loaded, or later than these. The field "*" has the digest of all rules by which the chosen
 * tables were listed last. A text of more than 1 MiB is none of ours.
 */
#ifndef SLUICE_CDC_RULE_RECORD_H
#define SLUICE_CDC_RULE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/base/status.h"

enum {
    SL_RULE_DIGEST_LEN = 64, /* lower-case hexadecimal digits of SHA-256 */
    SL_RULE_FORM_MAX = 40,
    SL_RULE_TEMPLATES_MAX = 64,
};

/* Zeroed: a valid empty one. */
struct sl_rule_record {
    char digest[SL_RULE_DIGEST_LEN + 1]; /* of all that keys and values depend on */
    char form[SL_RULE_FORM_MAX];         /* what kind of keys they are: another one needs others */
    uint32_t pk_count;                   /* columns of the row key; 0: not known */
    bool is_stale;                       /* the keys are not (all) as the rule says, or not alone */
    struct sl_buf *templates; /* of the keys: one, and more for keys beside a row's own */
    size_t template_count;
};

void sl_rule_record_release(struct sl_rule_record *record);
/* SL_ELIMIT: there are too many. */
int sl_rule_record_add_template(struct sl_rule_record *record, struct sl_span text) SL_MUSTCHECK;
/* Appends to OUT. */
int sl_rule_record_format(const struct sl_rule_record *record, struct sl_buf *out) SL_MUSTCHECK;
/* Replaces RECORD. Words that it does not know are passed over. SL_EFORMAT; SL_ENOMEM. On failure
   RECORD is as before. */
int sl_rule_record_parse(struct sl_rule_record *record, struct sl_span text) SL_MUSTCHECK;

#endif
