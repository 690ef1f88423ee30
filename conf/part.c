/*
 * part.c - {part} in the key of an entry with a function: its rows have several keys.
 */
#include <stdio.h>

#include "conf/loader.h"
#include "filters/key_part.h"

/* What names a row has to tell it from others, as the key of another rule's row has to. */
static int cut(struct sl_conf_loader *loader, struct sl_table_rule *rule, struct sl_err *err)
{
    struct sl_buf row = {0};
    const char *text = NULL;
    int rc = sl_key_without_part(rule->key_template, &row, err);

    if (rc == SL_OK) {
        text = sl_conf_copy(loader, row.len > 0 ? (const char *)row.data : "", row.len);
        rc = text != NULL ? sl_key_check(text, err) : SL_ENOMEM;
    }
    if (rc == SL_OK) {
        rule->part_template = rule->key_template;
        rule->key_template = text;
    }
    sl_buf_release(&row);
    return rc;
}

void sl_conf_take_parts(struct sl_conf_loader *loader, size_t number)
{
    struct sl_table_rule *rule = &loader->config->tables[number];
    struct sl_err err = {0};
    char path[SL_CONF_PATH_MAX];
    int rc = rule->key_template != NULL ? cut(loader, rule, &err) : SL_DONE;

    if (rc == SL_ENOMEM) {
        loader->is_out_of_memory = true;
    } else if (rc != SL_OK && rc != SL_DONE) {
        (void)snprintf(path, sizeof(path), "tables[%zu].key", number);
        sl_conf_fail(loader, path, "%s", err.text);
    }
}
