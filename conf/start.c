/*
 * start.c - where a stream begins. The forms are told apart here so that a slip is named with its
 * key; sl_position_parse() reads them.
 */
#include <string.h>

#include "conf/loader.h"

enum { SL_UUID_TEXT = 36, SL_FIRST_OFFSET = 4 }; /* a binary log begins with 4 bytes of magic */

static bool is_any_of(const char *text, size_t len, const char *set)
{
    return strspn(text, set) >= len;
}

static bool begins_with_uuid(const char *text)
{
    static const size_t groups[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strspn(text, "0123456789abcdefABCDEF") != groups[i]) {
            return false;
        }
        text += groups[i];
        if (i < 4 && *text++ != '-') {
            return false;
        }
    }
    return true;
}

/* "uuid:1-5:7,uuid2:tag:1-9": the shape of its beginning and its letters. */
static bool is_gtid_set(const char *text)
{
    return begins_with_uuid(text) && text[SL_UUID_TEXT] == ':' && text[SL_UUID_TEXT + 1] != '\0' &&
           is_any_of(text, strlen(text),
                     "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-:, \t\r\n");
}

/* "0-1-100,1-1-42" */
static bool is_gtid_list(const char *text)
{
    for (;;) {
        for (int part = 0; part < 3; part++) {
            size_t digits = strspn(text, "0123456789");

            if (digits == 0 || digits > 20) {
                return false;
            }
            text += digits;
            if (part < 2 && *text++ != '-') {
                return false;
            }
        }
        if (*text == '\0') {
            return true;
        }
        if (*text++ != ',') {
            return false;
        }
    }
}

/* "mariadb-bin.000042:4": names of binary logs end in a dot and a number. */
static bool is_file_position(const char *text)
{
    const char *colon = strrchr(text, ':');
    const char *dot;
    uint64_t offset;

    if (colon == NULL || colon == text || colon - text >= SL_BINLOG_NAME_MAX ||
        !sl_conf_parse_integer(colon + 1, &offset) || offset < SL_FIRST_OFFSET) {
        return false;
    }
    dot = memrchr(text, '.', (size_t)(colon - text));
    return dot != NULL && dot > text && dot + 1 < colon &&
           is_any_of(dot + 1, (size_t)(colon - dot - 1), "0123456789") &&
           memchr(text, '/', (size_t)(colon - text)) == NULL;
}

void sl_conf_take_start(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_start *start = &loader->config->pipeline.start;

    if (strcmp(value->text, "bootstrap") == 0) {
        start->kind = SL_START_NOW;
        start->loads = true;
    } else if (strcmp(value->text, "now") == 0) {
        start->kind = SL_START_NOW;
    } else if (strcmp(value->text, "earliest") == 0) {
        start->kind = SL_START_EARLIEST;
    } else if (is_gtid_set(value->text) || is_gtid_list(value->text) ||
               is_file_position(value->text)) {
        start->kind = SL_START_AT;
        start->position = value->text;
    } else {
        sl_conf_fail_expected(
            loader, value,
            "\"bootstrap\", \"now\", \"earliest\", \"FILE:POS\" (\"mysql-bin.000042:4\"), a GTID "
            "set or a MariaDB GTID list (\"0-1-100\")");
    }
}
