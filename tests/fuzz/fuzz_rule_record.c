/* Records of rules in Redis may have been written by anybody. What is read can be written, and then
 * reads the same again; and it can be compared with rules. */
#include <stdlib.h>
#include <string.h>

#include "filters/rule_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static void write_and_read(struct sl_rule_record *record)
{
    struct sl_buf first = {0};
    struct sl_buf second = {0};

    must(sl_rule_record_format(record, &first) == SL_OK);
    must(sl_rule_record_parse(record, span_of(&first)) == SL_OK);
    must(sl_rule_record_format(record, &second) == SL_OK);
    must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    sl_buf_release(&first);
    sl_buf_release(&second);
}

static void compare(const struct sl_rule_record *record)
{
    static const struct sl_table_rule rules[] = {{.pattern = "shop.*",
                                                  .db_pattern = "shop",
                                                  .table_pattern = "*",
                                                  .key_template = "{db}:{table}:{pk}"}};
    static const struct sl_span key = {.data = (const uint8_t *)"shop:other:7", .len = 12};
    struct sl_rule_judge *judge = sl_rule_judge_new(rules, 1);
    struct sl_rule_change change = {0};

    must(judge != NULL);
    /* A rewritten name may be one whose regular expression takes too long. */
    must(judge->ops->compare(judge, sl_span_make("shop", 4), sl_span_make("users", 5), record,
                             &change, NULL) == SL_OK ||
         change.purge == NULL);
    if (change.purge != NULL) {
        must(!change.purge->matches(change.purge, key)); /* another table's */
        change.purge->free(change.purge);
    }
    judge->ops->free(judge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_rule_record record = {0};

    if (sl_rule_record_parse(&record, sl_span_make(data, size)) == SL_OK) {
        compare(&record);
        write_and_read(&record);
    }
    sl_rule_record_release(&record);
    return 0;
}
