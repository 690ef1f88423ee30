/*
 * probe.h - asks a server for the facts that preflight.h judges.
 */
#ifndef SLUICE_CDC_CLIENT_PROBE_H
#define SLUICE_CDC_CLIENT_PROBE_H

#include "cdc/options.h"
#include "cdc/preflight.h"

struct sl_probe;

/* Connects. SL_EIO, SL_EAUTH, SL_EINVAL, SL_ENOMEM. */
int sl_probe_open(const struct sl_source_options *options, struct sl_probe **probe,
                  struct sl_err *err) SL_MUSTCHECK;
void sl_probe_free(struct sl_probe *probe);

int sl_probe_source(struct sl_probe *probe, struct sl_source_facts *facts,
                    struct sl_err *err) SL_MUSTCHECK;

/* Only what the server's variables say. */
int sl_probe_settings(struct sl_probe *probe, struct sl_source_facts *facts,
                      struct sl_err *err) SL_MUSTCHECK;

/* FACTS borrows the names DB and TABLE. */
int sl_probe_table(struct sl_probe *probe, const char *db, const char *table,
                   struct sl_table_facts *facts, struct sl_err *err) SL_MUSTCHECK;

/*
 * Calls EACH for every base table that the account can see, but those of the server itself, until
 * it returns something else than SL_OK, which is then the result. Tables come sorted by name.
 */
typedef int (*sl_probe_table_fn)(void *user, const char *db, const char *table);
int sl_probe_list(struct sl_probe *probe, sl_probe_table_fn each, void *user,
                  struct sl_err *err) SL_MUSTCHECK;

/* One column of a unique index; the names are valid during the call. */
struct sl_probe_unique {
    const char *index;
    const char *column; /* NULL: an expression */
    bool is_nullable;
};

/* Calls EACH for the columns of the unique indexes of a table, index by index, as above. */
typedef int (*sl_probe_unique_fn)(void *user, const struct sl_probe_unique *column);
int sl_probe_uniques(struct sl_probe *probe, const char *db, const char *table,
                     sl_probe_unique_fn each, void *user, struct sl_err *err) SL_MUSTCHECK;

#endif
