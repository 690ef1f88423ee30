#include "tests/support/json_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

uint8_t *sl_json_copy(struct sl_span bytes)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    assert_non_null(copy);
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    return copy;
}

static uint8_t hex_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static struct sl_span unhex(const char *text)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = malloc(len > 0 ? len : 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return sl_span_make(bytes, len);
}

/* Reads a line without its break; false at the end of the file. */
static int read_line(FILE *file, char **line)
{
    size_t room = 0;
    ssize_t len;

    *line = NULL;
    len = getline(line, &room, file);
    if (len > 0) {
        (*line)[len - 1] = '\0';
    }
    return len > 0;
}

static void check_case(const char *sql, char *bytes, const char *text,
                       void (*check)(const struct sl_json_case *item))
{
    char *diff = strchr(bytes, ' ');
    struct sl_json_case item = {.sql = sql, .text = text};

    if (diff != NULL) {
        *diff++ = '\0';
        item.diff = unhex(diff);
    }
    item.before = unhex(bytes);
    check(&item);
    free((void *)(uintptr_t)item.before.data);
    free((void *)(uintptr_t)item.diff.data);
}

void sl_json_cases_each(void (*check)(const struct sl_json_case *item))
{
    const char *folder = getenv("SLUICE_TEST_DATA"); /* NOLINT(concurrency-mt-unsafe) */
    char path[4096];
    FILE *file;
    char *lines[3];
    unsigned count = 0;

    assert_non_null(folder);
    (void)snprintf(path, sizeof(path), "%s/golden/json/cases.txt", folder);
    file = fopen(path, "re");
    assert_non_null(file);
    while (read_line(file, &lines[0])) {
        assert_true(read_line(file, &lines[1]) && read_line(file, &lines[2]));
        check_case(lines[0], lines[1], lines[2], check);
        for (int i = 0; i < 3; i++) {
            free(lines[i]);
        }
        count++;
    }
    free(lines[0]);
    (void)fclose(file);
    assert_true(count > 0);
}
