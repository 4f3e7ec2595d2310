#include "daemon/prompt/commit_files.h"

#include <stdbool.h>
#include <string.h>

#include "protocol/position.h"

static bool begins_with(struct prompt_text text, size_t at, const char *start)
{
    size_t length = strlen(start);

    return text.length - at >= length && memcmp(text.text + at, start, length) == 0;
}

/* The start of the next file's diff after `at`, or the length. */
static size_t next_file(struct prompt_text diff, size_t at)
{
    while (at < diff.length) {
        at = position_next_line(diff.text, diff.length, at, NULL);
        if (begins_with(diff, at, "diff --git "))
            return at;
    }
    return diff.length;
}

size_t commit_files_split(struct prompt_text diff, struct prompt_text files[COMMIT_FILES_MAX])
{
    size_t count = 0;
    size_t at = 0;

    while (at < diff.length && count < COMMIT_FILES_MAX) {
        size_t end = count == COMMIT_FILES_MAX - 1 ? diff.length : next_file(diff, at);

        files[count++] = (struct prompt_text){diff.text + at, end - at};
        at = end;
    }
    return count;
}

size_t commit_files_allowance(const struct prompt_text *files, size_t count, size_t budget)
{
    size_t level = budget / count;

    for (size_t round = 0; round < count; round++) {
        size_t small = 0;
        size_t large = 0;

        for (size_t i = 0; i < count; i++) {
            if (files[i].length <= level)
                small += files[i].length;
            else
                large++;
        }
        if (large == 0 || (budget - small) / large == level)
            break;
        level = (budget - small) / large;
    }
    return level;
}

/* ---- what does not fit ---------------------------------------------------------------------- */

static size_t find_largest(const struct prompt_text *files, size_t count)
{
    size_t largest = 0;

    for (size_t i = 1; i < count; i++) {
        if (files[i].length > files[largest].length)
            largest = i;
    }
    return largest;
}

size_t prompt_commit_too_large(struct prompt_text diff, size_t budget, struct prompt_text *found,
                               size_t most)
{
    struct prompt_text files[COMMIT_FILES_MAX];
    size_t count = commit_files_split(diff, files);
    size_t found_count = 0;

    if (count == COMMIT_FILES_MAX)
        count--; /* the last one stands for many */
    while (count > 1 && found_count < most && budget > 0) {
        size_t level = commit_files_allowance(files, count, budget);
        size_t largest = find_largest(files, count);

        if (files[largest].length <= 2 * level)
            break;
        found[found_count++] = files[largest];
        files[largest] = files[--count];
        budget -= budget > PROMPT_COMMIT_SUMMARY_MAX ? PROMPT_COMMIT_SUMMARY_MAX : budget;
    }
    return found_count;
}

struct prompt_text prompt_commit_file_name(struct prompt_text file)
{
    static const char *const heads[] = {"+++ b/", "rename to ", "--- a/"};
    size_t end = position_next_line(file.text, file.length, 0, NULL);
    struct prompt_text name = {file.text, end};

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t at = 0;

        while (at < file.length && !begins_with(file, at, "@@ ")) {
            size_t next = position_next_line(file.text, file.length, at, NULL);

            if (begins_with(file, at, heads[i])) {
                at += strlen(heads[i]);
                name = (struct prompt_text){file.text + at, next - at};
                i = sizeof(heads) / sizeof(heads[0]) - 1;
                break;
            }
            at = next;
        }
    }
    while (name.length > 0 && strchr("\r\n\t", name.text[name.length - 1]))
        name.length--;
    return name;
}
