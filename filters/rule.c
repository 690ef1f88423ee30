#include "filters/rule.h"

#include <string.h>

#include "filters/table_regex.h"

static size_t character_length(struct sl_span text, size_t at)
{
    size_t len = 1;

    while (at + len < text.len && (text.data[at + len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

/* Only the last star needs to be tried again: the ones before it have matched as little as they
 * can. */
bool sl_glob_matches(const char *glob, struct sl_span text)
{
    const char *star = NULL;
    size_t star_at = 0;
    size_t at = 0;

    while (at < text.len) {
        if (*glob == '*') {
            star = glob++;
            star_at = at;
        } else if (*glob == '?') {
            glob++;
            at += character_length(text, at);
        } else if (*glob != '\0' && (uint8_t)*glob == text.data[at]) {
            glob++;
            at++;
        } else if (star != NULL) {
            glob = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*glob == '*') {
        glob++;
    }
    return *glob == '\0';
}

/* As sl_table_regex_match(). */
static int match(const struct sl_table_rule *rule, struct sl_span db, struct sl_span table)
{
    if (rule->regex != NULL) {
        return sl_table_regex_match(rule->regex, db, table);
    }
    return sl_glob_matches(rule->db_pattern, db) && sl_glob_matches(rule->table_pattern, table)
               ? SL_OK
               : SL_DONE;
}

int sl_rule_first(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                  struct sl_span table, const struct sl_table_rule **rule, struct sl_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = match(&rules[i], db, table);

        if (rc == SL_EINVAL) {
            return sl_err_set(err, rc,
                              "the regular expression %s takes too many steps to say whether it "
                              "matches %.*s.%.*s: make its repetitions simpler",
                              rules[i].pattern, (int)db.len, (const char *)db.data, (int)table.len,
                              (const char *)table.data);
        }
        if (rc == SL_OK) {
            *rule = &rules[i];
        }
        if (rc != SL_DONE) {
            return rc;
        }
    }
    *rule = NULL;
    return SL_OK;
}

int sl_rule_find(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                 struct sl_span table, const struct sl_table_rule **rule, struct sl_err *err)
{
    const struct sl_table_rule *first = NULL;
    int rc = sl_rule_first(rules, count, db, table, &first, err);

    if (rc == SL_OK) {
        *rule = first != NULL && first->skip ? NULL : first;
    }
    return rc;
}

bool sl_rule_keeps_rows(const struct sl_table_rule *rule)
{
    return rule->value != SL_VALUE_INVALIDATE && rule->value != SL_VALUE_STREAM;
}

bool sl_rules_have(const struct sl_table_rule *rules, size_t count, enum sl_value_kind value)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i].skip && rules[i].value == value) {
            return true;
        }
    }
    return false;
}

enum sl_keeping sl_rules_keeping(const struct sl_table_rule *rules, size_t count, struct sl_span db,
                                 struct sl_span table)
{
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(rules, count, db, table, &rule, NULL);

    if (rc != SL_OK || rule == NULL || sl_rule_keeps_rows(rule)) {
        return SL_KEEPS_ROWS;
    }
    return rule->value == SL_VALUE_STREAM ? SL_KEEPS_CHANGES : SL_KEEPS_OTHERS;
}

uint64_t sl_rules_longest_redelete_ms(const struct sl_table_rule *rules, size_t count)
{
    uint64_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        if (!rules[i].skip && rules[i].value == SL_VALUE_INVALIDATE &&
            rules[i].redelete_ms > longest) {
            longest = rules[i].redelete_ms;
        }
    }
    return longest;
}

bool sl_rule_may_choose_in(const struct sl_table_rule *rule, struct sl_span db)
{
    if (rule->skip) {
        return false;
    }
    return rule->regex != NULL ? sl_table_regex_may_match_in(rule->regex, db)
                               : sl_glob_matches(rule->db_pattern, db);
}

static bool has_wildcards(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

bool sl_rule_spans_databases(const struct sl_table_rule *rule)
{
    return has_wildcards(rule->db_pattern);
}

bool sl_rule_spans_tables(const struct sl_table_rule *rule)
{
    return has_wildcards(rule->table_pattern);
}
