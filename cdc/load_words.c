#include "cdc/load_words.h"

bool sl_load_take_word(struct sl_span *text, struct sl_span *word)
{
    size_t len = 0;

    while (text->len > 0 && text->data[0] == ' ') {
        *text = sl_span_make(text->data + 1, text->len - 1);
    }
    if (text->len == 0) {
        return false;
    }
    while (len < text->len && text->data[len] != ' ') {
        len++;
    }
    *word = sl_span_make(text->data, len);
    *text = sl_span_make(text->data + len, text->len - len);
    return true;
}

int sl_load_split(struct sl_span *word, char mark, struct sl_span *before)
{
    const uint8_t *at = word->len > 0 ? memchr(word->data, mark, word->len) : NULL;
    size_t len;

    if (at == NULL) {
        return SL_EFORMAT;
    }
    len = (size_t)(at - word->data);
    *before = sl_span_make(word->data, len);
    *word = sl_span_make(at + 1, word->len - len - 1);
    return SL_OK;
}

int sl_load_parse_number(struct sl_span text, uint64_t *number)
{
    uint64_t value = 0;

    if (text.len == 0) {
        return SL_EFORMAT;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.data[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return SL_EFORMAT;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return SL_OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int sl_load_hex_byte(const uint8_t *text)
{
    int high = hex_digit(text[0]);
    int low = hex_digit(text[1]);

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

int sl_load_parse_hex(struct sl_span text, struct sl_buf *out)
{
    int rc = text.len % 2 == 0 ? sl_buf_reserve(out, text.len / 2) : SL_EFORMAT;

    sl_buf_clear(out);
    for (size_t i = 0; rc == SL_OK && i < text.len; i += 2) {
        int byte = sl_load_hex_byte(text.data + i);

        rc = byte < 0 ? SL_EFORMAT : sl_buf_add_byte(out, (uint8_t)byte);
    }
    return rc;
}

int sl_load_add_hex(struct sl_buf *out, struct sl_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    int rc = bytes.len <= SIZE_MAX / 2 ? sl_buf_reserve(out, bytes.len * 2) : SL_ENOMEM;

    for (size_t i = 0; rc == SL_OK && i < bytes.len; i++) {
        uint8_t *at = sl_buf_tail(out);

        at[0] = (uint8_t)digits[bytes.data[i] >> 4];
        at[1] = (uint8_t)digits[bytes.data[i] & 15];
        sl_buf_commit(out, 2);
    }
    return rc;
}
