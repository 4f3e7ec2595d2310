#include <string.h>
#include <strings.h>

#include "daemon/config_table.h"

#define DISTANCE_MAX_LENGTH 64 /* longer texts are compared by their first bytes */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t config_distance(const char *a, const char *b)
{
    size_t a_length = strnlen(a, DISTANCE_MAX_LENGTH);
    size_t b_length = strnlen(b, DISTANCE_MAX_LENGTH);
    size_t row[DISTANCE_MAX_LENGTH + 1]; /* Levenshtein's matrix, one row at a time */

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_length];
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

const char *config_nearest_instrument(const char *name)
{
    /* Of two that are equally near the first is named: this is about code. */
    static const char *const instruments[] = {
        "code-standard", "code-prime", "code-max",  "agent-standard", "agent-prime",
        "agent-max",     "text-prime", "text-max",  "text-standard",
    };
    const char *nearest = instruments[0];
    size_t nearest_distance = SIZE_MAX;

    if (ends_with(name, "-latest") && strlen(name) > strlen("-latest"))
        return NULL;
    for (size_t i = 0; i < sizeof(instruments) / sizeof(instruments[0]); i++) {
        size_t distance = config_distance(name, instruments[i]);

        if (strcasecmp(name, instruments[i]) == 0)
            return NULL;
        /* Beyond half of the letters it is another name, not a slip ("gpt-4o"). */
        if (distance < nearest_distance && distance * 2 <= strlen(instruments[i])) {
            nearest = instruments[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot ? dot + 1 : path;
}

/* A name that stands at the wrong level: "menu" for "completion.menu". */
static const char *misplaced(const char *path)
{
    for (size_t id = 0; id < SETTING_COUNT; id++) {
        const char *known = config_table_row((enum setting_id)id)->path;

        if (strcasecmp(last_part(known), last_part(path)) == 0)
            return known;
    }
    return NULL;
}

const char *config_table_nearest(const char *path)
{
    const char *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;

    for (size_t id = 0; id < SETTING_COUNT; id++) {
        const char *known = config_table_row((enum setting_id)id)->path;
        size_t distance = config_distance(path, known);

        if (distance < nearest_distance && distance * 4 <= strlen(known)) {
            nearest = known;
            nearest_distance = distance;
        }
    }
    return nearest ? nearest : misplaced(path);
}
