/*
 * keys.h - the one table of configuration keys. The loader, the schema, the description and the
 * tests all read it; a new key is a new row (and a member of some options struct).
 */
#ifndef SLUICE_CONF_KEYS_H
#define SLUICE_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_conf_type {
    SL_CONF_OBJECT,
    SL_CONF_OBJECTS,     /* an array of objects; size is an element's */
    SL_CONF_STRING,      /* min and max count bytes */
    SL_CONF_STRINGS,     /* an array of different strings; min and max count them */
    SL_CONF_INTEGER,     /* stored as 2, 4 or 8 bytes */
    SL_CONF_BYTES,       /* an integer or "64KiB"; stored as 8 bytes */
    SL_CONF_BOOLEAN,     /* true or false; stored as a bool */
    SL_CONF_CHOICE,      /* one of choices; stored as an enum */
    SL_CONF_MAP,         /* an object whose names the user chooses: take gets it; min and max count
                            them, schema says what a value is */
    SL_CONF_SECRET,      /* a string that is never shown */
    SL_CONF_SECRET_ENV,  /* the name of an environment variable that holds it */
    SL_CONF_SECRET_FILE, /* the file that holds it */
};

enum sl_conf_key_flag {
    SL_CONF_REQUIRED = 1,
    SL_CONF_UNAVAILABLE =
        2, /* planned: refused by a sentence that says so; help is what to do instead */
    SL_CONF_HIDE_VALUE = 4, /* the value may hold a secret by mistake: never shown */
    SL_CONF_TEMPLATES = 8,  /* the names of a SL_CONF_MAP are key templates, not columns */
};

/* A word that a SL_CONF_CHOICE takes. The list ends with a NULL name. */
struct sl_conf_choice {
    const char *name;
    int value;
    const char *instead; /* not NULL: not available in this version; what to do instead */
};

struct sl_conf_loader;
struct sl_conf_value;

struct sl_conf_key {
    const char *path; /* "source.tls.mode", "tables[].table": what stands before the last dot is the
                         parent */
    enum sl_conf_type type;
    unsigned flags;   /* enum sl_conf_key_flag */
    const char *unit; /* NULL: none */
    uint64_t min;
    uint64_t max;
    const char *fallback; /* the default, as a user would write it (without quotes); NULL: none */
    const struct sl_conf_choice *choices;
    const char *schema; /* of a SL_CONF_MAP's values */
    size_t offset;      /* into the struct of the nearest array element around, or into sl_config */
    size_t size;        /* of the member, or of an array's element */
    size_t count_offset; /* arrays: where the number of elements goes */
    /* Takes a string that needs more than a length check; it reports what is wrong itself. */
    void (*take)(struct sl_conf_loader *loader, const struct sl_conf_value *value);
    const char *help;
    const char *example; /* of a leaf: a value other than the default, as it stands in the file */
};

extern const struct sl_conf_key sl_conf_keys[];
extern const size_t sl_conf_key_count;

/* The length of the parent part of PATH: "source.tls" of "source.tls.mode", 0 of "source". */
size_t sl_conf_parent_len(const char *path);
/* What stands behind the parent: "mode"; for an array of objects without its "[]". */
size_t sl_conf_name(const struct sl_conf_key *key, const char **name);
/* True when KEY stands directly in the object PARENT ("", "source.tls", "tables[]"). */
bool sl_conf_is_child(const struct sl_conf_key *key, const char *parent);

/* The key NAME in the object PARENT; NULL when there is none. */
const struct sl_conf_key *sl_conf_find(const char *parent, const char *name);
/* The key that NAME in PARENT was probably meant to be; NULL when nothing is near. */
const struct sl_conf_key *sl_conf_nearest(const char *parent, const char *name);

#endif
