/*
 * rule_book_private.h - shared by rule_book.c (the tables that are known, notes, settling) and
 * rule_book_begin.c (what the sink has, and what follows); for nobody else.
 */
#ifndef SLUICE_CDC_RULE_BOOK_PRIVATE_H
#define SLUICE_CDC_RULE_BOOK_PRIVATE_H

#include <stdatomic.h>

#include "cdc/rule_book.h"

enum { SL_RULE_BOOK_SLOTS = 1024 };

/* A table that the sink has a record of, or will have. */
struct sl_rule_entry {
    struct sl_rule_entry *chain;
    struct sl_rule_entry *next_note;
    struct sl_buf field; /* its name as load_state.h says */
    uint32_t pk_count;
    bool is_stale;
    bool is_noted; /* its record is to be written */
};

struct sl_rule_book {
    struct sl_rule_book_options options;
    struct sl_rule_entry *slots[SL_RULE_BOOK_SLOTS];
    struct sl_rule_entry *notes;
    bool was_listed;        /* the sink knows all tables that the rules chose once */
    atomic_bool is_settled; /* and the rules are the same */
};

/* NULL: not known. */
struct sl_rule_entry *sl_rule_book_find(const struct sl_rule_book *book, struct sl_span field);
/* NULL when out of memory. */
struct sl_rule_entry *sl_rule_book_add(struct sl_rule_book *book, struct sl_span field);
/* Appends the command that writes RECORD to OUT. */
int sl_rule_book_format(const struct sl_rule_book *book, struct sl_span field,
                        const struct sl_rule_record *record, struct sl_buf *out) SL_MUSTCHECK;

#endif
