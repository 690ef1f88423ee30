#include "cdc/rule_book.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/base/hash.h"
#include "cdc/load_state.h"
#include "cdc/reader_visit.h"
#include "cdc/resp.h"
#include "cdc/rule_book_private.h"

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static struct sl_span span_of_text(const char *text)
{
    return sl_span_make(text, strlen(text));
}

/* ---- life ---- */

struct sl_rule_book *sl_rule_book_new(const struct sl_rule_book_options *options)
{
    struct sl_rule_book *book = calloc(1, sizeof(*book));

    if (book != NULL) {
        book->options = *options;
    }
    return book;
}

static void free_chain(struct sl_rule_entry *entry)
{
    while (entry != NULL) {
        struct sl_rule_entry *next = entry->chain;

        sl_buf_release(&entry->field);
        free(entry);
        entry = next;
    }
}

void sl_rule_book_free(struct sl_rule_book *book)
{
    if (book == NULL) {
        return;
    }
    for (size_t i = 0; i < SL_RULE_BOOK_SLOTS; i++) {
        free_chain(book->slots[i]);
    }
    free(book);
}

void sl_rule_book_interrupt(struct sl_rule_book *book)
{
    book->options.store->ops->interrupt(book->options.store);
}

/* ---- the tables ---- */

static struct sl_rule_entry **slot_of(struct sl_rule_book *book, struct sl_span field)
{
    return &book->slots[sl_hash_bytes(field.data, field.len, 0) % SL_RULE_BOOK_SLOTS];
}

struct sl_rule_entry *sl_rule_book_find(const struct sl_rule_book *book, struct sl_span field)
{
    size_t slot = sl_hash_bytes(field.data, field.len, 0) % SL_RULE_BOOK_SLOTS;
    struct sl_rule_entry *entry = book->slots[slot];

    while (entry != NULL && (entry->field.len != field.len ||
                             memcmp(entry->field.data, field.data, field.len) != 0)) {
        entry = entry->chain;
    }
    return entry;
}

struct sl_rule_entry *sl_rule_book_add(struct sl_rule_book *book, struct sl_span field)
{
    struct sl_rule_entry **slot = slot_of(book, field);
    struct sl_rule_entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL || sl_buf_add(&entry->field, field.data, field.len) != SL_OK) {
        free(entry);
        return NULL;
    }
    entry->chain = *slot;
    *slot = entry;
    return entry;
}

/* A table that is not known yet: is it to be loaded? Not if all that the rules choose now was
 * listed before it came, nor if nobody knows what they chose. */
static bool is_news(const struct sl_rule_book *book)
{
    return book->was_listed && !atomic_load(&book->is_settled);
}

static struct sl_rule_entry *find_or_add(struct sl_rule_book *book, struct sl_span field)
{
    struct sl_rule_entry *entry = sl_rule_book_find(book, field);

    if (entry == NULL) {
        entry = sl_rule_book_add(book, field);
        if (entry != NULL) {
            entry->is_stale = is_news(book);
        }
    }
    return entry;
}

/* ---- commands ---- */

int sl_rule_book_format(const struct sl_rule_book *book, struct sl_span field,
                        const struct sl_rule_record *record, struct sl_buf *out)
{
    struct sl_buf value = {0};
    int rc = sl_rule_record_format(record, &value);

    rc = rc == SL_OK ? sl_resp_array(out, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(out, "HSET") : rc;
    rc = rc == SL_OK ? sl_resp_text(out, book->options.store->rules_key) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, field.data, field.len) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(out, value.data, value.len) : rc;
    sl_buf_release(&value);
    return rc;
}

/* SL_DONE: no rule chooses the table, so there is none. */
static int format_entry(const struct sl_rule_book *book, const struct sl_rule_entry *entry,
                        struct sl_buf *out, struct sl_err *err)
{
    const struct sl_rule_judge *judge = book->options.judge;
    struct sl_rule_record record = {0};
    struct sl_buf table = {0};
    struct sl_buf db = {0};
    int rc = sl_load_field_parse(span_of(&entry->field), &db, &table);

    rc = rc == SL_OK ? judge->ops->record(judge, span_of(&db), span_of(&table), &record, err) : rc;
    record.pk_count = entry->pk_count;
    record.is_stale = entry->is_stale;
    rc = rc == SL_OK ? sl_rule_book_format(book, span_of(&entry->field), &record, out) : rc;
    sl_rule_record_release(&record);
    sl_buf_release(&db);
    sl_buf_release(&table);
    return rc;
}

/* ---- notes ---- */

static void note(struct sl_rule_book *book, struct sl_rule_entry *entry)
{
    if (!entry->is_noted) {
        entry->is_noted = true;
        entry->next_note = book->notes;
        book->notes = entry;
    }
}

int sl_rule_book_note(struct sl_rule_book *book, const struct sl_table *table)
{
    struct sl_rule_entry *entry = NULL;
    struct sl_buf field = {0};
    bool is_known = false;
    int rc = sl_load_field_format(table->db, table->name, &field);

    if (rc == SL_OK) {
        is_known = sl_rule_book_find(book, span_of(&field)) != NULL;
        entry = find_or_add(book, span_of(&field));
        rc = entry != NULL ? SL_OK : SL_ENOMEM;
    }
    if (rc == SL_OK && (!is_known || entry->pk_count != table->key_count)) {
        entry->pk_count = table->key_count;
        note(book, entry);
    }
    sl_buf_release(&field);
    return rc;
}

bool sl_rule_book_has_notes(const struct sl_rule_book *book)
{
    return book->notes != NULL;
}

static int flush_one(struct sl_rule_book *book, const struct sl_rule_entry *entry,
                     struct sl_batch *batch, struct sl_err *err)
{
    struct sl_buf command = {0};
    int rc = format_entry(book, entry, &command, err);

    if (rc == SL_OK) {
        rc = sl_batch_add_commands(batch, span_of_text(book->options.store->rules_key),
                                   span_of(&command), 1);
    }
    sl_buf_release(&command);
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_rule_book_flush(struct sl_rule_book *book, struct sl_batch *batch, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && book->notes != NULL) {
        struct sl_rule_entry *entry = book->notes;

        rc = flush_one(book, entry, batch, err);
        if (rc == SL_OK) {
            book->notes = entry->next_note;
            entry->is_noted = false;
        }
    }
    return rc;
}

/* ---- settling ---- */

bool sl_rule_book_is_settled(const struct sl_rule_book *book)
{
    return atomic_load(&book->is_settled);
}

int sl_rule_book_judge(const struct sl_rule_book *book, struct sl_span db, struct sl_span table,
                       bool *must_load)
{
    const struct sl_rule_entry *entry;
    struct sl_buf field = {0};
    int rc = sl_load_field_format(db, table, &field);

    if (rc == SL_OK) {
        entry = sl_rule_book_find(book, span_of(&field));
        *must_load = entry != NULL ? entry->is_stale : is_news(book);
        rc = entry != NULL && !entry->is_stale ? SL_DONE : SL_OK;
    }
    sl_buf_release(&field);
    return rc;
}

int sl_rule_book_settle(struct sl_rule_book *book, struct sl_reader *reader, struct sl_span db,
                        struct sl_span table, struct sl_err *err)
{
    struct sl_rule_entry *entry = NULL;
    struct sl_buf command = {0};
    struct sl_buf field = {0};
    int rc = sl_load_field_format(db, table, &field);

    if (rc == SL_OK) {
        entry = find_or_add(book, span_of(&field));
        rc = entry != NULL ? SL_OK : SL_ENOMEM;
    }
    if (rc == SL_OK) {
        entry->is_stale = false;
        rc = format_entry(book, entry, &command, err);
    }
    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, span_of_text(book->options.store->rules_key),
                                    span_of(&command), 1);
    }
    sl_buf_release(&command);
    sl_buf_release(&field);
    return rc == SL_DONE ? SL_OK : rc;
}

int sl_rule_book_end_settling(struct sl_rule_book *book, struct sl_reader *reader)
{
    const struct sl_rule_judge *judge = book->options.judge;
    struct sl_rule_record all = {0};
    struct sl_buf command = {0};
    int rc = judge->ops->digest(judge, all.digest);

    rc = rc == SL_OK ? sl_rule_book_format(book, span_of_text(SL_LOAD_ALL), &all, &command) : rc;
    if (rc == SL_OK) {
        rc = sl_reader_put_commands(reader, span_of_text(book->options.store->rules_key),
                                    span_of(&command), 1);
    }
    sl_buf_release(&command);
    if (rc == SL_OK) {
        atomic_store(&book->is_settled, true);
    }
    return rc;
}
