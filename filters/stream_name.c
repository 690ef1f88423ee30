#include "filters/stream_name.h"

#include <stdbool.h>
#include <string.h>

#include "filters/key_name.h"
#include "filters/key_text.h"

static int refuse(const struct sl_key_token *token, struct sl_err *err)
{
    return sl_err_set(err, SL_EINVAL,
                      "the name of a stream is made of {db} and {table}; {%.*s} is neither, as all "
                      "rows of a table go into one stream",
                      (int)token->text.len, (const char *)token->text.data);
}

int sl_stream_name_check(const char *text, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc;

    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        rc = token.is_placeholder && !sl_key_is_name(&token) ? refuse(&token, err)
                                                             : sl_key_check_name(&token, err);
        if (rc != SL_OK) {
            return rc;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_stream_name_add(const char *text, struct sl_span db, struct sl_span table,
                       struct sl_buf *out, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    struct sl_key_token token;
    int rc;

    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        rc = token.is_placeholder ? sl_key_add_name(&token, db, table, out, err)
                                  : sl_buf_add(out, token.text.data, token.text.len);
        if (rc != SL_OK) {
            return rc;
        }
    }
    return rc == SL_DONE ? SL_OK : rc;
}
