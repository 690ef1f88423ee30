/*
 * json_diff.c - partial JSON updates: the changes that PARTIAL_UPDATE_ROWS events carry in place of
 * a whole document (sql-common/json_diff.cc).
 *
 *     diff      operation, lenenc path, [lenenc binary document: the new value]
 *     REPLACE   the value at the path
 *     INSERT    a member that is not there yet, or an array element before the one at the path
 *     REMOVE    the value at the path
 *
 * The server logs a path only after it has resolved it against the document, so a path that leads
 * nowhere means that the document is not the one which the server had.
 */
#include "cdc/json_binary.h"

#include "cdc/json_path.h"
#include "cdc/json_text.h"
#include "cdc/json_tree.h"

enum sl_json_diff_op {
    SL_DIFF_REPLACE = 0,
    SL_DIFF_INSERT = 1,
    SL_DIFF_REMOVE = 2,
};

struct sl_json_diff {
    enum sl_json_diff_op op;
    struct sl_span path;
    struct sl_span value; /* REPLACE and INSERT */
};

static int read_diff(const struct sl_json_reader *reader, struct sl_span *rest,
                     struct sl_json_diff *out)
{
    uint8_t op;
    int rc = sl_span_u8(rest, &op);

    if (rc == SL_OK && op > SL_DIFF_REMOVE) {
        return sl_err_set(reader->err, SL_EFORMAT,
                          "partial JSON update: unknown operation %u; the row event is damaged "
                          "or of an unknown format, load the table again",
                          op);
    }
    if (rc == SL_OK) {
        rc = sl_span_lenenc_bytes(rest, &out->path);
    }
    if (rc == SL_OK && op != SL_DIFF_REMOVE) {
        rc = sl_span_lenenc_bytes(rest, &out->value);
    }
    if (rc != SL_OK) {
        return sl_err_set(reader->err, rc,
                          "partial JSON update: a change ends early; the row event is damaged, "
                          "load the table again");
    }
    out->op = (enum sl_json_diff_op)op;
    return SL_OK;
}

static int reject(const struct sl_json_tree *tree)
{
    return sl_err_set(tree->reader->err, SL_EUNSUPPORTED,
                      "partial JSON update: its path does not lead to a place in the document "
                      "before it; read the row again");
}

static int reject_path(const struct sl_json_tree *tree)
{
    return sl_err_set(tree->reader->err, SL_EFORMAT,
                      "partial JSON update: its path is malformed; the row event is damaged or of "
                      "an unknown format, load the table again");
}

/* The member name of LEG without escapes; lives as long as the tree. */
static int leg_key(struct sl_json_tree *tree, const struct sl_json_leg *leg, struct sl_span *out)
{
    void *bytes;
    size_t len;
    int rc;

    if (!leg->has_escapes) {
        *out = leg->name;
        return SL_OK;
    }
    rc = sl_json_tree_alloc(tree, leg->name.len, &bytes);
    if (rc != SL_OK) {
        return rc;
    }
    if (sl_json_path_unescape(leg->name, bytes, &len) != SL_OK) {
        return reject_path(tree);
    }
    *out = sl_span_make(bytes, len);
    return SL_OK;
}

/* A leg as seen from the node that it is applied to. */
struct sl_json_place {
    struct sl_json_node *parent;
    struct sl_span key; /* objects */
    uint32_t index;     /* of the item, or where it is to be inserted */
    bool exists;
};

/* json_path.h of the server, Json_array_index: past the end is the end, before the start the start.
 */
static void locate_cell(const struct sl_json_leg *leg, struct sl_json_place *place)
{
    uint32_t count = place->parent->count;

    place->exists = leg->index < count;
    if (leg->is_from_end) {
        place->index = place->exists ? count - leg->index - 1 : 0;
    } else {
        place->index = place->exists ? leg->index : count;
    }
}

static int locate(struct sl_json_tree *tree, struct sl_json_node *parent,
                  const struct sl_json_leg *leg, struct sl_json_place *place)
{
    int rc;

    *place = (struct sl_json_place){.parent = parent};
    if (!sl_json_is_container(&parent->value) ||
        sl_json_is_object(&parent->value) != leg->is_member) {
        return reject(tree);
    }
    rc = sl_json_tree_unfold(tree, parent);
    if (rc != SL_OK) {
        return rc;
    }
    if (!leg->is_member) {
        locate_cell(leg, place);
        return SL_OK;
    }
    rc = leg_key(tree, leg, &place->key);
    return rc == SL_OK ? sl_json_tree_find(tree, parent, place->key, &place->index, &place->exists)
                       : rc;
}

/* Walks PATH; *PLACE is where its last leg leads, whether there is something or not. */
static int resolve(struct sl_json_tree *tree, struct sl_span path, struct sl_json_place *place)
{
    struct sl_json_node *node = tree->root;
    struct sl_json_leg leg;
    int rc = sl_json_path_begin(&path);
    int more = rc == SL_OK ? sl_json_path_next(&path, &leg) : rc;

    *place = (struct sl_json_place){.parent = node};
    if (more != SL_OK) { /* the server never replaces a whole document by a diff */
        return reject_path(tree);
    }
    while (more == SL_OK) {
        rc = locate(tree, node, &leg, place);
        if (rc != SL_OK) {
            return rc;
        }
        more = sl_json_path_next(&path, &leg);
        if (more == SL_OK) {
            if (!place->exists) {
                return reject(tree);
            }
            rc = sl_json_tree_child(tree, node, place->index, &node);
            if (rc != SL_OK) {
                return rc;
            }
        }
    }
    return more == SL_DONE ? SL_OK : reject_path(tree);
}

static int replace_at(struct sl_json_tree *tree, const struct sl_json_place *place,
                      struct sl_json_node *node)
{
    struct sl_json_item *item = &place->parent->items[place->index];

    if (!place->exists) {
        return reject(tree);
    }
    if (item->origin == SL_JSON_NO_ORIGIN) {
        node->key = item->node->key;
    }
    item->node = node;
    return SL_OK;
}

static int insert_at(struct sl_json_tree *tree, const struct sl_json_place *place,
                     struct sl_json_node *node)
{
    if (sl_json_is_object(&place->parent->value) && place->exists) {
        return reject(tree);
    }
    node->key = place->key;
    return sl_json_tree_insert(tree, place->parent, place->index, node);
}

static int apply(struct sl_json_tree *tree, const struct sl_json_diff *diff)
{
    struct sl_json_place place;
    struct sl_json_node *node = NULL;
    int rc = resolve(tree, diff->path, &place);

    if (rc != SL_OK) {
        return rc;
    }
    if (diff->op == SL_DIFF_REMOVE) {
        return place.exists ? sl_json_tree_remove(tree, place.parent, place.index) : reject(tree);
    }
    rc = sl_json_tree_node(tree, diff->value, &node);
    if (rc != SL_OK) {
        return rc;
    }
    return diff->op == SL_DIFF_REPLACE ? replace_at(tree, &place, node)
                                       : insert_at(tree, &place, node);
}

int sl_json_apply_diff(struct sl_span before, struct sl_span diff, struct sl_buf *out,
                       struct sl_err *err)
{
    struct sl_json_reader reader = {.budget = before.len + diff.len, .err = err};
    struct sl_json_tree tree;
    struct sl_json_diff change = {SL_DIFF_REPLACE, {0}, {0}};
    size_t start = out->len;
    int rc = sl_json_tree_init(&tree, &reader, before);

    while (rc == SL_OK && diff.len > 0) {
        rc = read_diff(&reader, &diff, &change);
        if (rc == SL_OK) {
            rc = apply(&tree, &change);
        }
    }
    if (rc == SL_OK) {
        rc = sl_json_end_text(sl_json_tree_text(&tree, out), start, out, err);
    }
    sl_json_tree_release(&tree);
    return rc;
}
