/*
 * transform_private.h - what the files of transform share; nobody else includes it.
 */
#ifndef SLUICE_FILTERS_TRANSFORM_PRIVATE_H
#define SLUICE_FILTERS_TRANSFORM_PRIVATE_H

#include <pthread.h>
#include <stdint.h>

#include "filters/lua_cell.h"
#include "filters/transform.h"

struct lua_State;
struct sl_parts; /* part.h */

#define SL_MEMBER_OTHER UINT32_MAX /* the name is no column's */

/* A name of a table that the function returned. */
struct sl_member {
    struct sl_span name; /* of the layout, or of Lua, which keeps it as long as the table */
    uint32_t column;     /* its number, or SL_MEMBER_OTHER */
    bool is_own;         /* the cell itself is shown: Lua has no value for it */
};

struct sl_transform {
    const struct sl_table_rule *rule;
    struct sl_lua_box *box;
    pthread_mutex_t lock; /* of all below, and of the box */
    struct sl_mapper_stats *stats;
    sl_notice_fn notice;
    void *notice_user;
    bool has_warned;
    bool is_asking; /* nothing is counted or told */

    /* while a row is worked on */
    const struct sl_shape *shape;
    struct sl_row row;
    struct sl_buf *out;
    struct sl_parts *parts; /* of a rule with parts; OUT is theirs then */
    size_t count;           /* of fields in it */
    bool is_kept_out;       /* the function says so */
    bool has_assigned;      /* something was assigned to the row */
    size_t values;          /* of tables, in it */
    size_t nested_from;     /* where in OUT the value in hand begins */
    struct sl_lua_cells cells;
    struct sl_buf tried;          /* scratch: what is written of a row that is only judged */
    struct sl_parts *tried_parts; /* the same where rows have parts; NULL until it is needed */

    struct sl_member *members; /* scratch: of the tables that are being written, each behind the one
                                  around it */
    size_t member_count;
    size_t member_cap;
};

/* ---- all of these raise Lua's errors ---- */

/* Notes STATUS, which is no fault of the function, and raises an error, unless it is SL_OK. */
void sl_transform_check(struct lua_State *state, struct sl_transform *transform, int status);

/* transform_row.c: the row as the function sees it. */

/* Makes it, once; pushes it. */
int sl_transform_make_row(struct lua_State *state);
void sl_transform_push_row(struct lua_State *state);
/* Pushes the table of what was assigned to it, or nil. */
void sl_transform_push_assigned(struct lua_State *state, const struct sl_transform *transform);
/* True when the value on top says that a column was set to nil. */
bool sl_transform_is_removed(struct lua_State *state);
/* The number of the column NAME, or SL_MEMBER_OTHER. */
uint32_t sl_transform_find_column(const struct sl_transform *transform, struct sl_span name);
/* Pushes the value of a column. */
void sl_transform_push_column(struct lua_State *state, struct sl_transform *transform,
                              uint32_t number);

/* transform_members.c: what it returned, which is on top: finds the members and calls one of the
 * two. */
int sl_transform_write_fields(struct lua_State *state);
int sl_transform_write_json(struct lua_State *state);

/* transform_parts.c: the same for a table of parts, whose rows it writes. */
int sl_transform_write_parts(struct lua_State *state);

/* transform_value.c */

/* Appends the value on top, which is neither nil nor null, as a field has it, or any as JSON. */
void sl_transform_text(struct lua_State *state, struct sl_transform *transform);
void sl_transform_json_value(struct lua_State *state, struct sl_transform *transform);
/* Appends NAME, a quoted string, and a colon. */
void sl_transform_json_name(struct lua_State *state, struct sl_transform *transform,
                            struct sl_span name);
void sl_transform_add_member(struct lua_State *state, struct sl_transform *transform,
                             const struct sl_member *member);
/* By the bytes of their names. */
void sl_transform_sort(struct sl_member *members, size_t count);

#endif
