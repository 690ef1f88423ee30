/* reader_rules.c - what the keys of tables are made with goes into the batches of their rows. */
#include "cdc/reader_private.h"

int sl_reader_use_table(struct sl_reader *reader, struct sl_table *table, struct sl_err *err)
{
    int rc = reader->mapper->ops->table(reader->mapper, table, err);

    return rc == SL_OK && reader->options.rules != NULL
               ? sl_rule_book_note(reader->options.rules, table)
               : rc;
}

/* That a table's transaction was rolled back in the end does no harm. */
int sl_reader_flush_rules(struct sl_reader *reader, struct sl_err *err)
{
    struct sl_rule_book *rules = reader->options.rules;
    int rc;

    if (rules == NULL || !sl_rule_book_has_notes(rules)) {
        return SL_OK;
    }
    rc = sl_reader_need_batch(reader);
    return rc == SL_OK ? sl_rule_book_flush(rules, reader->batch, err) : rc;
}
