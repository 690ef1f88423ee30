/*
 * reconcile_private.h - what the files of `sluice reconcile` share.
 *
 *     reconcile.c        words, the order of things, exit status
 *     reconcile_sink.c   one sink: lock, daemon, which tables
 *     reconcile_since.c  --since: what the binary log says has changed
 *     reconcile_table.c  one table: rows, then keys without a row, then looks
 *     reconcile_changed.c the same of keys that changed
 *     reconcile_rows.c   rows that were read, against their keys
 *     reconcile_items.c  the same of what they have in indexes
 *     reconcile_keys.c   keys and members of the sink, against the rows
 *     reconcile_look.h   the looks that tell drift from a difference of the moment
 *     reconcile_rules.c  whether the daemon has the same rules
 *     reconcile_unpack.c what keys hold, without its compression
 *     reconcile_wait.c   waiting: for the checkpoint, for the rate, for a stop
 *     reconcile_mend.c   requests to the daemon
 *     reconcile_writer.c the daemon's part, where none runs
 *     reconcile_report.c what is said: report, summary, progress
 *     reconcile_metrics.c the same as metrics
 *     reconcile_keep.c   the sums, kept in the sink
 */
#ifndef SLUICE_CMD_RECONCILE_PRIVATE_H
#define SLUICE_CMD_RECONCILE_PRIVATE_H

#include <stdatomic.h>
#include <stdio.h>

#include "cdc/base/arena.h"
#include "cdc/base/clock.h"
#include "cdc/chunk.h"
#include "cdc/key_filter.h"
#include "cdc/key_set.h"
#include "cdc/load_store.h"
#include "cdc/mapper.h"
#include "cdc/since.h"
#include "cdc/suspects.h"
#include "cmd/command.h"
#include "cmd/runner.h"
#include "filters/changed_keys.h"
#include "filters/expect.h"
#include "filters/unpack.h"
#include "sinks/redis_dictionary.h"
#include "sinks/redis_lock.h"
#include "sinks/redis_rows.h"

enum {
    SL_EXIT_DRIFT = 1,
    SL_RECONCILE_BATCH = 200,             /* keys that are read in one step of Redis */
    SL_RECONCILE_BYTES = 4 * 1024 * 1024, /* rows that are held at a time, about */
    SL_RECONCILE_ROWS = 1000,             /* of a chunk */
};

struct sl_reconcile_words {
    const char *config;
    const char **tables; /* patterns */
    size_t table_count;
    bool repair;
    uint64_t rate;   /* rows a second; 0: no limit */
    uint32_t sample; /* percent */
    uint64_t wait_s; /* for a stream that stays behind */
    bool has_seed;
    uint64_t seed; /* which part the sample is */
    bool has_max_drift;
    uint64_t max_drift;
    const char *report; /* files; NULL: none */
    const char *metrics;
    const char *since_text; /* NULL: all rows are compared */
    struct sl_since since;
};

/* SL_EXIT_OK, or SL_EXIT_USAGE after saying why. */
int sl_reconcile_read_words(int argc, char **argv, struct sl_reconcile_words *words);
void sl_reconcile_release_words(struct sl_reconcile_words *words);

/* What came of one table at one sink. */
struct sl_reconcile_counts {
    uint64_t rows; /* compared */
    uint64_t keys; /* of the sink, looked for a row */
    uint64_t drift[SL_DRIFT_KINDS];
    uint64_t mended; /* of these */
    uint64_t unsettled;
    uint64_t late;    /* of these, as the stream stayed behind */
    uint64_t unclear; /* of these, as the key does not tell the row */
    uint64_t queries;
    uint64_t query_us;
    uint64_t redis_bytes;
    uint64_t took_ms;
};

/* What a row has in the sink: a key of its own, where FACET is 0, or an item of an index. */
struct sl_reconcile_item {
    uint32_t facet;
    struct sl_span name; /* see item.h */
};

static inline struct sl_reconcile_item sl_reconcile_item_of(const struct sl_suspect *suspect)
{
    return (struct sl_reconcile_item){.facet = suspect->facet, .name = sl_suspect_key(suspect)};
}

/* What it returns, if not SL_OK, ends the calls. NAME is valid during the call. */
typedef int (*sl_reconcile_name_fn)(void *user, struct sl_span name);

/* ---- the report ---- */

struct sl_reconcile_report;

/* What is written of a key; DETAILS is a JSON text without its first brace, or "". */
struct sl_reconcile_line {
    const char *sink;
    struct sl_span db;
    struct sl_span table;
    const struct sl_suspect *suspect;
    const char *index; /* its key template; NULL: the key is the row's own */
    bool is_member;
    enum sl_drift drift;
    const char *fields; /* a JSON list, or NULL */
    uint64_t expected;  /* hashes */
    uint64_t found;
    const struct sl_position *high;
};

/* Opens the files that WORDS names. */
int sl_reconcile_report_new(const struct sl_reconcile_words *words, const char *pipeline,
                            struct sl_reconcile_report **report, struct sl_err *err) SL_MUSTCHECK;
/* Writes the metrics, if asked for, with the command's exit STATUS. */
int sl_reconcile_report_finish(struct sl_reconcile_report *report, int status,
                               struct sl_err *err) SL_MUSTCHECK;
void sl_reconcile_report_free(struct sl_reconcile_report *report);
/* The report's line of a key, without its end: for sl_reconcile_report_line(). */
int sl_reconcile_format_line(const struct sl_reconcile_line *line, struct sl_buf *out) SL_MUSTCHECK;
/* MENDED: 1 yes, 0 no, -1: was not tried. */
int sl_reconcile_report_line(struct sl_reconcile_report *report, const char *line, int mended,
                             struct sl_err *err) SL_MUSTCHECK;
void sl_reconcile_report_sink(struct sl_reconcile_report *report,
                              const struct sl_redis_options *sink);
int sl_reconcile_report_table(struct sl_reconcile_report *report, struct sl_span db,
                              struct sl_span table,
                              const struct sl_reconcile_counts *counts) SL_MUSTCHECK;

/* What was read of the binary log. */
struct sl_reconcile_log {
    const struct sl_position *from;
    const struct sl_position *to;
    uint64_t events;
    uint64_t bytes;
    uint64_t took_ms;
    size_t keys; /* that changed */
};

void sl_reconcile_report_log(struct sl_reconcile_report *report,
                             const struct sl_reconcile_log *log);
/* A line that is written over, on a terminal; nothing elsewhere. */
void sl_reconcile_progress(struct sl_reconcile_report *report, struct sl_span db,
                           struct sl_span table, const struct sl_reconcile_counts *counts,
                           uint64_t estimate);
/* A sentence for the operator, on stderr. */
void sl_reconcile_say(struct sl_reconcile_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- one sink ---- */

/* A table that a rule chooses. */
struct sl_reconcile_table {
    struct sl_span db;
    struct sl_span name;
    uint64_t estimate; /* of rows */
    const struct sl_table_rule *rule;
    struct sl_key_pattern **patterns; /* of its keys, by facets, made without its layout */
    size_t facets;
    bool is_wanted;  /* not left out by --table */
    bool is_loading; /* by the daemon: not all of it is there yet */
};

struct sl_look_item;       /* reconcile_look.c */
struct sl_reconcile_since; /* reconcile_since.c */

struct sl_reconcile {
    const struct sl_config *config; /* borrowed, down to CLOCK */
    const struct sl_redis_options *sink;
    const struct sl_reconcile_words *words;
    struct sl_reconcile_report *report;
    const atomic_bool *stop;
    const struct sl_clock *clock;
    struct sl_chunk_reader *reader;
    struct sl_reconcile_since *since; /* NULL: all rows are compared */
    struct sl_redis_rows *rows;
    struct sl_load_store *store;
    struct sl_redis_lock *lock;
    struct sl_mapper *mapper;
    struct sl_position place; /* the checkpoint when it was last read */
    struct sl_position high;  /* of the chunk at hand */
    struct sl_arena names;    /* what the tables and file names are in */
    struct sl_reconcile_table *tables;
    size_t table_count;
    size_t table_cap;
    const char *low_file;     /* the last one that was kept in NAMES */
    bool has_daemon;          /* somebody holds the lease */
    struct sl_runner *writer; /* NULL: none of our own */
    size_t sink_number;
    bool is_missing_load; /* a table is being loaded, so it was not compared */
    bool has_bad_table;   /* a table could not be compared */
    bool source_failed;   /* what failed last was the source, not the sink */
    uint64_t seed;        /* for hashes that stand for a comparison */
    uint64_t sample_seed;
    uint64_t began_ms;
    uint64_t paced_rows;
    uint64_t compared; /* rows, of all tables */
    uint64_t drifted;  /* keys, likewise */
    uint64_t mended;
    uint64_t unsettled;
    uint64_t late;
    uint64_t unclear;
    uint64_t late_since_ms; /* since when the stream has been too far behind; 0: it is not */

    /* ---- the table at hand ---- */
    const struct sl_reconcile_table *current;
    struct sl_table *table;
    struct sl_suspects *suspects;
    struct sl_key_filter *filter; /* keys of the rows that were read */
    uint32_t facets;
    struct sl_key_pattern **owned; /* by facets: items that no other row can have (mapper.h) */
    struct sl_reconcile_counts counts;
    uint64_t row_bytes; /* of those compared, for an average */
    struct sl_look_item *items;
    struct sl_expect expect; /* scratch */
    struct sl_redis_dictionaries dictionaries;
    struct sl_unpacker *unpacker;
    struct sl_unpacked unpacked; /* scratch */
    /* Of which it was said why a value could not be unpacked. */
    const struct sl_reconcile_table *said_unreadable;
    struct sl_buf key;
    struct sl_buf scope;  /* of the table, see reread_note.h */
    struct sl_mend *mend; /* NULL: not asked for */
};

/* What makes a call end before its time, though nothing failed. */
#define SL_RECONCILE_ENOUGH  4 /* more drift than --max-drift, or than can be remembered */
#define SL_RECONCILE_ALTERED 5 /* the table was altered while it was being read: begin it anew */
#define SL_RECONCILE_LOADING 6 /* the daemon loads the table again */

/* What all sinks have in common; borrowed. */
struct sl_reconcile_common {
    const struct sl_config *config;
    const struct sl_reconcile_words *words;
    struct sl_reconcile_report *report;
    struct sl_chunk_reader *reader;
    struct sl_reconcile_since *since; /* NULL: all rows are compared */
    const atomic_bool *stop;
};

/* Writes to the sink what came of a run that ended as RC says, with STATUS. */
void sl_reconcile_keep(const struct sl_reconcile *r, int rc, int status);
/* Compares sink number SINK; its exit status. */
int sl_reconcile_sink(const struct sl_reconcile_common *common, size_t sink);
/* SL_RECONCILE_LOADING: the table at hand is on its way (again). */
int sl_reconcile_check_load(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* True when --table does not leave it out. */
bool sl_reconcile_is_wanted(const struct sl_reconcile_words *words, struct sl_span db,
                            struct sl_span table);

/* ---- reconcile_since.c ---- */

/* For words with --since. NULL: no memory. */
struct sl_reconcile_since *sl_reconcile_since_new(const struct sl_config *config,
                                                  const struct sl_reconcile_words *words);
void sl_reconcile_since_free(struct sl_reconcile_since *since);
/* Thread-safe. */
void sl_reconcile_since_interrupt(struct sl_reconcile_since *since);
/* Reads the log, once for all sinks; nothing without --since. SL_EGAP: it is not there any more. */
int sl_reconcile_since_read(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* False: nothing of r->current changed. *CHANGED is what did, valid until the next call; of a table
 * that is to be compared whole it says why, or, without --since, nothing. */
bool sl_reconcile_since_chooses(struct sl_reconcile *r, struct sl_changed_table *changed);
/* From now on r->current is compared whole; WHY is static, part of a sentence. Returns
 * SL_RECONCILE_ALTERED, for it to be begun anew. */
int sl_reconcile_since_whole(struct sl_reconcile *r, const char *why,
                             struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_table.c ---- */

/* Compares r->current. SL_DONE: there is no such table (any more). */
int sl_reconcile_compare_table(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* How many rows are read at a time. */
size_t sl_reconcile_chunk_rows(const struct sl_reconcile *r);
/* True when KEY is in the sample. */
bool sl_reconcile_is_sampled(const struct sl_reconcile *r, struct sl_span key);
/* Takes what a call of the chunk reader returned: notes that it failed, and returns RC or
 * SL_RECONCILE_ALTERED. */
int sl_reconcile_from_source(struct sl_reconcile *r, int rc);
void sl_reconcile_count_query(struct sl_reconcile *r, const struct sl_chunk *chunk);
/* Looks again, and mends, if there is much to do. */
int sl_reconcile_look_on_the_way(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_changed.c ---- */

/* Compares the items of FACET in CHANGED, and their rows. SL_RECONCILE_ALTERED: one does not tell
 * its row. */
int sl_reconcile_changed(struct sl_reconcile *r, uint32_t facet, const struct sl_key_set *changed,
                         struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_rows.c ---- */

/* What ITEM of a row of the table at hand should hold; nothing where `where` says so. */
int sl_reconcile_expect(struct sl_reconcile *r, struct sl_expect *expect,
                        const struct sl_cell *cells, struct sl_reconcile_item item,
                        struct sl_err *err) SL_MUSTCHECK;
/* Compares COUNT (at most SL_RECONCILE_BATCH) items of a FACET with the CELLS of their rows (NULL:
 * there is none), which were read at r->high; notes those that look different. */
int sl_reconcile_rows(struct sl_reconcile *r, uint32_t facet, const struct sl_span *names,
                      const struct sl_cell *const *cells, size_t count,
                      struct sl_err *err) SL_MUSTCHECK;
/* Notes an item that looks different. */
int sl_reconcile_suspect(struct sl_reconcile *r, struct sl_reconcile_item item, enum sl_drift drift,
                         size_t row_bytes, uint64_t image, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_items.c ---- */

/* Calls EACH for what the row of CELLS has in FACET. */
int sl_reconcile_names(struct sl_reconcile *r, uint32_t facet, const struct sl_cell *cells,
                       sl_reconcile_name_fn each, void *user, struct sl_err *err) SL_MUSTCHECK;
/* As sl_reconcile_expect(), for facets of 1 and up. */
int sl_reconcile_expect_item(struct sl_reconcile *r, struct sl_expect *expect,
                             const struct sl_cell *cells, struct sl_reconcile_item item,
                             struct sl_err *err) SL_MUSTCHECK;
/* Compares what COUNT rows, which were read at r->high, have in all indexes. */
int sl_reconcile_items(struct sl_reconcile *r, const struct sl_cell *const *rows, size_t count,
                       struct sl_err *err) SL_MUSTCHECK;
/* Fills CELLS with values by which the row of ITEM is found; returns as parse_key of mapper.h. */
int sl_reconcile_parse(struct sl_reconcile *r, struct sl_reconcile_item item,
                       struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;
/* How items of FACET are kept. */
struct sl_redis_form sl_reconcile_form(const struct sl_reconcile *r, uint32_t facet);

/* ---- reconcile_keys.c ---- */

/* Looks for keys and members of FACET that no row has. */
int sl_reconcile_keys(struct sl_reconcile *r, uint32_t facet, struct sl_err *err) SL_MUSTCHECK;
/* True when ITEM may be of another table's row as well, or sluice's own. */
bool sl_reconcile_is_others(const struct sl_reconcile *r, struct sl_reconcile_item item);

/* ---- reconcile_look.c ---- */

struct sl_look_item *sl_reconcile_items_new(void);
void sl_reconcile_items_free(struct sl_look_item *items);
/* Looks again at all that looked different, until nothing is left. */
int sl_reconcile_look(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_rules.c ---- */

/* Says of which tables the daemon has other rules. */
int sl_reconcile_check_rules(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_unpack.c ---- */

/* *PLAIN: what HELD, read from an item of FACET of the table at hand, stands for; valid until the
 * next call. SL_ENOMEM, or why a dictionary could not be read. */
int sl_reconcile_unpack(struct sl_reconcile *r, uint32_t facet, const struct sl_held *held,
                        const struct sl_held **plain, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_wait.c ---- */

/* True when the checkpoint r->place is at HIGH or behind. */
bool sl_reconcile_has_passed(const struct sl_reconcile *r, const struct sl_position *high);
/* Waits until it is. LIMIT_MS (0: none) over: SL_AGAIN. SL_ESINK: it does not move. */
int sl_reconcile_wait(struct sl_reconcile *r, const struct sl_position *high, uint64_t limit_ms,
                      struct sl_err *err) SL_MUSTCHECK;
/* Sleeps; SL_ESTOPPED. Keeps the lock. */
int sl_reconcile_sleep(struct sl_reconcile *r, uint64_t ms, struct sl_err *err) SL_MUSTCHECK;
/* ROWS more were read: waits as long as --rate asks for. Keeps the lock. */
int sl_reconcile_pace(struct sl_reconcile *r, size_t rows, struct sl_err *err) SL_MUSTCHECK;

/* ---- reconcile_writer.c ---- */

/* Runs the pipeline in this process, and returns when it writes. */
int sl_reconcile_writer_start(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* SL_ESINK: it has ended. */
int sl_reconcile_writer_check(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* Ends it in peace, if there is one; its exit status. */
int sl_reconcile_writer_stop(struct sl_reconcile *r);

/* ---- reconcile_mend.c ---- */

struct sl_mend;

struct sl_mend *sl_mend_new(void);
void sl_mend_free(struct sl_mend *mend);
/* Takes an item that drifts, the key of the ROW that has it (empty: none), and its line of the
 * report; all are copied. */
int sl_mend_add(struct sl_mend *mend, struct sl_reconcile_item item, struct sl_span row,
                const char *line) SL_MUSTCHECK;
bool sl_mend_is_full(const struct sl_mend *mend);
size_t sl_mend_count(const struct sl_mend *mend);
/* Has the daemon mend what was added, and says of each key whether it is equal now. */
int sl_reconcile_mend(struct sl_reconcile *r, struct sl_err *err) SL_MUSTCHECK;
/* Called by the looks: what became of ITEM, which had been mended. False: it had not been. */
bool sl_mend_settle(struct sl_mend *mend, struct sl_reconcile_item item, bool is_equal);

#endif
