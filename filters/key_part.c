#include "filters/key_part.h"

#include "filters/key_text.h"

/* ---- the text ---- */

/* Which placeholder stands before, with nothing behind it that no value holds. */
enum sl_key_open {
    SL_OPEN_NONE,
    SL_OPEN_PART,
    SL_OPEN_OTHER,
};

/* ":" "{" "}" are percent-encoded in values. */
static bool parts_values(struct sl_span literal)
{
    for (size_t i = 0; i < literal.len; i++) {
        if (literal.data[i] != '%' && sl_key_is_special(literal.data[i])) {
            return true;
        }
    }
    return false;
}

static int check_place(const struct sl_key_token *token, enum sl_key_open *open, struct sl_err *err)
{
    enum sl_key_open here = sl_key_is_part(token) ? SL_OPEN_PART : SL_OPEN_OTHER;

    if (!token->is_placeholder) {
        *open = parts_values(token->text) ? SL_OPEN_NONE : *open;
        return SL_OK;
    }
    if (*open != SL_OPEN_NONE && (*open == SL_OPEN_PART || here == SL_OPEN_PART)) {
        return sl_err_set(err, SL_EINVAL,
                          "{part} is not parted from other placeholders, so that two rows could "
                          "get the same key: put \":\" between them");
    }
    *open = here;
    return SL_OK;
}

int sl_key_without_part(const char *text, struct sl_buf *out, struct sl_err *err)
{
    struct sl_span rest = sl_span_make(text, strlen(text));
    const uint8_t *from = rest.data;
    struct sl_key_token token;
    enum sl_key_open open = SL_OPEN_NONE;
    unsigned count = 0;
    int rc;

    while ((rc = sl_key_next(&rest, &token, err)) == SL_OK) {
        count += sl_key_is_part(&token);
        rc = check_place(&token, &open, err);
        rc = rc == SL_OK && !sl_key_is_part(&token)
                 ? sl_buf_add(out, from, (size_t)(rest.data - from))
                 : rc;
        if (rc != SL_OK) {
            return rc;
        }
        from = rest.data;
    }
    if (count > 1) {
        return sl_err_set(err, SL_EINVAL, "{part} stands in a key template twice: remove one");
    }
    return rc == SL_DONE && count == 1 ? SL_OK : rc;
}

/* ---- keys ---- */

/* The piece that is the part's name: there is one. */
static size_t find_name(const struct sl_key *key)
{
    size_t at = 0;

    while (at < key->count && key->parts[at].column != SL_KEY_PART_NAME) {
        at++;
    }
    return at;
}

int sl_key_render_part(const struct sl_part_place *place, struct sl_span name, struct sl_buf *out,
                       struct sl_err *err)
{
    size_t at = find_name(place->key);
    struct sl_key front = *place->key;
    struct sl_key back = *place->key;
    size_t begin;
    int rc;

    front.count = at;
    back.parts += at + 1;
    back.count -= at + 1;
    rc = sl_key_render(&front, place->table, place->cells, place->fallback, out, err);
    begin = out->len;
    rc = rc == SL_OK ? sl_buf_add(out, name.data, name.len) : rc;
    rc = rc == SL_OK ? sl_key_escape(out, begin) : rc;
    return rc == SL_OK ? sl_key_render(&back, place->table, place->cells, place->fallback, out, err)
                       : rc;
}
