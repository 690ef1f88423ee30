/*
 * value.c - checks one leaf against its row of the key table and stores it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/loader.h"

enum { SL_TEXT_MAX = 256 };

/* JSON numbers are doubles in the library: beyond this, neighbours can not be told apart. */
#define EXACT_MAX (UINT64_C(1) << 53)

bool sl_conf_parse_integer(const char *text, uint64_t *out)
{
    uint64_t number = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || number > EXACT_MAX) {
            return false;
        }
        number = number * 10 + (uint64_t)(*text - '0');
    }
    *out = number;
    return true;
}

bool sl_conf_parse_bytes(const char *text, uint64_t *out)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    size_t digits = strspn(text, "0123456789");
    char copy[20] = {0};
    uint64_t number;

    if (digits == 0 || digits >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, digits);
    if (!sl_conf_parse_integer(copy, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        unsigned shift = 10 * (unsigned)(i + 1);

        if (strcmp(text + digits, units[i]) == 0) {
            *out = number > EXACT_MAX >> shift ? EXACT_MAX : number << shift;
            return true;
        }
    }
    *out = number;
    return text[digits] == '\0';
}

/* Pointers of all object types look alike on every machine with POSIX; memcpy keeps aliasing rules.
 */
void sl_conf_store_text(const struct sl_conf_value *value, const char *text)
{
    memcpy((char *)value->base + value->key->offset, &text, sizeof(text));
}

void sl_conf_store_number(const struct sl_conf_value *value, uint64_t number)
{
    char *at = (char *)value->base + value->key->offset;
    uint16_t half = (uint16_t)number;
    uint32_t word = (uint32_t)number;

    switch (value->key->size) {
    case sizeof(half):
        memcpy(at, &half, sizeof(half));
        break;
    case sizeof(word):
        memcpy(at, &word, sizeof(word));
        break;
    case sizeof(number):
        memcpy(at, &number, sizeof(number));
        break;
    default: /* a key that is checked but stored nowhere */
        break;
    }
}

static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static void take_string(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    size_t len = strlen(value->text);
    char expected[SL_TEXT_MAX];

    if (len < value->key->min || len > value->key->max) {
        (void)snprintf(expected, sizeof(expected), "a string of %" PRIu64 " to %" PRIu64 " bytes",
                       value->key->min, value->key->max);
        sl_conf_fail_expected(loader, value, expected);
    } else if (has_controls(value->text)) {
        sl_conf_fail(loader, value->path, "expected a string without control characters");
    } else if (value->key->take != NULL) {
        value->key->take(loader, value);
    } else {
        sl_conf_store_text(value, value->text);
    }
}

/* "seconds ≥ 1", or the other bound when that is the one which NUMBER breaks. */
static void describe_range(const struct sl_conf_key *key, uint64_t number, char *out, size_t size)
{
    if (key->unit == NULL) {
        (void)snprintf(out, size, "an integer from %" PRIu64 " to %" PRIu64, key->min, key->max);
    } else if (number > key->max) {
        (void)snprintf(out, size, "%s ≤ %" PRIu64, key->unit, key->max);
    } else {
        (void)snprintf(out, size, "%s ≥ %" PRIu64 "%s", key->unit, key->min,
                       key->type == SL_CONF_BYTES ? " as an integer or like \"64MiB\"" : "");
    }
}

static bool read_number(const struct sl_conf_value *value, uint64_t *out)
{
    bool is_bytes = value->key->type == SL_CONF_BYTES;

    if (value->item != NULL && cJSON_IsNumber(value->item)) {
        double number = value->item->valuedouble;

        if (!(number >= 0)) {
            *out = 0;
            return false;
        }
        *out = number > (double)EXACT_MAX ? EXACT_MAX : (uint64_t)number;
        return number > (double)EXACT_MAX || (double)*out == number;
    }
    if (value->text == NULL || (!is_bytes && !value->is_expanded)) {
        return false;
    }
    return is_bytes ? sl_conf_parse_bytes(value->text, out)
                    : sl_conf_parse_integer(value->text, out);
}

static void take_number(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    uint64_t number = 0;
    char expected[SL_TEXT_MAX];

    if (read_number(value, &number) && number >= value->key->min && number <= value->key->max) {
        sl_conf_store_number(value, number);
        return;
    }
    describe_range(value->key, number, expected, sizeof(expected));
    sl_conf_fail_expected(loader, value, expected);
}

static void take_choice(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    for (const struct sl_conf_choice *choice = value->key->choices; choice->name != NULL;
         choice++) {
        if (strcmp(choice->name, value->text) != 0) {
            continue;
        }
        if (choice->instead != NULL) {
            sl_conf_fail(loader, value->path, "\"%s\" is not available in this version; %s",
                         choice->name, choice->instead);
        } else {
            sl_conf_store_number(value, (uint64_t)choice->value);
        }
        return;
    }
    sl_conf_fail_type(loader, value);
}

static void take_boolean(struct sl_conf_loader *loader, const struct sl_conf_value *value)
{
    bool is_spelled = value->text != NULL && value->is_expanded;
    bool is_true = is_spelled ? strcmp(value->text, "true") == 0 : cJSON_IsTrue(value->item);

    if (value->text != NULL && !is_true && (!is_spelled || strcmp(value->text, "false") != 0)) {
        sl_conf_fail_type(loader, value);
        return;
    }
    memcpy((char *)value->base + value->key->offset, &is_true, sizeof(is_true));
}

/* True when the value's JSON type can be right. */
static bool has_right_type(const struct sl_conf_value *value)
{
    bool is_number = value->key->type == SL_CONF_INTEGER || value->key->type == SL_CONF_BYTES;
    bool is_boolean = value->key->type == SL_CONF_BOOLEAN;

    return value->text != NULL || (is_number && cJSON_IsNumber(value->item)) ||
           (is_boolean && cJSON_IsBool(value->item));
}

void sl_conf_take_value(struct sl_conf_loader *loader, struct sl_conf_value *value)
{
    if (value->item != NULL && cJSON_IsString(value->item)) {
        value->text = sl_conf_expand(loader, value, value->item->valuestring, &value->is_expanded);
        if (value->text == NULL) {
            return; /* reported */
        }
    }
    if (value->key->type == SL_CONF_STRINGS) {
        sl_conf_take_strings(loader, value);
        return;
    }
    if (value->key->type == SL_CONF_MAP) {
        sl_conf_take_map(loader, value);
        return;
    }
    if (!has_right_type(value)) {
        sl_conf_fail_type(loader, value);
        return;
    }
    switch (value->key->type) {
    case SL_CONF_STRING:
        take_string(loader, value);
        break;
    case SL_CONF_INTEGER:
    case SL_CONF_BYTES:
        take_number(loader, value);
        break;
    case SL_CONF_BOOLEAN:
        take_boolean(loader, value);
        break;
    case SL_CONF_CHOICE:
        take_choice(loader, value);
        break;
    case SL_CONF_SECRET:
    case SL_CONF_SECRET_ENV:
    case SL_CONF_SECRET_FILE:
        sl_conf_take_secret(loader, value);
        break;
    case SL_CONF_STRINGS:
    case SL_CONF_MAP:
    case SL_CONF_OBJECT:
    case SL_CONF_OBJECTS:
        break; /* no leaves */
    }
}
