#include "conf/err_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct sl_err *next_item(struct sl_err_list *list)
{
    size_t cap = list->cap > 0 ? list->cap * 2 : 4;
    struct sl_err *items;

    if (list->count == SL_ERR_LIST_MAX) {
        return NULL;
    }
    if (list->count == list->cap) {
        items = realloc(list->items, cap * sizeof(*items));
        if (items == NULL) {
            return NULL;
        }
        list->items = items;
        list->cap = cap;
    }
    return &list->items[list->count++];
}

int sl_err_list_add(struct sl_err_list *list, int status, const char *format, ...)
{
    struct sl_err *item = next_item(list);
    char text[sizeof(item->text)];
    va_list args;

    if (item == NULL) {
        list->dropped++;
        return status;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return sl_err_set(item, status, "%s", text);
}

void sl_err_list_release(struct sl_err_list *list)
{
    free(list->items);
    *list = (struct sl_err_list){0};
}
