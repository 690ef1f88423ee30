/*
 * json_tree.h - a binary document that is being changed. Private to json_*.c.
 *
 * Only what changes leave their mark on is unfolded: a container on the way of a path becomes a
 * list of items, and an item that nobody touched is no more than its number in the stored
 * container. Everything else stays the bytes that it was, and is read when it is printed.
 *
 *     root node --list--> item 0   untouched: value 0 of the stored container
 *                         item 1   untouched
 *                         item 2   --node--> value from a diff, or a list of its own
 */
#ifndef SLUICE_CDC_JSON_TREE_H
#define SLUICE_CDC_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdc/base/buf.h"
#include "cdc/base/span.h"
#include "cdc/json_value.h"

enum {
    SL_JSON_MEMORY_MAX = 256 << 20, /* bytes that the lists of one document may take */
};

/* Bytes that inserts and removes in one document may move: a second of time, far above real
 * updates. */
#define SL_JSON_MOVE_MAX (UINT64_C(2) << 30)

struct sl_json_item {
    struct sl_json_node *node; /* NULL: untouched, see origin */
    uint32_t origin;           /* number in the stored container; SL_JSON_NO_ORIGIN: inserted */
};

#define SL_JSON_NO_ORIGIN UINT32_MAX

struct sl_json_node {
    struct sl_json_value value;
    struct sl_span key;         /* of an inserted member */
    struct sl_json_item *items; /* NULL: the value is as it is stored */
    uint32_t count;
    uint32_t room;
};

struct sl_json_block;

struct sl_json_tree {
    struct sl_json_reader *reader;
    struct sl_json_node *root;
    struct sl_json_block *blocks; /* owned */
    size_t memory_left;
    uint64_t moves_left;
};

/* Makes a tree of DOCUMENT, which must outlive it. Release it after a failure too. */
int sl_json_tree_init(struct sl_json_tree *tree, struct sl_json_reader *reader,
                      struct sl_span document) SL_MUSTCHECK;
void sl_json_tree_release(struct sl_json_tree *tree);

/* SIZE bytes that live as long as the tree. SL_ENOMEM, SL_ELIMIT. */
int sl_json_tree_alloc(struct sl_json_tree *tree, size_t size, void **out) SL_MUSTCHECK;

/* A new node of the binary document VALUE. */
int sl_json_tree_node(struct sl_json_tree *tree, struct sl_span value,
                      struct sl_json_node **out) SL_MUSTCHECK;

/* Unfolds NODE, which is a container, into items. */
int sl_json_tree_unfold(struct sl_json_tree *tree, struct sl_json_node *node) SL_MUSTCHECK;

/* The node of item INDEX of NODE, which is unfolded; made if there is none. */
int sl_json_tree_child(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t index,
                       struct sl_json_node **out) SL_MUSTCHECK;

/*
 * Looks KEY up in NODE, an unfolded object. *FOUND tells whether it is there; *INDEX is its place,
 * or the one where it belongs: keys are ordered by length, then by bytes.
 */
int sl_json_tree_find(const struct sl_json_tree *tree, const struct sl_json_node *node,
                      struct sl_span key, uint32_t *index, bool *found) SL_MUSTCHECK;

/* The key of item INDEX of NODE, an unfolded object. */
int sl_json_tree_key(const struct sl_json_tree *tree, const struct sl_json_node *node,
                     uint32_t index, struct sl_span *out) SL_MUSTCHECK;

/* Puts CHILD before item INDEX, at most count, of NODE, which is unfolded. */
int sl_json_tree_insert(struct sl_json_tree *tree, struct sl_json_node *node, uint32_t index,
                        struct sl_json_node *child) SL_MUSTCHECK;

/* Takes item INDEX out of NODE, which is unfolded. */
int sl_json_tree_remove(struct sl_json_tree *tree, struct sl_json_node *node,
                        uint32_t index) SL_MUSTCHECK;

/* Appends the text of the whole. */
int sl_json_tree_text(struct sl_json_tree *tree, struct sl_buf *out) SL_MUSTCHECK;

#endif
