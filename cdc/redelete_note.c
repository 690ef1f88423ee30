#include "cdc/redelete_note.h"

#include "cdc/reread_note.h"
#include "cdc/resp.h"

enum { SL_DUE_DIGITS = 13 }; /* of milliseconds since 1970, until the year 2286 */

int sl_redelete_scope_format(struct sl_span db, struct sl_span table, struct sl_buf *out)
{
    return sl_reread_scope_format(db, table, out);
}

/* Names have no raw dots: one that ends the scope leaves no table. */
static bool is_database(struct sl_span scope)
{
    return scope.len > 1 && memchr(scope.data, '.', scope.len) == scope.data + scope.len - 1;
}

int sl_redelete_scope_parse(struct sl_span scope, struct sl_buf *db, struct sl_buf *table)
{
    int rc = sl_reread_scope_parse(scope, db, table);

    return rc == SL_EFORMAT && is_database(scope) && db->len > 0 ? SL_OK : rc;
}

int sl_redelete_note_parse(struct sl_span member, struct sl_redelete_note *note)
{
    const uint8_t *space = memchr(member.data, ' ', member.len);
    size_t len = space != NULL ? (size_t)(space - member.data) : member.len;

    if (len == 0 || (space != NULL && len + 1 == member.len)) {
        return SL_EFORMAT;
    }
    note->scope = sl_span_make(member.data, len);
    note->key = space != NULL ? sl_span_make(space + 1, member.len - len - 1) : (struct sl_span){0};
    return SL_OK;
}

static int add_member(struct sl_buf *out, const struct sl_redelete_note *note)
{
    size_t len = note->scope.len + (note->key.len > 0 ? 1 + note->key.len : 0);
    size_t start = 0;
    int rc = sl_resp_begin(out, len, &start);

    rc = rc == SL_OK ? sl_buf_add(out, note->scope.data, note->scope.len) : rc;
    if (note->key.len > 0) {
        rc = rc == SL_OK ? sl_buf_add_byte(out, ' ') : rc;
        rc = rc == SL_OK ? sl_buf_add(out, note->key.data, note->key.len) : rc;
    }
    return rc == SL_OK ? sl_resp_end(out, len, start) : rc;
}

static void write_due(uint8_t *out, uint64_t due_ms)
{
    for (int i = SL_DUE_DIGITS - 1; i >= 0; i--, due_ms /= 10) {
        out[i] = (uint8_t)('0' + due_ms % 10);
    }
}

static int add_front(struct sl_buf *out, struct sl_span set, uint64_t due_ms)
{
    uint8_t due[SL_DUE_DIGITS];
    int rc = sl_resp_array(out, 4);

    write_due(due, due_ms);
    rc = rc == SL_OK ? sl_resp_text(out, "ZADD") : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, set.data, set.len) : rc;
    return rc == SL_OK ? sl_resp_bulk(out, due, sizeof(due)) : rc;
}

int sl_redelete_add(struct sl_buf *out, struct sl_span set, uint64_t due_ms,
                    const struct sl_redelete_note *note)
{
    size_t before = out->len;
    int rc = add_front(out, set, due_ms);

    rc = rc == SL_OK ? add_member(out, note) : rc;
    if (rc != SL_OK) {
        out->len = before;
    }
    return rc;
}

bool sl_redelete_put_off(uint8_t *command, size_t len, struct sl_span set, uint64_t due_ms)
{
    struct sl_buf front = {0};
    size_t same = 0;
    bool is_note = false;

    if (add_front(&front, set, 0) == SL_OK && len > front.len) {
        same = front.len - SL_DUE_DIGITS - 2;
        is_note = memcmp(command, front.data, same) == 0;
    }
    sl_buf_release(&front);
    if (is_note) {
        write_due(command + same, due_ms);
    }
    return is_note;
}
