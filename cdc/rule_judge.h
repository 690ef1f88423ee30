/*
 * rule_judge.h - what the configured rules say of a table, and whether that is what its keys were
 * made with; filters/rule_judge.c implements it.
 */
#ifndef SLUICE_CDC_RULE_JUDGE_H
#define SLUICE_CDC_RULE_JUDGE_H

#include "cdc/base/err.h"
#include "cdc/batch.h"
#include "cdc/rule_record.h"

enum sl_rule_fate {
    SL_RULE_SAME,
    SL_RULE_LOAD,  /* the keys stay, and get other values */
    SL_RULE_PURGE, /* others take their place: the old ones go first, and the table is loaded */
    SL_RULE_GONE,  /* no rule chooses the table any more */
};

struct sl_rule_change {
    enum sl_rule_fate fate;
    /* PURGE, GONE: the keys that the old rule made of the table's rows and no other table can have
       by a rule that holds now. Owned by who receives it; NULL: they are not known. */
    struct sl_key_pattern *purge;
    bool is_shared; /* rows of other tables have keys like these */
};

struct sl_rule_judge;

/* They fail with SL_EINVAL (a regular expression takes too long) and SL_ENOMEM. */
struct sl_rule_judge_ops {
    /* Fills the digest, the form and the templates of *RECORD, which is empty, with those of the
       rule that chooses the table. SL_DONE: none does. */
    int (*record)(const struct sl_rule_judge *judge, struct sl_span db, struct sl_span table,
                  struct sl_rule_record *record, struct sl_err *err);
    /* Compares that with OLD. What *CHANGE has lives no longer than the judge. */
    int (*compare)(const struct sl_rule_judge *judge, struct sl_span db, struct sl_span table,
                   const struct sl_rule_record *old, struct sl_rule_change *change,
                   struct sl_err *err);
    /* The digest of all rules: as long as it is the same they choose the same tables, and each its
       rows alike. */
    int (*digest)(const struct sl_rule_judge *judge, char digest[SL_RULE_DIGEST_LEN + 1]);
    void (*free)(struct sl_rule_judge *judge);
};

/* The first member of every implementation. */
struct sl_rule_judge {
    const struct sl_rule_judge_ops *ops;
};

#endif
