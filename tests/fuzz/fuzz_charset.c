/*
 * The first byte picks a character set, the second (odd: MariaDB) a server; the rest is the text.
 * It may grow to three bytes a byte at most, and stays as it is where it is taken as it is.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cdc/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"big5",  "cp932",   "eucjpms", "euckr", "gb18030", "gb2312",
                                    "gbk",   "sjis",    "ucs2",    "ujis",  "utf16",   "utf16le",
                                    "utf32", "utf8mb4", "latin1",  "swe7",  "ascii",   "hebrew"};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sl_charset *charset;
    struct sl_span text = sl_span_make(data, size);
    struct sl_buf out = {0};
    const char *name;
    uint8_t pick;
    uint8_t server;

    if (sl_span_u8(&text, &pick) != SL_OK || sl_span_u8(&text, &server) != SL_OK) {
        return 0;
    }
    name = names[pick % (sizeof(names) / sizeof(names[0]))];
    charset = sl_charset_named((server & 1) != 0 ? SL_FLAVOR_MARIADB : SL_FLAVOR_MYSQL,
                               sl_span_make(name, strlen(name)));
    require(charset != NULL);
    require(sl_charset_to_utf8(charset, text, &out, NULL) == SL_OK);
    require(out.len <= 3 * text.len);
    if (sl_charset_is_utf8(charset)) {
        require(out.len == text.len &&
                (text.len == 0 || memcmp(out.data, text.data, text.len) == 0));
    }
    sl_buf_release(&out);
    return 0;
}
