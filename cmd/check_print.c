#include "cmd/check_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filters/json_string.h"

static const char *const level_names[] = {
    [SL_CHECK_OK] = "ok",
    [SL_CHECK_WARN] = "warn",
    [SL_CHECK_FAIL] = "fail",
};

/* NO_COLOR as no-color.org has it. */
bool sl_check_print_colors(void)
{
    const char *no_color = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    const char *term = getenv("TERM");         /* NOLINT(concurrency-mt-unsafe) */

    return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
           term != NULL && strcmp(term, "dumb") != 0;
}

static void print_text(const struct sl_check_print *print, const struct sl_check_line *line)
{
    static const char *const colors[] = {
        [SL_CHECK_OK] = "\033[32m",
        [SL_CHECK_WARN] = "\033[33m",
        [SL_CHECK_FAIL] = "\033[31m",
    };
    const char *on = print->has_colors ? colors[line->level] : "";
    const char *off = print->has_colors ? "\033[0m" : "";

    (void)printf("%s%-4s%s  %-19s  %s%s%s\n", on, level_names[line->level], off, line->topic,
                 print->sink != NULL ? print->sink : "", print->sink != NULL ? ": " : "",
                 line->text);
    if (line->fix[0] != '\0') {
        (void)printf("      %s\n", line->fix);
    }
}

static int add_member(struct sl_buf *out, const char *name, const char *text)
{
    int rc = sl_buf_add_format(out, ",\"%s\":", name);

    return rc == SL_OK ? sl_json_string(sl_span_make(text, strlen(text)), out) : rc;
}

static void print_json(const struct sl_check_print *print, const struct sl_check_line *line)
{
    struct sl_buf out = {0};
    int rc = sl_buf_add_format(&out, "{\"level\":\"%s\"", level_names[line->level]);

    rc = rc == SL_OK ? add_member(&out, "topic", line->topic) : rc;
    if (rc == SL_OK && print->sink != NULL) {
        rc = add_member(&out, "sink", print->sink);
    }
    rc = rc == SL_OK ? add_member(&out, "text", line->text) : rc;
    if (rc == SL_OK && line->fix[0] != '\0') {
        rc = add_member(&out, "fix", line->fix);
    }
    rc = rc == SL_OK ? sl_buf_add_str(&out, "}\n") : rc;
    if (rc == SL_OK) {
        (void)fwrite(out.data, 1, out.len, stdout);
    }
    sl_buf_release(&out);
}

void sl_check_print_line(void *user, const struct sl_check_line *line)
{
    struct sl_check_print *print = user;

    print->counts[line->level]++;
    if (print->is_json) {
        print_json(print, line);
    } else {
        print_text(print, line);
    }
    (void)fflush(stdout); /* the next line may take a while */
}

void sl_check_print_say(struct sl_check_print *print, enum sl_check_level level, const char *topic,
                        const char *fix, const char *format, ...)
{
    char text[1024];
    const struct sl_check_line line = {.level = level, .topic = topic, .text = text, .fix = fix};
    va_list args;

    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): clang 14 loses va_start */
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    sl_check_print_line(print, &line);
}
