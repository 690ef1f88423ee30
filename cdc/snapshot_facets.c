/* snapshot_facets.c - the patterns by which items of a table are found. */
#include <stdlib.h>

#include "cdc/snapshot_private.h"

int sl_snapshot_facets_init(struct sl_snapshot_load *load)
{
    struct sl_mapper *mapper = load->worker->snapshot->options.mapper;
    uint32_t count = mapper->ops->facets(mapper, load->table);

    load->facets = calloc(count, sizeof(*load->facets));
    if (load->facets == NULL) {
        return SL_ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct sl_snapshot_facet *facet = &load->facets[load->facet_count++];

        facet->pattern = mapper->ops->pattern(mapper, load->table, i);
        facet->owned = mapper->ops->owner_pattern(mapper, load->table, i);
        facet->has_members = i > 0 && mapper->ops->has_members(mapper, load->table, i);
        facet->holds_nothing = mapper->ops->holds_nothing != NULL &&
                               mapper->ops->holds_nothing(mapper, load->table, i);
        if (facet->pattern == NULL || facet->owned == NULL) {
            return SL_ENOMEM;
        }
    }
    return SL_OK;
}

static void free_pattern(struct sl_key_pattern *pattern)
{
    if (pattern != NULL) {
        pattern->free(pattern);
    }
}

void sl_snapshot_facets_release(struct sl_snapshot_load *load)
{
    for (uint32_t i = 0; i < load->facet_count; i++) {
        free_pattern(load->facets[i].pattern);
        free_pattern(load->facets[i].owned);
    }
    free(load->facets);
    load->facets = NULL;
    load->facet_count = 0;
}
