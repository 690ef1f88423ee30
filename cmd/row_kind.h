/*
 * row_kind.h - as what rows of a rule are kept, for who reads them.
 */
#ifndef SLUICE_CMD_ROW_KIND_H
#define SLUICE_CMD_ROW_KIND_H

#include "filters/options.h"
#include "sinks/redis_row.h"

static inline enum sl_row_kind sl_row_kind_of(const struct sl_table_rule *rule)
{
    switch (rule->value) {
    case SL_VALUE_JSON:
        return SL_ROW_STRING;
    case SL_VALUE_REJSON:
        return SL_ROW_DOCUMENT;
    case SL_VALUE_HASH:
    case SL_VALUE_INVALIDATE:
    case SL_VALUE_STREAM:
        break;
    }
    return SL_ROW_HASH;
}

#endif
