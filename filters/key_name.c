#include "filters/key_name.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    SL_REWRITTEN_MAX = 1024,   /* bytes of a name, rewritten */
    SL_REWRITE_STEPS = 200000, /* of backtracking: some milliseconds */
};

bool sl_key_is_name(const struct sl_key_token *token)
{
    return token->is_placeholder &&
           (sl_span_equals(token->text, "db") || sl_span_equals(token->text, "table"));
}

static int fail(const struct sl_key_token *token, int error, struct sl_err *err)
{
    PCRE2_UCHAR reason[160] = {0};

    if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED) {
        return SL_ENOMEM;
    }
    (void)pcre2_get_error_message(error, reason, sizeof(reason));
    return sl_err_set(
        err, SL_EINVAL,
        "a key template rewrites {%.*s:/REGEX/REPLACEMENT/} by what cannot be used: %s",
        (int)token->text.len, (const char *)token->text.data, (const char *)reason);
}

static int compile(const struct sl_key_token *token, pcre2_code **code, struct sl_err *err)
{
    size_t at = 0;
    int error = 0;

    *code = pcre2_compile((PCRE2_SPTR)token->regex.data, token->regex.len,
                          PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &error, &at,
                          NULL);
    return *code != NULL ? SL_OK : fail(token, error, err);
}

int sl_key_check_name(const struct sl_key_token *token, struct sl_err *err)
{
    pcre2_code *code = NULL;
    int rc = token->is_rewritten ? compile(token, &code, err) : SL_OK;

    pcre2_code_free(code);
    return rc;
}

static int rewrite(const struct sl_key_token *token, const pcre2_code *code, struct sl_span name,
                   struct sl_buf *out, struct sl_err *err)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    uint8_t text[SL_REWRITTEN_MAX];
    size_t len = sizeof(text);
    int done;

    if (limits == NULL) {
        return SL_ENOMEM;
    }
    (void)pcre2_set_match_limit(limits, SL_REWRITE_STEPS);
    done = pcre2_substitute(code, name.data, name.len, 0, PCRE2_SUBSTITUTE_UNSET_EMPTY, NULL,
                            limits, token->replacement.data, token->replacement.len, text, &len);
    pcre2_match_context_free(limits);
    return done >= 0 ? sl_buf_add(out, text, len) : fail(token, done, err);
}

static int add_rewritten(const struct sl_key_token *token, struct sl_span name, struct sl_buf *out,
                         struct sl_err *err)
{
    pcre2_code *code = NULL;
    int rc = compile(token, &code, err);

    if (rc == SL_OK) {
        rc = rewrite(token, code, name, out, err);
        pcre2_code_free(code);
    }
    return rc;
}

int sl_key_add_name(const struct sl_key_token *token, struct sl_span db, struct sl_span table,
                    struct sl_buf *out, struct sl_err *err)
{
    struct sl_span name = sl_span_equals(token->text, "db") ? db : table;
    size_t at = out->len;
    int rc = token->is_rewritten ? add_rewritten(token, name, out, err)
                                 : sl_buf_add(out, name.data, name.len);

    return rc == SL_OK ? sl_key_escape(out, at) : rc;
}
