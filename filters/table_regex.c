#include "filters/table_regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    /* Two names of 64 characters and a dot; the longest that an event can hold is 511 bytes. */
    SL_SUBJECT_MAX = 1024,
    /* Steps of backtracking: some milliseconds. An expression that needs more for a name this short
       would need for ever for a slightly longer one. */
    SL_MATCH_LIMIT = 200000,
};

struct sl_table_regex {
    pcre2_code *code;
    pcre2_code *front; /* the same, open at its end: for matching a part of a name */
    pcre2_match_context *limits;
};

bool sl_table_regex_is_meant(const char *pattern)
{
    return pattern[0] == '/';
}

void sl_table_regex_free(struct sl_table_regex *regex)
{
    if (regex == NULL) {
        return;
    }
    pcre2_code_free(regex->code);
    pcre2_code_free(regex->front);
    pcre2_match_context_free(regex->limits);
    free(regex);
}

static int fail_syntax(int error, size_t at, struct sl_err *err)
{
    PCRE2_UCHAR reason[160] = {0};

    (void)pcre2_get_error_message(error, reason, sizeof(reason));
    return sl_err_set(err, error == PCRE2_ERROR_HEAP_FAILED ? SL_ENOMEM : SL_EINVAL,
                      "no regular expression: %s, at byte %zu of what stands between the slashes",
                      (const char *)reason, at);
}

/* Anchored on both sides: a part of a name that matches would choose tables that nobody meant. */
static int compile(struct sl_table_regex *regex, const char *text, size_t len, struct sl_err *err)
{
    const uint32_t options =
        PCRE2_UTF | PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    int error = 0;
    size_t at = 0;

    regex->front = pcre2_compile((PCRE2_SPTR)text, len, options, &error, &at, NULL);
    if (regex->front != NULL) {
        regex->code =
            pcre2_compile((PCRE2_SPTR)text, len, options | PCRE2_ENDANCHORED, &error, &at, NULL);
    }
    if (regex->code == NULL) {
        return fail_syntax(error, at, err);
    }
    regex->limits = pcre2_match_context_create(NULL);
    if (regex->limits == NULL) {
        return SL_ENOMEM;
    }
    (void)pcre2_set_match_limit(regex->limits, SL_MATCH_LIMIT);
    return SL_OK;
}

int sl_table_regex_new(const char *pattern, struct sl_table_regex **out, struct sl_err *err)
{
    size_t len = strlen(pattern);
    struct sl_table_regex *regex;
    int rc;

    if (len < 3 || pattern[0] != '/' || pattern[len - 1] != '/') {
        return sl_err_set(err, SL_EINVAL,
                          "a regular expression stands between two slashes: \"/shop\\.order_.*/\"");
    }
    regex = calloc(1, sizeof(*regex));
    rc = regex != NULL ? compile(regex, pattern + 1, len - 2, err) : SL_ENOMEM;
    if (rc != SL_OK) {
        sl_table_regex_free(regex);
        return rc;
    }
    *out = regex;
    return SL_OK;
}

/* What PCRE2 says of DB.TABLE: a positive number for a match, or one of its errors. */
static int match(const pcre2_code *code, const struct sl_table_regex *regex, struct sl_span db,
                 struct sl_span table, uint32_t options)
{
    pcre2_match_data *data;
    uint8_t subject[SL_SUBJECT_MAX];
    int found;

    if (db.len >= sizeof(subject) || table.len >= sizeof(subject) - db.len) {
        return PCRE2_ERROR_NOMATCH; /* no server has such names */
    }
    data = pcre2_match_data_create(1, NULL);
    if (data == NULL) {
        return PCRE2_ERROR_NOMEMORY;
    }
    if (db.len > 0) {
        memcpy(subject, db.data, db.len);
    }
    subject[db.len] = '.';
    if (table.len > 0) {
        memcpy(subject + db.len + 1, table.data, table.len);
    }
    found = pcre2_match(code, subject, db.len + 1 + table.len, 0, options, data, regex->limits);
    pcre2_match_data_free(data);
    return found == 0 ? 1 : found; /* 0: a match with more groups than there is room for */
}

int sl_table_regex_match(const struct sl_table_regex *regex, struct sl_span db,
                         struct sl_span table)
{
    int found = match(regex->code, regex, db, table, 0);

    if (found > 0) {
        return SL_OK;
    }
    /* What is not UTF-8 is no name. */
    if (found == PCRE2_ERROR_NOMATCH ||
        (found <= PCRE2_ERROR_UTF8_ERR1 && found >= PCRE2_ERROR_UTF8_ERR21)) {
        return SL_DONE;
    }
    return found == PCRE2_ERROR_NOMEMORY ? SL_ENOMEM : SL_EINVAL;
}

/* A partial match says that a longer text could match. Whatever else goes wrong: it may. */
bool sl_table_regex_may_match_in(const struct sl_table_regex *regex, struct sl_span db)
{
    static const struct sl_span none = {0};

    return match(regex->front, regex, db, none, PCRE2_PARTIAL_HARD) != PCRE2_ERROR_NOMATCH;
}
