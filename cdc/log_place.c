#include "cdc/log_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_log_files_release(struct sl_log_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].name);
    }
    free(files->items);
    *files = (struct sl_log_files){0};
}

int sl_log_files_add(struct sl_log_files *files, const char *name, uint64_t size)
{
    struct sl_log_file *items = realloc(files->items, (files->count + 1) * sizeof(*items));

    if (items == NULL) {
        return SL_ENOMEM;
    }
    files->items = items;
    items[files->count] = (struct sl_log_file){.name = strdup(name), .size = size};
    if (items[files->count].name == NULL) {
        return SL_ENOMEM;
    }
    files->count++;
    return SL_OK;
}

void sl_log_place_of(struct sl_log_place *place, const struct sl_position *position)
{
    (void)snprintf(place->file, sizeof(place->file), "%s", position->file);
    (void)snprintf(place->server_uuid, sizeof(place->server_uuid), "%s", position->server_uuid);
    place->offset = position->offset;
}

static bool are_of_one_log(const struct sl_log_place *a, const struct sl_log_place *b)
{
    return a->file[0] != '\0' && b->file[0] != '\0' && a->server_uuid[0] != '\0' &&
           strcmp(a->server_uuid, b->server_uuid) == 0;
}

bool sl_log_place_needs_files(const struct sl_log_place *place, const struct sl_log_place *end)
{
    return are_of_one_log(place, end) && strcmp(place->file, end->file) != 0;
}

static size_t find(const struct sl_log_files *files, const char *name)
{
    size_t i = 0;

    while (i < files->count && strcmp(files->items[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* From PLACE in file number FIRST to END in a later one. */
static uint64_t sum(const struct sl_log_files *files, size_t first, size_t last,
                    const struct sl_log_place *place, const struct sl_log_place *end)
{
    uint64_t size = files->items[first].size;
    uint64_t bytes = size > place->offset ? size - place->offset : 0;

    for (size_t i = first + 1; i < last; i++) {
        bytes += files->items[i].size;
    }
    return bytes + end->offset;
}

bool sl_log_place_distance(const struct sl_log_place *place, const struct sl_log_place *end,
                           const struct sl_log_files *files, uint64_t *bytes)
{
    size_t first;
    size_t last;

    if (!are_of_one_log(place, end)) {
        return false;
    }
    if (strcmp(place->file, end->file) == 0) {
        *bytes = end->offset > place->offset ? end->offset - place->offset : 0;
        return true;
    }
    first = find(files, place->file);
    last = find(files, end->file);
    if (last == files->count) {
        return false;
    }
    if (first == files->count || first > last) {
        /* A file that came behind the end: the stream has gone on meanwhile. */
        *bytes = 0;
        return first != files->count;
    }
    *bytes = sum(files, first, last, place, end);
    return true;
}
