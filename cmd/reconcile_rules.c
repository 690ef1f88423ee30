/* reconcile_rules.c - whether the daemon fills the cache by the same rules as it is compared by. */
#include <string.h>

#include "cdc/load_state.h"
#include "cmd/reconcile_private.h"
#include "filters/rule_digest.h"

static const struct sl_reconcile_table *
find_table(const struct sl_reconcile *r, const struct sl_buf *db, const struct sl_buf *name)
{
    for (size_t i = 0; i < r->table_count; i++) {
        const struct sl_reconcile_table *table = &r->tables[i];

        if (table->is_wanted && table->db.len == db->len && table->name.len == name->len &&
            memcmp(table->db.data, db->data, db->len) == 0 &&
            memcmp(table->name.data, name->data, name->len) == 0) {
            return table;
        }
    }
    return NULL;
}

static int judge(const struct sl_reconcile *r, const struct sl_reconcile_table *table,
                 const struct sl_rule_record *record)
{
    char digest[SL_RULE_DIGEST_LEN + 1];
    int rc = sl_rule_digest(table->rule, digest);

    if (rc == SL_OK && strcmp(digest, record->digest) != 0) {
        sl_reconcile_say(r->report,
                         "table %.*s.%.*s is filled by another entry of \"tables\" than the "
                         "one that it is compared by: name the daemon's file with -c, or send the "
                         "daemon SIGHUP; continuing",
                         (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                         (const char *)table->name.data);
    }
    return rc;
}

/* A record that nobody can read says nothing. */
static int on_record(void *user, struct sl_span name, struct sl_span value)
{
    const struct sl_reconcile *r = user;
    const struct sl_reconcile_table *table = NULL;
    struct sl_rule_record record = {0};
    struct sl_buf db = {0};
    struct sl_buf own_name = {0};
    int rc = sl_load_field_parse(name, &db, &own_name);

    if (rc == SL_OK) {
        table = find_table(r, &db, &own_name);
        rc = sl_rule_record_parse(&record, value);
    }
    if (rc == SL_OK && table != NULL) {
        rc = judge(r, table, &record);
    }
    sl_rule_record_release(&record);
    sl_buf_release(&db);
    sl_buf_release(&own_name);
    return rc == SL_EFORMAT ? SL_OK : rc;
}

int sl_reconcile_check_rules(struct sl_reconcile *r, struct sl_err *err)
{
    return r->has_daemon ? r->store->ops->rules(r->store, on_record, r, err) : SL_OK;
}
