/*
 * json_members.h - the members of a JSON object of anybody's, to say which of them differ. No more
 * is read of it than where each one ends.
 */
#ifndef SLUICE_FILTERS_JSON_MEMBERS_H
#define SLUICE_FILTERS_JSON_MEMBERS_H

#include "cdc/base/status.h"
#include "cdc/held.h"

/* Grows as needed. Zeroed: a valid empty one. */
struct sl_json_members {
    struct sl_held_field
        *items; /* names without quotes, but with their escapes; values as they are */
    size_t count;
    size_t cap;
};

void sl_json_members_release(struct sl_json_members *members);
/* Replaces MEMBERS by views into TEXT. SL_EFORMAT: no object, or not to its end; SL_ENOMEM. */
int sl_json_members_read(struct sl_json_members *members, struct sl_span text) SL_MUSTCHECK;

#endif
