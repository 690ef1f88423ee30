#include "cdc/query_event.h"

#include <stdbool.h>
#include <strings.h>

enum { SL_QUERY_HEAD = 13 }; /* thread 4, time 4, length of db 1, error 2, length of variables 2 */

int sl_query_event_parse(struct sl_span body, struct sl_query_event *query, struct sl_err *err)
{
    struct sl_query_event parsed = {0};
    struct sl_span head;
    int rc = sl_span_take(&body, SL_QUERY_HEAD, &head);

    if (rc == SL_OK) {
        rc = sl_span_skip(&body, (size_t)sl_load_le(head.data + 11, 2));
    }
    if (rc == SL_OK) {
        rc = sl_span_take(&body, head.data[8], &parsed.db);
    }
    if (rc == SL_OK) {
        rc = sl_span_skip(&body, 1); /* the database's NUL */
    }
    if (rc != SL_OK) {
        return sl_err_set(err, rc, "the statement is cut off");
    }
    parsed.text = body;
    *query = parsed;
    return SL_OK;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_space(struct sl_span *rest)
{
    while (rest->len > 0 && is_space(rest->data[0])) {
        (void)!sl_span_skip(rest, 1);
    }
}

static bool is_word_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
           byte == '_' || byte == '$' || byte >= 0x80;
}

/* Takes WORD, in any case, and the space behind it off the front of *REST. */
static bool take_word(struct sl_span *rest, const char *word)
{
    size_t len = strlen(word);

    if (rest->len < len || strncasecmp((const char *)rest->data, word, len) != 0 ||
        (rest->len > len && is_word_byte(rest->data[len]))) {
        return false;
    }
    (void)!sl_span_skip(rest, len);
    skip_space(rest);
    return true;
}

static bool is_at_end(struct sl_span rest)
{
    return rest.len == 0 || rest.data[0] == ';';
}

static enum sl_query_kind xa_commit_kind(struct sl_span rest)
{
    skip_space(&rest);
    return take_word(&rest, "ONE") && take_word(&rest, "PHASE") ? SL_QUERY_XA_COMMIT_ONE_PHASE
                                                                : SL_QUERY_XA_COMMIT;
}

static enum sl_query_kind xa_kind(struct sl_span rest, struct sl_xid *xid)
{
    static const struct {
        const char *verb;
        enum sl_query_kind kind;
    } verbs[] = {
        {"START", SL_QUERY_XA_START},     {"BEGIN", SL_QUERY_XA_START},
        {"END", SL_QUERY_IGNORED},        {"PREPARE", SL_QUERY_XA_PREPARE},
        {"COMMIT", SL_QUERY_XA_COMMIT},   {"ROLLBACK", SL_QUERY_XA_ROLLBACK},
    };

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!take_word(&rest, verbs[i].verb)) {
            continue;
        }
        if (sl_xid_parse(xid, &rest) != SL_OK) {
            return SL_QUERY_STATEMENT;
        }
        return verbs[i].kind == SL_QUERY_XA_COMMIT ? xa_commit_kind(rest) : verbs[i].kind;
    }
    return SL_QUERY_STATEMENT;
}

/* "ROLLBACK" ends the transaction, "ROLLBACK TO x" and "ROLLBACK WORK TO x" do not. */
static enum sl_query_kind rollback_kind(struct sl_span rest)
{
    (void)take_word(&rest, "WORK");
    return take_word(&rest, "TO") ? SL_QUERY_IGNORED : SL_QUERY_ROLLBACK;
}

enum sl_query_kind sl_query_kind_of(struct sl_span text, struct sl_xid *xid)
{
    static const char dummy[] = "# Dummy event"; /* what MariaDB puts where an event was unwanted */

    skip_space(&text);
    if (text.len == 0) {
        return SL_QUERY_IGNORED;
    }
    switch (text.data[0] | 0x20) {
    case 'b':
        return take_word(&text, "BEGIN") && (is_at_end(text) || take_word(&text, "WORK"))
                   ? SL_QUERY_BEGIN
                   : SL_QUERY_STATEMENT;
    case 'c':
        return take_word(&text, "COMMIT") ? SL_QUERY_COMMIT : SL_QUERY_STATEMENT;
    case 'r':
        if (take_word(&text, "RELEASE")) {
            return SL_QUERY_IGNORED;
        }
        return take_word(&text, "ROLLBACK") ? rollback_kind(text) : SL_QUERY_STATEMENT;
    case 's':
        return take_word(&text, "SAVEPOINT") ? SL_QUERY_IGNORED : SL_QUERY_STATEMENT;
    case 'x':
        return take_word(&text, "XA") ? xa_kind(text, xid) : SL_QUERY_STATEMENT;
    case '#':
        return text.len >= strlen(dummy) && memcmp(text.data, dummy, strlen(dummy)) == 0
                   ? SL_QUERY_IGNORED
                   : SL_QUERY_STATEMENT;
    default:
        return SL_QUERY_STATEMENT;
    }
}
