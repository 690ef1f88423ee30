/* rule_record.c - what a table's keys were made with as "name=value" words. */
#include "cdc/rule_record.h"

#include <stdlib.h>
#include <string.h>

#include "cdc/load_words.h"

enum { SL_RECORD_TEXT_MAX = 1024 * 1024 };

void sl_rule_record_release(struct sl_rule_record *record)
{
    for (size_t i = 0; i < record->template_count; i++) {
        sl_buf_release(&record->templates[i]);
    }
    free(record->templates);
    *record = (struct sl_rule_record){0};
}

static struct sl_buf *add_template(struct sl_rule_record *record)
{
    size_t size = (record->template_count + 1) * sizeof(*record->templates);
    struct sl_buf *templates = realloc(record->templates, size);

    if (templates == NULL) {
        return NULL;
    }
    record->templates = templates;
    templates[record->template_count] = (struct sl_buf){0};
    return &templates[record->template_count++];
}

int sl_rule_record_add_template(struct sl_rule_record *record, struct sl_span text)
{
    struct sl_buf *added;

    if (record->template_count == SL_RULE_TEMPLATES_MAX) {
        return SL_ELIMIT;
    }
    added = add_template(record);
    return added != NULL ? sl_buf_add(added, text.data, text.len) : SL_ENOMEM;
}

/* ---- writing ---- */

int sl_rule_record_format(const struct sl_rule_record *record, struct sl_buf *out)
{
    size_t start = out->len;
    int rc = sl_buf_add_format(out, "digest=%s", record->digest);

    if (rc == SL_OK && record->form[0] != '\0') {
        rc = sl_buf_add_format(out, " form=%s pk=%u stale=%d", record->form,
                               (unsigned)record->pk_count, record->is_stale);
    }
    for (size_t i = 0; rc == SL_OK && i < record->template_count; i++) {
        const struct sl_buf *text = &record->templates[i];

        rc = sl_buf_add_str(out, " key=");
        rc = rc == SL_OK ? sl_load_add_hex(out, sl_span_make(text->data, text->len)) : rc;
    }
    if (rc != SL_OK) {
        out->len = start;
    }
    return rc;
}

/* ---- reading ---- */

static bool is_digit(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

static int parse_digest(struct sl_span value, char digest[SL_RULE_DIGEST_LEN + 1])
{
    if (value.len != SL_RULE_DIGEST_LEN) {
        return SL_EFORMAT;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.data[i])) {
            return SL_EFORMAT;
        }
    }
    memcpy(digest, value.data, value.len);
    return SL_OK;
}

static bool is_form_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '+' || byte == '/';
}

static int parse_form(struct sl_span value, char form[SL_RULE_FORM_MAX])
{
    if (value.len == 0 || value.len >= SL_RULE_FORM_MAX) {
        return SL_EFORMAT;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!is_form_byte(value.data[i])) {
            return SL_EFORMAT;
        }
    }
    memset(form, 0, SL_RULE_FORM_MAX);
    memcpy(form, value.data, value.len);
    return SL_OK;
}

static int parse_small(struct sl_span value, uint32_t *number)
{
    uint64_t wide = 0;
    int rc = sl_load_parse_number(value, &wide);

    *number = (uint32_t)wide;
    return rc == SL_OK && wide > UINT16_MAX ? SL_EFORMAT : rc;
}

static int parse_template(struct sl_rule_record *record, struct sl_span value)
{
    struct sl_buf *added;

    if (record->template_count == SL_RULE_TEMPLATES_MAX || value.len == 0) {
        return SL_EFORMAT;
    }
    added = add_template(record);
    return added != NULL ? sl_load_parse_hex(value, added) : SL_ENOMEM;
}

static int parse_member(struct sl_rule_record *record, struct sl_span name, struct sl_span value)
{
    uint32_t flag = 0;
    int rc = SL_OK;

    if (sl_span_equals(name, "digest")) {
        rc = parse_digest(value, record->digest);
    } else if (sl_span_equals(name, "form")) {
        rc = parse_form(value, record->form);
    } else if (sl_span_equals(name, "pk")) {
        rc = parse_small(value, &record->pk_count);
    } else if (sl_span_equals(name, "stale")) {
        rc = parse_small(value, &flag);
        record->is_stale = flag != 0;
    } else if (sl_span_equals(name, "key")) {
        rc = parse_template(record, value);
    }
    return rc;
}

static int parse_words(struct sl_rule_record *record, struct sl_span text)
{
    struct sl_span word;

    while (sl_load_take_word(&text, &word)) {
        struct sl_span name;
        int rc = sl_load_split(&word, '=', &name);

        rc = rc == SL_OK ? parse_member(record, name, word) : rc;
        if (rc != SL_OK) {
            return rc;
        }
    }
    return record->digest[0] != '\0' ? SL_OK : SL_EFORMAT;
}

int sl_rule_record_parse(struct sl_rule_record *record, struct sl_span text)
{
    struct sl_rule_record parsed = {0};
    int rc = text.len <= SL_RECORD_TEXT_MAX ? parse_words(&parsed, text) : SL_EFORMAT;

    if (rc != SL_OK) {
        sl_rule_record_release(&parsed);
        return rc;
    }
    sl_rule_record_release(record);
    *record = parsed;
    return SL_OK;
}
