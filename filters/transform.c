#include "filters/transform.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>

#include "filters/lua_box.h"
#include "filters/part.h"
#include "filters/transform_private.h"

/* ---- the function ---- */

/* Argument 1: the text, which gives the function anew, with variables of its own. */
static int push_function(lua_State *state)
{
    lua_call(state, 0, 1);
    if (!lua_isfunction(state, -1)) {
        return luaL_error(state, "it is a %s and not a function that takes the row",
                          luaL_typename(state, -1));
    }
    return 1;
}

/* ---- life ---- */

static int build(struct sl_transform *transform, struct sl_err *err)
{
    const struct sl_lua_source source = {
        .text = transform->rule->transform,
        .form = transform->rule->is_transform_chunk ? SL_LUA_CHUNK : SL_LUA_EXPRESSION,
        .user = transform};
    enum sl_lua_result result;
    struct sl_err why = {0};
    int rc = sl_lua_box_new(&source, &transform->box, err);

    if (rc != SL_OK) {
        return rc;
    }
    if (sl_lua_box_do(transform->box, sl_transform_make_row, &why) != SL_LUA_TRUE) {
        return SL_ENOMEM;
    }
    result = sl_lua_box_do(transform->box, push_function, &why);
    if (result == SL_LUA_FAILED) {
        return sl_err_set(err, SL_EINVAL, "%s", why.text);
    }
    return result == SL_LUA_TRUE ? SL_OK : SL_ENOMEM;
}

int sl_transform_new(const struct sl_table_rule *rule, struct sl_transform **out,
                     struct sl_err *err)
{
    struct sl_transform *transform = calloc(1, sizeof(*transform));
    int rc;

    if (transform == NULL || pthread_mutex_init(&transform->lock, NULL) != 0) {
        free(transform);
        return SL_ENOMEM;
    }
    transform->rule = rule;
    rc = build(transform, err);
    if (rc != SL_OK) {
        sl_transform_free(transform);
        return rc;
    }
    *out = transform;
    return SL_OK;
}

void sl_transform_free(struct sl_transform *transform)
{
    if (transform == NULL) {
        return;
    }
    sl_lua_box_free(transform->box);
    sl_lua_cells_release(&transform->cells);
    sl_buf_release(&transform->tried);
    if (transform->tried_parts != NULL) {
        sl_parts_release(transform->tried_parts);
        free(transform->tried_parts);
    }
    free(transform->members);
    (void)pthread_mutex_destroy(&transform->lock);
    free(transform);
}

void sl_transform_tell(struct sl_transform *transform, struct sl_mapper_stats *stats,
                       sl_notice_fn notice, void *user)
{
    transform->stats = stats;
    transform->notice = notice;
    transform->notice_user = user;
}

/* ---- one row, in Lua ---- */

void sl_transform_check(lua_State *state, struct sl_transform *transform, int status)
{
    if (status != SL_OK) {
        transform->cells.status = status;
        (void)lua_error(state);
    }
}

/* Argument 1: the text. Leaves what its function returns for the row as the only thing on the
 * stack. False: the row is not to be in the cache. */
static bool apply(lua_State *state, struct sl_transform *transform)
{
    (void)push_function(state);
    sl_transform_push_row(state);
    lua_call(state, 1, 1);
    transform->is_kept_out = !lua_toboolean(state, -1);
    if (!transform->is_kept_out && !lua_istable(state, -1)) {
        (void)luaL_error(state, "it returns a %s and not a table, or nil",
                         luaL_typename(state, -1));
    }
    return !transform->is_kept_out;
}

static int make_fields(lua_State *state)
{
    return apply(state, sl_lua_user(state)) ? sl_transform_write_fields(state) : 0;
}

static int make_json(lua_State *state)
{
    return apply(state, sl_lua_user(state)) ? sl_transform_write_json(state) : 0;
}

static int make_parts(lua_State *state)
{
    return apply(state, sl_lua_user(state)) ? sl_transform_write_parts(state) : 0;
}

/* ---- one row ---- */

static void count_row(struct sl_transform *transform, bool is_failure)
{
    if (transform->stats != NULL && !transform->is_asking) {
        atomic_fetch_add_explicit(is_failure ? &transform->stats->quarantined
                                             : &transform->stats->filtered,
                                  1, memory_order_relaxed);
    }
}

/* Nobody may find in the cache what should perhaps not be there: the row goes. */
static int quarantine(struct sl_transform *transform, const char *why)
{
    const struct sl_table *table = transform->shape->table;
    char text[768];

    count_row(transform, true);
    if (!transform->has_warned && transform->notice != NULL && !transform->is_asking) {
        transform->has_warned = true;
        (void)snprintf(
            text, sizeof(text),
            "the \"transform\" of table %.*s.%.*s fails on a row: %.300s; the row is not "
            "in the cache, nor are others on which it fails, which is not said again",
            (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
            (const char *)table->name.data, why);
        transform->notice(transform->notice_user, true, text);
    }
    return SL_DONE;
}

static int fail(struct sl_transform *transform, const char *why, struct sl_err *err)
{
    const struct sl_table *table = transform->shape->table;

    if (transform->rule->on_error == SL_RULE_QUARANTINE) {
        return quarantine(transform, why);
    }
    return sl_err_set(err, SL_ERULE,
                      "the \"transform\" of table %.*s.%.*s fails on a row: %.300s; correct it, or "
                      "keep such rows out of the cache by \"on_error\": \"quarantine\"",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, why);
}

static int finish(struct sl_transform *transform, enum sl_lua_result result, const char *why,
                  struct sl_err *err)
{
    if (result == SL_LUA_STARVED) {
        return SL_ENOMEM;
    }
    if (result == SL_LUA_TRUE) {
        if (transform->is_kept_out) {
            count_row(transform, false);
        }
        return transform->is_kept_out ? SL_DONE : SL_OK;
    }
    if (transform->cells.status == SL_OK) {
        return fail(transform, why, err);
    }
    if (err != NULL && transform->cells.err.status != SL_OK) {
        *err = transform->cells.err;
    }
    return transform->cells.status;
}

/* BODY does the work, in Lua. The lock is held. */
static int run_locked(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                      int (*body)(lua_State *state), struct sl_err *err)
{
    struct sl_transform *transform = shape->transform;
    struct sl_err why = {0};

    transform->shape = shape;
    transform->row = row;
    transform->out = out;
    transform->count = 0;
    transform->values = 0;
    transform->is_kept_out = false;
    transform->has_assigned = false;
    sl_lua_cells_begin(&transform->cells);
    return finish(transform, sl_lua_box_do(transform->box, body, &why), why.text, err);
}

static int run(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out, size_t *count,
               int (*body)(lua_State *state), struct sl_err *err)
{
    int rc;

    (void)pthread_mutex_lock(&shape->transform->lock);
    rc = run_locked(shape, row, out, body, err);
    *count = shape->transform->count;
    (void)pthread_mutex_unlock(&shape->transform->lock);
    return rc;
}

int sl_transform_fields(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                        size_t *count, struct sl_err *err)
{
    return shape->rule->part_template != NULL ? SL_DONE
                                              : run(shape, row, out, count, make_fields, err);
}

int sl_transform_json(const struct sl_shape *shape, struct sl_row row, struct sl_buf *out,
                      struct sl_err *err)
{
    size_t ignored;

    return shape->rule->part_template != NULL ? SL_DONE
                                              : run(shape, row, out, &ignored, make_json, err);
}

/* The lock is held. */
static int run_parts(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                     struct sl_parts *parts, struct sl_err *err)
{
    struct sl_transform *transform = shape->transform;
    int rc;

    transform->is_asking = is_asking;
    transform->parts = parts;
    rc = run_locked(shape, row, &parts->values, make_parts, err);
    transform->parts = NULL;
    transform->is_asking = false;
    return rc;
}

int sl_transform_parts(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                       struct sl_parts *parts, struct sl_err *err)
{
    int rc;

    (void)pthread_mutex_lock(&shape->transform->lock);
    rc = run_parts(shape, row, is_asking, parts, err);
    (void)pthread_mutex_unlock(&shape->transform->lock);
    return rc;
}

/* The lock is held. */
static int try_parts(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                     struct sl_err *err)
{
    struct sl_transform *transform = shape->transform;

    if (transform->tried_parts == NULL) {
        transform->tried_parts = calloc(1, sizeof(*transform->tried_parts));
    }
    if (transform->tried_parts == NULL) {
        return SL_ENOMEM;
    }
    sl_parts_clear(transform->tried_parts);
    return run_parts(shape, row, is_asking, transform->tried_parts, err);
}

/* The lock is held. */
static int try_row(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                   struct sl_err *err)
{
    struct sl_transform *transform = shape->transform;
    int rc;

    sl_buf_clear(&transform->tried);
    transform->is_asking = is_asking;
    rc = run_locked(shape, row, &transform->tried,
                    shape->rule->value == SL_VALUE_HASH ? make_fields : make_json, err);
    transform->is_asking = false;
    return rc;
}

/* All of it is made, as a value that cannot be written keeps the row out, too. */
int sl_transform_judge(const struct sl_shape *shape, struct sl_row row, bool is_asking,
                       enum sl_verdict *verdict, struct sl_err *err)
{
    struct sl_transform *transform = shape->transform;
    bool is_unclear;
    int rc;

    (void)pthread_mutex_lock(&transform->lock);
    rc = (shape->rule->part_template != NULL ? try_parts : try_row)(shape, row, is_asking, err);
    is_unclear = rc != SL_OK && transform->cells.is_unclear;
    (void)pthread_mutex_unlock(&transform->lock);
    if (rc != SL_OK && rc != SL_DONE && !is_unclear) {
        return rc;
    }
    *verdict = is_unclear ? SL_ROW_UNCLEAR : rc == SL_DONE ? SL_ROW_DIFFERS : SL_ROW_MATCHES;
    return SL_OK;
}
