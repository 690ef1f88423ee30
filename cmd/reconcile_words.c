#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cdc/base/xrand.h"
#include "cmd/reconcile_private.h"

enum { SL_WAIT_S = 120 };

static bool read_number(const char *word, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value = strtoull(word, &end, 10);

    if (word[0] < '0' || word[0] > '9' || *end != '\0' || value > max) {
        return false;
    }
    *out = value;
    return true;
}

static int refuse(const char *option, const char *expected, const char *word)
{
    return sl_usage_error(&sl_command_reconcile, "%s: expected %s, got \"%.64s\"", option, expected,
                          word);
}

static int take_table(const char *word, struct sl_reconcile_words *words)
{
    const char *dot = strchr(word, '.');

    if (dot == NULL || dot == word || dot[1] == '\0') {
        return refuse("--table", "DATABASE.TABLE", word);
    }
    words->tables[words->table_count++] = word;
    return SL_EXIT_OK;
}

static int take_number(const char *option, const char *word, struct sl_reconcile_words *words)
{
    uint64_t percent = 0;

    if (strcmp(option, "--rate") == 0) {
        return read_number(word, 1000000000, &words->rate) && words->rate > 0
                   ? SL_EXIT_OK
                   : refuse(option, "rows a second", word);
    }
    if (strcmp(option, "--sample") == 0) {
        if (!read_number(word, 100, &percent) || percent == 0) {
            return refuse(option, "a percentage from 1 to 100", word);
        }
        words->sample = (uint32_t)percent;
        return SL_EXIT_OK;
    }
    if (strcmp(option, "--seed") == 0) {
        words->has_seed = true;
        return read_number(word, UINT64_MAX, &words->seed) ? SL_EXIT_OK
                                                           : refuse(option, "a number", word);
    }
    if (strcmp(option, "--wait") == 0) {
        return read_number(word, 1000000, &words->wait_s) ? SL_EXIT_OK
                                                          : refuse(option, "seconds", word);
    }
    words->has_max_drift = true;
    return read_number(word, UINT64_MAX, &words->max_drift) ? SL_EXIT_OK
                                                            : refuse(option, "a number", word);
}

static int take_since(const char *word, struct sl_reconcile_words *words)
{
    struct sl_err err = {0};

    words->since_text = word;
    if (sl_since_parse(&words->since, word, sl_clock_wall_ms(sl_clock_real()) / 1000, &err) !=
        SL_OK) {
        return sl_usage_error(&sl_command_reconcile, "--since: %s", err.text);
    }
    return SL_EXIT_OK;
}

static int take_pair(const char *option, const char *word, struct sl_reconcile_words *words)
{
    static const char *const numbers[] = {"--rate", "--sample", "--seed", "--wait", "--max-drift"};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(option, numbers[i]) == 0) {
            return take_number(option, word, words);
        }
    }
    if (strcmp(option, "-c") == 0) {
        words->config = word;
    } else if (strcmp(option, "--table") == 0) {
        return take_table(word, words);
    } else if (strcmp(option, "--since") == 0) {
        return take_since(word, words);
    } else if (strcmp(option, "--report") == 0) {
        words->report = word;
    } else if (strcmp(option, "--metrics") == 0) {
        words->metrics = word;
    } else {
        return sl_usage_error(&sl_command_reconcile, "unknown option \"%.64s\"", option);
    }
    return SL_EXIT_OK;
}

/* The part of a sample differs from run to run, so that in time all is compared. */
static void choose_seed(struct sl_reconcile_words *words)
{
    if (!words->has_seed) {
        words->seed = sl_xrand_entropy();
    }
    if (words->sample < 100) {
        (void)fprintf(stderr, "sluice reconcile: a sample of %" PRIu32 " %%, --seed %" PRIu64 "\n",
                      words->sample, words->seed);
    }
}

int sl_reconcile_read_words(int argc, char **argv, struct sl_reconcile_words *words)
{
    int status = SL_EXIT_OK;

    *words = (struct sl_reconcile_words){
        .config = SL_DEFAULT_CONFIG, .sample = 100, .wait_s = SL_WAIT_S};
    words->tables = calloc((size_t)argc, sizeof(*words->tables));
    if (words->tables == NULL) {
        return sl_usage_error(&sl_command_reconcile, "out of memory");
    }
    for (int i = 1; status == SL_EXIT_OK && i < argc; i++) {
        if (strcmp(argv[i], "--repair") == 0) {
            words->repair = true;
        } else if (i + 1 < argc) {
            status = take_pair(argv[i], argv[i + 1], words);
            i++;
        } else {
            status = sl_usage_error(&sl_command_reconcile,
                                    "unknown option \"%.64s\", or its value is missing", argv[i]);
        }
    }
    if (status == SL_EXIT_OK) {
        choose_seed(words);
    }
    return status;
}

void sl_reconcile_release_words(struct sl_reconcile_words *words)
{
    free(words->tables);
    sl_since_release(&words->since);
}
