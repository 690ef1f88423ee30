#include "cdc/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A sentence is one line of a log, whatever a peer put into its own message. */
static void flatten(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ') {
            *text = ' ';
        }
    }
}

int sl_err_set(struct sl_err *err, int status, const char *format, ...)
{
    va_list args;

    if (err == NULL) {
        return status;
    }
    err->status = status;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    flatten(err->text);
    return status;
}

int sl_err_prefix(struct sl_err *err, const char *format, ...)
{
    char old[sizeof(err->text)];
    va_list args;
    size_t used;

    if (err == NULL) {
        return SL_OK;
    }
    memcpy(old, err->text, sizeof(old));
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
    flatten(err->text);
    return err->status;
}

void sl_err_clear(struct sl_err *err)
{
    if (err != NULL) {
        err->status = SL_OK;
        err->text[0] = '\0';
    }
}
