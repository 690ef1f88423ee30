/*
 * resp_dump.c - the commands that a configuration makes of binary log files, as `redis-cli --pipe`
 * takes them: what `sluice run` sends, without its transactions and with every change of a key.
 *
 *   tool_resp_dump CONFIG OUT FILE…      prints "ROWS COMMANDS BYTES"
 */
#include <stdio.h>
#include <string.h>

#include "cdc/source_file.h"
#include "cdc/stream.h"
#include "conf/config.h"
#include "filters/mapper.h"

struct dump {
    struct sl_mapper *mapper;
    struct sl_batch *batch;
    FILE *out;
    unsigned long long rows;
    unsigned long long commands;
    unsigned long long bytes;
};

/* After every row, so that none is replaced by a later one. */
static int flush(struct dump *dump)
{
    struct sl_batch *batch = dump->batch;

    for (uint32_t i = 0; i < batch->entry_count; i++) {
        dump->commands += batch->entries[i].commands;
    }
    dump->rows += batch->rows;
    dump->bytes += batch->data.len;
    if (fwrite(batch->data.data, 1, batch->data.len, dump->out) != batch->data.len) {
        return SL_EIO;
    }
    sl_batch_clear(batch);
    return SL_OK;
}

static int on_table(void *user, struct sl_table *table, bool *skip, struct sl_err *err)
{
    struct dump *dump = user;

    *skip = !dump->mapper->ops->wants(dump->mapper, table->db, table->name);
    return *skip ? SL_OK : dump->mapper->ops->table(dump->mapper, table, err);
}

static int on_row(void *user, const struct sl_row_change *change, struct sl_err *err)
{
    struct dump *dump = user;
    int rc = dump->mapper->ops->row(dump->mapper, change, dump->batch, err);

    return rc == SL_OK ? flush(dump) : rc;
}

static int drain(struct dump *dump, struct sl_source *source, struct sl_err *err)
{
    const struct sl_stream_handler handler = {.table = on_table, .row = on_row, .user = dump};
    struct sl_stream_options options = {.verify_checksum = true};
    struct sl_stream *stream;
    struct sl_position start;
    struct sl_span event;
    int rc;

    sl_position_init(&start);
    rc = source->ops->open(source, SL_START_EARLIEST, &start, err);
    options.flavor = source->flavor;
    stream = sl_stream_new(&options, &handler, &start);
    rc = rc == SL_OK && stream == NULL ? SL_ENOMEM : rc;
    while (rc == SL_OK) {
        rc = source->ops->next(source, &event, err);
        rc = rc == SL_OK ? sl_stream_feed(stream, event, err) : rc;
    }
    sl_stream_free(stream);
    sl_position_release(&start);
    return rc == SL_DONE ? flush(dump) : rc;
}

static int run(const struct sl_config *config, FILE *out, struct sl_source *source)
{
    struct dump dump = {
        .mapper = sl_rule_mapper_new(config->tables, config->table_count, NULL),
        .batch = sl_batch_new(),
        .out = out,
    };
    struct sl_err err = {0};
    int rc = dump.mapper != NULL && dump.batch != NULL ? drain(&dump, source, &err) : SL_ENOMEM;

    if (rc == SL_OK) {
        printf("%llu %llu %llu\n", dump.rows, dump.commands, dump.bytes);
    } else {
        (void)fprintf(stderr, "%s: %s\n", sl_status_str(rc), err.text);
    }
    if (dump.mapper != NULL) {
        dump.mapper->ops->free(dump.mapper);
    }
    sl_batch_free(dump.batch);
    return rc == SL_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct sl_config *config = NULL;
    struct sl_source *source = NULL;
    struct sl_err_list errors = {0};
    struct sl_err err = {0};
    FILE *out = argc >= 4 ? fopen(argv[2], "wb") : NULL;
    int status = 2;

    if (out == NULL || sl_config_load(argv[1], &config, &errors) != SL_OK) {
        (void)fprintf(stderr, "usage: tool_resp_dump CONFIG OUT FILE…\n");
    } else if (sl_source_file_new((const char *const *)(argv + 3), (size_t)argc - 3, &source,
                                  &err) == SL_OK) {
        status = run(config, out, source);
        source->ops->free(source);
    }
    sl_config_free(config);
    if (out != NULL && fclose(out) != 0) {
        status = 1;
    }
    return status;
}
