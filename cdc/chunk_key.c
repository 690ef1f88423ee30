#include "cdc/chunk_key.h"

#include "cdc/chunk_pad.h"

static bool is_temporal(const struct sl_column *column)
{
    switch (column->type) {
    case SL_TYPE_TIMESTAMP:
    case SL_TYPE_TIMESTAMP2:
    case SL_TYPE_DATE:
    case SL_TYPE_NEWDATE:
    case SL_TYPE_TIME:
    case SL_TYPE_TIME2:
    case SL_TYPE_DATETIME:
    case SL_TYPE_DATETIME2:
        return true;
    default:
        return false;
    }
}

static enum sl_chunk_form form_of(const struct sl_column *column, struct sl_span charset)
{
    if (column->type == SL_TYPE_ENUM || column->type == SL_TYPE_SET) {
        return SL_CHUNK_ORDINAL;
    }
    if (column->kind != SL_KIND_TEXT || column->type == SL_TYPE_NEWDECIMAL || charset.len == 0 ||
        column->special != SL_SPECIAL_NONE || is_temporal(column)) {
        return SL_CHUNK_PLAIN;
    }
    return SL_CHUNK_STRING;
}

/* The connection's character set is utf8mb4: texts of these come as they are stored. */
static bool comes_as_stored(struct sl_span charset)
{
    return sl_span_equals(charset, "utf8mb4") || sl_span_equals(charset, "utf8mb3") ||
           sl_span_equals(charset, "utf8") || sl_span_equals(charset, "ascii");
}

static bool is_word(struct sl_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') {
            return false;
        }
    }
    return true;
}

static int no_key(const struct sl_table *table, const char *why, struct sl_err *err)
{
    return sl_err_set(err, SL_ESCHEMA,
                      "table %.*s.%.*s cannot be read in parts: %s; give it a primary key or "
                      "exclude it",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, why);
}

static int add_part(struct sl_chunk_key *key, uint32_t number, const struct sl_schema_column *from,
                    struct sl_arena *arena)
{
    struct sl_span charset = from->charset;
    struct sl_chunk_part *part = &key->parts[key->count++];

    part->column = &key->table->columns[number];
    part->form = form_of(part->column, charset);
    part->charset = charset;
    part->is_padded =
        part->form == SL_CHUNK_STRING && sl_chunk_pad_is_needed(from->data_type, from->collation);
    part->is_extra = part->form == SL_CHUNK_ORDINAL ||
                     (part->form == SL_CHUNK_STRING && !comes_as_stored(charset));
    part->place = part->is_extra ? key->select_count++ : number;
    return sl_arena_keep(arena, &part->charset);
}

int sl_chunk_key_init(struct sl_chunk_key *key, const struct sl_table *table,
                      const struct sl_schema *schema, struct sl_span index, struct sl_arena *arena,
                      struct sl_err *err)
{
    int rc = SL_OK;

    *key =
        (struct sl_chunk_key){.table = table, .select_count = table->column_count, .index = index};
    if (!table->has_names || table->key_count == 0 || index.len == 0) {
        return no_key(table, "it has neither a primary key nor a unique index without NULL", err);
    }
    if (table->key_count > SL_CHUNK_PARTS_MAX || schema->count != table->column_count) {
        return no_key(table, "its key has too many columns", err);
    }
    for (uint32_t i = 0; rc == SL_OK && i < table->key_count; i++) {
        const struct sl_schema_column *from = &schema->columns[table->key[i]];

        rc = is_word(from->charset)
                 ? add_part(key, table->key[i], from, arena)
                 : no_key(table, "a column of its key has an unknown character set", err);
    }
    rc = rc == SL_OK ? sl_arena_keep(arena, &key->index) : rc;
    return rc;
}
