/*
 * tail.c - prints decoded changes: a source and a stream, with a printer where the sink would be.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cdc/base/clock.h"
#include "cdc/client/binlog.h"
#include "cdc/client/schema_query.h"
#include "cdc/source_file.h"
#include "cdc/stream.h"
#include "cmd/command.h"
#include "cmd/runner.h"
#include "cmd/tail_options.h"
#include "cmd/watch.h"
#include "filters/change_printer.h"

enum {
    SL_TAIL_FLUSH_BYTES = 64 * 1024,       /* files: nobody waits for a single change */
    SL_TAIL_HOLD_BYTES = 64 * 1024 * 1024, /* see the manual page */
    SL_TAIL_XA_BYTES = 256 * 1024 * 1024,
};

struct tail {
    struct sl_tail_options options;
    struct sl_config *config; /* NULL: files are read without one */
    struct sl_source_options server;
    struct sl_source *source;
    struct sl_schema_query *schema; /* NULL: files */
    struct sl_change_printer *printer;
    struct sl_stream *stream;
    struct sl_watch *watch;
    struct sl_position start;
    uint64_t seen;  /* transactions when a GTID end was last looked for */
    bool is_broken; /* the source failed, not what came from it */
};

/* ---- output ---- */

/* A reader that has gone is no failure: it has seen enough. */
static int write_all(const struct tail *tail, struct sl_span text, struct sl_err *err)
{
    char reason[128];

    while (text.len > 0) {
        ssize_t done = write(STDOUT_FILENO, text.data, text.len);

        if (done >= 0) {
            text.data += done;
            text.len -= (size_t)done;
        } else if (errno == EPIPE || (tail->watch != NULL && sl_watch_has_stopped(tail->watch))) {
            return SL_DONE;
        } else if (errno != EINTR) {
            return sl_err_set(err, SL_ESINK, "standard output cannot be written: %s",
                              strerror_r(errno, reason, sizeof(reason)));
        }
    }
    return SL_OK;
}

static int on_write(void *user, struct sl_span lines, struct sl_err *err)
{
    return write_all(user, lines, err);
}

static void on_notice(void *user, const char *text)
{
    (void)user;
    (void)fprintf(stderr, "sluice tail: %s\n", text);
}

static int print_count(const struct tail *tail, uint64_t began_us, struct sl_err *err)
{
    const struct sl_stream_stats *stats = sl_stream_stats(tail->stream);
    double seconds = (double)(sl_clock_mono_us(sl_clock_real()) - began_us) / 1e6;
    struct sl_buf text = {0};
    int rc =
        sl_buf_add_format(&text,
                          "{\"events\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"transactions\":%" PRIu64
                          ",\"bytes\":%" PRIu64 ",\"seconds\":%.6f}\n",
                          stats->events, stats->rows, stats->transactions, stats->bytes, seconds);

    if (rc == SL_OK) {
        rc = write_all(tail, sl_span_make(text.data, text.len), err);
    }
    sl_buf_release(&text);
    return rc;
}

/* ---- where it ends ---- */

static bool covers_list(const struct sl_mgtid_list *have, const struct sl_mgtid_list *want)
{
    for (size_t i = 0; i < want->count; i++) {
        const struct sl_mgtid *last = sl_mgtid_list_get(have, want->items[i].domain);

        if (last == NULL || last->sequence < want->items[i].sequence) {
            return false;
        }
    }
    return true;
}

/* Sets are compared once a transaction, files and offsets, which also move outside of one, always.
 */
static bool has_arrived(struct tail *tail)
{
    const struct sl_position *at = sl_stream_read_position(tail->stream);
    const struct sl_position *to = &tail->options.to;
    uint64_t transactions = sl_stream_stats(tail->stream)->transactions;

    if (tail->options.to_kind == SL_TAIL_END_NEVER || sl_stream_in_transaction(tail->stream)) {
        return false;
    }
    if (!to->has_gtid) {
        return to->file[0] != '\0' && at->file[0] != '\0' && sl_position_compare_file(at, to) >= 0;
    }
    if (!at->has_gtid || (transactions == tail->seen && transactions > 0)) {
        return false;
    }
    tail->seen = transactions;
    return sl_gtid_set_covers(&at->gtids, &to->gtids) && covers_list(&at->mgtids, &to->mgtids);
}

/* Asks the server where its log ends. Of files everything is read anyway. */
static int find_end(struct tail *tail, struct sl_err *err)
{
    struct sl_source *look;
    int rc;

    if (tail->options.to_kind != SL_TAIL_END_NOW || tail->schema == NULL) {
        return SL_OK;
    }
    look = sl_binlog_source_new(&tail->server, "", true);
    if (look == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    rc = look->ops->open(look, SL_START_NOW, &tail->options.to, err);
    look->ops->free(look);
    tail->options.to.has_gtid = false; /* file and offset say it more exactly */
    return rc;
}

/* ---- the stream ---- */

static int make_stream(struct tail *tail, struct sl_err *err)
{
    const struct sl_stream_options options = {
        .verify_checksum = true,
        .max_event_bytes = tail->config != NULL ? tail->config->pipeline.memory_limit_bytes : 0,
        .wants = sl_change_printer_wants,
        .wants_user = tail->printer,
        .schema = tail->schema != NULL ? sl_schema_query_read : NULL,
        .schema_user = tail->schema,
        .flavor = tail->source->flavor,
    };
    const struct sl_stream_handler handler = sl_change_printer_handler(tail->printer);

    tail->stream = sl_stream_new(&options, &handler, &tail->start);
    if (tail->stream == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    sl_change_printer_attach(tail->printer, tail->stream);
    return SL_OK;
}

static int pump(struct tail *tail, struct sl_err *err)
{
    int rc = SL_OK;

    while (rc == SL_OK && !has_arrived(tail)) {
        struct sl_span event;

        rc = tail->source->ops->next(tail->source, &event, err);
        if (rc != SL_OK) {
            tail->is_broken = rc < 0;
            break;
        }
        rc = sl_stream_feed(tail->stream, event, err);
    }
    return rc;
}

static int open_source(struct tail *tail, struct sl_err *err)
{
    int rc = find_end(tail, err);

    if (rc == SL_OK) {
        rc = sl_position_copy(&tail->start, &tail->options.from);
    }
    if (rc == SL_OK) {
        rc = tail->source->ops->open(tail->source, tail->options.from_kind, &tail->start, err);
    }
    tail->is_broken = rc < 0;
    return rc;
}

/* What was committed is printed whatever came then. */
static int stream(struct tail *tail, struct sl_err *err)
{
    uint64_t began_us = sl_clock_mono_us(sl_clock_real());
    struct sl_err ignored;
    int rc = open_source(tail, err);

    if (rc != SL_OK) {
        return rc;
    }
    rc = make_stream(tail, err);
    if (rc != SL_OK) {
        return rc;
    }
    rc = pump(tail, err);
    if (sl_watch_has_stopped(tail->watch)) {
        rc = SL_ESTOPPED;
    }
    if (sl_change_printer_flush(tail->printer, rc < 0 ? &ignored : err) < 0 && rc >= 0) {
        rc = SL_ESINK;
    }
    if ((rc >= 0 || rc == SL_ESTOPPED) && tail->options.is_count) {
        rc = print_count(tail, began_us, err);
    }
    return rc;
}

/* ---- setting up ---- */

/* A replica of its own: with the daemon's server id it would throw the daemon out. */
static void name_reader(struct tail *tail, char *name, size_t size)
{
    char host[256] = "";

    (void)snprintf(name, size, "tail.%ld", (long)getpid());
    (void)gethostname(host, sizeof(host) - 1);
    tail->server = tail->config->source;
    tail->server.server_id = sl_config_derive_server_id(host, tail->config->pipeline.name, name);
}

static int make_server_source(struct tail *tail)
{
    char name[32];

    name_reader(tail, name, sizeof(name));
    tail->source = sl_binlog_source_new(&tail->server, name, false);
    tail->schema = sl_schema_query_new(&tail->server);
    return tail->source != NULL && tail->schema != NULL ? SL_OK : SL_ENOMEM;
}

static int make_printer(struct tail *tail)
{
    bool is_files = tail->options.files != NULL;
    struct sl_change_printer_options options = {
        .rules = tail->options.rules,
        .rule_count = tail->options.rule_count,
        .limit = tail->options.limit,
        .with_statements = tail->options.with_statements,
        .may_guess = is_files,
        .is_silent = tail->options.is_count,
        .flush_bytes = is_files ? SL_TAIL_FLUSH_BYTES : 0,
        .hold_bytes = SL_TAIL_HOLD_BYTES,
        .xa_bytes = SL_TAIL_XA_BYTES,
        .write = on_write,
        .notice = on_notice,
        .user = tail,
    };

    if (options.rule_count == 0 && tail->config != NULL) {
        options.rules = tail->config->tables;
        options.rule_count = tail->config->table_count;
    }
    tail->printer = sl_change_printer_new(&options);
    return tail->printer != NULL ? SL_OK : SL_ENOMEM;
}

static int make(struct tail *tail, struct sl_err *err)
{
    int rc = make_printer(tail);

    if (rc == SL_OK && tail->options.files != NULL) {
        rc = sl_source_file_new(tail->options.files, tail->options.file_count, &tail->source, err);
    } else if (rc == SL_OK) {
        rc = make_server_source(tail);
    }
    return rc == SL_ENOMEM ? sl_err_set(err, rc, "out of memory") : rc;
}

static void stop(void *user)
{
    struct tail *tail = user;

    tail->source->ops->interrupt(tail->source);
    if (tail->schema != NULL) {
        sl_schema_query_interrupt(tail->schema);
    }
}

static void release(struct tail *tail)
{
    sl_watch_end(tail->watch);
    sl_stream_free(tail->stream);
    sl_change_printer_free(tail->printer);
    sl_schema_query_free(tail->schema);
    if (tail->source != NULL) {
        tail->source->ops->free(tail->source);
    }
    sl_position_release(&tail->start);
    sl_tail_options_release(&tail->options);
    sl_config_free(tail->config);
}

/* ---- the command ---- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* A file cannot be searched for a GTID, and a position must be in one of them. */
static int check_start(const struct sl_tail_options *options, struct sl_err *err)
{
    if (options->to.has_gtid && options->from_kind == SL_START_AT && !options->from.has_gtid) {
        return sl_err_set(
            err, SL_EINVAL,
            "--to: which transactions came before FILE:POS is not known, so a GTID set cannot "
            "be told to be complete: give FILE:POS to both, or a GTID set");
    }
    if (options->files == NULL || options->from_kind != SL_START_AT) {
        return SL_OK;
    }
    for (size_t i = 0; i < options->file_count; i++) {
        if (!options->from.has_gtid &&
            strcmp(name_of(options->files[i]), options->from.file) == 0) {
            return SL_OK;
        }
    }
    return sl_err_set(err, SL_EINVAL, "--from: with --file, expected FILE:POS in one of the files");
}

static int exit_status(const struct tail *tail, int status)
{
    if (status >= 0 || status == SL_ESTOPPED) {
        return SL_EXIT_OK;
    }
    if (status == SL_ESINK) {
        return SL_EXIT_SINK;
    }
    if (status == SL_EAUTH || status == SL_EINVAL || status == SL_EIO ||
        (tail->is_broken && status != SL_EGAP)) {
        return SL_EXIT_SOURCE;
    }
    return SL_EXIT_GAP;
}

static int follow(struct tail *tail)
{
    struct sl_err err = {0};
    int rc = make(tail, &err);
    int status;

    if (rc == SL_OK) {
        rc = sl_watch_start(stop, tail, &tail->watch, &err);
    }
    if (rc == SL_OK) {
        rc = stream(tail, &err);
    }
    status = exit_status(tail, rc);
    if (status != SL_EXIT_OK) {
        (void)fprintf(stderr, "sluice tail: %s\n",
                      err.text[0] != '\0' ? err.text : sl_status_str(rc));
    }
    return status;
}

static int run(int argc, char **argv)
{
    struct tail tail = {0};
    struct sl_err err = {0};
    int rc = sl_tail_options_read(argc, argv, &tail.options, &err);
    int status = SL_EXIT_USAGE;

    if (rc == SL_OK) {
        rc = check_start(&tail.options, &err);
    }
    if (rc != SL_OK) {
        status = sl_usage_error(&sl_command_tail, "%s", err.text);
        release(&tail);
        return status;
    }
    if (tail.options.files == NULL || tail.options.config != NULL) {
        const char *path = tail.options.config != NULL ? tail.options.config : SL_DEFAULT_CONFIG;

        tail.config = sl_command_config(path, SL_CONFIG_SINKS_OPTIONAL);
    }
    if (tail.config != NULL || (tail.options.files != NULL && tail.options.config == NULL)) {
        status = follow(&tail);
    }
    release(&tail);
    return status;
}

const struct sl_command sl_command_tail = {
    .name = "tail",
    .summary = "print decoded changes as lines of JSON; needs no Redis",
    .usage =
        "Usage: sluice tail [-c FILE] [--from PLACE] [--to PLACE] [--limit N] [--table "
        "PATTERN]...\n"
        "                   [--statements] [--count]\n"
        "       sluice tail --file BINLOG... [-c FILE] [OPTION...]\n\n"
        "Prints the changes of the configured tables, a JSON object a line, when their "
        "transaction\n"
        "commits. file, pos and gtid are the place where the transaction begins.\n\n"
        "  -c FILE           the configuration (default " SL_DEFAULT_CONFIG "); its sinks are not\n"
        "                    used and may be missing\n"
        "  --from PLACE      FILE:POS, a GTID set, now (the default) or earliest\n"
        "  --to PLACE        FILE:POS, a GTID set (unless --from is FILE:POS) or now: end at the "
        "first\n"
        "                    end of a transaction at or behind it\n"
        "  --limit N         end after N changes\n"
        "  --table PATTERN   DATABASE.TABLE, \"*\" and \"?\" stand for letters, or /REGEX/; may "
        "be\n"
        "                    given again; takes the place of the configuration's tables\n"
        "  --file BINLOG...  read these binary log files, in this order, instead of a server: all\n"
        "                    tables, unless -c or --table is given. Columns whose names the files "
        "do\n"
        "                    not have (binlog_row_metadata=FULL logs them) are called \"@1\", "
        "\"@2\", and\n"
        "                    so on; where the character set is missing, too, text is taken for "
        "UTF-8\n"
        "                    or latin1, and ENUM and SET are numbers\n"
        "  --statements      print the text of DDL, too, which can hold data\n"
        "  --count           decode and render every row, but print only a line of totals at the "
        "end\n\n"
        "Exit status: 0 ended as asked (also by SIGINT, SIGTERM, or when nobody reads the "
        "output),\n"
        "2 bad usage or configuration, 3 source unusable, 4 output unusable, 5 cannot continue\n"
        "without losing data.\n",
    .run = run,
};
