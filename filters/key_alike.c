#include "filters/key_alike.h"

#include <string.h>

#include "filters/facet.h"
#include "filters/key_name.h"
#include "filters/key_text.h"
#include "filters/rule.h"

/* Bytes that stand for what differs: none of UTF-8. */
enum {
    SL_ANY_VALUE = 0xff,
    SL_ANY_DB = 0xfe,
};

static int add_escaped(struct sl_buf *out, const char *name)
{
    size_t at = out->len;
    int rc = sl_buf_add_str(out, name);

    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}

/* SL_DONE: keys of different tables differ in it. */
static int add_name(const struct sl_table_rule *rule, const struct sl_key_token *token,
                    struct sl_buf *out)
{
    bool is_db = sl_span_equals(token->text, "db");

    if (token->is_rewritten) {
        return SL_DONE;
    }
    if (is_db) {
        return sl_rule_spans_databases(rule) ? sl_buf_add_byte(out, SL_ANY_DB)
                                             : add_escaped(out, rule->db_pattern);
    }
    return sl_rule_spans_tables(rule) ? SL_DONE : add_escaped(out, rule->table_pattern);
}

/* The template with all that is the same in every key of the rule's tables. */
static int add_outline(const struct sl_table_rule *rule, struct sl_buf *out)
{
    struct sl_span rest = sl_span_make(sl_rule_key(rule), strlen(sl_rule_key(rule)));
    struct sl_key_token token;
    int rc;

    while ((rc = sl_key_next(&rest, &token, NULL)) == SL_OK) {
        if (!token.is_placeholder) {
            rc = sl_buf_add(out, token.text.data, token.text.len);
        } else if (sl_key_is_name(&token)) {
            rc = add_name(rule, &token, out);
        } else {
            rc = sl_buf_add_byte(out, SL_ANY_VALUE);
        }
        if (rc != SL_OK) {
            return rc == SL_DONE ? SL_EUNSUPPORTED : rc;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}

bool sl_keys_are_alike(const struct sl_table_rule *a, const struct sl_table_rule *b)
{
    struct sl_buf one = {0};
    struct sl_buf two = {0};
    bool are_alike = add_outline(a, &one) == SL_OK && add_outline(b, &two) == SL_OK &&
                     one.len == two.len && one.len > 0 && memcmp(one.data, two.data, one.len) == 0;

    sl_buf_release(&one);
    sl_buf_release(&two);
    return are_alike;
}
