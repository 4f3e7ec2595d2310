#ifndef GRIDLS_PACE_H
#define GRIDLS_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How long typing must rest before a completion is asked for, learned from how the person types and
 * how long answers take. Pure: the caller brings the time.
 *
 * Between two keys of one run a person takes about the same time; half as much again says that the
 * run is over. Where answers take long, waiting adds to what is waited for anyway and saves little: a
 * call in flight is kept while it fits what is typed, so there is at most one in that time.
 */
struct pace {
    uint64_t last_key_ms; /* 0: none yet */
    uint32_t gap_ms;      /* between keys of a run, smoothed; 0: not known yet */
    uint32_t latency_ms;  /* from asking to the first text, smoothed; 0: not known yet */
};

/* The text has changed under the person's hands, at this time (from any start, never 0). */
void pace_note_key(struct pace *pace, uint64_t now_ms);

void pace_note_latency(struct pace *pace, uint64_t latency_ms);

/*
 * How long to wait after the last key: at most `debounce_ms`, at least a quarter of it. So much where
 * nothing stands on the line yet: whoever has just begun a line seldom goes on at once.
 */
uint32_t pace_rest_ms(const struct pace *pace, uint32_t debounce_ms, bool at_line_start);

#endif
