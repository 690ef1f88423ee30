/*
 * fuzz_ddl.c - any bytes as a statement: the parser reports at least once and what it reports lies
 * within the limits of names; the classification of the same text gives an identifier that lies in
 * it.
 */
#include <stdlib.h>

#include "cdc/ddl.h"
#include "cdc/query.h"
#include "cdc/sql_lex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (!condition) {
        abort();
    }
}

/* Reads every byte, so that a view of what is not there is seen. */
static void touch(struct sl_span span)
{
    volatile uint8_t sum = 0;

    must(span.len <= SL_SQL_NAME_BYTES);
    for (size_t i = 0; i < span.len; i++) {
        sum = (uint8_t)(sum + span.data[i]);
    }
}

static int on_ddl(void *user, const struct sl_ddl *ddl, struct sl_err *err)
{
    (void)err;
    ++*(unsigned *)user;
    touch(ddl->db);
    touch(ddl->table);
    touch(ddl->to_db);
    touch(ddl->to_table);
    must(ddl->kind != SL_DDL_RENAME_TABLE || ddl->to_table.len > 0);
    must(ddl->kind != SL_DDL_DROP_TABLE || ddl->table.len > 0);
    must(ddl->kind == SL_DDL_ALTER_TABLE || (!ddl->reshapes && ddl->keys == SL_DDL_KEYS_SAME));
    must(ddl->table.len == 0 || ddl->kind != SL_DDL_ALTER_TABLE ||
         sl_ddl_mentions(ddl->text, ddl->table));
    return SL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sl_span text = sl_span_make(data, size);
    struct sl_span xid;
    unsigned calls = 0;

    must(sl_ddl_parse(sl_span_make("shop", 4), text, on_ddl, &calls, NULL) == SL_OK);
    must(calls > 0);
    (void)sl_query_classify(text, &xid);
    must(xid.len == 0 || (xid.data >= data && xid.len <= size - (size_t)(xid.data - data)));
    return 0;
}
