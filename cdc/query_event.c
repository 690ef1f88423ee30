#include "cdc/query_event.h"

enum {
    SL_QUERY_HEAD = 13, /* thread 4, time 4, length of db 1, error 2, length of variables 2 */
    SL_LOAD_HEAD =
        SL_QUERY_HEAD + 13, /* file 4, from 4, to 4: its name in the text, duplicates 1 */
};

static int parse(struct sl_span body, size_t head_bytes, struct sl_query_event *query,
                 struct sl_err *err)
{
    struct sl_query_event parsed = {0};
    struct sl_span head;
    int rc = sl_span_take(&body, head_bytes, &head);

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

int sl_query_event_parse(struct sl_span body, struct sl_query_event *query, struct sl_err *err)
{
    return parse(body, SL_QUERY_HEAD, query, err);
}

int sl_query_event_parse_load(struct sl_span body, struct sl_query_event *query, struct sl_err *err)
{
    return parse(body, SL_LOAD_HEAD, query, err);
}
