/*
 * log.h - one line to stderr for each thing that an operator should know.
 *
 *     sl_log(SL_LOG_INFO, "ready", "pipeline=%s lag_ms=%" PRIu64, name, lag);
 *     sl_log_of(SL_LOG_OF_SINK, SL_LOG_WARN, text, "pipeline=%s", name);
 *
 * logfmt: time=2026-01-31T08:00:00.123Z level=info msg=ready pipeline=shop lag_ms=12
 *         time=2026-01-31T08:00:00.123Z level=warn msg="…" module=sink pipeline=shop
 * json:
 * {"time":"2026-01-31T08:00:00.123Z","level":"info","msg":"ready","pipeline":"shop","lag_ms":12}
 *
 * PAIRS is a list of key=value, separated by single spaces, and is checked by the compiler as a
 * printf format. A value is plain text and conversions up to the next space of PAIRS itself:
 * spaces, quotes and control characters of an argument never end it, they are quoted. Known
 * conversions: %s
 * %.*s %c %d %i %u %x (with l, ll, z, j) %f %g (with .N) and %%. In JSON a value that is
 * nothing but one number conversion is a number, all else a string.
 *
 * Only pipelines and commands log, once where a failure ends up; modules return errors. Row
 * data and secrets are never logged. Every function may be called by any thread.
 */
#ifndef SLUICE_CDC_BASE_LOG_H
#define SLUICE_CDC_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_log_level {
    SL_LOG_ERROR, /* the operator must act */
    SL_LOG_WARN,  /* degraded, and continuing */
    SL_LOG_INFO,  /* lifecycle */
    SL_LOG_DEBUG,
};

/* What a line speaks of, which may have a level of its own. */
enum sl_log_module {
    SL_LOG_OF_DAEMON, /* the pipeline as a whole; not named in the line */
    SL_LOG_OF_SOURCE, /* the way from the source: connection, stream, gaps, statements */
    SL_LOG_OF_SINK,   /* the way to Redis: connection, lease, groups */
    SL_LOG_OF_LOAD,   /* tables that are loaded, rows that are read again */
    SL_LOG_OF_CONFIG, /* the configuration, at the start and by SIGHUP */
    SL_LOG_MODULES,
};

enum sl_log_format {
    SL_LOG_LOGFMT,
    SL_LOG_JSON,
};

/* A line is at most this long with its line feed: what a pipe takes in one piece (PIPE_BUF). */
enum { SL_LOG_LINE_MAX = 4096 };

/* Lines above LEVEL are dropped, of all modules. At the start: info, logfmt. */
void sl_log_setup(enum sl_log_level level, enum sl_log_format format);
/* From now on, of one module. */
void sl_log_set_level(enum sl_log_module module, enum sl_log_level level);
/* Lines go to FD (borrowed) from now on; at the start, 2. */
void sl_log_set_fd(int fd);
/*
 * Before each line stands its priority, "<3>" to "<7>", as journald reads it from the standard
 * error of a service (sd-daemon(3)). sl_log_is_journal() tells whether JOURNAL_STREAM, which
 * systemd sets
 * ("DEVICE:INODE", systemd.exec(5)), is FD.
 */
void sl_log_set_journal(bool is_journal);
bool sl_log_is_journal(int fd, const char *journal_stream);
/* True when a line of LEVEL would be written: for callers whose arguments cost something. */
bool sl_log_wants(enum sl_log_module module, enum sl_log_level level);

/* Writes one line with one write(2). What does not fit is cut and the line says truncated=true. */
void sl_log(enum sl_log_level level, const char *message, const char *pairs, ...)
    __attribute__((format(printf, 3, 4)));
void sl_log_of(enum sl_log_module module, enum sl_log_level level, const char *message,
               const char *pairs, ...) __attribute__((format(printf, 4, 5)));
/* The same without pairs. */
void sl_log_text(enum sl_log_level level, const char *message);
void sl_log_text_of(enum sl_log_module module, enum sl_log_level level, const char *message);

/* What a line is made of, for sl_log_render(). */
struct sl_log_head {
    enum sl_log_format format;
    enum sl_log_level level;
    uint64_t wall_ms; /* since 1970 */
    const char *message;
    enum sl_log_module module;
};

/*
 * Writes the line, line feed and NUL included, to OUT of SL_LOG_LINE_MAX + 1 bytes and returns its
 * length without the NUL. PAIRS may be " " for none. Pure: this is what tests look at.
 */
size_t sl_log_render(char *out, const struct sl_log_head *head, const char *pairs, va_list args)
    __attribute__((format(printf, 3, 0)));

/* "error", "warn", "info", "debug". */
const char *sl_log_level_name(enum sl_log_level level);
/* "daemon", "source", "sink", "load", "config". */
const char *sl_log_module_name(enum sl_log_module module);

/*
 * Keeps a failure that repeats from flooding the log: one line an interval. Zeroed but
 * for interval_ms, it lets the first line through. Used by one thread.
 */
struct sl_log_limit {
    uint64_t interval_ms;
    uint64_t next_ms; /* monotonic time of the next line; 0: none was let through yet */
    uint64_t dropped; /* since the last line */
};

/* True when the line may be written at NOW_MS (monotonic); *DROPPED is then how many were not since
   the last one, to be logged with it. */
bool sl_log_limit_allows(struct sl_log_limit *limit, uint64_t now_ms, uint64_t *dropped);

#endif
