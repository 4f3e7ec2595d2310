#ifndef GRIDLS_BUFFER_H
#define GRIDLS_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A growable run of bytes with a cap.
 *
 * Appending never half-happens: either all bytes are in, or none and `error` is set. The error is
 * sticky, so a writer may append many pieces and look once at the end with buffer_error(). `data`
 * is always NUL-terminated (the NUL is not counted), also when nothing has been appended yet.
 */
struct buffer {
    char *data;      /* owned; never NULL after buffer_init() */
    size_t length;   /* bytes in use */
    size_t capacity; /* bytes allocated, 0 while data is the shared empty string */
    size_t cap;      /* the most bytes that length may reach */
    int error;       /* 0, -ENOMEM or -EMSGSIZE; sticky until buffer_clear() */
};

/* The cap of a buffer for which the caller knows no better one: 64 MiB. */
#define BUFFER_CAP ((size_t)64 << 20)

/* Makes an empty buffer that never holds more than `cap` bytes. Allocates nothing, cannot fail. */
void buffer_init(struct buffer *buffer, size_t cap);

/* Frees what the buffer owns and leaves it empty and usable. */
void buffer_finish(struct buffer *buffer);

/* Forgets the bytes and the error, keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Makes room for `more` bytes beyond length. Returns 0, -ENOMEM or -EMSGSIZE (and sets error). */
int buffer_reserve(struct buffer *buffer, size_t more);

/* Each appends to the end and returns 0, or the sticky error. `data` may be NULL when length is
 * 0. */
int buffer_append(struct buffer *buffer, const void *data, size_t length);
int buffer_append_string(struct buffer *buffer, const char *string);
int buffer_append_byte(struct buffer *buffer, char byte);
int buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Drops the first `length` bytes (at most all of them). */
void buffer_consume(struct buffer *buffer, size_t length);

/* Cuts the buffer to `length` bytes; longer than it is, nothing happens. */
void buffer_truncate(struct buffer *buffer, size_t length);

/* The sticky error: 0, -ENOMEM or -EMSGSIZE. */
int buffer_error(const struct buffer *buffer);

/*
 * Hands the bytes over: returns a NUL-terminated string that the caller frees, and leaves the
 * buffer empty. `length` may be NULL. Returns NULL when the buffer has an error or when memory runs
 * out (an empty buffer gives an empty string).
 */
char *buffer_steal(struct buffer *buffer, size_t *length);

/* Scope-bound buffer: `struct buffer b CLEANUP(buffer_finish);` */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* For CLEANUP: frees the pointer that `pointer` points to. */
void cleanup_free(void *pointer);

#endif
