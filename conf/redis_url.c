/*
 * redis_url.c - takes the url of a sink apart. No sentence shows any of it: a password may have
 * been put in any place of it by mistake.
 */
#include <string.h>

#include "conf/loader.h"

enum {
    SL_REDIS_PORT = 6379,
    SL_UNIX_PATH_MAX = 107, /* sun_path and its NUL are 108 bytes */
    SL_DB_MAX = 0x7fffffff,
    SL_HOST_MAX = 255,
};

/* The part of the url in hand. */
struct parts {
    struct sl_conf_loader *loader;
    const char *path; /* the key's, for sentences */
    struct sl_redis_options *out;
};

static bool fail(const struct parts *parts, const char *sentence)
{
    sl_conf_fail(parts->loader, parts->path, "%s", sentence);
    return false;
}

static int hex_value(char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = byte == '\0' ? NULL : strchr(digits, byte | 0x20);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Replaces %XX in TEXT, in place; false for a bad escape or a NUL. */
static bool percent_decode(char *text)
{
    char *out = text;

    while (*text != '\0') {
        if (*text == '%') {
            int high = hex_value(text[1]);
            int low = high < 0 ? -1 : hex_value(text[2]);

            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            *out++ = (char)(high << 4 | low);
            text += 3;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
    return true;
}

/* The last @ ends the user's part: one inside a password must not make the rest of it a host. */
static bool take_user(const struct parts *parts, const char **text, size_t *len)
{
    const char *at = memrchr(*text, '@', *len);
    size_t user_len = at == NULL ? 0 : (size_t)(at - *text);
    char *user;

    if (at == NULL) {
        return true;
    }
    if (memchr(*text, ':', user_len) != NULL) {
        return fail(parts, "a password does not belong into a url, where logs and process lists "
                           "show it; use password_env or password_file");
    }
    user = sl_conf_copy(parts->loader, *text, user_len);
    if (user == NULL) {
        return false;
    }
    if (user_len == 0 || !percent_decode(user)) {
        return fail(parts, "expected a user name before \"@\"");
    }
    parts->out->user = user;
    *text = at + 1;
    *len -= user_len + 1;
    return true;
}

static bool take_port(const struct parts *parts, const char *text, size_t len)
{
    char digits[8] = {0};
    uint64_t port;

    if (len > 0 && len < sizeof(digits)) {
        memcpy(digits, text, len);
    }
    if (!sl_conf_parse_integer(digits, &port) || port == 0 || port > UINT16_MAX) {
        return fail(parts, "expected a port from 1 to 65535 after the host");
    }
    parts->out->port = (uint16_t)port;
    return true;
}

static bool is_host(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\"\\,;<>{}|^`[]:@%", text[i]) != NULL) {
            return false;
        }
    }
    return len > 0 && len <= SL_HOST_MAX;
}

static bool is_ipv6(const char *text, size_t len)
{
    return len >= 2 && len < 64 && strspn(text, "0123456789abcdefABCDEF:.") == len;
}

static bool take_host_port(const struct parts *parts, const char *text, size_t len)
{
    const char *end = text + len;
    const char *host = text;
    const char *host_end;

    if (len > 0 && text[0] == '[') {
        host++;
        host_end = memchr(text, ']', len);
        if (host_end == NULL || !is_ipv6(host, (size_t)(host_end - host))) {
            return fail(parts, "expected an IPv6 address between \"[\" and \"]\"");
        }
        text = host_end + 1;
    } else {
        host_end = memchr(text, ':', len);
        host_end = host_end == NULL ? end : host_end;
        if (!is_host(host, (size_t)(host_end - host))) {
            return fail(parts, "expected a host name or address after \"//\" (an IPv6 address in "
                               "brackets)");
        }
        text = host_end;
    }
    parts->out->host = sl_conf_copy(parts->loader, host, (size_t)(host_end - host));
    parts->out->port = SL_REDIS_PORT;
    if (text == end) {
        return true;
    }
    return *text == ':' ? take_port(parts, text + 1, (size_t)(end - text - 1))
                        : fail(parts, "expected \":\" and a port after the host");
}

static bool take_db(const struct parts *parts, const char *text)
{
    uint64_t db;

    if (!sl_conf_parse_integer(text, &db) || db > SL_DB_MAX) {
        return fail(parts, "expected the number of a database at its end");
    }
    parts->out->db = (uint32_t)db;
    return true;
}

/* [user@]host[:port][/db] */
static bool take_tcp(const struct parts *parts, const char *text)
{
    size_t len = strcspn(text, "/?#");
    const char *rest = text + len;

    if (!take_user(parts, &text, &len) || !take_host_port(parts, text, len)) {
        return false;
    }
    if (*rest == '\0' || strcmp(rest, "/") == 0) {
        return true;
    }
    return *rest == '/' ? take_db(parts, rest + 1)
                        : fail(parts, "expected nothing but a database number behind the host");
}

/* [user@]/path[?db=N] */
static bool take_unix(const struct parts *parts, const char *text)
{
    size_t len = strcspn(text, "/");
    const char *path = text + len;
    size_t path_len = strcspn(path, "?");

    if (!take_user(parts, &text, &len)) {
        return false;
    }
    if (len > 0 || path_len < 2 || path_len > SL_UNIX_PATH_MAX) {
        return fail(parts,
                    "expected an absolute path of at most 107 bytes after \"redis+unix://\"");
    }
    parts->out->unix_path = sl_conf_copy(parts->loader, path, path_len);
    if (path[path_len] == '\0') {
        return true;
    }
    return strncmp(path + path_len, "?db=", 4) == 0
               ? take_db(parts, path + path_len + 4)
               : fail(parts, "expected nothing but \"?db=N\" behind the path");
}

void sl_conf_take_url(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    static const struct {
        const char *prefix;
        enum sl_redis_scheme scheme;
        bool is_available;
    } schemes[] = {
        {"redis://", SL_REDIS_TCP, true},          {"rediss://", SL_REDIS_TLS, true},
        {"redis+unix://", SL_REDIS_UNIX, true},    {"redis+sentinel://", SL_REDIS_TCP, false},
        {"redis+cluster://", SL_REDIS_TCP, false},
    };
    struct parts parts = {.loader = loader, .path = value->path, .out = value->base};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const char *rest = value->text + strlen(schemes[i].prefix);

        if (strncmp(value->text, schemes[i].prefix, strlen(schemes[i].prefix)) != 0) {
            continue;
        }
        if (!schemes[i].is_available) {
            sl_conf_fail(loader, value->path,
                         "%s is not available in this version; use redis:// or rediss:// with the "
                         "address of one master",
                         schemes[i].prefix);
            return;
        }
        parts.out->scheme = schemes[i].scheme;
        (void)(schemes[i].scheme == SL_REDIS_UNIX ? take_unix(&parts, rest)
                                                  : take_tcp(&parts, rest));
        return;
    }
    (void)fail(&parts,
               "expected redis://[user@]host[:port][/db], rediss://… or redis+unix:///path");
}
