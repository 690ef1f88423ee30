#include "filters/said.h"

void sl_said_release(struct sl_said *said)
{
    sl_buf_release(&said->names);
}

static int name_table(const struct sl_table *table, struct sl_buf *name)
{
    int rc = sl_buf_add_byte(name, 0);

    rc = rc == SL_OK ? sl_buf_add(name, table->db.data, table->db.len) : rc;
    rc = rc == SL_OK ? sl_buf_add_byte(name, '.') : rc;
    rc = rc == SL_OK ? sl_buf_add(name, table->name.data, table->name.len) : rc;
    return rc == SL_OK ? sl_buf_add_byte(name, 0) : rc;
}

bool sl_said_first(struct sl_said *said, const struct sl_table *table)
{
    struct sl_buf *names = &said->names;
    size_t before = names->len;
    const uint8_t *name;
    bool is_new;

    if (name_table(table, names) != SL_OK) {
        names->len = before;
        return false;
    }
    name = names->data + before;
    is_new = before == 0 || memmem(names->data, before, name, names->len - before) == NULL;
    if (!is_new) {
        names->len = before;
    }
    return is_new;
}
