#include "daemon/prompt/related_choice.h"

#include <string.h>

#include "protocol/position.h"

/* Lines above the place are looked at in steps of this many, so that the choice seldom changes. */
#define LINES_ABOVE 24
#define LINES_STEP 8
#define LINES_BELOW 12

#define NAME_LINES_ABOVE 6
#define NAME_LINES_BELOW 2

/* In thousandths: with less in common two texts are about different things. */
#define LIKENESS_MIN 120

/* ---- the lines round a place ----------------------------------------------------------------- */

static size_t line_start_before(struct prompt_text text, size_t at)
{
    while (at > 0 && text.text[at - 1] != '\n')
        at--;
    return at;
}

/* Where the last `lines` lines before `end`, a line's start, begin. */
static size_t lines_above(struct prompt_text text, size_t end, size_t lines)
{
    while (lines-- > 0 && end > 0)
        end = line_start_before(text, end - 1);
    return end;
}

static size_t lines_below(struct prompt_text text, size_t start, size_t lines)
{
    while (lines-- > 0 && start < text.length)
        start = position_next_line(text.text, text.length, start, NULL);
    return start;
}

static size_t count_line_ends(struct prompt_text text, size_t length)
{
    size_t count = 0;

    for (const char *at = text.text; (at = memchr(at, '\n', length - (size_t)(at - text.text)));
         at++)
        count++;
    return count;
}

static struct prompt_text part_of(struct prompt_text text, size_t start, size_t end)
{
    return (struct prompt_text){text.text + start, end - start};
}

/* ---- windows --------------------------------------------------------------------------------- */

static void words_round(struct prompt_text before, struct prompt_text after,
                        struct related_words *words)
{
    size_t line = line_start_before(before, before.length);
    size_t lines = count_line_ends(before, line);
    size_t end = lines < LINES_STEP ? line : lines_above(before, line, lines % LINES_STEP);
    size_t start = lines_above(before, end, LINES_ABOVE);
    size_t below = position_next_line(after.text, after.length, 0, NULL);

    *words = (struct related_words){0};
    related_words_add(words, part_of(before, start, end));
    related_words_add(words, part_of(after, below, lines_below(after, below, LINES_BELOW)));
}

struct candidate {
    unsigned likeness;
    struct prompt_text text;
};

#define CANDIDATES_MAX 32

size_t related_choose_windows(const struct related_source *sources, size_t count,
                              struct prompt_text before, struct prompt_text after, size_t budget,
                              struct prompt_related *parts, size_t max)
{
    struct candidate candidates[CANDIDATES_MAX] = {{0}};
    bool taken[CANDIDATES_MAX] = {false};
    struct related_words words;
    size_t chosen = 0;

    count = count < CANDIDATES_MAX ? count : CANDIDATES_MAX;
    words_round(before, after, &words);
    for (size_t i = 0; i < count; i++) {
        if (!sources[i].is_own)
            candidates[i].likeness =
                related_index_window(sources[i].index, &words, &candidates[i].text);
    }
    for (size_t n = 0; n < max; n++) {
        size_t best = count;

        for (size_t i = 0; i < count; i++) {
            if (!taken[i] && candidates[i].likeness >= LIKENESS_MIN &&
                candidates[i].text.length <= budget &&
                (best == count || candidates[i].likeness > candidates[best].likeness))
                best = i;
        }
        if (best == count)
            break;
        taken[best] = true;
        budget -= candidates[best].text.length;
    }
    for (size_t i = 0; i < count; i++) {
        if (taken[i])
            parts[chosen++] = (struct prompt_related){sources[i].path, candidates[i].text};
    }
    return chosen;
}

/* ---- definitions ----------------------------------------------------------------------------- */

struct names {
    related_name items[RELATED_NAMES_MAX];
    size_t count;
};

static void add_names(struct names *names, struct prompt_text text)
{
    struct prompt_text word;

    for (size_t at = 0; related_next_word(text, &at, &word);) {
        related_name name = related_name_of(word.text, word.length);
        size_t i = 0;

        if (related_is_common(word))
            continue;
        while (i < names->count && names->items[i] != name)
            i++;
        if (i == names->count && i < RELATED_NAMES_MAX)
            names->items[names->count++] = name;
    }
}

/* The line of the place first, then the others, upwards. */
static void names_round(struct prompt_text before, struct prompt_text after, struct names *names)
{
    size_t end = before.length;
    size_t start = line_start_before(before, end);
    size_t below = position_next_line(after.text, after.length, 0, NULL);

    add_names(names, part_of(before, start, end));
    add_names(names, part_of(after, 0, lines_below(after, below, NAME_LINES_BELOW)));
    for (size_t lines = 0; lines < NAME_LINES_ABOVE && start > 0; lines++) {
        end = start;
        start = lines_above(before, end, 1);
        add_names(names, part_of(before, start, end));
    }
}

static bool holds(struct prompt_text text, struct prompt_text part)
{
    return memmem(text.text, text.length, part.text, part.length) != NULL;
}

static bool is_shown(struct prompt_text text, const struct prompt_related *shown, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (holds(shown[i].text, text))
            return true;
    }
    return false;
}

size_t related_choose_definitions(const struct related_source *sources, size_t count,
                                  struct prompt_text before, struct prompt_text after,
                                  const struct prompt_related *shown, size_t shown_count,
                                  size_t budget, struct prompt_related *parts, size_t max)
{
    struct names names = {.count = 0};
    size_t chosen = 0;

    names_round(before, after, &names);
    for (size_t i = 0; i < names.count && chosen < max; i++) {
        for (size_t source = 0; source < count; source++) {
            struct prompt_text text;

            if (!related_index_definition(sources[source].index, names.items[i], &text))
                continue;
            if (text.length <= budget && !is_shown(text, shown, shown_count) &&
                !is_shown(text, parts, chosen) && !holds(before, text) && !holds(after, text)) {
                parts[chosen++] = (struct prompt_related){sources[source].path, text};
                budget -= text.length;
            }
            break; /* one definition of a name is enough */
        }
    }
    return chosen;
}
