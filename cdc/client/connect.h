/*
 * connect.h - one connection to a source, set up so that every value comes as the contract has
 * it (utf8mb4, UTC, no SQL mode). Only cdc/client/ includes this header: it shows the library.
 *
 * A connection belongs to one thread; sl_client_interrupt() may come from any.
 */
#ifndef SLUICE_CDC_CLIENT_CONNECT_H
#define SLUICE_CDC_CLIENT_CONNECT_H

#include <mysql.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/err.h"
#include "cdc/options.h"
#include "cdc/source_error.h"

struct sl_client {
    struct sl_source_options options; /* its strings are owned copies */
    MYSQL *handle;                    /* NULL while not connected */
    pthread_mutex_t lock;             /* guards the two below */
    int fd;                           /* -1 while there is no socket to shut down */
    bool interrupted;
};

/* Copies OPTIONS; the connection is not opened. SL_ENOMEM. */
int sl_client_init(struct sl_client *client, const struct sl_source_options *options) SL_MUSTCHECK;
void sl_client_release(struct sl_client *client);

/*
 * Logs in (again, after sl_client_close()). A read that takes longer than READ_TIMEOUT_MS fails
 * with SL_EIO. SL_EAUTH, SL_EINVAL, SL_ESTOPPED.
 */
int sl_client_open(struct sl_client *client, uint32_t read_timeout_ms,
                   struct sl_err *err) SL_MUSTCHECK;
void sl_client_close(struct sl_client *client);

/* Thread-safe: makes a blocked call fail with SL_ESTOPPED, and all later ones until the resume. */
void sl_client_interrupt(struct sl_client *client);
void sl_client_resume(struct sl_client *client);
bool sl_client_is_interrupted(struct sl_client *client);

struct sl_source_peer sl_client_peer(const struct sl_client *client);

/* The library's last error. Its text is valid until the next call. */
struct sl_source_fault sl_client_fault(const struct sl_client *client);

/*
 * Runs SQL and stores its rows in *RESULT (NULL when it has none; RESULT may be NULL when they are
 * of no interest). The caller frees it. WHAT is the purpose, for the sentence of an error.
 */
int sl_client_query(struct sl_client *client, const char *sql, const char *what, MYSQL_RES **result,
                    struct sl_err *err) SL_MUSTCHECK;

/*
 * The same, but leaves the rows at the server; *ROWS must be freed before the next statement, after
 * sl_client_cut() when they were not all fetched. A fetch that returns NULL with an error set is
 * for sl_client_failed() to tell.
 */
int sl_client_stream(struct sl_client *client, const char *sql, const char *what, MYSQL_RES **rows,
                     struct sl_err *err) SL_MUSTCHECK;

/* Puts the library's last error into ERR and returns its status. */
int sl_client_failed(struct sl_client *client, const char *what, struct sl_err *err);

/* Ends the connection under a result, so that freeing it does not wait for all of its rows. */
void sl_client_cut(struct sl_client *client);

/* Like sl_client_query(), for one value: replaces OUT by the first cell of the first row. SL_DONE:
 * no row, or NULL. */
int sl_client_value(struct sl_client *client, const char *sql, const char *what, struct sl_buf *out,
                    struct sl_err *err) SL_MUSTCHECK;

#endif
