#include "filters/mapper.h"

#include <stdlib.h>

#include "filters/facet.h"
#include "filters/index_entry.h"
#include "filters/key_owner.h"
#include "filters/key_unique.h"
#include "filters/mapper_keys.h"
#include "filters/mapper_private.h"
#include "filters/rule.h"
#include "filters/statement.h"

static bool wants(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
    const struct sl_table_rule *rule = NULL;
    int rc = sl_rule_find(self->rules, self->count, db, table, &rule, NULL);

    return rc != SL_OK || rule != NULL; /* the failure comes up once the table is compiled */
}

static void free_layout(void *shape)
{
    sl_shape_free(shape);
}

/* Found out too late to be refused: the table came, or lost an index, while it was streamed. */
static void warn_of_shared_keys(struct sl_rule_mapper *self, const struct sl_shape *shape)
{
    struct sl_err why = {0};

    if (self->packs.notice != NULL && sl_key_check_unique(shape, &why) != SL_OK &&
        sl_said_first(&self->shared, shape->table)) {
        self->packs.notice(self->packs.notice_user, true, why.text);
    }
}

static int compile_table(struct sl_mapper *mapper, struct sl_table *table, struct sl_err *err)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
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

static int remove_item(struct sl_mapper *mapper, struct sl_item_name name, struct sl_batch *batch)
{
    (void)mapper;
    return sl_item_del(batch, name);
}

static int list_items(struct sl_mapper *mapper, const struct sl_table *table, uint32_t facet,
                      const struct sl_cell *cells, sl_item_fn each, void *user, struct sl_err *err)
{
    return sl_facet_items(&sl_rule_mapper_of(mapper)->filter, table, facet, cells, each, user, err);
}

static struct sl_key_pattern *owner_pattern(struct sl_mapper *mapper, const struct sl_table *table,
                                            uint32_t facet)
{
    const struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
    const struct sl_shape *shape = table->user;

    return sl_key_owner_pattern(self->rules, self->count, shape->rule, facet, table);
}

static int judge_ddl(struct sl_mapper *mapper, const struct sl_ddl *ddl, unsigned nth,
                     struct sl_effect *effect, struct sl_err *err)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);
    const struct sl_statement_context context = {
        .rules = self->rules, .count = self->count, .keys = &self->keys};

    return sl_statement_judge(&context, ddl, nth, effect, err);
}

static enum sl_keeping keeping(struct sl_mapper *mapper, struct sl_span db, struct sl_span table)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);

    return sl_rules_keeping(self->rules, self->count, db, table);
}

static void begin(struct sl_mapper *mapper, const struct sl_stream *stream)
{
    sl_change_log_begin(&sl_rule_mapper_of(mapper)->changes, stream);
}

static int put_mark(struct sl_mapper *mapper, const struct sl_mark *mark, struct sl_batch *batch,
                    struct sl_err *err)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);

    return mark->kind == SL_MARK_REDELETE
               ? sl_invalidate_mark(&self->invalidate, mark,
                                    sl_rules_longest_redelete_ms(self->rules, self->count), batch)
               : sl_change_log_mark(&self->changes, self->rules, self->count, mark, batch, err);
}

static void settle(struct sl_mapper *mapper, struct sl_batch *batch, uint32_t from)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);

    sl_invalidate_put_off(&self->invalidate, batch, from,
                          sl_rules_longest_redelete_ms(self->rules, self->count));
}

static void free_mapper(struct sl_mapper *mapper)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);

    sl_buf_release(&self->old_key);
    sl_buf_release(&self->new_key);
    sl_known_keys_release(&self->keys);
    sl_row_filter_release(&self->filter);
    sl_transforms_release(&self->transforms);
    sl_packs_release(&self->packs);
    sl_said_release(&self->shared);
    sl_later_release(&self->later);
    sl_index_work_release(&self->items.work);
    sl_part_stream_release(&self->parts);
    sl_invalidate_release(&self->invalidate);
    sl_change_log_release(&self->changes);
    free(self);
}

static const struct sl_mapper_ops mapper_ops = {
    .wants = wants,
    .table = compile_table,
    .row = sl_mapper_row,
    .load_row = sl_mapper_load_row,
    .ddl = judge_ddl,
    .remove = remove_item,
    .key = sl_mapper_key,
    .put_row = sl_mapper_put_row,
    .facets = sl_facet_count,
    .has_members = sl_facet_has_members,
    .holds_nothing = sl_facet_holds_nothing,
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
    struct sl_rule_mapper *self = calloc(1, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    *self = (struct sl_rule_mapper){
        .base = {.ops = &mapper_ops},
        .rules = rules,
        .count = count,
        .later = {.rereads = rereads},
        .filter = {.rules = rules, .count = count, .stats = &self->base.stats},
        .transforms = {.rules = rules, .count = count, .stats = &self->base.stats},
        .items = {.mapper = &self->base, .filter = &self->filter, .later = &self->later},
        .parts = {.mapper = &self->base, .filter = &self->filter, .later = &self->later},
    };
    if (sl_row_filter_init(&self->filter) != SL_OK) {
        free(self);
        return NULL;
    }
    return &self->base;
}

void sl_rule_mapper_leave_unpacked(struct sl_mapper *mapper)
{
    sl_rule_mapper_of(mapper)->packs.is_off = true;
}

void sl_rule_mapper_use_dictionaries(struct sl_mapper *mapper,
                                     const struct sl_dictionaries *dictionaries)
{
    sl_rule_mapper_of(mapper)->packs.known = dictionaries;
}

void sl_rule_mapper_limit_values(struct sl_mapper *mapper, size_t bytes)
{
    sl_rule_mapper_of(mapper)->value_max_bytes = bytes;
}

void sl_rule_mapper_use_redelete(struct sl_mapper *mapper, struct sl_span set,
                                 const struct sl_clock *clock)
{
    sl_rule_mapper_of(mapper)->invalidate.set = set;
    sl_rule_mapper_of(mapper)->invalidate.clock = clock;
}

void sl_rule_mapper_on_notice(struct sl_mapper *mapper, sl_notice_fn notice, void *user)
{
    struct sl_rule_mapper *self = sl_rule_mapper_of(mapper);

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
    int rc =
        sl_row_filter_judge(&sl_rule_mapper_of(mapper)->filter, table, cells, NULL, &verdict, err);

    if (rc == SL_OK) {
        *keeps = verdict == SL_ROW_MATCHES;
    }
    return rc;
}
