/*
 * log.c - where lines go and which are wanted; log_line.c makes them.
 */
#include "cdc/base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cdc/base/clock.h"

static atomic_int log_levels[SL_LOG_MODULES] = {SL_LOG_INFO, SL_LOG_INFO, SL_LOG_INFO, SL_LOG_INFO,
                                                SL_LOG_INFO};
static atomic_int log_format = SL_LOG_LOGFMT;
static atomic_int log_fd = STDERR_FILENO;
static atomic_bool log_journal;

void sl_log_setup(enum sl_log_level level, enum sl_log_format format)
{
    for (int i = 0; i < SL_LOG_MODULES; i++) {
        atomic_store(&log_levels[i], (int)level);
    }
    atomic_store(&log_format, (int)format);
}

void sl_log_set_level(enum sl_log_module module, enum sl_log_level level)
{
    atomic_store(&log_levels[module], (int)level);
}

void sl_log_set_fd(int fd)
{
    atomic_store(&log_fd, fd);
}

void sl_log_set_journal(bool is_journal)
{
    atomic_store(&log_journal, is_journal);
}

bool sl_log_is_journal(int fd, const char *journal_stream)
{
    struct stat file;
    char name[48];

    if (journal_stream == NULL || fstat(fd, &file) != 0) {
        return false;
    }
    (void)snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)file.st_dev,
                   (unsigned long long)file.st_ino);
    return strcmp(name, journal_stream) == 0;
}

bool sl_log_wants(enum sl_log_module module, enum sl_log_level level)
{
    return (int)level <= atomic_load(&log_levels[module]);
}

/* One write; the loop only serves signals and odd files that take a part. A log that cannot be
   written is nobody's reason to stop. */
static void write_line(const char *line, size_t len)
{
    int fd = atomic_load(&log_fd);

    while (len > 0) {
        ssize_t done = write(fd, line, len);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return;
        }
        line += done;
        len -= (size_t)done;
    }
}

static __attribute__((format(printf, 4, 0))) void log_pairs(enum sl_log_module module,
                                                            enum sl_log_level level,
                                                            const char *message, const char *pairs,
                                                            va_list args)
{
    static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};
    int saved = errno;
    char line[3 + SL_LOG_LINE_MAX + 1];
    size_t start = atomic_load(&log_journal) ? 3 : 0;
    struct sl_log_head head = {
        .format = (enum sl_log_format)atomic_load(&log_format),
        .level = level,
        .wall_ms = sl_clock_wall_ms(sl_clock_real()),
        .message = message,
        .module = module,
    };

    memcpy(line, priorities[level], start);
    write_line(line, start + sl_log_render(line + start, &head, pairs, args));
    errno = saved;
}

void sl_log(enum sl_log_level level, const char *message, const char *pairs, ...)
{
    va_list args;

    if (!sl_log_wants(SL_LOG_OF_DAEMON, level)) {
        return;
    }
    va_start(args, pairs);
    log_pairs(SL_LOG_OF_DAEMON, level, message, pairs, args);
    va_end(args);
}

void sl_log_of(enum sl_log_module module, enum sl_log_level level, const char *message,
               const char *pairs, ...)
{
    va_list args;

    if (!sl_log_wants(module, level)) {
        return;
    }
    va_start(args, pairs);
    log_pairs(module, level, message, pairs, args);
    va_end(args);
}

void sl_log_text(enum sl_log_level level, const char *message)
{
    sl_log(level, message, " ");
}

void sl_log_text_of(enum sl_log_module module, enum sl_log_level level, const char *message)
{
    sl_log_of(module, level, message, " ");
}

bool sl_log_limit_allows(struct sl_log_limit *limit, uint64_t now_ms, uint64_t *dropped)
{
    if (limit->next_ms != 0 && now_ms < limit->next_ms) {
        limit->dropped++;
        return false;
    }
    *dropped = limit->dropped;
    limit->dropped = 0;
    limit->next_ms = now_ms + limit->interval_ms;
    return true;
}
