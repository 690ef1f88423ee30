/*
 * json_tree_text.c - prints a changed document: what is unfolded from its items, the rest from
 * the bytes that it is stored in.
 */
#include "cdc/json_text.h"
#include "cdc/json_tree.h"

struct sl_tree_frame {
    struct sl_json_node *node;
    uint32_t next; /* index of the item to print next */
};

struct sl_tree_walk {
    struct sl_json_tree *tree;
    struct sl_buf *out;
    unsigned open; /* frames in use */
    struct sl_tree_frame frames[SL_JSON_DEPTH_MAX];
};

static int put_node(struct sl_tree_walk *walk, struct sl_json_node *node)
{
    if (node->items == NULL) {
        return sl_json_put_value(walk->tree->reader, &node->value, walk->open, walk->out);
    }
    if (walk->open >= SL_JSON_DEPTH_MAX) {
        return sl_json_fail(walk->tree->reader, SL_EFORMAT,
                            "more than 100 levels inside each other");
    }
    walk->frames[walk->open++] = (struct sl_tree_frame){.node = node};
    return sl_buf_add_byte(walk->out, sl_json_is_object(&node->value) ? '{' : '[');
}

static int put_untouched(struct sl_tree_walk *walk, const struct sl_json_node *node,
                         uint32_t origin)
{
    struct sl_json_value value;
    int rc = sl_json_element(walk->tree->reader, &node->value, origin, &value);

    return rc == SL_OK ? sl_json_put_value(walk->tree->reader, &value, walk->open, walk->out) : rc;
}

static int put_item_key(struct sl_tree_walk *walk, const struct sl_tree_frame *frame)
{
    struct sl_span key;
    int rc = sl_json_tree_key(walk->tree, frame->node, frame->next, &key);

    if (rc == SL_OK) {
        rc = sl_json_charge(walk->tree->reader, key.len);
    }
    if (rc == SL_OK) {
        rc = sl_json_put_string(key, walk->out);
    }
    return rc == SL_OK ? sl_buf_add(walk->out, ": ", 2) : rc;
}

static int put_item(struct sl_tree_walk *walk, struct sl_tree_frame *frame)
{
    const struct sl_json_item *item = &frame->node->items[frame->next];
    int rc = frame->next > 0 ? sl_buf_add(walk->out, ", ", 2) : SL_OK;

    if (rc == SL_OK && sl_json_is_object(&frame->node->value)) {
        rc = put_item_key(walk, frame);
    }
    frame->next++;
    if (rc != SL_OK) {
        return rc;
    }
    return item->node != NULL ? put_node(walk, item->node)
                              : put_untouched(walk, frame->node, item->origin);
}

static int close_node(struct sl_tree_walk *walk)
{
    const struct sl_tree_frame *frame = &walk->frames[--walk->open];

    return sl_buf_add_byte(walk->out, sl_json_is_object(&frame->node->value) ? '}' : ']');
}

int sl_json_tree_text(struct sl_json_tree *tree, struct sl_buf *out)
{
    struct sl_tree_walk walk = {.tree = tree, .out = out};
    int rc = put_node(&walk, tree->root);

    while (rc == SL_OK && walk.open > 0) {
        struct sl_tree_frame *frame = &walk.frames[walk.open - 1];

        rc = frame->next < frame->node->count ? put_item(&walk, frame) : close_node(&walk);
    }
    return rc;
}
