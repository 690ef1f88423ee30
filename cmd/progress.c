#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SL_LINE_MS = 5000,
    SL_BAR_CELLS = 24,
    SL_TEXT_MAX = 64,
};

void sl_progress_init(struct sl_progress *progress)
{
    *progress = (struct sl_progress){.is_terminal = isatty(STDERR_FILENO) == 1};
}

void sl_progress_release(struct sl_progress *progress)
{
    for (size_t i = 0; i < SL_PROGRESS_TABLES; i++) {
        free(progress->seen[i].table);
    }
}

/* ---- numbers ---- */

struct sum {
    uint64_t rows;
    uint64_t estimate;
    uint64_t left;
    uint64_t removed;
    size_t tables;
    size_t finished;
    size_t failed;
    bool is_listed; /* not SL_LOAD_ALL */
};

static struct sum sum_of(const struct sl_loads *loads)
{
    struct sum sum = {.is_listed = true};

    for (size_t i = 0; i < loads->count; i++) {
        const struct sl_load_state *state = &loads->items[i].state;

        if (strcmp(loads->items[i].table, SL_LOAD_ALL) == 0) {
            sum.is_listed = false;
            continue;
        }
        sum.tables++;
        sum.finished += sl_load_is_unfinished(&loads->items[i]) ? 0 : 1;
        sum.failed += state->phase == SL_LOAD_FAILED ? 1 : 0;
        sum.rows += state->rows;
        sum.removed += state->removed;
        sum.left += sl_load_rows_left(state);
    }
    sum.estimate = sum.rows + sum.left;
    return sum;
}

/* Rows a second since SEEN was set, which happens here when it is not or the load began anew. */
static uint64_t speed(struct sl_progress_seen *seen, uint64_t rows, uint64_t now_ms)
{
    if (seen->at_ms == 0 || rows < seen->rows) {
        seen->rows = rows;
        seen->at_ms = now_ms;
    }
    return now_ms > seen->at_ms ? (rows - seen->rows) * 1000 / (now_ms - seen->at_ms) : 0;
}

/* "0:07", "2:03:10"; "-" when nobody knows. */
static const char *eta(uint64_t left, uint64_t per_second, char *out, size_t size)
{
    uint64_t seconds = per_second > 0 ? left / per_second : 0;

    if (per_second == 0) {
        (void)snprintf(out, size, "-");
    } else if (seconds < 3600) {
        (void)snprintf(out, size, "%" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
    } else {
        (void)snprintf(out, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
                       seconds / 60 % 60, seconds % 60);
    }
    return out;
}

static const char *percent(int value, char *out, size_t size)
{
    if (value < 0) {
        (void)snprintf(out, size, "  ? %%");
    } else {
        (void)snprintf(out, size, "%3d %%", value);
    }
    return out;
}

static int percent_of(const struct sum *sum)
{
    const struct sl_load_state state = {.rows = sum->rows, .estimate = sum->estimate};

    return sum->is_listed && sum->tables > 0 && sum->finished == sum->tables
               ? 100
               : sl_load_percent(&state);
}

/* ---- the tables that are being read ---- */

static bool is_active(const struct sl_load *load)
{
    return load->state.phase == SL_LOAD_LOADING || load->state.phase == SL_LOAD_SWEEPING;
}

/* Where TABLE's first sight is kept; a place of a table that is done with is used again. */
static struct sl_progress_seen *find_seen(struct sl_progress *progress, const char *table)
{
    struct sl_progress_seen *oldest = &progress->seen[0];

    for (size_t i = 0; i < SL_PROGRESS_TABLES; i++) {
        struct sl_progress_seen *seen = &progress->seen[i];

        if (seen->table != NULL && strcmp(seen->table, table) == 0) {
            return seen;
        }
        if (seen->at_ms < oldest->at_ms) {
            oldest = seen;
        }
    }
    free(oldest->table);
    *oldest = (struct sl_progress_seen){.table = strdup(table)};
    return oldest;
}

static void draw_bar(int value)
{
    int full = value < 0 ? 0 : value * SL_BAR_CELLS / 100;

    (void)fputc('[', stderr);
    for (int i = 0; i < SL_BAR_CELLS; i++) {
        (void)fputc(i < full ? '#' : '-', stderr);
    }
    (void)fputc(']', stderr);
}

static void draw_line(const char *label, int value, uint64_t rows, uint64_t estimate,
                      uint64_t per_second, const char *when)
{
    char share[SL_TEXT_MAX];

    (void)fprintf(stderr, "%-28.60s ", label);
    draw_bar(value);
    (void)fprintf(stderr, " %s  %" PRIu64, percent(value, share, sizeof(share)), rows);
    if (estimate > 0 && value < 100) {
        (void)fprintf(stderr, " of ~%" PRIu64, estimate);
    }
    (void)fprintf(stderr, " rows  %" PRIu64 "/s  %s\033[K\n", per_second, when);
}

static void draw_table(struct sl_progress *progress, const struct sl_load *load, uint64_t now_ms)
{
    const struct sl_load_state *state = &load->state;
    uint64_t per_second = speed(find_seen(progress, load->table), state->rows, now_ms);
    char when[SL_TEXT_MAX] = "ETA ";

    if (state->phase == SL_LOAD_SWEEPING) {
        (void)snprintf(when, sizeof(when), "looking for keys without a row");
    } else {
        (void)eta(sl_load_rows_left(state), per_second, when + 4, sizeof(when) - 4);
    }
    draw_line(load->table, sl_load_percent(state), state->rows, state->estimate, per_second, when);
}

void sl_progress_clear(struct sl_progress *progress)
{
    if (progress->lines > 0) {
        (void)fprintf(stderr, "\033[%uA\033[J", progress->lines);
        (void)fflush(stderr);
        progress->lines = 0;
    }
}

static void draw(struct sl_progress *progress, const char *name, const struct sl_loads *loads,
                 uint64_t now_ms)
{
    struct sum sum = sum_of(loads);
    uint64_t per_second = speed(&progress->total, sum.rows, now_ms);
    char label[SL_TEXT_MAX];
    char when[SL_TEXT_MAX] = "ETA ";
    unsigned lines = 0;

    (void)fputs("\033[?7l", stderr); /* a line that is wrapped could not be drawn over */
    for (size_t i = 0; i < loads->count && lines < SL_PROGRESS_TABLES; i++) {
        if (is_active(&loads->items[i])) {
            draw_table(progress, &loads->items[i], now_ms);
            lines++;
        }
    }
    (void)snprintf(label, sizeof(label), "%s%s%zu of %zu tables", name != NULL ? name : "",
                   name != NULL ? ": " : "", sum.finished, sum.tables);
    (void)eta(sum.left, per_second, when + 4, sizeof(when) - 4);
    draw_line(label, percent_of(&sum), sum.rows, sum.estimate, per_second, when);
    (void)fputs("\033[?7h", stderr);
    progress->lines = lines + 1;
    (void)fflush(stderr);
}

static void print_line(struct sl_progress *progress, const char *name, const struct sl_loads *loads,
                       uint64_t now_ms)
{
    struct sum sum = sum_of(loads);
    uint64_t per_second = speed(&progress->total, sum.rows, now_ms);
    char share[SL_TEXT_MAX];
    char when[SL_TEXT_MAX];
    unsigned shown = 0;

    (void)fprintf(stderr,
                  "%s%s%zu of %zu tables, %" PRIu64 " of about %" PRIu64 " rows (%s), %" PRIu64
                  " rows/s, ETA %s",
                  name != NULL ? name : "", name != NULL ? ": " : "", sum.finished, sum.tables,
                  sum.rows, sum.estimate, percent(percent_of(&sum), share, sizeof(share)),
                  per_second, eta(sum.left, per_second, when, sizeof(when)));
    for (size_t i = 0; i < loads->count && shown < SL_PROGRESS_TABLES; i++) {
        if (is_active(&loads->items[i])) {
            (void)fprintf(stderr, "%s %s %s", shown == 0 ? ";" : ",", loads->items[i].table,
                          percent(sl_load_percent(&loads->items[i].state), share, sizeof(share)));
            shown++;
        }
    }
    (void)fputc('\n', stderr);
}

void sl_progress_show(struct sl_progress *progress, const char *name, const struct sl_loads *loads,
                      uint64_t now_ms)
{
    if (progress->is_terminal) {
        draw(progress, name, loads, now_ms);
        return;
    }
    if (progress->shown_ms == 0) {
        (void)speed(&progress->total, sum_of(loads).rows, now_ms);
        progress->shown_ms = now_ms; /* the first line comes when there is a speed to tell */
    } else if (now_ms - progress->shown_ms >= SL_LINE_MS) {
        print_line(progress, name, loads, now_ms);
        progress->shown_ms = now_ms;
    }
}

/* ---- the end ---- */

static void print_table(const struct sl_load *load)
{
    const struct sl_load_state *state = &load->state;
    uint64_t ms = state->changed_ms > state->began_ms ? state->changed_ms - state->began_ms : 0;

    (void)printf("%-28s %s  %" PRIu64 " rows", load->table, sl_load_phase_name(state->phase),
                 state->rows);
    if (state->removed > 0) {
        (void)printf(", %" PRIu64 " keys without a row removed", state->removed);
    }
    (void)printf(", %" PRIu64 ".%" PRIu64 " s\n", ms / 1000, ms % 1000 / 100);
}

void sl_progress_sum(const char *name, const struct sl_loads *loads)
{
    struct sum sum = sum_of(loads);

    if (name != NULL) {
        (void)printf("sink %s\n", name);
    }
    for (size_t i = 0; i < loads->count; i++) {
        print_table(&loads->items[i]);
    }
    (void)printf("%zu of %zu tables loaded, %" PRIu64 " rows, %" PRIu64 " keys removed\n",
                 sum.finished - sum.failed, sum.tables, sum.rows, sum.removed);
    (void)fflush(stdout);
}
