#include "protocol/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN ((size_t)64)

/* What data is before anything is allocated. It stays in read-only memory: every write below goes
 * through buffer_reserve() or looks at capacity first. */
static char *empty_string(void)
{
    return (char *)(uintptr_t)"";
}

void buffer_init(struct buffer *buffer, size_t cap)
{
    /* Half the address space keeps every sum below from wrapping round. */
    *buffer = (struct buffer){
        .data = empty_string(),
        .cap = cap < SIZE_MAX / 2 ? cap : SIZE_MAX / 2 - 1,
    };
}

void buffer_finish(struct buffer *buffer)
{
    if (!buffer)
        return;
    if (buffer->capacity > 0)
        free(buffer->data);
    buffer_init(buffer, buffer->cap);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->error = 0;
    buffer_truncate(buffer, 0);
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed;
    size_t capacity;
    char *data;

    if (buffer->error)
        return buffer->error;
    if (more > buffer->cap - buffer->length)
        return buffer->error = -EMSGSIZE;
    needed = buffer->length + more + 1;
    if (needed <= buffer->capacity)
        return 0;

    capacity = buffer->capacity < CAPACITY_MIN ? CAPACITY_MIN : buffer->capacity * 2;
    if (capacity > buffer->cap + 1)
        capacity = buffer->cap + 1;
    if (capacity < needed)
        capacity = needed;
    data = realloc(buffer->capacity > 0 ? buffer->data : NULL, capacity);
    if (!data)
        return buffer->error = -ENOMEM;
    data[buffer->length] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    int error;

    if (length == 0)
        return buffer->error;
    error = buffer_reserve(buffer, length);
    if (error)
        return error;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_append_string(struct buffer *buffer, const char *string)
{
    return buffer_append(buffer, string, strlen(string));
}

int buffer_append_byte(struct buffer *buffer, char byte)
{
    return buffer_append(buffer, &byte, 1);
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int error;

    va_start(arguments, format);
    error = buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
    return error;
}

int buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list measured;
    int length;
    int error;

    if (buffer->error)
        return buffer->error;
    va_copy(measured, arguments);
    length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    if (length < 0) /* more than an int can count */
        return buffer->error = -EMSGSIZE;
    error = buffer_reserve(buffer, (size_t)length);
    if (error)
        return error;
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    buffer->length += (size_t)length;
    return 0;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    if (length >= buffer->length) {
        buffer_truncate(buffer, 0);
        return;
    }
    if (length == 0)
        return;
    memmove(buffer->data, buffer->data + length, buffer->length - length);
    buffer_truncate(buffer, buffer->length - length);
}

void buffer_truncate(struct buffer *buffer, size_t length)
{
    if (length >= buffer->length)
        return;
    buffer->length = length;
    buffer->data[length] = '\0';
}

int buffer_error(const struct buffer *buffer)
{
    return buffer->error;
}

char *buffer_steal(struct buffer *buffer, size_t *length)
{
    char *data;

    /* A byte of room makes even an empty buffer own its string. */
    if (buffer_reserve(buffer, 0))
        return NULL;
    data = buffer->data;
    if (length)
        *length = buffer->length;
    buffer_init(buffer, buffer->cap);
    return data;
}

void cleanup_free(void *pointer)
{
    void *memory;

    /* Copied, as the pointer behind it may be of any object type. */
    memcpy(&memory, pointer, sizeof(memory));
    free(memory);
}
