#include "protocol/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UINTEGER_MAX 2147483647.0

/* Where in the value the decoder is: a chain on the stack, spelt out only when there is a fault. */
struct place {
    const struct place *parent; /* NULL: the root itself */
    const char *name;           /* NULL: the element `index` of the parent */
    size_t index;
};

static int fill(const struct json *object, const struct json_field *fields, char *out,
                const struct place *place, struct json_fault *fault);

/* ---- faults -------------------------------------------------------------------------------- */

static void append_place(char *path, size_t size, const struct place *place)
{
    size_t length;

    if (!place->parent)
        return;
    append_place(path, size, place->parent);
    length = strlen(path);
    if (place->name)
        snprintf(path + length, size - length, "%s%s", length > 0 ? "." : "", place->name);
    else
        snprintf(path + length, size - length, "[%zu]", place->index);
}

static int fail(struct json_fault *fault, const struct place *place, const char *wanted)
{
    if (fault) {
        fault->path[0] = '\0';
        append_place(fault->path, sizeof(fault->path), place);
        if (!fault->path[0])
            snprintf(fault->path, sizeof(fault->path), "params");
        snprintf(fault->wanted, sizeof(fault->wanted), "%s", wanted);
    }
    return -EINVAL;
}

static const char *wanted_by(enum json_kind kind)
{
    switch (kind) {
    case JSON_FIELD_STRING:
        return "a string";
    case JSON_FIELD_BOOL:
        return "true or false";
    case JSON_FIELD_INTEGER:
    case JSON_FIELD_UINTEGER:
        return "a whole number";
    case JSON_FIELD_NUMBER:
        return "a number";
    case JSON_FIELD_OBJECT:
        return "an object";
    case JSON_FIELD_ARRAY:
    case JSON_FIELD_STRINGS:
        return "an array";
    case JSON_FIELD_TOKEN:
        return "a string or a number";
    case JSON_FIELD_VALUE:
    case JSON_FIELD_PRESENT:
        break;
    }
    return "present";
}

/* ---- single values ------------------------------------------------------------------------- */

/* Vim script had no booleans for long, so its clients may send 0 and 1. */
static bool take_bool(const struct json *value, bool *out)
{
    double number;

    if (json_type(value) == JSON_BOOL)
        *out = json_true(value);
    else if (json_number(value, &number))
        *out = number != 0;
    else
        return false;
    return true;
}

static bool take_uinteger(const struct json *value, uint32_t *out)
{
    double number;

    if (!json_number(value, &number))
        return false;
    if (number >= UINTEGER_MAX || number < 0) {
        *out = number < 0 ? 0 : (uint32_t)UINTEGER_MAX;
        return true;
    }
    *out = (uint32_t)number;
    return (double)*out == number;
}

static bool take_token(const struct json *value, const struct json **out)
{
    enum json_type type = json_type(value);

    *out = value;
    return type == JSON_STRING || type == JSON_NUMBER;
}

static bool take_string(const struct json *value, const char **out)
{
    *out = json_string(value);
    return *out;
}

/* Lua and PHP cannot tell an empty object from an empty array; their clients send either. */
static bool is_container(const struct json *value, enum json_type type)
{
    enum json_type actual = json_type(value);

    return actual == type ||
           ((actual == JSON_ARRAY || actual == JSON_OBJECT) && !json_first(value));
}

/* ---- lists --------------------------------------------------------------------------------- */

static int take_strings(const struct json *value, struct json_list *list)
{
    const struct json *child;
    size_t count = json_count(value);
    const char **items;

    if (count == 0)
        return 0;
    items = calloc(count, sizeof(*items));
    if (!items)
        return -ENOMEM;
    list->items = items;
    for (child = json_first(value); child; child = json_next(child)) {
        if (json_string(child))
            items[list->count++] = json_string(child);
    }
    return 0;
}

static int take_structs(const struct json *value, const struct json_field *field,
                        struct json_list *list, const struct place *place,
                        struct json_fault *fault)
{
    struct place element = {.parent = place};
    const struct json *child;
    size_t count = json_count(value);

    if (count == 0)
        return 0;
    list->items = calloc(count, field->size);
    if (!list->items)
        return -ENOMEM;
    list->count = count;
    for (child = json_first(value); child; child = json_next(child)) {
        char *item = (char *)list->items + element.index * field->size;
        int error = is_container(child, JSON_OBJECT)
                        ? fill(child, field->fields, item, &element, fault)
                        : fail(fault, &element, wanted_by(JSON_FIELD_OBJECT));

        if (error)
            return error;
        element.index++;
    }
    return 0;
}

/* ---- members ------------------------------------------------------------------------------- */

/* Whether `value`, not null itself, is of the kind; stores it unless it is a container. */
static bool take(const struct json *value, enum json_kind kind, void *member)
{
    switch (kind) {
    case JSON_FIELD_STRING:
        return take_string(value, member);
    case JSON_FIELD_BOOL:
        return take_bool(value, member);
    case JSON_FIELD_INTEGER:
        return json_integer(value, member);
    case JSON_FIELD_UINTEGER:
        return take_uinteger(value, member);
    case JSON_FIELD_NUMBER:
        return json_number(value, member);
    case JSON_FIELD_OBJECT:
        return is_container(value, JSON_OBJECT);
    case JSON_FIELD_ARRAY:
    case JSON_FIELD_STRINGS:
        return is_container(value, JSON_ARRAY);
    case JSON_FIELD_VALUE:
        *(const struct json **)member = value;
        return true;
    case JSON_FIELD_TOKEN:
        return take_token(value, member);
    case JSON_FIELD_PRESENT:
        *(bool *)member = json_type(value) != JSON_BOOL || json_true(value);
        return true;
    }
    return false;
}

static int fill_field(const struct json *value, const struct json_field *field, char *out,
                      const struct place *place, struct json_fault *fault)
{
    void *member = out + field->offset;

    if (json_is_null(value))
        return field->required ? fail(fault, place, wanted_by(field->kind)) : 0;
    if (!take(value, field->kind, member))
        return fail(fault, place, wanted_by(field->kind));
    if (field->present)
        *(bool *)(void *)(out + field->present) = true;
    if (field->kind == JSON_FIELD_OBJECT)
        return fill(value, field->fields, member, place, fault);
    if (field->kind == JSON_FIELD_ARRAY)
        return take_structs(value, field, member, place, fault);
    if (field->kind == JSON_FIELD_STRINGS)
        return take_strings(value, member);
    return 0;
}

static int fill(const struct json *object, const struct json_field *fields, char *out,
                const struct place *place, struct json_fault *fault)
{
    const struct json_field *field;

    for (field = fields; field->name; field++) {
        struct place member = {.parent = place, .name = field->name};
        int error = fill_field(json_member(object, field->name), field, out, &member, fault);

        if (error)
            return error;
    }
    return 0;
}

int json_decode(const struct json *object, const struct json_field *fields, void *out, size_t size,
                struct json_fault *fault)
{
    const struct place root = {.parent = NULL};
    int error;

    memset(out, 0, size);
    if (!json_is_null(object) && !is_container(object, JSON_OBJECT))
        return fail(fault, &root, wanted_by(JSON_FIELD_OBJECT));
    error = fill(object, fields, out, &root, fault);
    if (error)
        json_decode_finish(fields, out);
    return error;
}

static void finish_list(const struct json_field *field, struct json_list *list)
{
    size_t i;

    for (i = 0; field->kind == JSON_FIELD_ARRAY && i < list->count; i++)
        json_decode_finish(field->fields, (char *)list->items + i * field->size);
    free(list->items);
    *list = (struct json_list){0};
}

void json_decode_finish(const struct json_field *fields, void *out)
{
    const struct json_field *field;

    for (field = fields; field->name; field++) {
        void *member = (char *)out + field->offset;

        if (field->kind == JSON_FIELD_OBJECT)
            json_decode_finish(field->fields, member);
        else if (field->kind == JSON_FIELD_ARRAY || field->kind == JSON_FIELD_STRINGS)
            finish_list(field, member);
    }
}
