#include "filters/mapper.h"

#include <stdlib.h>

#include "filters/change_entry.h"
#include "filters/entry.h"
#include "filters/facet.h"
#include "filters/index_entry.h"
#include "filters/index_stream.h"
#include "filters/invalidate.h"
#include "filters/key_owner.h"
#include "filters/key_unique.h"
#include "filters/known_keys.h"
#include "filters/later.h"
#include "filters/mapper_keys.h"
#include "filters/packs.h"
#include "filters/row_filter.h"
#include "filters/row_image.h"
#include "filters/rule.h"
#include "filters/statement.h"
#include "filters/transforms.h"
#include "filters/unchanged.h"

struct rule_mapper {
    struct sl_mapper base; /* first: the two are cast into each other */
    const struct sl_table_rule *rules;
    size_t count;
    struct sl_buf old_key; /* scratch, reused for every row */
    struct sl_buf new_key;
    struct sl_later later;
    struct sl_index_stream items;
    struct sl_known_keys keys;
    struct sl_row_filter filter;
    struct sl_transforms transforms;
    struct sl_packs packs;
    struct sl_said shared;  /* that rows can share keys */
    size_t value_max_bytes; /* 0: as it is by default */
    struct sl_invalidate invalidate;
    struct sl_change_log changes;
};

static struct rule_mapper *self_of(struct sl_mapper *mapper)
{
    return (struct rule_mapper *)mapper;
}

static bool wants(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    struct rule_mapper *self = self_of(mapper);
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(self->rules, self->count, db, table, &rule, NULL);

    return rc != SL_OK || rule != NULL; /* the failure comes up once the table is compiled */
}

static void free_layout(void *shape)
{
    sl_shape_free(shape);
}

/* Found out too late to be refused: the table came, or lost an index, while it was streamed. */
static void warn_of_shared_keys(struct rule_mapper *self, const struct sl_shape *shape)
{
    struct sl_err why = {0};

    if (self->packs.notice != NULL && sl_key_check_unique(shape, &why) != SL_OK &&
        sl_said_first(&self->shared, shape->table)) {
        self->packs.notice(self->packs.notice_user, true, why.text);
    }
}

static int compile_table(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err)
{
    struct rule_mapper *self = self_of(mapper);
    const struct sl_table_rule *rule = NULL;
    struct sl_shape *shape = NULL;
    int rc = sl_rule_find(self->rules, self->count, table->db, table->name, &rule, err);

    if (rc == SL_OK) {
        rc = sl_shape_new(rule, table, &shape, err);
    }
    if (rc != SL_OK) {
        return rc;
    }
    rc = sl_row_filter_prepare(&self->filter, shape, err);
    rc = rc == SL_OK ? sl_known_keys_set(&self->keys, shape) : rc;
    rc = rc == SL_OK ? sl_transforms_give(&self->transforms, shape, err) : rc;
    rc = rc == SL_OK ? sl_packs_give(&self->packs, shape) : rc;
    if (rc == SL_OK && rule->value == SL_VALUE_STREAM) {
        rc = sl_change_log_meet(&self->changes, shape);
    }
    if (rc != SL_OK) {
        sl_shape_free(shape);
        return rc;
    }
    if (self->value_max_bytes > 0) {
        shape->value_max_bytes = self->value_max_bytes;
    }
    warn_of_shared_keys(self, shape);
    table->user = shape;
    table->user_free = free_layout;
    return SL_OK;
}

static struct sl_span span_of(const struct sl_buf *buf)
{
    return sl_span_make(buf->data, buf->len);
}

static int render_key(const struct sl_shape *shape, const struct sl_cell *cells,
                      const struct sl_cell *fallback, struct sl_buf *out, struct sl_err *err)
{
    sl_buf_clear(out);
    return sl_key_render(&shape->key, shape->table, cells, fallback, out, err);
}

static int put_selected(struct rule_mapper *self, const struct sl_loaded_row *row, bool *is_kept,
                        struct sl_batch *batch, struct sl_err *err)
{
    enum sl_verdict verdict;
    int rc = sl_row_filter_judge(&self->filter, row->table, row->cells, NULL, &verdict, err);

    if (rc != SL_OK) {
        return rc;
    }
    *is_kept = verdict == SL_ROW_MATCHES;
    return *is_kept ? sl_entry_put(batch, row->table->user, (struct sl_row){.cells = row->cells},
                                   row->key, row->write, err)
                    : sl_entry_del(batch, row->key);
}

/* Called by any thread: it has no scratch to reuse. */
static int put_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                   struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct sl_index_work work = {0};
    bool is_kept = false;
    int rc = put_selected(self_of(mapper), row, &is_kept, batch, err);

    if (rc != SL_OK || shape->indexes == NULL) {
        return rc;
    }
    rc = sl_index_extend(&work, row, is_kept, batch, err);
    sl_index_work_release(&work);
    return rc;
}

/*
 * A part may be added to what the key holds. A row that has only now come to match `where` is not
 * there, and would be missed.
 */
static bool may_add_part(struct rule_mapper *self, const struct sl_row_change *change,
                         bool key_moved)
{
    return sl_image_can_merge(change->table->user, change->op, key_moved) &&
           sl_row_filter_surely_takes(&self->filter, change->table, change->before);
}

/* Writes the after image under the key in new_key, or notes that the row is to be read again. */
static int put_matching(struct rule_mapper *self, const struct sl_row_change *change,
                        bool key_moved, struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    struct sl_row row = {.cells = change->after, .image = change->after_image};
    enum sl_image image = SL_IMAGE_WHOLE;
    bool waits = false;
    int rc = SL_OK;

    if (change->after_image.len == 0 &&
        (!change->after_is_full || sl_image_has_diffs(shape, change->after))) {
        row.base = change->before;
        image = sl_image_judge(shape, change->after, change->before);
    }
    if (image == SL_IMAGE_LOST ||
        (image == SL_IMAGE_PARTIAL && !may_add_part(self, change, key_moved))) {
        return sl_later_put(&self->later, change, span_of(&self->new_key), batch, err);
    }
    if (image == SL_IMAGE_PARTIAL) {
        rc = sl_later_waits(&self->later, change->table, span_of(&self->new_key), batch, &waits);
    }
    if (rc != SL_OK || waits) {
        return rc == SL_OK ? sl_later_put(&self->later, change, span_of(&self->new_key), batch, err)
                           : rc;
    }
    rc = sl_entry_put(batch, shape, row, span_of(&self->new_key),
                      image == SL_IMAGE_WHOLE ? SL_WRITE_WHOLE : SL_WRITE_PARTIAL, err);
    /* A diff that does not apply (its path is absent, it is too large) is no reason to guess. */
    return (rc == SL_EUNSUPPORTED || rc == SL_ELIMIT) && row.base != NULL
               ? sl_later_put(&self->later, change, span_of(&self->new_key), batch, err)
               : rc;
}

/* A key that may hold the row is removed when `where` does not want it; no key is no harm. */
static int put_judged(struct rule_mapper *self, const struct sl_row_change *change, bool key_moved,
                      enum sl_verdict verdict, struct sl_batch *batch, struct sl_err *err)
{
    switch (verdict) {
    case SL_ROW_MATCHES:
        return put_matching(self, change, key_moved, batch, err);
    case SL_ROW_DIFFERS:
        return sl_entry_del(batch, span_of(&self->new_key));
    case SL_ROW_UNCLEAR:
        break;
    }
    return sl_later_put(&self->later, change, span_of(&self->new_key), batch, err);
}

static int put_after(struct rule_mapper *self, const struct sl_row_change *change, bool key_moved,
                     struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    enum sl_verdict verdict;
    bool is_later = false;
    int rc = sl_row_filter_judge(&self->filter, change->table, change->after, change->before,
                                 &verdict, err);

    if (rc == SL_OK && shape->indexes != NULL) {
        rc = sl_index_stream_put(&self->items, change, span_of(&self->new_key), verdict, batch,
                                 &is_later, err);
    }
    return rc == SL_OK && !is_later ? put_judged(self, change, key_moved, verdict, batch, err) : rc;
}

static bool is_idle(const struct sl_shape *shape, const struct sl_row_change *change)
{
    return sl_update_is_idle(shape, change) &&
           (shape->indexes == NULL || !sl_index_is_touched(change));
}

/* The keys that the row has behind the change and had before it; *MOVED: there are two. */
static int render_keys(struct rule_mapper *self, const struct sl_row_change *change, bool *moved,
                       struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    *moved = false;
    if (change->after != NULL) {
        rc = render_key(shape, change->after, change->before, &self->new_key, err);
    }
    if (rc == SL_OK && change->op == SL_OP_UPDATE) {
        *moved = !sl_key_same(&shape->key, change->before, change->after);
    }
    if (rc == SL_OK && (*moved || change->op == SL_OP_DELETE)) {
        rc = render_key(shape, change->before, NULL, &self->old_key, err);
    }
    /* Different bytes can still make the same key, for instance -0 and 0. */
    *moved = *moved && rc == SL_OK &&
             (self->old_key.len != self->new_key.len ||
              memcmp(self->old_key.data, self->new_key.data, self->new_key.len) != 0);
    return rc;
}

static int map_kept(struct rule_mapper *self, const struct sl_row_change *change, bool moved,
                    struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = change->table->user;
    int rc = SL_OK;

    if (moved || change->op == SL_OP_DELETE) {
        rc = sl_entry_del(batch, span_of(&self->old_key));
    }
    if (rc == SL_OK && change->op != SL_OP_DELETE) {
        return put_after(self, change, moved, batch, err);
    }
    return rc == SL_OK && shape->indexes != NULL
               ? sl_index_stream_remove(&self->items, change, batch, err)
               : rc;
}

static int map_row(struct sl_mapper *mapper, const struct sl_row_change *change,
                   struct sl_batch *batch, struct sl_err *err)
{
    struct rule_mapper *self = self_of(mapper);
    const struct sl_shape *shape = change->table->user;
    struct sl_changed_row keys;
    bool moved = false;
    int rc = render_keys(self, change, &moved, err);

    sl_change_log_count(&self->changes);
    if (rc != SL_OK) {
        return rc;
    }
    if (change->op == SL_OP_UPDATE && !moved && is_idle(shape, change)) {
        atomic_fetch_add_explicit(&self->base.stats.unchanged, 1, memory_order_relaxed);
        return SL_OK;
    }
    keys = (struct sl_changed_row){.change = change,
                                   .old_key = span_of(&self->old_key),
                                   .new_key = span_of(&self->new_key),
                                   .has_moved = moved};
    switch (shape->rule->value) {
    case SL_VALUE_INVALIDATE:
        return sl_invalidate_row(&self->invalidate, &keys, batch);
    case SL_VALUE_STREAM:
        return sl_change_log_add(&self->changes, &self->filter, &keys, batch, err);
    case SL_VALUE_HASH:
    case SL_VALUE_JSON:
    case SL_VALUE_REJSON:
        break;
    }
    return map_kept(self, change, moved, batch, err);
}

static int load_kept(struct rule_mapper *self, const struct sl_loaded_row *row,
                     struct sl_batch *batch, struct sl_err *err)
{
    const struct sl_shape *shape = row->table->user;
    struct sl_loaded_row keyed = *row;
    bool is_kept = false;
    int rc;

    keyed.key = span_of(&self->new_key);
    rc = put_selected(self, &keyed, &is_kept, batch, err);
    return rc == SL_OK && shape->indexes != NULL
               ? sl_index_load(&self->items.work, &keyed, is_kept, batch, err)
               : rc;
}

static int load_row(struct sl_mapper *mapper, const struct sl_loaded_row *row,
                    struct sl_batch *batch, struct sl_err *err)
{
    struct rule_mapper *self = self_of(mapper);
    const struct sl_shape *shape = row->table->user;
    int rc = render_key(shape, row->cells, NULL, &self->new_key, err);

    if (rc == SL_OK && shape->rule->value == SL_VALUE_STREAM) {
        return SL_OK; /* it is no change */
    }
    if (rc == SL_OK && shape->rule->value == SL_VALUE_INVALIDATE) {
        return sl_invalidate_key(&self->invalidate, row->table, span_of(&self->new_key), batch);
    }
    return rc == SL_OK ? load_kept(self, row, batch, err) : rc;
}

static int remove_item(struct sl_mapper *mapper, struct sl_item_name name, struct sl_batch *batch)
{
    (void)mapper;
    return sl_item_del(batch, name);
}

static int list_items(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                      const struct sl_cell *cells, sl_item_fn each, void *user, struct sl_err *err)
{
    return sl_facet_items(&self_of(mapper)->filter, table, facet, cells, each, user, err);
}

static struct sl_key_pattern *owner_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                            uint32_t facet)
{
    const struct rule_mapper *self = self_of(mapper);
    const struct sl_shape *shape = table->user;

    return sl_key_owner_pattern(self->rules, self->count, shape->rule, facet, table);
}

static int judge_ddl(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
                     struct sl_effect *effect, struct sl_err *err)
{
    struct rule_mapper *self = self_of(mapper);
    const struct sl_statement_context context = {
        .rules = self->rules, .count = self->count, .keys = &self->keys};

    return sl_statement_judge(&context, ddl, nth, effect, err);
}

static enum sl_keeping keeping(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    struct rule_mapper *self = self_of(mapper);

    return sl_rules_keeping(self->rules, self->count, db, table);
}

static void begin(struct sl_mapper *mapper, const struct sl_stream *stream)
{
    sl_change_log_begin(&self_of(mapper)->changes, stream);
}

static int put_mark(struct sl_mapper *mapper, const struct sl_mark *mark, struct sl_batch *batch,
                    struct sl_err *err)
{
    struct rule_mapper *self = self_of(mapper);

    return mark->kind == SL_MARK_REDELETE
               ? sl_invalidate_mark(&self->invalidate, mark,
                                    sl_rules_longest_redelete_ms(self->rules, self->count), batch)
               : sl_change_log_mark(&self->changes, self->rules, self->count, mark, batch, err);
}

static void settle(struct sl_mapper *mapper, struct sl_batch *batch, uint32_t from)
{
    struct rule_mapper *self = self_of(mapper);

    sl_invalidate_put_off(&self->invalidate, batch, from,
                          sl_rules_longest_redelete_ms(self->rules, self->count));
}

static void free_mapper(struct sl_mapper *mapper)
{
    struct rule_mapper *self = self_of(mapper);

    sl_buf_release(&self->old_key);
    sl_buf_release(&self->new_key);
    sl_known_keys_release(&self->keys);
    sl_row_filter_release(&self->filter);
    sl_transforms_release(&self->transforms);
    sl_packs_release(&self->packs);
    sl_said_release(&self->shared);
    sl_later_release(&self->later);
    sl_index_work_release(&self->items.work);
    sl_invalidate_release(&self->invalidate);
    sl_change_log_release(&self->changes);
    free(self);
}

static const struct sl_mapper_ops mapper_ops = {
    .wants = wants,
    .table = compile_table,
    .row = map_row,
    .load_row = load_row,
    .ddl = judge_ddl,
    .remove = remove_item,
    .key = sl_mapper_key,
    .put_row = put_row,
    .facets = sl_facet_count,
    .has_members = sl_facet_has_members,
    .items = list_items,
    .parse_key = sl_facet_parse,
    .pattern = sl_facet_pattern,
    .owner_pattern = owner_pattern,
    .free = free_mapper,
    .begin = begin,
    .keeping = keeping,
    .mark = put_mark,
    .settle = settle,
};

struct sl_mapper *sl_rule_mapper_new(const struct sl_table_rule *rules, size_t count,
                                     const struct sl_rereads *rereads)
{
    struct rule_mapper *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    *self = (struct rule_mapper){
        .base = {.ops = &mapper_ops},
        .rules = rules,
        .count = count,
        .later = {.rereads = rereads},
        .filter = {.rules = rules, .count = count, .stats = &self->base.stats},
        .transforms = {.rules = rules, .count = count, .stats = &self->base.stats},
        .items = {.mapper = &self->base, .filter = &self->filter, .later = &self->later},
    };
    if (sl_row_filter_init(&self->filter) != SL_OK) {
        free(self);
        return NULL;
    }
    return &self->base;
}

void sl_rule_mapper_leave_unpacked(struct sl_mapper *mapper)
{
    self_of(mapper)->packs.is_off = true;
}

void sl_rule_mapper_use_dictionaries(struct sl_mapper *mapper,
                                     const struct sl_dictionaries *dictionaries)
{
    self_of(mapper)->packs.known = dictionaries;
}

void sl_rule_mapper_limit_values(struct sl_mapper *mapper, size_t bytes)
{
    self_of(mapper)->value_max_bytes = bytes;
}

void sl_rule_mapper_use_redelete(struct sl_mapper *mapper, struct sl_span set,
                                 const struct sl_clock *clock)
{
    self_of(mapper)->invalidate.set = set;
    self_of(mapper)->invalidate.clock = clock;
}

void sl_rule_mapper_on_notice(struct sl_mapper *mapper, sl_notice_fn notice, void *user)
{
    struct rule_mapper *self = self_of(mapper);

    self->filter.notice = notice;
    self->filter.notice_user = user;
    self->transforms.notice = notice;
    self->transforms.notice_user = user;
    self->packs.notice = notice;
    self->packs.notice_user = user;
}

int sl_rule_mapper_keeps(struct sl_mapper *mapper, const struct sl_table *table,
                         const struct sl_cell *cells, bool *keeps, struct sl_err *err)
{
    enum sl_verdict verdict;
    int rc = sl_row_filter_judge(&self_of(mapper)->filter, table, cells, NULL, &verdict, err);

    if (rc == SL_OK) {
        *keeps = verdict == SL_ROW_MATCHES;
    }
    return rc;
}
