/*
 * charset.c - the register of character sets and the way through one conversion.
 */
#include "cdc/charset.h"

#include "cdc/charset_convert.h"

enum {
    SL_UCA1400_FIRST = 2048, /* MariaDB: 2048 + (charset << 8) + (tailoring << 3) + flags */
    SL_UCA1400_SHIFT = 8,
    SL_CHUNK_BYTES = 4096, /* so that a long text does not reserve three times its length */
};

static const struct sl_charset *charset_at(enum sl_flavor flavor, size_t index)
{
    return (flavor == SL_FLAVOR_MARIADB ? sl_charset_mariadb : sl_charset_mysql) + index;
}

/* Looks COLLATION up in sorted ranges; SL_CS_COUNT when it is in none. */
static size_t find_collation(const struct sl_charset_ids *ids, size_t count, uint32_t collation)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (collation > ids[middle].last) {
            low = middle + 1;
        } else if (collation < ids[middle].first) {
            high = middle;
        } else {
            return ids[middle].charset;
        }
    }
    return SL_CS_COUNT;
}

static size_t find_mysql(uint32_t collation)
{
    return find_collation(sl_charset_mysql_collations, sl_charset_mysql_collations_count,
                          collation);
}

static size_t find_mariadb(uint32_t collation)
{
    uint32_t group;

    if (collation < SL_UCA1400_FIRST) {
        return find_collation(sl_charset_mariadb_collations, sl_charset_mariadb_collations_count,
                              collation);
    }
    group = (collation - SL_UCA1400_FIRST) >> SL_UCA1400_SHIFT;
    return group < sl_charset_uca1400_group_count ? sl_charset_uca1400_groups[group] : SL_CS_COUNT;
}

const struct sl_charset *sl_charset_of(enum sl_flavor flavor, uint32_t collation)
{
    size_t index = flavor == SL_FLAVOR_MARIADB ? find_mariadb(collation) : find_mysql(collation);

    if (index == SL_CS_COUNT && flavor == SL_FLAVOR_UNKNOWN) {
        index = find_mariadb(collation);
    }
    return index < SL_CS_COUNT ? charset_at(flavor, index) : NULL;
}

const struct sl_charset *sl_charset_of_collation(uint32_t collation)
{
    return sl_charset_of(SL_FLAVOR_UNKNOWN, collation);
}

const struct sl_charset *sl_charset_named(enum sl_flavor flavor, struct sl_span name)
{
    /* What MySQL before 8.0.30 and MariaDB before 10.6 call it. */
    if (sl_span_equals(name, "utf8")) {
        return charset_at(flavor, SL_CS_UTF8MB3);
    }
    for (size_t i = 0; i < SL_CS_COUNT; i++) {
        if (sl_span_equals(name, charset_at(flavor, i)->name)) {
            return charset_at(flavor, i);
        }
    }
    return NULL;
}

const struct sl_charset *sl_charset_by_name(const char *name)
{
    return sl_charset_named(SL_FLAVOR_UNKNOWN, sl_span_make(name, strlen(name)));
}

const char *sl_charset_name(const struct sl_charset *charset)
{
    return charset->name;
}

bool sl_charset_is_utf8(const struct sl_charset *charset)
{
    return charset->convert == NULL;
}

uint32_t sl_charset_min_bytes(const struct sl_charset *charset)
{
    return charset->min_bytes;
}

static int convert(const struct sl_charset *charset, struct sl_span text, struct sl_buf *out)
{
    struct sl_charset_text rest = {.pos = text.data, .end = text.data + text.len};

    while (rest.pos < rest.end) {
        size_t left = (size_t)(rest.end - rest.pos);
        size_t chunk = left < SL_CHUNK_BYTES ? left : SL_CHUNK_BYTES;
        int rc = sl_buf_reserve(out, SL_CHARSET_GROWTH * chunk + SL_CHARSET_SLACK);
        uint8_t *tail;

        if (rc != SL_OK) {
            return rc;
        }
        rest.stop = rest.pos + chunk;
        tail = sl_buf_tail(out);
        sl_buf_commit(out, (size_t)(charset->convert(charset, &rest, tail) - tail));
    }
    return SL_OK;
}

int sl_charset_to_utf8(const struct sl_charset *charset, struct sl_span text, struct sl_buf *out,
                       struct sl_err *err)
{
    size_t before = out->len;
    int rc = SL_OK;

    if (charset->convert == NULL) {
        rc = sl_buf_add(out, text.data, text.len);
    } else if (text.len > 0) {
        rc = convert(charset, text, out);
    }
    if (rc != SL_OK) {
        out->len = before;
        return sl_err_set(err, rc,
                          rc == SL_ELIMIT
                              ? "a text of %zu bytes in character set %s is larger than a row "
                                "may be once it is UTF-8; raise memory_limit"
                              : "no memory to convert a text of %zu bytes in character set %s to "
                                "UTF-8; lower memory_limit or give the host more",
                          text.len, charset->name);
    }
    return SL_OK;
}
