#ifndef GRIDLS_PROMPT_RELATED_CHOICE_H
#define GRIDLS_PROMPT_RELATED_CHOICE_H

#include "daemon/prompt/related.h"

/* Which parts of other texts are put into a prompt about a place in one. Pure. */

struct related_source {
    const char *path;
    const struct related_index *index;
    bool is_own; /* the text that the place is in: only what lies beyond what is at hand of it */
};

#define RELATED_NAMES_MAX 32

/*
 * The lines of the sources that have most in common with those round the place, at most one part of
 * each, in the order of the sources, so that the prompt's head stays while the person types. The
 * line of the place does not count: it changes with each key. Returns how many; together they have
 * at most `budget` bytes.
 */
size_t related_choose_windows(const struct related_source *sources, size_t count,
                              struct prompt_text before, struct prompt_text after, size_t budget,
                              struct prompt_related *parts, size_t max);

/*
 * Where the names are defined that stand in the lines round the place, the nearest first. What
 * `before`, `after` or the `shown` parts hold already is left out. Returns as above.
 */
size_t related_choose_definitions(const struct related_source *sources, size_t count,
                                  struct prompt_text before, struct prompt_text after,
                                  const struct prompt_related *shown, size_t shown_count,
                                  size_t budget, struct prompt_related *parts, size_t max);

#endif
