#ifndef GRIDLS_TRANSPORT_HEAD_H
#define GRIDLS_TRANSPORT_HEAD_H

#include <stddef.h>

/*
 * The values of a response's header lines that the caller of transport.h acts on. Owned; NULL where a
 * header was not sent. All zero is empty.
 */
struct transport_head_values {
    char *location;
    char *retry_after;
    char *retry_after_ms;
    char *should_retry;
    char *request_id;
    char *content_type;
    char *date;
};

#define TRANSPORT_HEAD_VALUE_CAP ((size_t)16 << 10)

/* Takes one header line, with or without its line end. Servers repeat headers and spell one thing in
 * several; the first one met is kept. What is longer than the cap counts as not sent. */
void transport_head_keep(struct transport_head_values *values, const char *line, size_t length);

/* Frees the values: another response begins, or the transfer goes. */
void transport_head_forget(struct transport_head_values *values);

#endif
