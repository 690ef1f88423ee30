/* snapshot_rowless.c - tables whose rows are not in the sink: what becomes of them where others are
 * loaded. */
#include "cdc/base/clock.h"
#include "cdc/snapshot_private.h"

struct question {
    const struct sl_snapshot_load *load;
    enum sl_keeping keeping;
};

static int ask(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct question *question = user;

    (void)err;
    question->keeping = sl_reader_keeping(reader, question->load->db, question->load->name);
    return SL_OK;
}

int sl_snapshot_ask_keeping(const struct sl_snapshot_load *load, enum sl_keeping *keeping,
                            struct sl_err *err)
{
    struct question question = {.load = load};
    int rc = sl_reader_visit(load->worker->snapshot->options.reader, NULL, ask, &question, err);

    *keeping = question.keeping;
    return rc;
}

/* What changed unseen may be in the keys that others have filled: they fill them again. */
static int remove_others(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct sl_snapshot_load *load = user;

    return sl_snapshot_is_current(load) ? sl_reader_put_drop(reader, load->db, load->name, err)
                                        : SL_AGAIN;
}

/* What its readers have to know: from now on, or again, there is less in the stream than happened.
 */
static int put_gap(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct sl_snapshot_load *load = user;
    bool is_gap = strcmp(load->state.id, "gap") == 0;
    const struct sl_mark mark = {.kind = is_gap ? SL_MARK_GAP : SL_MARK_BEGIN,
                                 .db = load->db,
                                 .table = load->name,
                                 .reason = sl_buf_cstr(&load->state.reason)};

    if (!sl_snapshot_is_current(load)) {
        return SL_AGAIN;
    }
    if (is_gap || strcmp(load->state.id, "start") == 0) {
        int rc = sl_reader_put_mark(reader, &mark, err);

        if (rc != SL_OK) {
            return rc;
        }
    }
    load->state.phase = SL_LOAD_DONE;
    load->state.changed_ms = sl_clock_wall_ms(sl_clock_real());
    return sl_snapshot_put_state(reader, load->worker->store, load->db, load->name, &load->state);
}

int sl_snapshot_end_without_rows(struct sl_snapshot_load *load, enum sl_keeping keeping,
                                 struct sl_err *err)
{
    struct sl_reader *reader = load->worker->snapshot->options.reader;
    int rc;

    if (keeping == SL_KEEPS_CHANGES) {
        return sl_reader_visit(reader, NULL, put_gap, load, err);
    }
    rc = sl_reader_visit(reader, NULL, remove_others, load, err);
    return rc == SL_OK ? sl_snapshot_finish(load, SL_LOAD_DONE,
                                            "its keys were removed, as others fill them", err)
                       : rc;
}
