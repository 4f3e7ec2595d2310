#include "daemon/transport_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct field {
    const char *name;
    size_t offset;
};

#define FIELD(member) offsetof(struct transport_head_values, member)

static const struct field fields[] = {
    {"location", FIELD(location)},
    {"retry-after", FIELD(retry_after)},
    {"x-ratelimit-retry-after", FIELD(retry_after)},
    {"retry-after-ms", FIELD(retry_after_ms)},
    {"x-should-retry", FIELD(should_retry)},
    {"x-request-id", FIELD(request_id)},
    {"request-id", FIELD(request_id)},
    {"x-amzn-requestid", FIELD(request_id)},
    {"cf-ray", FIELD(request_id)},
    {"content-type", FIELD(content_type)},
    {"date", FIELD(date)},
};

static char **slot_of(struct transport_head_values *values, const struct field *field)
{
    return (char **)(void *)((char *)values + field->offset);
}

static const struct field *find_field(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct field *field = &fields[i];
        if (strlen(field->name) == length && strncasecmp(field->name, name, length) == 0)
            return field;
    }
    return NULL;
}

void transport_head_keep(struct transport_head_values *values, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    const struct field *field = colon ? find_field(line, (size_t)(colon - line)) : NULL;
    if (!field)
        return;
    const char *value = colon + 1;
    const char *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr(" \t\r\n", end[-1]))
        end--;
    char **slot = slot_of(values, field);
    if ((size_t)(end - value) <= TRANSPORT_HEAD_VALUE_CAP && !*slot)
        *slot = strndup(value, (size_t)(end - value));
}

void transport_head_forget(struct transport_head_values *values)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char **slot = slot_of(values, &fields[i]);
        free(*slot);
        *slot = NULL;
    }
}
