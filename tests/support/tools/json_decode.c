/*
 * json_decode.c - decodes binary JSON for tests/integration/check_json.py: reads lines
 * "DOCUMENT" or "DOCUMENT DIFF" (hex) and answers each with one line, the text or "! reason".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/json_binary.h"

static unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

/* Turns hex into bytes in its own place. */
static struct sl_span unhex(char *text)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = (uint8_t *)text;

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return sl_span_make(bytes, len);
}

static void answer(char *line, struct sl_buf *out)
{
    char *diff = strchr(line, ' ');
    struct sl_err err = {0};
    int rc;

    sl_buf_clear(out);
    if (diff != NULL) {
        *diff++ = '\0';
        rc = sl_json_apply_diff(unhex(line), unhex(diff), out, &err);
    } else {
        rc = sl_json_text(unhex(line), out, &err);
    }
    if (rc == SL_OK) {
        (void)fwrite(out->data, 1, out->len, stdout);
        (void)putchar('\n');
    } else {
        (void)printf("! %s: %s\n", sl_status_str(rc), err.text);
    }
    (void)fflush(stdout);
}

int main(void)
{
    struct sl_buf out = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    while ((len = getline(&line, &room, stdin)) > 0) {
        line[len - 1] = '\0'; /* the line break */
        answer(line, &out);
    }
    free(line);
    sl_buf_release(&out);
    return EXIT_SUCCESS;
}
