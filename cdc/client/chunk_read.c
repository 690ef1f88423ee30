/*
 * chunk_read.c - one read of a chunk: transaction, SELECT, rows, end; and what a refusal of the
 * server means.
 */
#include "cdc/base/clock.h"
#include "cdc/chunk_after.h"
#include "cdc/chunk_sql.h"
#include "cdc/client/chunk_private.h"

enum {
    SL_ER_BAD_DB = 1049,
    SL_ER_BAD_FIELD = 1054,
    SL_ER_NO_SUCH_TABLE = 1146,
    SL_ER_NO_SUCH_KEY = 1176,
    SL_ER_LOCK_WAIT = 1205,
    SL_ER_VIEW_INVALID = 1356,
    SL_ER_TABLE_CHANGED = 1412, /* between the snapshot and the SELECT */
    /* MariaDB makes a join of lists from 1000 on, both count what they spend on ranges. */
    SL_KEYS_PER_SELECT = 500,
    SL_KEY_BYTES_PER_SELECT = 1 << 18, /* far from any max_allowed_packet */
    SL_ROWS_UNKNOWN = 1000,            /* at a table whose rows' length nobody knows */
};

/* One call, as the second try has to have it again. */
struct read {
    struct sl_chunk_client *self;
    const struct sl_position *low;
    const struct sl_chunk_limit *limit; /* of a range; NULL: keys are read */
    struct sl_span after;
    const struct sl_cell *keys;
    size_t count;
    bool locked;
    uint64_t query_us;
    bool is_last;
    bool has_more;
};

static bool is_altered(unsigned code)
{
    return code == SL_ER_BAD_DB || code == SL_ER_BAD_FIELD || code == SL_ER_NO_SUCH_TABLE ||
           code == SL_ER_NO_SUCH_KEY || code == SL_ER_VIEW_INVALID || code == SL_ER_TABLE_CHANGED;
}

static int altered(const struct sl_table *table, unsigned code, struct sl_err *err)
{
    return sl_err_set(err, SL_ESCHEMA,
                      "table %.*s.%.*s was altered or dropped while it was being read (error %u): "
                      "it is to be read from its beginning",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data, code);
}

static int locked_out(const struct sl_table *table, struct sl_err *err)
{
    return sl_err_set(err, SL_EIO,
                      "rows of table %.*s.%.*s are locked by a transaction that does not end: end "
                      "it (SHOW PROCESSLIST) or, if it is prepared, decide it (XA RECOVER)",
                      (int)table->db.len, (const char *)table->db.data, (int)table->name.len,
                      (const char *)table->name.data);
}

/* What a refusal of the server means for the reading. */
static int judge(struct sl_chunk_client *self, int rc, struct sl_err *err)
{
    if (rc == SL_EIO && is_altered(self->fault)) {
        return altered(&self->open.table, self->fault, err);
    }
    return rc == SL_EIO && self->fault == SL_ER_LOCK_WAIT ? locked_out(&self->open.table, err) : rc;
}

/* Runs self->sql and adds its rows. */
static int fetch(struct read *read, size_t bytes, bool *is_cut, struct sl_err *err)
{
    struct sl_chunk_client *self = read->self;
    const struct sl_chunk_key *key = read->limit != NULL ? &self->open.key : NULL;
    uint64_t began = sl_clock_mono_us(sl_clock_real());
    int rc = sl_chunk_rows_start(self, err);

    rc = rc == SL_OK ? sl_chunk_rows_take(self, SIZE_MAX, bytes, key, is_cut, err) : rc;
    sl_chunk_rows_end(self);
    read->query_us += sl_clock_mono_us(sl_clock_real()) - began;
    return judge(self, rc, err);
}

/* ---- parts of a range ---- */

static void begin_parts(struct read *read, size_t rows)
{
    read->self->parts = (struct sl_chunk_parts){.rows = rows,
                                                .bytes = read->limit->bytes,
                                                .part_bytes = read->limit->part_bytes,
                                                .began_us = sl_clock_mono_us(sl_clock_real())};
}

/* The rows of the SELECT that is under way, until there are enough of them for a part. */
static int take_part(struct read *read, struct sl_err *err)
{
    struct sl_chunk_client *self = read->self;
    struct sl_chunk_parts *parts = &self->parts;
    bool is_cut = false;
    int rc =
        sl_chunk_rows_take(self, parts->part_bytes, parts->bytes, &self->open.key, &is_cut, err);

    if (rc < 0) {
        sl_chunk_rows_end(self);
        return judge(self, rc, err);
    }
    read->has_more = rc == SL_AGAIN;
    parts->bytes -= self->rows.texts.len < parts->bytes ? self->rows.texts.len : parts->bytes;
    parts->rows_come += self->rows.count;
    if (!read->has_more) {
        sl_chunk_rows_end(self);
        read->query_us = sl_clock_mono_us(sl_clock_real()) - parts->began_us;
        read->is_last = !is_cut && parts->rows_come < parts->rows;
    }
    return SL_OK;
}

static int start_parts(struct read *read, size_t rows, struct sl_err *err)
{
    int rc;

    begin_parts(read, rows);
    rc = sl_chunk_rows_start(read->self, err);
    return rc == SL_OK ? take_part(read, err) : judge(read->self, rc, err);
}

/* ---- ranges ---- */

/*
 * No more rows than BYTES probably hold, as the rest comes over the network for nothing.
 * How long rows are each read finds out for the next one.
 */
static size_t rows_for(const struct sl_chunk_client *self, const struct sl_chunk_limit *limit)
{
    uint64_t row_bytes = self->open.about.row_bytes;
    uint64_t rows = row_bytes > 0 ? limit->bytes / row_bytes + 1 : SL_ROWS_UNKNOWN;

    return rows < limit->rows ? (size_t)rows : limit->rows;
}

static void learn(struct sl_chunk_client *self)
{
    const struct sl_chunk_rows *rows = &self->rows;

    if (rows->count > 0) {
        self->open.about.row_bytes = rows->texts.len / rows->count + 1;
    }
}

static int select_range(struct read *read, struct sl_err *err)
{
    struct sl_chunk_client *self = read->self;
    const struct sl_chunk_key *key = &self->open.key;
    struct sl_span values[SL_CHUNK_PARTS_MAX] = {{0}};
    struct sl_chunk_range range = {
        .after = read->after.len > 0 ? values : NULL,
        .where = sl_span_make(self->open.where.data, self->open.where.len),
        .rows = rows_for(self, read->limit),
        .locks = self->mode == SL_CHUNK_LOCKING,
    };
    bool is_cut = false;
    int rc = range.after != NULL ? sl_chunk_after_read(read->after, key, values, err) : SL_OK;

    rc = rc == SL_OK ? sl_chunk_sql_range(&self->sql, key, &range) : rc;
    if (rc == SL_OK && self->has_high && read->limit->part_bytes > 0) {
        rc = start_parts(read, range.rows, err);
    } else if (rc == SL_OK) {
        rc = fetch(read, read->limit->bytes, &is_cut, err);
        read->is_last = !is_cut && self->rows.count < range.rows;
    }
    if (rc == SL_OK) {
        learn(self);
    }
    return rc;
}

/* ---- keys ---- */

/*
 * What the servers say of a value that a column cannot be compared with, such as a text that its
 * character set does not have, or "abc" for a DATE: no row has it.
 */
static bool is_bad_value(unsigned code)
{
    static const unsigned codes[] = {
        1267, 1270, 1271, /* illegal mix of collations, for two, three and more */
        1292, 1300, 1525, /* wrong value, wrong string of a character set, wrong literal */
        1977, 3854,       /* cannot convert a string (MariaDB, MySQL) */
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

/* *IS_BAD: the server refuses to compare with one of the values. */
static int select_some(struct read *read, const struct sl_cell *keys, size_t count, bool *is_bad,
                       struct sl_err *err)
{
    struct sl_chunk_client *self = read->self;
    bool is_cut;
    int rc = sl_chunk_sql_keys(&self->sql, &self->open.table, keys, count,
                               self->mode == SL_CHUNK_LOCKING, err);

    rc = rc == SL_OK ? fetch(read, SIZE_MAX, &is_cut, err) : rc;
    *is_bad = rc == SL_EIO && is_bad_value(self->fault);
    return *is_bad ? SL_OK : rc;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many of COUNT keys go into one statement. */
static size_t keys_for(const struct sl_cell *keys, size_t columns, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < columns; j++) {
            bytes += keys[i * columns + j].len;
        }
        if (bytes > SL_KEY_BYTES_PER_SELECT) {
            return i > 0 ? i : 1;
        }
    }
    return count;
}

/* Asks for fewer and fewer keys until a bad value stands alone, and is passed over. */
static int select_keys(struct read *read, struct sl_err *err)
{
    size_t columns = read->self->open.table.column_count;
    size_t most = SL_KEYS_PER_SELECT;
    int rc = SL_OK;

    for (size_t i = 0; rc == SL_OK && i < read->count;) {
        const struct sl_cell *keys = read->keys + i * columns;
        size_t count = keys_for(keys, columns, smaller(most, read->count - i));
        bool is_bad;

        rc = select_some(read, keys, count, &is_bad, err);
        if (is_bad && count > 1) {
            most = count / 2;
        } else {
            i += count;
            most = smaller(most * 2, SL_KEYS_PER_SELECT);
        }
    }
    return rc;
}

/* ---- both ---- */

static int end_locks(struct sl_chunk_client *self, struct sl_err *err)
{
    if (!self->is_locked) {
        return SL_OK;
    }
    self->is_locked = false;
    return sl_client_query(&self->client, "COMMIT", "let rows go", NULL, err);
}

static int try_once(struct read *read, struct sl_err *err)
{
    struct sl_chunk_client *self = read->self;
    int rc = sl_chunk_connect(self, err);

    self->fault = 0;
    read->query_us = 0;
    sl_chunk_rows_clear(&self->rows);
    rc = rc == SL_OK ? end_locks(self, err) : rc;
    rc = rc == SL_OK ? sl_chunk_place_begin(self, read->low, read->locked, err) : rc;
    if (rc == SL_OK) {
        rc = read->limit != NULL ? select_range(read, err) : select_keys(read, err);
    }
    if (rc == SL_OK && !read->has_more) {
        rc = sl_chunk_place_end(self, read->locked, err);
    }
    self->is_locked = rc == SL_OK && read->locked;
    return rc;
}

static int finish(const struct read *read, struct sl_chunk *chunk, struct sl_err *err)
{
    const struct sl_chunk_key *key = read->limit != NULL ? &read->self->open.key : NULL;
    int rc = sl_chunk_rows_finish(read->self, key, chunk);

    if (rc != SL_OK) {
        return sl_err_set(err, rc, "no memory for the rows of a table");
    }
    chunk->query_us = read->query_us;
    chunk->is_last = read->is_last;
    chunk->has_more = read->has_more;
    return SL_OK;
}

static int read_chunk(struct read *read, struct sl_chunk *chunk, struct sl_err *err)
{
    int rc = SL_EIO;

    if (!read->self->open.is_open) {
        return sl_err_set(err, SL_EINVAL, "no table is open to read rows of");
    }
    for (int tries = 0; tries < 2; tries++) {
        rc = try_once(read, err);
        if (!sl_chunk_was_lost(read->self, rc)) {
            break;
        }
    }
    return rc == SL_OK ? finish(read, chunk, err) : rc;
}

int sl_chunk_read_more(struct sl_chunk_reader *reader, struct sl_chunk *chunk, struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    const struct sl_chunk_limit any = {0};
    struct read read = {.self = self, .limit = &any};
    int rc;

    if (self->result == NULL) {
        return sl_err_set(err, SL_EINVAL, "no range is being read");
    }
    sl_chunk_rows_next(&self->rows);
    rc = take_part(&read, err);
    if (rc == SL_OK && !read.has_more) {
        rc = sl_chunk_place_end(self, false, err);
    }
    if (rc < 0) {
        (void)sl_chunk_was_lost(self, rc);
    }
    return rc == SL_OK ? finish(&read, chunk, err) : rc;
}

void sl_chunk_end_range(struct sl_chunk_reader *reader)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;

    if (self->result != NULL) {
        sl_chunk_rows_end(self);
        if (sl_client_query(&self->client, "COMMIT", "end a reading", NULL, NULL) != SL_OK) {
            sl_client_close(&self->client);
        }
    }
}

int sl_chunk_read_range(struct sl_chunk_reader *reader, struct sl_span after,
                        const struct sl_position *low, const struct sl_chunk_limit *limit,
                        struct sl_chunk *chunk, struct sl_err *err)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;
    struct read read = {.self = self, .low = low, .limit = limit};
    struct sl_buf copy = {0}; /* AFTER may be the last chunk's, which is overwritten */
    int rc = sl_buf_add(&copy, after.data, after.len);

    sl_chunk_end_range(reader);
    read.after = sl_span_make(copy.data, copy.len);
    rc = rc == SL_OK ? read_chunk(&read, chunk, err) : rc;
    if (rc == SL_OK && chunk->row_count == 0) {
        sl_buf_clear(&self->rows.after);
        rc = sl_buf_add(&self->rows.after, copy.data, copy.len);
        chunk->after = sl_span_make(self->rows.after.data, self->rows.after.len);
    }
    sl_buf_release(&copy);
    return rc;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has them */
int sl_chunk_read_keys(struct sl_chunk_reader *reader, const struct sl_cell *keys, size_t count,
                       const struct sl_position *low, bool locked, struct sl_chunk *chunk,
                       struct sl_err *err)
{
    struct read read = {.self = (struct sl_chunk_client *)reader,
                        .low = low,
                        .keys = keys,
                        .count = count,
                        .locked = locked,
                        .is_last = true};

    return read_chunk(&read, chunk, err);
}

void sl_chunk_unlock(struct sl_chunk_reader *reader)
{
    struct sl_chunk_client *self = (struct sl_chunk_client *)reader;

    if (self->client.handle != NULL && end_locks(self, NULL) != SL_OK) {
        sl_client_close(&self->client);
    }
}
