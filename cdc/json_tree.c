#include "cdc/json_tree.h"

#include <stdlib.h>
#include <string.h>

enum { SL_JSON_BLOCK = 4096 };

/* Memory is taken in blocks and given back as a whole. */
struct sl_json_block {
    struct sl_json_block *next;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

static struct sl_json_block *add_block(struct sl_json_tree *tree, size_t size)
{
    struct sl_json_block *block = malloc(sizeof(*block) + size);

    if (block != NULL) {
        *block = (struct sl_json_block){.next = tree->blocks, .size = size};
        tree->blocks = block;
        tree->memory_left -= size;
    }
    return block;
}

int sl_json_tree_alloc(struct sl_json_tree *tree, size_t size, void **out)
{
    struct sl_json_block *block = tree->blocks;

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (block == NULL || size > block->size - block->used) {
        size_t room = size > SL_JSON_BLOCK ? size : SL_JSON_BLOCK;

        if (room > tree->memory_left) {
            (void)sl_err_set(tree->reader->err, SL_ELIMIT,
                             "partial JSON update: the document has too many values to change it "
                             "in %d MiB of memory; read the row again",
                             SL_JSON_MEMORY_MAX >> 20);
            return SL_ELIMIT;
        }
        block = add_block(tree, room);
        if (block == NULL) {
            (void)sl_err_set(tree->reader->err, SL_ENOMEM,
                             "partial JSON update: no memory for %zu bytes; free memory or lower "
                             "memory_limit",
                             room);
            return SL_ENOMEM;
        }
    }
    *out = (uint8_t *)block->bytes + block->used;
    block->used += size;
    return SL_OK;
}

static int new_node(struct sl_json_tree *tree, const struct sl_json_value *value,
                    struct sl_json_node **out)
{
    void *memory;
    int rc = sl_json_tree_alloc(tree, sizeof(**out), &memory);

    if (rc == SL_OK) {
        *out = memory;
        **out = (struct sl_json_node){.value = *value};
    }
    return rc;
}

int sl_json_tree_node(struct sl_json_tree *tree, struct sl_span value, struct sl_json_node **out)
{
    struct sl_json_value opened;
    int rc = sl_json_document(tree->reader, value, &opened);

    return rc == SL_OK ? new_node(tree, &opened, out) : rc;
}

int sl_json_tree_init(struct sl_json_tree *tree, struct sl_json_reader *reader,
                      struct sl_span document)
{
    *tree = (struct sl_json_tree){
        .reader = reader, .memory_left = SL_JSON_MEMORY_MAX, .moves_left = SL_JSON_MOVE_MAX};
    return sl_json_tree_node(tree, document, &tree->root);
}

void sl_json_tree_release(struct sl_json_tree *tree)
{
    while (tree->blocks != NULL) {
        struct sl_json_block *block = tree->blocks;

        tree->blocks = block->next;
        free(block);
    }
    *tree = (struct sl_json_tree){0};
}

/* Makes room for ROOM items. The old list stays behind in its block; doubling bounds that. */
static int make_room(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t room)
{
    void *memory;
    int rc = sl_json_tree_alloc(tree, (size_t)room * sizeof(*node->items), &memory);

    if (rc != SL_OK) {
        return rc;
    }
    if (node->items != NULL) {
        memcpy(memory, node->items, node->count * sizeof(*node->items));
    }
    node->items = memory;
    node->room = room;
    return SL_OK;
}

int sl_json_tree_unfold(struct sl_json_tree *tree, struct sl_json_node *node)
{
    uint32_t count = node->value.count;
    int rc;

    if (node->items != NULL) {
        return SL_OK;
    }
    /* One spare place: most changes insert one value. The memory limit keeps COUNT far below 2^32.
     */
    rc = make_room(tree, node, count < UINT32_MAX ? count + 1 : count);
    if (rc != SL_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < count; i++) {
        node->items[i] = (struct sl_json_item){.origin = i};
    }
    node->count = count;
    return SL_OK;
}

int sl_json_tree_child(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t index,
                       struct sl_json_node **out)
{
    struct sl_json_item *item = &node->items[index];
    struct sl_json_value value;
    int rc = SL_OK;

    if (item->node == NULL) {
        rc = sl_json_element(tree->reader, &node->value, item->origin, &value);
        if (rc == SL_OK) {
            rc = new_node(tree, &value, &item->node);
        }
    }
    if (rc == SL_OK) {
        *out = item->node;
    }
    return rc;
}

int sl_json_tree_key(const struct sl_json_tree *tree, const struct sl_json_node *node,
                     uint32_t index, struct sl_span *out)
{
    const struct sl_json_item *item = &node->items[index];

    if (item->origin == SL_JSON_NO_ORIGIN) {
        *out = item->node->key;
        return SL_OK;
    }
    return sl_json_key(tree->reader, &node->value, item->origin, out);
}

static int compare_keys(struct sl_span a, struct sl_span b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return a.len > 0 ? memcmp(a.data, b.data, a.len) : 0;
}

int sl_json_tree_find(const struct sl_json_tree *tree, const struct sl_json_node *node,
                      struct sl_span key, uint32_t *index, bool *found)
{
    uint32_t low = 0;
    uint32_t high = node->count;

    *found = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct sl_span other;
        int order;
        int rc = sl_json_tree_key(tree, node, middle, &other);

        if (rc != SL_OK) {
            return rc;
        }
        order = compare_keys(key, other);
        if (order == 0) {
            *found = true;
            *index = middle;
            return SL_OK;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *index = low;
    return SL_OK;
}

/* Each change moves what stands behind its place: many of them in one long list add up. */
static int charge_move(struct sl_json_tree *tree, size_t bytes)
{
    if (bytes > tree->moves_left) {
        return sl_err_set(tree->reader->err, SL_ELIMIT,
                          "partial JSON update: too many changes in one long array or object; "
                          "read the row again");
    }
    tree->moves_left -= bytes;
    return SL_OK;
}

int sl_json_tree_insert(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t index,
                        struct sl_json_node *child)
{
    size_t behind = (size_t)(node->count - index) * sizeof(*node->items);
    int rc = charge_move(tree, behind);

    if (rc == SL_OK && node->count == node->room) {
        rc = make_room(tree, node, 2 * node->count);
    }
    if (rc == SL_OK) {
        memmove(&node->items[index + 1], &node->items[index], behind);
        node->items[index] = (struct sl_json_item){.node = child, .origin = SL_JSON_NO_ORIGIN};
        node->count++;
    }
    return rc;
}

int sl_json_tree_remove(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t index)
{
    size_t behind = (size_t)(node->count - index - 1) * sizeof(*node->items);
    int rc = charge_move(tree, behind);

    if (rc == SL_OK) {
        memmove(&node->items[index], &node->items[index + 1], behind);
        node->count--;
    }
    return rc;
}
