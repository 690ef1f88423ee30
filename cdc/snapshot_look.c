/*
 * snapshot_look.c - which notes the sink has: those of earlier lives, and, when some had been too
 * many to be kept in memory, those of this one.
 */
#include "cdc/snapshot_private.h"

enum { SL_PASS_MS = 5 }; /* between two looks whether the sink has all */

struct page {
    struct sl_snapshot_worker *worker;
    struct sl_buf bytes; /* fields and values, one behind another */
    struct sl_buf ends;  /* of each: size_t */
    bool is_last;
    uint64_t look;
    uint64_t mark;
};

static void release(struct page *page)
{
    sl_buf_release(&page->bytes);
    sl_buf_release(&page->ends);
}

static int add_text(struct page *page, struct sl_span text)
{
    int rc = sl_buf_add(&page->bytes, text.data, text.len);
    size_t end = page->bytes.len;

    return rc == SL_OK ? sl_buf_add(&page->ends, &end, sizeof(end)) : rc;
}

static int on_field(void *user, struct sl_span name, struct sl_span value)
{
    int rc = add_text(user, name);

    return rc == SL_OK ? add_text(user, value) : rc;
}

static size_t end_of(const struct page *page, size_t number)
{
    size_t end;

    memcpy(&end, page->ends.data + number * sizeof(end), sizeof(end));
    return end;
}

static struct sl_span text_of(const struct page *page, size_t number)
{
    size_t begin = number > 0 ? end_of(page, number - 1) : 0;

    return sl_span_make(page->bytes.data + begin, end_of(page, number) - begin);
}

/* The note of a table that waits to be loaded is of no use. */
static int take_note(struct sl_reader *reader, struct sl_span field, struct sl_span cells,
                     struct sl_snapshot_fields *removed)
{
    struct sl_rereads *rereads = sl_reader_rereads(reader);
    struct sl_reread_note note = {.cells = cells};
    int rc = sl_reread_field_parse(field, &note);

    if (rc == SL_OK && sl_rereads_find(rereads, note.scope, note.key) != NULL) {
        return SL_OK;
    }
    if (rc == SL_EFORMAT || !sl_rereads_wants(rereads, note.scope)) {
        return sl_snapshot_add_field(removed, field);
    }
    rc = rc == SL_OK ? sl_rereads_add(rereads, &note) : rc;
    return rc == SL_OK && sl_rereads_overrun(rereads) != NULL ? sl_reader_put_overrun(reader) : rc;
}

static int take_page(struct sl_reader *reader, void *user, struct sl_err *err)
{
    const struct page *page = user;
    struct sl_rereads *rereads = sl_reader_rereads(reader);
    struct sl_snapshot_fields removed = {0};
    size_t count = page->ends.len / sizeof(size_t);
    int rc = SL_OK;

    (void)err;
    sl_rereads_begin(rereads, false);
    for (size_t i = 0; rc == SL_OK && i < count; i += 2) {
        rc = take_note(reader, text_of(page, i), text_of(page, i + 1), &removed);
    }
    rc = rc == SL_OK
             ? sl_snapshot_put_removals(reader, sl_rereads_options(rereads)->hash_key, &removed)
             : rc;
    sl_snapshot_fields_release(&removed);
    if (rc == SL_OK && page->is_last) {
        sl_rereads_end_look(rereads, page->look);
    }
    return rc;
}

static int begin(struct sl_reader *reader, void *user, struct sl_err *err)
{
    struct page *page = user;

    (void)err;
    page->look = sl_rereads_begin_look(sl_reader_rereads(reader));
    page->mark = sl_reader_mark(reader);
    return SL_OK;
}

/* What has been noted so far, in this life, too, is in the sink. */
static int wait_for_sink(struct page *page, struct sl_err *err)
{
    struct sl_snapshot *snapshot = page->worker->snapshot;
    int rc = sl_reader_visit(snapshot->options.reader, NULL, begin, page, err);

    while (rc == SL_OK && !sl_reader_has_passed(snapshot->options.reader, page->mark)) {
        if (sl_snapshot_is_stopped(snapshot)) {
            return sl_err_set(err, SL_ESTOPPED, "the loading of tables was stopped");
        }
        sl_snapshot_rest(snapshot, SL_PASS_MS);
    }
    return rc;
}

int sl_snapshot_look_for_notes(struct sl_snapshot_worker *worker, struct sl_err *err)
{
    struct sl_load_store *store = worker->store;
    struct page page = {.worker = worker};
    uint64_t cursor = 0;
    int rc = wait_for_sink(&page, err);

    while (rc == SL_OK && !page.is_last) {
        sl_buf_clear(&page.bytes);
        sl_buf_clear(&page.ends);
        rc = sl_snapshot_of_store(store->ops->rereads(store, &cursor, on_field, &page, err));
        page.is_last = cursor == 0;
        rc = rc == SL_OK
                 ? sl_reader_visit(worker->snapshot->options.reader, NULL, take_page, &page, err)
                 : rc;
    }
    release(&page);
    return rc;
}
