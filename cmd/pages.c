#include "cmd/pages.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc/base/clock.h"
#include "cmd/observer.h"

enum {
    SL_PAGES_CONNECTIONS = 32,
    SL_PAGES_TIMEOUT_S = 10,
    SL_PAGES_MEMORY = 16 * 1024, /* for the head of a request */
};

struct sl_pages {
    struct MHD_Daemon *daemon;
    const struct sl_config *config;
    struct sl_runner *const *runners;
    struct sl_observer **observers; /* of the runners, in their order */
    uint64_t began_ms;
};

/* ---- what is shown ---- */

static void release_views(struct sl_views *views)
{
    for (size_t i = 0; i < views->count; i++) {
        sl_view_release(&views->items[i].view);
        sl_observed_release(&views->items[i].observed);
    }
    free(views->items);
}

static int look(const struct sl_pages *pages, struct sl_views *views)
{
    const struct sl_config *config = pages->config;
    int rc = SL_OK;

    *views = (struct sl_views){.pipeline = config->pipeline.name,
                               .began_ms = pages->began_ms,
                               .max_lag_s = config->http.max_lag_s};
    views->items = calloc(config->sink_count, sizeof(*views->items));
    if (views->items == NULL) {
        return SL_ENOMEM;
    }
    views->count = config->sink_count;
    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        views->items[i].sink = config->sinks[i].name;
        (void)snprintf(views->items[i].url, sizeof(views->items[i].url), "%s",
                       sl_redis_url(&config->sinks[i]));
        views->items[i].tables = sl_runner_tables(pages->runners[i]);
        rc = sl_runner_look(pages->runners[i], &views->items[i].view);
        rc = rc == SL_OK ? sl_observer_look(pages->observers[i], &views->items[i].observed) : rc;
    }
    return rc;
}

/* A daemon that answers lives: whether its cache is fresh is for /readyz. */
static int write_health(const struct sl_views *views, struct sl_buf *out)
{
    (void)views;
    return sl_buf_add_str(out, "ok\n");
}

static int write_readiness(const struct sl_views *views, struct sl_buf *out)
{
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < views->count; i++) {
        const struct sl_view *view = &views->items[i].view;

        rc = sl_buf_add_format(out, "%s: %s, %s, %llu s behind\n", views->items[i].sink,
                               sl_view_is_fresh(view, views->max_lag_s) ? "fresh" : "not fresh",
                               sl_view_state_name(view->state),
                               (unsigned long long)view->lag_seconds);
    }
    return rc;
}

static int write_index(const struct sl_views *views, struct sl_buf *out)
{
    return sl_buf_add_format(out,
                             "sluice %s, pipeline %s\n/metrics /healthz /readyz /status.json\n",
                             SLUICE_VERSION, views->pipeline);
}

struct page {
    const char *path;
    const char *type;
    int (*write)(const struct sl_views *views, struct sl_buf *out);
    bool tells_freshness; /* by its status */
};

#define SL_PLAIN "text/plain; charset=utf-8"

static const struct page pages_known[] = {
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", sl_metrics_write, false},
    {"/healthz", SL_PLAIN, write_health, false},
    {"/readyz", SL_PLAIN, write_readiness, true},
    {"/status.json", "application/json", sl_status_page_write, false},
    {"/", SL_PLAIN, write_index, false},
};

/* ---- requests ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
                             const struct sl_buf *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response == NULL) {
        return MHD_NO;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES) {
        result = MHD_queue_response(connection, status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *text)
{
    struct sl_buf body = {0};
    enum MHD_Result result = MHD_NO;

    if (sl_buf_add_str(&body, text) == SL_OK) {
        result = reply(connection, status, SL_PLAIN, &body);
    }
    sl_buf_release(&body);
    return result;
}

static enum MHD_Result show(const struct sl_pages *pages, struct MHD_Connection *connection,
                            const struct page *page)
{
    struct sl_buf body = {0};
    struct sl_views views;
    enum MHD_Result result = MHD_NO;
    unsigned status = MHD_HTTP_OK;
    int rc = look(pages, &views);

    rc = rc == SL_OK ? page->write(&views, &body) : rc;
    if (rc == SL_OK) {
        if (page->tells_freshness && !sl_views_are_fresh(&views)) {
            status = MHD_HTTP_SERVICE_UNAVAILABLE;
        }
        result = reply(connection, status, page->type, &body);
    }
    release_views(&views);
    sl_buf_release(&body);
    return result;
}

/* libmicrohttpd sends no body to HEAD. */
static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *data_len, void **state)
{
    const struct sl_pages *pages = user;

    (void)version;
    (void)data;
    (void)data_len;
    (void)state;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    for (size_t i = 0; i < sizeof(pages_known) / sizeof(pages_known[0]); i++) {
        if (strcmp(path, pages_known[i].path) == 0) {
            return show(pages, connection, &pages_known[i]);
        }
    }
    return refuse(connection, MHD_HTTP_NOT_FOUND,
                  "no such page; there are /metrics /healthz /readyz /status.json\n");
}

/* ---- life ---- */

static int listen_on(struct sl_pages *pages, const struct addrinfo *address, struct sl_err *err)
{
    const struct sl_config_http *http = &pages->config->http;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC |
                     (address->ai_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0U);

    errno = 0;
    pages->daemon = MHD_start_daemon(
        flags, http->port, NULL, NULL, answer, pages, MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_CONNECTION_LIMIT, SL_PAGES_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        SL_PAGES_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_PAGES_MEMORY,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
    if (pages->daemon != NULL) {
        return SL_OK;
    }
    return sl_err_set(err, SL_EINVAL,
                      "http.listen: cannot listen on %s port %u: %s; choose another or stop who "
                      "has it",
                      http->host, (unsigned)http->port,
                      errno != 0 ? strerror(errno) : "it is not to be had");
}

static int open_pages(struct sl_pages *pages, struct sl_err *err)
{
    const struct sl_config_http *http = &pages->config->http;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    int rc;

    (void)snprintf(port, sizeof(port), "%u", (unsigned)http->port);
    rc = getaddrinfo(http->host, port, &hints, &found);
    if (rc != 0) {
        return sl_err_set(err, SL_EINVAL, "http.listen: the address %s is not known: %s",
                          http->host, gai_strerror(rc));
    }
    rc = listen_on(pages, found, err);
    freeaddrinfo(found);
    return rc;
}

static int start_observers(struct sl_pages *pages, struct sl_err *err)
{
    size_t count = pages->config->sink_count;
    int rc = SL_OK;

    pages->observers = calloc(count, sizeof(struct sl_observer *));
    if (pages->observers == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; rc == SL_OK && i < count; i++) {
        rc = sl_observer_new(pages->config, i, pages->runners[i], &pages->observers[i], err);
    }
    return rc;
}

static void stop_observers(struct sl_pages *pages)
{
    for (size_t i = 0; pages->observers != NULL && i < pages->config->sink_count; i++) {
        sl_observer_free(pages->observers[i]);
    }
    free(pages->observers);
}

int sl_pages_new(const struct sl_config *config, struct sl_runner *const *runners,
                 struct sl_pages **out, struct sl_err *err)
{
    struct sl_pages *pages = calloc(1, sizeof(*pages));
    int rc;

    if (pages == NULL) {
        return sl_err_set(err, SL_ENOMEM, "out of memory");
    }
    *pages = (struct sl_pages){
        .config = config, .runners = runners, .began_ms = sl_clock_wall_ms(sl_clock_real())};
    rc = start_observers(pages, err);
    rc = rc == SL_OK ? open_pages(pages, err) : rc;
    if (rc != SL_OK) {
        sl_pages_free(pages);
        return rc;
    }
    *out = pages;
    return SL_OK;
}

void sl_pages_free(struct sl_pages *pages)
{
    if (pages == NULL) {
        return;
    }
    if (pages->daemon != NULL) {
        MHD_stop_daemon(pages->daemon);
    }
    stop_observers(pages);
    free(pages);
}
