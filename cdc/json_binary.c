/*
 * json_binary.c - walks a binary document and prints it. The containers that are open are kept
 * on a stack of fixed size, so the depth of a document costs no C stack.
 */
#include "cdc/json_binary.h"

#include "cdc/json_text.h"
#include "cdc/json_value.h"

struct sl_json_frame {
    struct sl_json_value container;
    uint32_t next; /* index of the entry to print next */
};

struct sl_json_walk {
    struct sl_json_reader *reader;
    struct sl_buf *out;
    unsigned depth; /* containers around the value, outside of this walk too */
    unsigned open;  /* frames in use */
    struct sl_json_frame frames[SL_JSON_DEPTH_MAX];
};

static int open_frame(struct sl_json_walk *walk, const struct sl_json_value *container)
{
    if (walk->depth + walk->open >= SL_JSON_DEPTH_MAX) {
        return sl_json_fail(walk->reader, SL_EFORMAT, "more than 100 levels inside each other");
    }
    walk->frames[walk->open++] = (struct sl_json_frame){.container = *container};
    return sl_buf_add_byte(walk->out, sl_json_is_object(container) ? '{' : '[');
}

static int put_any(struct sl_json_walk *walk, const struct sl_json_value *value)
{
    return sl_json_is_container(value) ? open_frame(walk, value)
                                       : sl_json_put_scalar(walk->reader, value, walk->out);
}

static int put_key(struct sl_json_walk *walk, const struct sl_json_frame *frame)
{
    struct sl_span key;
    int rc = sl_json_key(walk->reader, &frame->container, frame->next, &key);

    if (rc == SL_OK) {
        rc = sl_json_charge(walk->reader, key.len);
    }
    if (rc == SL_OK) {
        rc = sl_json_put_string(key, walk->out);
    }
    return rc == SL_OK ? sl_buf_add(walk->out, ": ", 2) : rc;
}

static int put_entry(struct sl_json_walk *walk, struct sl_json_frame *frame)
{
    struct sl_json_value value;
    int rc = frame->next > 0 ? sl_buf_add(walk->out, ", ", 2) : SL_OK;

    if (rc == SL_OK && sl_json_is_object(&frame->container)) {
        rc = put_key(walk, frame);
    }
    if (rc == SL_OK) {
        rc = sl_json_element(walk->reader, &frame->container, frame->next, &value);
    }
    frame->next++;
    return rc == SL_OK ? put_any(walk, &value) : rc;
}

static int close_frame(struct sl_json_walk *walk)
{
    const struct sl_json_frame *frame = &walk->frames[--walk->open];

    return sl_buf_add_byte(walk->out, sl_json_is_object(&frame->container) ? '}' : ']');
}

int sl_json_put_value(struct sl_json_reader *reader, const struct sl_json_value *value,
                      unsigned depth, struct sl_buf *out)
{
    struct sl_json_walk walk; /* not zeroed: the frames are written before they are read */
    int rc;

    walk.reader = reader;
    walk.out = out;
    walk.depth = depth;
    walk.open = 0;
    rc = put_any(&walk, value);
    while (rc == SL_OK && walk.open > 0) {
        struct sl_json_frame *frame = &walk.frames[walk.open - 1];

        rc = frame->next < frame->container.count ? put_entry(&walk, frame) : close_frame(&walk);
    }
    return rc;
}

int sl_json_text(struct sl_span doc, struct sl_buf *out, struct sl_err *err)
{
    struct sl_json_reader reader = {.budget = doc.len, .err = err};
    struct sl_json_value value;
    size_t start = out->len;
    int rc = sl_json_document(&reader, doc, &value);

    if (rc == SL_OK) {
        rc = sl_json_put_value(&reader, &value, 0, out);
    }
    return sl_json_end_text(rc, start, out, err);
}
