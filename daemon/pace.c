#include "daemon/pace.h"

/* Less is one key that changed the text twice, more is no run. */
#define GAP_LEAST_MS 15u
#define GAP_MOST_MS 1000u
#define LATENCY_MOST_MS 60000u

#define GAP_BUILT_IN_MS 160u
#define LATENCY_BUILT_IN_MS 600u

/* The latency at which half as long is waited. */
#define LATENCY_HALF_MS 600u

/* A new value counts for an eighth. */
static uint32_t smooth(uint32_t old, uint64_t value)
{
    return old == 0 ? (uint32_t)value : (uint32_t)((old * (uint64_t)7 + value + 4) / 8);
}

void pace_note_key(struct pace *pace, uint64_t now_ms)
{
    uint64_t gap = now_ms - pace->last_key_ms;

    if (pace->last_key_ms > 0 && gap < GAP_LEAST_MS)
        return;
    if (pace->last_key_ms > 0 && gap <= GAP_MOST_MS)
        pace->gap_ms = smooth(pace->gap_ms, gap);
    pace->last_key_ms = now_ms;
}

void pace_note_latency(struct pace *pace, uint64_t latency_ms)
{
    if (latency_ms > LATENCY_MOST_MS)
        latency_ms = LATENCY_MOST_MS;
    pace->latency_ms = smooth(pace->latency_ms, latency_ms > 0 ? latency_ms : 1);
}

uint32_t pace_rest_ms(const struct pace *pace, uint32_t debounce_ms, bool at_line_start)
{
    uint64_t gap = pace->gap_ms > 0 ? pace->gap_ms : GAP_BUILT_IN_MS;
    uint64_t latency = pace->latency_ms > 0 ? pace->latency_ms : LATENCY_BUILT_IN_MS;
    uint64_t rest = gap * 3 / 2 * LATENCY_HALF_MS / (LATENCY_HALF_MS + latency);

    if (at_line_start || rest < debounce_ms / 4)
        return debounce_ms / 4;
    return rest > debounce_ms ? debounce_ms : (uint32_t)rest;
}
