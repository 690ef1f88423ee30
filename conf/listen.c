/* listen.c - takes the address of the daemon's pages apart. */
#include <string.h>

#include "conf/loader.h"

static bool take_port(struct sl_conf_loader *loader, const char *text)
{
    uint64_t port = 0;

    if (!sl_conf_parse_integer(text, &port) || port == 0 || port > UINT16_MAX) {
        return false;
    }
    loader->config->http.port = (uint16_t)port;
    return true;
}

/* An IPv6 address has colons of its own. */
static bool take_host(struct sl_conf_loader *loader, const char *text, size_t len)
{
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL || memchr(text, '[', len) != NULL) {
        return false;
    }
    if (len == 0) {
        return false;
    }
    loader->config->http.host = sl_conf_copy(loader, text, len);
    return true;
}

void sl_conf_take_listen(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    const char *colon = strrchr(value->text, ':');

    if (colon == NULL || !take_port(loader, colon + 1) ||
        !take_host(loader, value->text, (size_t)(colon - value->text))) {
        sl_conf_fail_expected(loader, value,
                              "HOST:PORT (as 127.0.0.1:9464 or [::1]:9464, port 1 to 65535)");
    }
}
