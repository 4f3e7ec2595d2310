#ifndef GRIDLS_RETRY_AFTER_H
#define GRIDLS_RETRY_AFTER_H

#include <stdint.h>

/*
 * How long a response asks to wait: retry-after-ms (a number, OpenAI's) before Retry-After (RFC
 * 9110, 10.2.3: seconds, also with a fraction as some servers send, or an HTTP date). Either may be
 * NULL. `now_s` is the time of day in seconds since 1970, for dates: the server's own where it tells
 * it, as its clock and ours may differ by hours. Returns milliseconds, 0 for a
 * time that has passed, -1 where nothing usable is said. Longer than a day counts as a day.
 */
int64_t retry_after_parse(const char *retry_after, const char *retry_after_ms, int64_t now_s);

/* An HTTP date as seconds since 1970; NULL, or what is none: -1. */
int64_t retry_after_time(const char *date);

/* A duration as servers write it ("34s", "5.289s", "120ms", "7 seconds", "6m0s", of which the minutes
 * will do), in milliseconds, at most a day; -1: it is none. What follows the unit is passed over. */
int64_t retry_after_duration(const char *text);

/* The wait that the words of an error name ("… Please try again in 5.289s."), in milliseconds, at most a
 * day; -1: none. For servers that do not say it in a header. */
int64_t retry_after_in_words(const char *text);

#endif
