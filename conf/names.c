/*
 * names.c - strings with a shape of their own: names, table patterns, key templates.
 */
#include <string.h>

#include "conf/loader.h"
#include "filters/key.h"
#include "filters/stream_name.h"
#include "filters/table_regex.h"
#include "filters/where.h"

/* Names become part of Redis keys, inside the braces of a hash tag, and of metrics labels. */
void sl_conf_take_name(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    if (value->text[strspn(value->text, set)] != '\0') {
        sl_conf_fail_expected(loader, value, "letters, digits, \"_\", \"-\" and \".\" only");
        return;
    }
    sl_conf_store_text(value, value->text);
}

static void take_regex(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_table_rule *rule = value->base;
    struct sl_err err = {0};
    int rc = sl_table_regex_new(value->text, &rule->regex, &err);

    if (rc == SL_ENOMEM) {
        loader->is_out_of_memory = true;
    } else if (rc != SL_OK) {
        sl_conf_fail(loader, value->path, "%s", err.text);
    }
    rule->pattern = value->text;
    rule->db_pattern = "*";
    rule->table_pattern = "*";
}

void sl_conf_take_table(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_table_rule *rule = value->base;
    const char *dot = strchr(value->text, '.');

    if (sl_table_regex_is_meant(value->text)) {
        take_regex(loader, value);
        return;
    }
    if (strchr(value->text, '`') != NULL) {
        sl_conf_fail_expected(loader, value, "\"DATABASE.TABLE\" without backquotes");
        return;
    }
    if (dot == NULL || dot == value->text || dot[1] == '\0') {
        sl_conf_fail_expected(loader, value,
                              "\"DATABASE.TABLE\" (\"*\" and \"?\" may stand for letters) or "
                              "\"/REGEX/\"");
        return;
    }
    rule->pattern = value->text;
    rule->db_pattern = sl_conf_copy(loader, value->text, (size_t)(dot - value->text));
    rule->table_pattern = dot + 1;
}

/* Whether its names are columns is for who knows the table. */
void sl_conf_take_where(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_where *where = NULL;
    struct sl_err err = {0};
    int rc = sl_where_new(value->text, &where, &err);

    sl_where_free(where);
    if (rc == SL_ENOMEM) {
        loader->is_out_of_memory = true;
    } else if (rc != SL_OK) {
        sl_conf_fail(loader, value->path, "no Lua expression: %s", err.text);
    } else {
        sl_conf_store_text(value, value->text);
    }
}

static void take_checked(struct sl_conf_loader *loader, const struct sl_conf_value *value, int rc,
                         const struct sl_err *err)
{
    if (rc == SL_ENOMEM) {
        loader->is_out_of_memory = true;
    } else if (rc != SL_OK) {
        sl_conf_fail(loader, value->path, "%s", err->text);
    } else {
        sl_conf_store_text(value, value->text);
    }
}

void sl_conf_take_template(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_err err = {0};
    int rc = sl_key_check(value->text, &err);

    take_checked(loader, value, rc, &err);
}

void sl_conf_take_stream(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    struct sl_err err = {0};
    int rc = sl_stream_name_check(value->text, &err);

    take_checked(loader, value, rc, &err);
}
