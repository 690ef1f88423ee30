/*
 * loader.h - what the parts of the loader share; nobody else includes it.
 */
#ifndef SLUICE_CONF_LOADER_H
#define SLUICE_CONF_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "conf/config.h"
#include "conf/keys.h"

enum { SL_CONF_PATH_MAX = 128 }; /* "tables[9999].longest_key" and room */

struct sl_conf_loader {
    struct sl_config *config;
    struct sl_err_list *errors;
    const char *name;        /* of the file, borrowed */
    unsigned flags;          /* enum sl_config_flag */
    bool is_out_of_memory;   /* said once, at the end */
    bool has_literal_secret; /* a password stands in the file itself */
};

/* One value in hand. */
struct sl_conf_value {
    const struct sl_conf_key *key;
    const char *path;  /* for sentences: "tables[2].ttl" */
    const cJSON *item; /* NULL: the default is taken */
    const char *text;  /* strings: after ${…}, owned by the config; else NULL */
    bool is_expanded;  /* the text had a ${…} or is a default: it may spell a number */
    void *base;        /* the struct that the key's offset counts from */
};

/* Zeroed memory that lives and is wiped with the config; NULL (noted in LOADER) when there is none.
 */
void *sl_conf_alloc(struct sl_conf_loader *loader, size_t size);
/* A copy of LEN bytes as a string; NULL as above. */
char *sl_conf_copy(struct sl_conf_loader *loader, const char *text, size_t len);

/* Adds "PATH: sentence". */
void sl_conf_fail(struct sl_conf_loader *loader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds "PATH: expected …, got …" for what KEY takes. */
void sl_conf_fail_type(struct sl_conf_loader *loader, const struct sl_conf_value *value);
/* The same with the expectation said by the caller. */
void sl_conf_fail_expected(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                           const char *expected);

/* expand.c: replaces ${NAME} and $${ in RAW; NULL after reporting an unset variable. */
char *sl_conf_expand(struct sl_conf_loader *loader, const struct sl_conf_value *value,
                     const char *raw, bool *is_expanded);
/* True when NAME could be meant for an environment variable and nothing else may be read from it.
 */
bool sl_conf_is_env_name(const char *name, size_t len);

/* value.c: checks one leaf and stores it. */
void sl_conf_take_value(struct sl_conf_loader *loader, struct sl_conf_value *value);
/* Stores the string TEXT (owned by the config) or the number in the member of VALUE's key. */
void sl_conf_store_text(const struct sl_conf_value *value, const char *text);
void sl_conf_store_number(const struct sl_conf_value *value, uint64_t number);
/* Reads "65536" or "64KiB"; false when TEXT is neither. */
bool sl_conf_parse_bytes(const char *text, uint64_t *out);
bool sl_conf_parse_integer(const char *text, uint64_t *out);

/* list.c */
void sl_conf_take_strings(struct sl_conf_loader *loader, struct sl_conf_value *value);

/* columns.c: checks the object and its names, then calls the key's take function. */
void sl_conf_take_map(struct sl_conf_loader *loader, const struct sl_conf_value *value);
/* Stores ITEMS (owned by the config), COUNT of them, in the members of VALUE's key. */
void sl_conf_store_list(const struct sl_conf_value *value, const void *items, size_t count);
void sl_conf_take_index(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_mask(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_rename(struct sl_conf_loader *loader, const struct sl_conf_value *value);

/* secret.c */
void sl_conf_take_secret(struct sl_conf_loader *loader, const struct sl_conf_value *value);
/* At most one of the three ways in the object ITEM; PARENT is its pattern, PATH its name in
 * sentences. */
void sl_conf_check_secrets(struct sl_conf_loader *loader, const cJSON *item, const char *parent,
                           const char *path);

/* walk.c: reads the whole tree. */
void sl_conf_walk(struct sl_conf_loader *loader, const cJSON *root);

/* check.c: what no key can know by itself. ROOT is the tree. */
void sl_conf_check(struct sl_conf_loader *loader, const cJSON *root);
/* check_kinds.c: the same for the keys of each of the entries ITEMS of `tables`. */
void sl_conf_check_kinds(struct sl_conf_loader *loader, const cJSON *items);

/* check_keys.c: warns of entries whose keys are alike. */
void sl_conf_check_keys(struct sl_conf_loader *loader);
/* part.c: TABLES[NUMBER] has a function. A {part} in its key says that its rows have parts. */
void sl_conf_take_parts(struct sl_conf_loader *loader, size_t number);
/* transform.c: transform and transform_file beside what they replace; ITEMS is "tables". */
void sl_conf_check_transforms(struct sl_conf_loader *loader, const cJSON *items);

/* The take functions of single keys. */
void sl_conf_take_name(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_start(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_listen(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_url(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_table(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_where(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_template(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_transform(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_transform_file(struct sl_conf_loader *loader, const struct sl_conf_value *value);
void sl_conf_take_stream(struct sl_conf_loader *loader, const struct sl_conf_value *value);

#endif
