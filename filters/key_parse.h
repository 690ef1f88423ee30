/*
 * key_parse.h - key.h backwards: from a Redis key to the values that it was made from.
 *
 * A value holds no raw % : { }, so mostly there is one way to part a key. Where a template puts two
 * values side by side, or a literal between them that a value could hold, all ways are tried; types
 * rule most of them out ("{day}-{id}" made "2026-11-21-7").
 */
#ifndef SLUICE_FILTERS_KEY_PARSE_H
#define SLUICE_FILTERS_KEY_PARSE_H

#include "cdc/base/arena.h"
#include "filters/key.h"

/*
 * Fills TABLE's column_count CELLS: TEXT or NULL for the columns of KEY, with their bytes in ARENA;
 * ABSENT for the others. Rendering them gives TEXT again, byte for byte. SL_DONE: no row of the
 * table has that key; SL_KEY_UNCLEAR (cdc/mapper.h): there are several ways to part it, or too many
 * to try; SL_ENOMEM. CELLS are set on success only.
 */
int sl_key_parse(const struct sl_key *key, const struct sl_table *table, struct sl_span text,
                 struct sl_arena *arena, struct sl_cell *cells) SL_MUSTCHECK;

#endif
