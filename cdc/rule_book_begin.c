/*
 * rule_book_begin.c - what becomes of the tables that the sink has a record of.
 *
 * First all that goes is removed, by one walk through the keys, then the rest is noted. A crash in
 * between leaves the old records: the same is found and done again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cdc/key_union.h"
#include "cdc/load_state.h"
#include "cdc/reader_private.h"
#include "cdc/reader_visit.h"
#include "cdc/resp.h"
#include "cdc/rule_book_private.h"

enum { SL_TABLES_SAID = 20 }; /* by name, of those that something becomes of */

/* A field that the sink has. */
struct found {
    struct found *next;
    struct sl_buf field;
    struct sl_buf db;
    struct sl_buf table;
    struct sl_rule_record record;
    bool is_unreadable;
    enum sl_rule_fate fate;
    bool is_shared; /* its keys, which go, may be other tables', too */
};

struct beginning {
    struct sl_rule_book *book;
    struct sl_reader *reader;
    struct found *all;
    struct sl_key_pattern *purge; /* NULL: no key goes */
    struct sl_rule_book_counts counts;
    size_t said;
    struct sl_err *err;
};

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static struct sl_span span_of_text(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void free_found(struct found *found)
{
    sl_buf_release(&found->field);
    sl_buf_release(&found->db);
    sl_buf_release(&found->table);
    sl_rule_record_release(&found->record);
    free(found);
}

static void release(struct beginning *begin)
{
    while (begin->all != NULL) {
        struct found *next = begin->all->next;

        free_found(begin->all);
        begin->all = next;
    }
    if (begin->purge != NULL) {
        begin->purge->free(begin->purge);
    }
}

static void say(struct beginning *begin, const struct found *found, const char *what)
{
    const struct sl_rule_book_options *options = &begin->book->options;
    char text[512];

    if (options->notice == NULL || begin->said++ >= SL_TABLES_SAID) {
        return;
    }
    (void)snprintf(text, sizeof(text), "table %.*s.%.*s %s", (int)found->db.len,
                   (const char *)found->db.data, (int)found->table.len,
                   (const char *)found->table.data, what);
    options->notice(options->user, false, text);
}

/* ---- what the sink has ---- */

/* The record of all tables. What cannot be read says that it is of other rules. */
static int take_digest(struct sl_rule_book *book, struct sl_span value)
{
    const struct sl_rule_judge *judge = book->options.judge;
    char now[SL_RULE_DIGEST_LEN + 1];
    struct sl_rule_record all = {0};
    int parsed = sl_rule_record_parse(&all, value);
    int rc = parsed == SL_ENOMEM ? parsed : judge->ops->digest(judge, now);

    book->was_listed = true;
    if (rc == SL_OK) {
        atomic_store(&book->is_settled, parsed == SL_OK && strcmp(all.digest, now) == 0);
    }
    sl_rule_record_release(&all);
    return rc;
}

static int fill(struct found *found, struct sl_span name, struct sl_span value)
{
    int rc = sl_buf_add(&found->field, name.data, name.len);

    rc = rc == SL_OK ? sl_load_field_parse(name, &found->db, &found->table) : rc;
    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_rule_record_parse(&found->record, value);
    found->is_unreadable = rc == SL_EFORMAT;
    return rc == SL_EFORMAT ? SL_OK : rc;
}

/* A field that names no table is nobody's. */
static int on_field(void *user, struct sl_span name, struct sl_span value)
{
    struct beginning *begin = user;
    struct found *found;
    int rc;

    if (sl_span_equals(name, SL_LOAD_ALL)) {
        return take_digest(begin->book, value);
    }
    found = calloc(1, sizeof(*found));
    if (found == NULL) {
        return SL_ENOMEM;
    }
    rc = fill(found, name, value);
    if (rc != SL_OK) {
        free_found(found);
        return rc == SL_EFORMAT ? SL_OK : rc;
    }
    found->next = begin->all;
    begin->all = found;
    return SL_OK;
}

/* ---- what becomes of it ---- */

/* Of keys that stay, those of a table that is not chosen are old, whoever wants them to go. */
static bool is_settled(const struct beginning *begin, const struct found *found)
{
    return found->fate == SL_RULE_GONE && found->record.is_stale &&
           !begin->book->options.removes_dropped;
}

static int judge(struct beginning *begin, struct found *found)
{
    const struct sl_rule_judge *judge = begin->book->options.judge;
    struct sl_rule_change change = {.fate = SL_RULE_SAME};
    int rc = judge->ops->compare(judge, span_of(&found->db), span_of(&found->table), &found->record,
                                 &change, begin->err);
    bool goes;

    if (rc != SL_OK) {
        return rc;
    }
    found->fate = change.fate;
    found->is_shared = change.is_shared;
    if (found->is_unreadable && change.fate != SL_RULE_GONE) {
        found->fate = SL_RULE_LOAD;
    }
    goes = found->fate == SL_RULE_PURGE ||
           (found->fate == SL_RULE_GONE && begin->book->options.removes_dropped);
    if (change.purge == NULL) {
        return SL_OK;
    }
    if (!goes) {
        change.purge->free(change.purge);
        return SL_OK;
    }
    begin->purge = sl_key_pattern_join(begin->purge, change.purge);
    return begin->purge != NULL ? SL_OK : SL_ENOMEM;
}

static bool have_common_template(const struct found *a, const struct found *b)
{
    for (size_t i = 0; i < a->record.template_count; i++) {
        for (size_t j = 0; j < b->record.template_count; j++) {
            const struct sl_buf *one = &a->record.templates[i];
            const struct sl_buf *other = &b->record.templates[j];

            if (one->len == other->len && memcmp(one->data, other->data, one->len) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Keys of tables whose rule is the same go with those of one that nothing tells them from. */
static void spread(const struct beginning *begin, const struct found *purged)
{
    for (struct found *found = begin->all; found != NULL; found = found->next) {
        if (found->fate == SL_RULE_SAME && have_common_template(found, purged)) {
            found->fate = SL_RULE_LOAD;
        }
    }
}

static int judge_all(struct beginning *begin)
{
    int rc = SL_OK;

    for (struct found *found = begin->all; rc == SL_OK && found != NULL; found = found->next) {
        rc = judge(begin, found);
    }
    for (struct found *found = begin->all; rc == SL_OK && found != NULL; found = found->next) {
        if (found->fate == SL_RULE_PURGE && found->is_shared) {
            spread(begin, found);
        }
    }
    return rc;
}

/* ---- and is put ---- */

static int put_removal(const struct beginning *begin, const char *key, const struct found *found)
{
    struct sl_buf command = {0};
    int rc = sl_resp_array(&command, 3);

    rc = rc == SL_OK ? sl_resp_text(&command, "HDEL") : rc;
    rc = rc == SL_OK ? sl_resp_text(&command, key) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(&command, found->field.data, found->field.len) : rc;
    if (rc == SL_OK) {
        rc = sl_reader_put_commands(begin->reader, span_of_text(key), span_of(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

static int put_record(const struct beginning *begin, const struct found *found,
                      const struct sl_rule_record *record)
{
    struct sl_buf command = {0};
    int rc = sl_rule_book_format(begin->book, span_of(&found->field), record, &command);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(begin->reader,
                                    span_of_text(begin->book->options.store->rules_key),
                                    span_of(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

static int format_state(const struct beginning *begin, const struct found *found,
                        struct sl_buf *command)
{
    uint64_t now = sl_clock_wall_ms(sl_clock_real());
    struct sl_load_state state = {.phase = SL_LOAD_WAITING,
                                  .rate = begin->book->options.rate,
                                  .began_ms = now,
                                  .changed_ms = now,
                                  .id = "rule"};
    struct sl_buf value = {0};
    int rc = sl_buf_add_str(&state.reason, "its rule changed");

    rc = rc == SL_OK ? sl_load_state_format(&state, &value) : rc;
    rc = rc == SL_OK ? sl_resp_array(command, 4) : rc;
    rc = rc == SL_OK ? sl_resp_text(command, "HSET") : rc;
    rc = rc == SL_OK ? sl_resp_text(command, begin->book->options.store->state_key) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(command, found->field.data, found->field.len) : rc;
    rc = rc == SL_OK ? sl_resp_bulk(command, value.data, value.len) : rc;
    sl_buf_release(&value);
    sl_load_state_release(&state);
    return rc;
}

/* Before the record: of the two it alone may be there. */
static int put_waiting(const struct beginning *begin, const struct found *found)
{
    struct sl_buf command = {0};
    int rc = format_state(begin, found, &command);

    if (rc == SL_OK) {
        rc = sl_reader_put_commands(begin->reader,
                                    span_of_text(begin->book->options.store->state_key),
                                    span_of(&command), 1);
    }
    sl_buf_release(&command);
    return rc;
}

static int put_changed(struct beginning *begin, const struct found *found)
{
    const struct sl_rule_judge *judge = begin->book->options.judge;
    struct sl_rule_record record = {0};
    int rc =
        judge->ops->record(judge, span_of(&found->db), span_of(&found->table), &record, begin->err);

    record.pk_count = found->record.pk_count;
    rc = rc == SL_OK ? put_waiting(begin, found) : rc;
    rc = rc == SL_OK ? put_record(begin, found, &record) : rc;
    sl_rule_record_release(&record);
    begin->counts.changed++;
    say(begin, found,
        found->fate == SL_RULE_PURGE ? "is under another rule: its old keys are removed, and it is "
                                       "loaded again, continuing"
                                     : "is under another rule: it is loaded again, continuing");
    return rc;
}

/* Of a record that cannot be read nothing is left to be done later. */
static int put_left(struct beginning *begin, struct found *found)
{
    begin->counts.left++;
    say(begin, found,
        "is chosen by no rule any more: its keys stay as they are (\"on_drop\": \"remove\" removes "
        "them), continuing");
    if (found->is_unreadable) {
        return put_removal(begin, begin->book->options.store->rules_key, found);
    }
    found->record.is_stale = true;
    return put_record(begin, found, &found->record);
}

static int put_gone(struct beginning *begin, struct found *found)
{
    int rc;

    if (begin->book->options.removes_dropped) {
        begin->counts.removed++;
        say(begin, found,
            found->is_unreadable || found->is_shared
                ? "is chosen by no rule any more, and its keys cannot be told from others: those "
                  "that a rule still makes stay, continuing"
                : "is chosen by no rule any more: its keys are removed, continuing");
        rc = put_removal(begin, begin->book->options.store->rules_key, found);
    } else {
        rc = put_left(begin, found);
    }
    return rc == SL_OK ? put_removal(begin, begin->book->options.store->state_key, found) : rc;
}

static int keep(const struct beginning *begin, const struct found *found)
{
    struct sl_rule_entry *entry = sl_rule_book_add(begin->book, span_of(&found->field));

    if (entry != NULL) {
        entry->pk_count = found->record.pk_count;
    }
    return entry != NULL ? SL_OK : SL_ENOMEM;
}

static int put(struct beginning *begin, struct found *found)
{
    int rc;

    if (found->fate == SL_RULE_GONE) {
        return is_settled(begin, found) ? SL_OK : put_gone(begin, found);
    }
    rc = keep(begin, found);
    return rc == SL_OK && found->fate != SL_RULE_SAME ? put_changed(begin, found) : rc;
}

static int put_all(struct beginning *begin)
{
    int rc = SL_OK;

    if (begin->purge != NULL) {
        struct sl_key_pattern *purge = begin->purge;

        begin->purge = NULL;
        rc = sl_reader_purge(begin->reader, purge);
    }
    for (struct found *found = begin->all; rc == SL_OK && found != NULL; found = found->next) {
        rc = put(begin, found);
    }
    return rc;
}

static void tell(const struct beginning *begin)
{
    const struct sl_rule_book_options *options = &begin->book->options;

    if (options->begun != NULL) {
        options->begun(options->user, &begin->counts);
    }
}

int sl_rule_book_begin(struct sl_rule_book *book, struct sl_reader *reader, struct sl_err *err)
{
    struct sl_load_store *store = book->options.store;
    struct beginning begin = {.book = book, .reader = reader, .err = err};
    int rc = store->ops->rules(store, on_field, &begin, err);

    rc = rc == SL_OK ? judge_all(&begin) : rc;
    rc = rc == SL_OK ? put_all(&begin) : rc;
    if (rc == SL_OK) {
        tell(&begin);
    }
    release(&begin);
    return rc;
}
