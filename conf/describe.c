/*
 * describe.c - the key table for people and for JSON Schema validators.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/config.h"
#include "conf/keys.h"

/* Any string may hold ${NAME}, so every string of another kind may be one that does. */
#define ENV_SCHEMA \
    "{ \"type\": \"string\", \"pattern\": \"\\\\$\\\\{[A-Za-z_][A-Za-z0-9_]*\\\\}\" }"

static const char *type_name(enum sl_conf_type type)
{
    switch (type) {
    case SL_CONF_OBJECT:
        return "object";
    case SL_CONF_OBJECTS:
        return "array of objects";
    case SL_CONF_STRINGS:
        return "array of strings";
    case SL_CONF_MAP:
        return "object of any names";
    case SL_CONF_INTEGER:
        return "integer";
    case SL_CONF_BYTES:
        return "size";
    case SL_CONF_BOOLEAN:
        return "boolean";
    case SL_CONF_STRING:
    case SL_CONF_CHOICE:
    case SL_CONF_SECRET:
    case SL_CONF_SECRET_ENV:
    case SL_CONF_SECRET_FILE:
        break;
    }
    return "string";
}

static void describe_choices(FILE *out, const struct sl_conf_choice *choice)
{
    const char *comma = "";

    for (; choice != NULL && choice->name != NULL; choice++) {
        if (choice->instead == NULL) {
            (void)fprintf(out, "%s%s", comma, choice->name);
            comma = "|";
        }
    }
}

void sl_config_describe(FILE *out)
{
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];
        const char *fallback = key->fallback != NULL ? key->fallback : "";

        if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
            continue;
        }
        (void)fprintf(out, "%s\t%s\t%s\t%" PRIu64 "..%" PRIu64 "\t%s\t", key->path,
                      type_name(key->type), key->unit != NULL ? key->unit : "", key->min, key->max,
                      (key->flags & SL_CONF_REQUIRED) != 0 ? "required" : fallback);
        describe_choices(out, key->choices);
        (void)fprintf(out, "\t%s\t%s\n", key->help, key->example != NULL ? key->example : "");
    }
}

static void put_indent(FILE *out, unsigned level)
{
    (void)fprintf(out, "%*s", (int)(2 * level), "");
}

static void put_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void put_choices(FILE *out, const struct sl_conf_choice *choice)
{
    const char *comma = "";

    (void)fputs("\"anyOf\": [{ \"enum\": [", out);
    for (; choice->name != NULL; choice++) {
        if (choice->instead == NULL) {
            (void)fputs(comma, out);
            put_string(out, choice->name);
            comma = ", ";
        }
    }
    (void)fputs("] }, " ENV_SCHEMA "]", out);
}

/* The members of a leaf's schema that say what its values are. */
static void put_leaf(FILE *out, const struct sl_conf_key *key)
{
    switch (key->type) {
    case SL_CONF_INTEGER:
        (void)fprintf(out,
                      "\"anyOf\": [{ \"type\": \"integer\", \"minimum\": %" PRIu64
                      ", \"maximum\": %" PRIu64 " }, " ENV_SCHEMA "]",
                      key->min, key->max);
        break;
    case SL_CONF_BYTES:
        (void)fprintf(
            out,
            "\"anyOf\": [{ \"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64
            " }, { \"type\": \"string\", \"pattern\": \"^[0-9]+([KMGT]iB)?$\" }, " ENV_SCHEMA "]",
            key->min, key->max);
        break;
    case SL_CONF_MAP:
        (void)fprintf(out,
                      "\"type\": \"object\", \"minProperties\": %" PRIu64
                      ", \"maxProperties\": %" PRIu64 ", \"additionalProperties\": %s",
                      key->min, key->max, key->schema);
        break;
    case SL_CONF_BOOLEAN:
        (void)fputs("\"anyOf\": [{ \"type\": \"boolean\" }, " ENV_SCHEMA "]", out);
        break;
    case SL_CONF_CHOICE:
        put_choices(out, key->choices);
        break;
    case SL_CONF_STRINGS:
        (void)fprintf(
            out,
            "\"type\": \"array\", \"minItems\": %" PRIu64 ", \"maxItems\": %" PRIu64
            ", \"uniqueItems\": true, \"items\": { \"type\": \"string\", \"minLength\": 1 }",
            key->min, key->max);
        break;
    case SL_CONF_STRING:
    case SL_CONF_SECRET:
    case SL_CONF_SECRET_ENV:
    case SL_CONF_SECRET_FILE:
    case SL_CONF_OBJECT:
    case SL_CONF_OBJECTS:
        (void)fprintf(out, "\"type\": \"string\"%s", key->min > 0 ? ", \"minLength\": 1" : "");
        break;
    }
}

static void put_default(FILE *out, const struct sl_conf_key *key)
{
    if (key->fallback == NULL) {
        return;
    }
    (void)fputs(", \"default\": ", out);
    if (key->type == SL_CONF_INTEGER || key->type == SL_CONF_BOOLEAN) {
        (void)fputs(key->fallback, out);
    } else {
        put_string(out, key->fallback);
    }
}

/* The names of PARENT's children that must be there, as a JSON list. */
static void put_required(FILE *out, const char *parent)
{
    const char *comma = "";

    (void)fputs("\"required\": [", out);
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const char *name;

        (void)sl_conf_name(&sl_conf_keys[i], &name);
        if (sl_conf_is_child(&sl_conf_keys[i], parent) &&
            (sl_conf_keys[i].flags & SL_CONF_REQUIRED) != 0) {
            (void)fprintf(out, "%s\"%s\"", comma, name);
            comma = ", ";
        }
    }
    (void)fputs("]", out);
}

/* One object's head, up to its first property. */
static void open_object(FILE *out, unsigned level, const char *parent)
{
    put_indent(out, level);
    (void)fputs("\"type\": \"object\", \"additionalProperties\": false, ", out);
    put_required(out, parent);
    if (sl_conf_find(parent, "password_env") != NULL) {
        (void)fputs(",\n", out);
        put_indent(out, level);
        (void)fputs("\"allOf\": ["
                    "{ \"not\": { \"required\": [\"password\", \"password_env\"] } }, "
                    "{ \"not\": { \"required\": [\"password\", \"password_file\"] } }, "
                    "{ \"not\": { \"required\": [\"password_env\", \"password_file\"] } }]",
                    out);
    }
    (void)fputs(",\n", out);
    put_indent(out, level);
    (void)fputs("\"properties\": {", out);
}

/* How deep KEY stands, the root's children at 0. */
static unsigned depth_of(const char *path)
{
    unsigned depth = 0;

    for (; (path = strchr(path, '.')) != NULL; path++) {
        depth++;
    }
    return depth;
}

/* An object's property: everything but the children, which follow in the table. */
static void open_property(FILE *out, const struct sl_conf_key *key, unsigned level)
{
    char parent[64];

    if (key->type == SL_CONF_OBJECTS) {
        (void)fprintf(out,
                      ", \"type\": \"array\", \"minItems\": %" PRIu64 ", \"maxItems\": %" PRIu64
                      ", \"items\": {\n",
                      key->min, key->max);
        (void)snprintf(parent, sizeof(parent), "%s[]", key->path);
    } else {
        (void)fputs(",\n", out);
        (void)snprintf(parent, sizeof(parent), "%s", key->path);
    }
    open_object(out, level + 1, parent);
}

static bool is_container(const struct sl_conf_key *key)
{
    return key->type == SL_CONF_OBJECT || key->type == SL_CONF_OBJECTS;
}

static void put_property(FILE *out, const struct sl_conf_key *key, unsigned level, bool is_first)
{
    const char *name;

    (void)sl_conf_name(key, &name);
    (void)fputs(is_first ? "\n" : ",\n", out);
    put_indent(out, level);
    (void)fprintf(out, "\"%s\": { \"description\": ", name);
    put_string(out, key->help);
    if (is_container(key)) {
        open_property(out, key, level);
        return;
    }
    put_default(out, key);
    (void)fputs(", ", out);
    put_leaf(out, key);
    (void)fputs(" }", out);
}

/* The objects that are open, as their closing text. */
struct nest {
    const char *closing[8];
    unsigned depth;
};

static void close_to(FILE *out, struct nest *nest, unsigned depth)
{
    while (nest->depth > depth) {
        nest->depth--;
        (void)fputs("\n", out);
        put_indent(out, 2 * nest->depth + 3);
        (void)fputs(nest->closing[nest->depth], out);
    }
}

void sl_config_write_schema(FILE *out)
{
    struct nest nest = {.depth = 0};
    bool is_first = true;

    (void)fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                "  \"title\": \"sluice.json, after its comments are taken out\",\n",
                out);
    open_object(out, 1, "");
    for (size_t i = 0; i < sl_conf_key_count; i++) {
        const struct sl_conf_key *key = &sl_conf_keys[i];

        if ((key->flags & SL_CONF_UNAVAILABLE) != 0) {
            continue;
        }
        close_to(out, &nest, depth_of(key->path));
        put_property(out, key, 2 * nest.depth + 2, is_first);
        is_first = is_container(key);
        if (is_container(key)) {
            nest.closing[nest.depth++] = key->type == SL_CONF_OBJECTS ? "} } }" : "} }";
        }
    }
    close_to(out, &nest, 0);
    (void)fputs("\n  }\n}\n", out);
}
