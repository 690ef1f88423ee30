/*
 * chunk.c - the chunk reader of a real server, driven line by line by tests/integration; settings
 * come from the environment (SRC_HOST, SRC_PORT, SRC_USER, SRC_PASSWORD).
 *
 *   open DB TABLE [WHERE]     close
 *   low end | low FILE:POS | low UUID        where the stream is; UUID: of another server
 *   range ROWS BYTES [PART]   the rows behind the last range; first: back to the beginning
 *   more, leave               the next part of a range; none of the others
 *   after HEX                 where the next range begins
 *   keys CELL,… [CELL,…] …    CELL: hex, - for NULL, . for a column that is not given; lock: locked
 *   unlock, list, pressure, restart (a new reader)
 *
 * Answers: "row CELL,…", "table DB NAME ROWS", and at the end "ok …", "none" or "error STATUS: …".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/client/chunk_reader.h"
#include "cdc/column.h"

enum { WORDS = 2000 };

struct tool {
    struct sl_chunk_reader *reader;
    struct sl_table *table;
    struct sl_position low;
    struct sl_buf after;
};

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return value != NULL ? value : fallback;
}

static struct sl_chunk_reader *connect_reader(void)
{
    const struct sl_source_options options = {
        .host = setting("SRC_HOST", "127.0.0.1"),
        .port = (uint16_t)strtoul(setting("SRC_PORT", "3306"), NULL, 10),
        .user = setting("SRC_USER", "root"),
        .password = setting("SRC_PASSWORD", NULL),
        .server_id = 4711,
        .tls.mode = SL_TLS_PREFERRED,
        .heartbeat_ms = 1000,
        .connect_timeout_ms = 3000,
    };

    return sl_chunk_reader_new(&options);
}

static struct sl_span span(const char *text)
{
    return sl_span_make(text, strlen(text));
}

static void print_hex(struct sl_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        printf("%02x", bytes.data[i]);
    }
}

static int read_hex(const char *text, struct sl_buf *out)
{
    int rc = SL_OK;

    sl_buf_clear(out);
    for (; rc == SL_OK && text[0] != '\0' && text[1] != '\0'; text += 2) {
        const char pair[3] = {text[0], text[1], '\0'};

        rc = sl_buf_add_byte(out, (uint8_t)strtoul(pair, NULL, 16));
    }
    return rc;
}

static void print_chunk(const struct tool *tool, const struct sl_chunk *chunk)
{
    uint32_t columns = tool->table->column_count;

    for (size_t i = 0; i < chunk->row_count; i++) {
        printf("row ");
        for (uint32_t j = 0; j < columns; j++) {
            const struct sl_cell *cell = &chunk->cells[i * columns + j];

            printf("%s", j > 0 ? "," : "");
            if (cell->state == SL_CELL_NULL) {
                printf("-");
            } else {
                print_hex(sl_span_make(cell->data, cell->len));
            }
        }
        printf("\n");
    }
    printf("ok rows=%zu bytes=%zu last=%d more=%d high=%s:%llu uuid=%s after=", chunk->row_count,
           chunk->bytes, chunk->is_last, chunk->has_more, chunk->high.file,
           (unsigned long long)chunk->high.offset, chunk->high.server_uuid);
    print_hex(chunk->after);
    printf("\n");
}

static int take_range(struct tool *tool, const struct sl_chunk *chunk)
{
    print_chunk(tool, chunk);
    sl_buf_clear(&tool->after);
    return sl_buf_add(&tool->after, chunk->after.data, chunk->after.len);
}

static int run_range(struct tool *tool, char **words, size_t count, struct sl_err *err)
{
    const struct sl_chunk_limit limit = {
        .rows = strtoul(words[1], NULL, 10),
        .bytes = strtoul(words[2], NULL, 10),
        .part_bytes = count > 3 ? strtoul(words[3], NULL, 10) : 0,
    };
    struct sl_chunk chunk;
    int rc =
        tool->reader->ops->read_range(tool->reader, sl_span_make(tool->after.data, tool->after.len),
                                      &tool->low, &limit, &chunk, err);

    return rc == SL_OK ? take_range(tool, &chunk) : rc;
}

static int run_more(struct tool *tool, struct sl_err *err)
{
    struct sl_chunk chunk;
    int rc = tool->reader->ops->read_more(tool->reader, &chunk, err);

    return rc == SL_OK ? take_range(tool, &chunk) : rc;
}

static int read_cells(char *word, struct sl_cell *cells, uint32_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        char *text = strsep(&word, ",");
        struct sl_buf bytes = {0};

        if (text == NULL || read_hex(text, &bytes) != SL_OK) {
            sl_buf_release(&bytes);
            return SL_EINVAL;
        }
        cells[i] =
            (struct sl_cell){.data = bytes.data, .len = (uint32_t)bytes.len, .state = SL_CELL_TEXT};
        if (strcmp(text, "-") == 0 || strcmp(text, ".") == 0) {
            cells[i].state = text[0] == '-' ? SL_CELL_NULL : SL_CELL_ABSENT;
        }
    }
    return SL_OK;
}

static int run_keys(struct tool *tool, char **words, size_t count, bool locked, struct sl_err *err)
{
    uint32_t columns = tool->table->column_count;
    struct sl_cell *cells = calloc(count * columns + 1, sizeof(*cells));
    struct sl_chunk chunk;
    int rc = cells != NULL ? SL_OK : SL_ENOMEM;

    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = read_cells(words[i], &cells[i * columns], columns);
    }
    rc = rc == SL_OK ? tool->reader->ops->read_keys(tool->reader, cells, count, &tool->low, locked,
                                                    &chunk, err)
                     : rc;
    if (rc == SL_OK) {
        print_chunk(tool, &chunk);
    }
    for (size_t i = 0; cells != NULL && i < count * columns; i++) {
        free((void *)(uintptr_t)cells[i].data);
    }
    free(cells);
    return rc;
}

static int print_table(void *user, struct sl_span db, struct sl_span table, uint64_t rows)
{
    (void)user;
    printf("table %.*s %.*s %llu\n", (int)db.len, (const char *)db.data, (int)table.len,
           (const char *)table.data, (unsigned long long)rows);
    return SL_OK;
}

static int run_low(struct tool *tool, const char *word, struct sl_err *err)
{
    if (strcmp(word, "end") == 0) {
        return tool->reader->ops->end(tool->reader, &tool->low, err);
    }
    if (strchr(word, ':') != NULL) {
        char uuid[SL_SERVER_UUID_TEXT + 1];
        int rc;

        memcpy(uuid, tool->low.server_uuid, sizeof(uuid));
        rc = sl_position_parse(&tool->low, word, err);
        memcpy(tool->low.server_uuid, uuid, sizeof(uuid));
        return rc;
    }
    (void)snprintf(tool->low.server_uuid, sizeof(tool->low.server_uuid), "%s", word);
    return SL_OK;
}

static int run_pressure(struct tool *tool, struct sl_err *err)
{
    struct sl_chunk_pressure pressure = {0};
    int rc = tool->reader->ops->pressure(tool->reader, &pressure, err);

    if (rc == SL_OK) {
        printf("ok %llu\n", (unsigned long long)pressure.threads_running);
    }
    return rc;
}

static int restart(struct tool *tool)
{
    tool->reader->ops->free(tool->reader);
    tool->reader = connect_reader();
    tool->table = NULL;
    return tool->reader != NULL ? SL_OK : SL_ENOMEM;
}

/* *SAID: the command printed its "ok" itself. */
static int run(struct tool *tool, char **words, size_t count, bool *said, struct sl_err *err)
{
    const struct sl_chunk_reader_ops *ops = tool->reader->ops;
    const char *name = words[0];

    *said = true;
    if (strcmp(name, "range") == 0 && count >= 3 && tool->table != NULL) {
        return run_range(tool, words, count, err);
    }
    if (strcmp(name, "more") == 0) {
        return run_more(tool, err);
    }
    if ((strcmp(name, "keys") == 0 || strcmp(name, "lock") == 0) && tool->table != NULL) {
        return run_keys(tool, words + 1, count - 1, name[0] == 'l', err);
    }
    if (strcmp(name, "pressure") == 0) {
        return run_pressure(tool, err);
    }
    *said = false;
    if (strcmp(name, "open") == 0 && count >= 3) {
        return ops->open_table(tool->reader, span(words[1]), span(words[2]),
                               count > 3 ? words[3] : NULL, &tool->table, err);
    }
    if (strcmp(name, "low") == 0 && count == 2) {
        return run_low(tool, words[1], err);
    }
    if (strcmp(name, "list") == 0) {
        return ops->list(tool->reader, print_table, NULL, err);
    }
    if (strcmp(name, "after") == 0 && count == 2) {
        return read_hex(words[1], &tool->after);
    }
    if (strcmp(name, "first") == 0) {
        sl_buf_clear(&tool->after);
        return SL_OK;
    }
    if (strcmp(name, "leave") == 0) {
        ops->end_range(tool->reader);
        return SL_OK;
    }
    if (strcmp(name, "unlock") == 0) {
        ops->unlock(tool->reader);
        return SL_OK;
    }
    if (strcmp(name, "close") == 0) {
        ops->close_table(tool->reader);
        tool->table = NULL;
        return SL_OK;
    }
    return strcmp(name, "restart") == 0 ? restart(tool)
                                        : sl_err_set(err, SL_EINVAL, "no command %s", name);
}

/* Words are divided by spaces; the fourth of "open" is the rest of the line. */
static size_t split(char *line, char **words)
{
    size_t count = 0;
    char *rest = line;

    line[strcspn(line, "\n")] = '\0';
    while (rest != NULL && count < WORDS) {
        if (count == 3 && strcmp(words[0], "open") == 0) {
            words[count++] = rest;
            break;
        }
        words[count++] = strsep(&rest, " ");
    }
    return count;
}

int main(void)
{
    static char *words[WORDS];
    struct tool tool = {.reader = connect_reader()};
    char *line = NULL;
    size_t size = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    while (tool.reader != NULL && getline(&line, &size, stdin) > 0) {
        struct sl_err err = {0};
        bool said = false;
        size_t count = split(line, words);
        int rc = run(&tool, words, count, &said, &err);

        if (rc < 0) {
            printf("error %s: %s\n", sl_status_str(rc), err.text);
        } else if (rc == SL_DONE) {
            printf("none\n");
        } else if (!said) {
            printf("ok\n");
        }
        (void)fflush(stdout);
    }
    free(line);
    if (tool.reader != NULL) {
        tool.reader->ops->free(tool.reader);
    }
    sl_position_release(&tool.low);
    sl_buf_release(&tool.after);
    return 0;
}
