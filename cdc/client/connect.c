#include "cdc/client/connect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cdc/client/tls.h"

/* Events and rows of up to a gigabyte, the most that both servers can send. */
static const unsigned long max_packet_bytes = 1024UL * 1024 * 1024;

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* mysql_init() would do it, but not safely from two threads at once. */
static void start_library(void)
{
    (void)mysql_library_init(0, NULL, NULL);
}

static int copy_text(const char **text)
{
    if (*text == NULL) {
        return SL_OK;
    }
    *text = strdup(*text);
    return *text != NULL ? SL_OK : SL_ENOMEM;
}

static int copy_texts(struct sl_source_options *options)
{
    const char **texts[] = {&options->host,   &options->user,     &options->password,
                            &options->tls.ca, &options->tls.cert, &options->tls.key};
    int rc = SL_OK;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (copy_text(texts[i]) != SL_OK) {
            rc = SL_ENOMEM;
        }
    }
    return rc;
}

static void free_text(const char **text)
{
    union {
        const char *borrowed;
        void *owned;
    } cast = {.borrowed = *text};

    free(cast.owned);
    *text = NULL;
}

int sl_client_init(struct sl_client *client, const struct sl_source_options *options)
{
    *client = (struct sl_client){.options = *options, .fd = -1};
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        return SL_ENOMEM;
    }
    return copy_texts(&client->options);
}

void sl_client_release(struct sl_client *client)
{
    struct sl_source_options *options = &client->options;

    sl_client_close(client);
    (void)pthread_mutex_destroy(&client->lock);
    if (options->password != NULL) {
        union {
            const char *borrowed;
            void *owned;
        } cast = {.borrowed = options->password};

        explicit_bzero(cast.owned, strlen(options->password));
    }
    free_text(&options->host);
    free_text(&options->user);
    free_text(&options->password);
    free_text(&options->tls.ca);
    free_text(&options->tls.cert);
    free_text(&options->tls.key);
}

struct sl_source_peer sl_client_peer(const struct sl_client *client)
{
    return (struct sl_source_peer){
        .host = client->options.host, .port = client->options.port, .user = client->options.user};
}

struct sl_source_fault sl_client_fault(const struct sl_client *client)
{
    return (struct sl_source_fault){.code = mysql_errno(client->handle),
                                    .text = mysql_error(client->handle)};
}

void sl_client_interrupt(struct sl_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->interrupted = true;
    if (client->fd >= 0) {
        /* Not close(): the reader's thread still owns the descriptor. */
        (void)shutdown(client->fd, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&client->lock);
}

void sl_client_resume(struct sl_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    client->interrupted = false;
    (void)pthread_mutex_unlock(&client->lock);
}

bool sl_client_is_interrupted(struct sl_client *client)
{
    bool interrupted;

    (void)pthread_mutex_lock(&client->lock);
    interrupted = client->interrupted;
    (void)pthread_mutex_unlock(&client->lock);
    return interrupted;
}

static int stopped(struct sl_err *err)
{
    return sl_err_set(err, SL_ESTOPPED, "stopped while talking to the source");
}

/* Lets interrupt() reach the socket; -1 takes it away before it is closed. */
static void publish_socket(struct sl_client *client, int fd)
{
    (void)pthread_mutex_lock(&client->lock);
    client->fd = fd;
    (void)pthread_mutex_unlock(&client->lock);
}

static unsigned whole_seconds(uint32_t ms)
{
    return ms / 1000 + (ms % 1000 > 0 ? 1 : 0);
}

/* The library takes whole seconds. */
static void set_limits(struct sl_client *client, uint32_t read_timeout_ms)
{
    unsigned connect_s = whole_seconds(client->options.connect_timeout_ms);
    unsigned read_s = whole_seconds(read_timeout_ms);

    (void)mysql_options(client->handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
    (void)mysql_options(client->handle, MYSQL_OPT_READ_TIMEOUT, &read_s);
    (void)mysql_options(client->handle, MYSQL_OPT_WRITE_TIMEOUT, &read_s);
    (void)mysql_options(client->handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &max_packet_bytes);
    (void)mysql_options(client->handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mysql_options4(client->handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "sluice");
}

static int log_in(struct sl_client *client, struct sl_err *err)
{
    const struct sl_source_options *options = &client->options;
    struct sl_source_peer peer = sl_client_peer(client);

    if (mysql_real_connect(client->handle, options->host, options->user, options->password, NULL,
                           options->port, NULL, 0) == NULL) {
        struct sl_source_fault fault = sl_client_fault(client);

        return sl_source_error_connect(&peer, &fault, err);
    }
    return sl_tls_check(client, err);
}

/*
 * sql_mode '' switches PAD_CHAR_TO_FULL_LENGTH and ANSI_QUOTES off, the long net_write_timeout
 * keeps a stream alive whose reader waits for a slow sink.
 */
static int set_session(struct sl_client *client, struct sl_err *err)
{
    return sl_client_query(client,
                           "SET SESSION time_zone = '+00:00', sql_mode = '', "
                           "net_write_timeout = 3600, wait_timeout = 86400",
                           "set up its session", NULL, err);
}

int sl_client_open(struct sl_client *client, uint32_t read_timeout_ms, struct sl_err *err)
{
    int rc;

    (void)pthread_once(&library_once, start_library);
    sl_client_close(client);
    if (sl_client_is_interrupted(client)) {
        return stopped(err);
    }
    client->handle = mysql_init(NULL);
    if (client->handle == NULL) {
        return sl_err_set(err, SL_ENOMEM, "no memory for a connection to the source");
    }
    set_limits(client, read_timeout_ms);
    sl_tls_prepare(client);
    rc = log_in(client, err);
    if (rc == SL_OK) {
        publish_socket(client, sl_tls_socket(client));
        rc = set_session(client, err);
    }
    if (rc != SL_OK) {
        sl_client_close(client);
    }
    return sl_client_is_interrupted(client) ? stopped(err) : rc;
}

void sl_client_close(struct sl_client *client)
{
    publish_socket(client, -1);
    if (client->handle != NULL) {
        mysql_close(client->handle);
        client->handle = NULL;
    }
}

int sl_client_failed(struct sl_client *client, const char *what, struct sl_err *err)
{
    struct sl_source_peer peer = sl_client_peer(client);
    struct sl_source_fault fault = sl_client_fault(client);

    if (sl_client_is_interrupted(client)) {
        return stopped(err);
    }
    return sl_source_error_query(&peer, what, &fault, err);
}

int sl_client_query(struct sl_client *client, const char *sql, const char *what, MYSQL_RES **result,
                    struct sl_err *err)
{
    MYSQL_RES *rows;

    if (mysql_real_query(client->handle, sql, (unsigned long)strlen(sql)) != 0) {
        return sl_client_failed(client, what, err);
    }
    rows = mysql_store_result(client->handle);
    if (rows == NULL && mysql_errno(client->handle) != 0) {
        return sl_client_failed(client, what, err);
    }
    if (result != NULL) {
        *result = rows;
    } else if (rows != NULL) {
        mysql_free_result(rows);
    }
    return SL_OK;
}

int sl_client_stream(struct sl_client *client, const char *sql, const char *what, MYSQL_RES **rows,
                     struct sl_err *err)
{
    if (mysql_real_query(client->handle, sql, (unsigned long)strlen(sql)) != 0 ||
        (*rows = mysql_use_result(client->handle)) == NULL) {
        return sl_client_failed(client, what, err);
    }
    return SL_OK;
}

void sl_client_cut(struct sl_client *client)
{
    (void)pthread_mutex_lock(&client->lock);
    if (client->fd >= 0) {
        (void)shutdown(client->fd, SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&client->lock);
}

int sl_client_value(struct sl_client *client, const char *sql, const char *what, struct sl_buf *out,
                    struct sl_err *err)
{
    MYSQL_RES *rows = NULL;
    MYSQL_ROW row;
    int rc = sl_client_query(client, sql, what, &rows, err);

    if (rc != SL_OK) {
        return rc;
    }
    row = rows != NULL ? mysql_fetch_row(rows) : NULL;
    if (row == NULL || row[0] == NULL) {
        rc = SL_DONE;
    } else {
        sl_buf_clear(out);
        rc = sl_buf_add(out, row[0], mysql_fetch_lengths(rows)[0]);
    }
    if (rows != NULL) {
        mysql_free_result(rows);
    }
    return rc;
}
