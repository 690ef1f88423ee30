#include "filters/rule.h"

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

const struct sl_table_rule *sl_rule_find(const struct sl_table_rule *rules, size_t count,
                                         struct sl_span db, struct sl_span table)
{
    for (size_t i = 0; i < count; i++) {
        if (sl_glob_matches(rules[i].db_pattern, db) &&
            sl_glob_matches(rules[i].table_pattern, table)) {
            return &rules[i];
        }
    }
    return NULL;
}
