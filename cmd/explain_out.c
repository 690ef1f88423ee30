#include "cmd/explain_out.h"

#include <stdarg.h>
#include <stdio.h>

#include "cdc/base/utf8.h"
#include "filters/json_string.h"
#include "filters/utf8.h"

void sl_explain_add(struct sl_explain_out *out, const char *format, ...)
{
    char text[1024];
    va_list args;
    int len;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 loses va_start */
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len > 0) {
        sl_explain_add_span(
            out, sl_span_make(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1));
    }
}

void sl_explain_add_span(struct sl_explain_out *out, struct sl_span text)
{
    if (out->rc == SL_OK) {
        out->rc = sl_buf_add(&out->buf, text.data, text.len);
    }
}

/* How many bytes at AT are a character that a terminal shows; 0: none. U+0080 to U+009F command
 * terminals, too. */
static size_t shown_length(struct sl_span bytes, size_t at)
{
    uint8_t byte = bytes.data[at];

    if (byte < 0x80) {
        return byte >= ' ' && byte != 0x7f && byte != '\\' ? 1 : 0;
    }
    if (byte == 0xc2 && at + 1 < bytes.len && bytes.data[at + 1] < 0xa0) {
        return 0;
    }
    return sl_utf8_char_len(bytes.data + at, bytes.len - at);
}

static void add_escaped(struct sl_explain_out *out, uint8_t byte)
{
    switch (byte) {
    case '\n':
        sl_explain_add(out, "\\n");
        break;
    case '\t':
        sl_explain_add(out, "\\t");
        break;
    case '\\':
        sl_explain_add(out, "\\\\");
        break;
    default:
        sl_explain_add(out, "\\x%02x", byte);
        break;
    }
}

void sl_explain_add_shown(struct sl_explain_out *out, struct sl_span bytes, size_t max)
{
    size_t at = 0;

    while (at < bytes.len && at < max) {
        size_t len = shown_length(bytes, at);

        if (len > 0) {
            sl_explain_add_span(out, sl_span_make(bytes.data + at, len));
        } else {
            add_escaped(out, bytes.data[at]);
        }
        at += len > 0 ? len : 1;
    }
    if (at < bytes.len) {
        sl_explain_add(out, "… %zu bytes", bytes.len - at);
    }
}

/* ---- JSON ---- */

void sl_explain_member(struct sl_explain_out *out, const char *name)
{
    sl_explain_add(out, "%s", out->has_member ? "," : "");
    if (name != NULL) {
        sl_explain_add(out, "\"%s\":", name);
    }
    out->has_member = true;
}

void sl_explain_open(struct sl_explain_out *out, const char *name, char bracket)
{
    sl_explain_member(out, name);
    sl_explain_add(out, "%c", bracket);
    out->has_member = false;
}

void sl_explain_close(struct sl_explain_out *out, char bracket)
{
    sl_explain_add(out, "%c", bracket);
    out->has_member = true;
}

void sl_explain_string(struct sl_explain_out *out, const char *name, struct sl_span text)
{
    bool is_text = sl_utf8_is_valid(text);

    sl_explain_member(out, name);
    sl_explain_add(out, "%s", is_text ? "" : "{\"base64\":");
    if (out->rc == SL_OK) {
        out->rc = is_text ? sl_json_string(text, &out->buf) : sl_json_base64(text, &out->buf);
    }
    sl_explain_add(out, "%s", is_text ? "" : "}");
}

void sl_explain_text(struct sl_explain_out *out, const char *name, const char *text)
{
    sl_explain_string(out, name, sl_span_make(text, strlen(text)));
}

void sl_explain_number(struct sl_explain_out *out, const char *name, uint64_t number)
{
    sl_explain_member(out, name);
    sl_explain_add(out, "%llu", (unsigned long long)number);
}

void sl_explain_bool(struct sl_explain_out *out, const char *name, bool value)
{
    sl_explain_member(out, name);
    sl_explain_add(out, "%s", value ? "true" : "false");
}

bool sl_explain_flush(struct sl_explain_out *out)
{
    bool is_written = out->rc == SL_OK &&
                      fwrite(out->buf.data, 1, out->buf.len, stdout) == out->buf.len &&
                      fflush(stdout) == 0;

    sl_buf_clear(&out->buf);
    return is_written;
}
