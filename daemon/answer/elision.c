#include "daemon/answer/answer.h"

#include <string.h>
#include <strings.h>

#include "daemon/answer/lines.h"
#include "protocol/position.h"

/*
 * Models that are asked for all of a text like to write "// ... rest unchanged ..." for a part of
 * it. A comment counts as such where it is dots and telling words, or one of a few set phrases;
 * anything looser would refuse honest comments.
 */

#define ELLIPSIS "\xE2\x80\xA6"

static const char *const comment_starts[] = {"//", "/*", "<!--", "{/*", "--", "#", "%", ";", "*"};

static const char *const telling_words[] = {"rest",      "existing", "unchanged", "remaining",
                                            "remains",   "same",     "omitted",   "previous",
                                            "original",  "other",    "code",      "implementation",
                                            "continued", "before",   "above"};

static const char *const phrases[] = {
    "rest of the code",
    "rest of code",
    "rest of the file",
    "rest of the function",
    "rest of the class",
    "rest of the method",
    "rest unchanged",
    "the rest is unchanged",
    "the rest remains the same",
    "existing code",
    "existing code here",
    "unchanged",
    "unchanged code",
    "code unchanged",
    "no changes",
    "no change",
    "remaining code",
    "remaining code unchanged",
    "remaining code remains the same",
    "same as before",
    "omitted for brevity",
    "code omitted",
    "rest of the code remains the same",
    "rest of the code remains unchanged",
    "rest of the code unchanged",
    "rest of the implementation",
    "remains unchanged",
    "remains the same",
};

/* Takes the comment's signs from both ends; false where the line is no comment. */
static bool comment_body(const char **line, size_t *length)
{
    bool is_comment = false;
    size_t i;

    lines_trim(line, length);
    for (i = 0; i < sizeof(comment_starts) / sizeof(comment_starts[0]) && !is_comment; i++)
        is_comment = lines_starts_with(*line, *length, comment_starts[i]);
    while (is_comment && *length > 0 && strchr("/*<!-{#%;\"' \t([", **line)) {
        (*line)++;
        (*length)--;
    }
    while (is_comment && *length > 0 && strchr("/*>-}#\"' \t)]", (*line)[*length - 1]))
        (*length)--;
    return is_comment;
}

static bool take_dots(const char **body, size_t *length)
{
    bool found = false;

    while (*length > 0) {
        size_t dots = lines_starts_with(*body, *length, ELLIPSIS) ? strlen(ELLIPSIS) : 0;

        if (lines_starts_with(*body, *length, "..."))
            dots = 3;
        if (dots == 0 && !(found && strchr(". \t([", **body)))
            break;
        found = true;
        *body += dots > 0 ? dots : 1;
        *length -= dots > 0 ? dots : 1;
    }
    return found;
}

static bool take_final_dots(const char *body, size_t *length)
{
    bool found = false;

    while (*length > 0) {
        if (*length >= 3 && memcmp(body + *length - 3, ELLIPSIS, 3) == 0)
            *length -= 3;
        else if (*length >= 3 && memcmp(body + *length - 3, "...", 3) == 0)
            *length -= 3;
        else if (found && strchr(". \t)]", body[*length - 1]))
            *length -= 1;
        else
            break;
        found = true;
    }
    return found;
}

static bool has_telling_word(const char *body, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t end = at;
        size_t i;

        while (end < length && ((body[end] | 0x20) >= 'a' && (body[end] | 0x20) <= 'z'))
            end++;
        for (i = 0; i < sizeof(telling_words) / sizeof(telling_words[0]); i++) {
            if (end - at == strlen(telling_words[i]) &&
                strncasecmp(body + at, telling_words[i], end - at) == 0)
                return true;
        }
        at = end > at ? end : at + 1;
    }
    return false;
}

static bool is_phrase(const char *body, size_t length)
{
    size_t i;

    while (length > 0 && strchr(".:) ", body[length - 1]))
        length--;
    for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (length == strlen(phrases[i]) && strncasecmp(body, phrases[i], length) == 0)
            return true;
    }
    return false;
}

static bool is_elision(const char *line, size_t length)
{
    bool dots_first;
    bool dots_last;

    if (!comment_body(&line, &length))
        return false;
    dots_first = take_dots(&line, &length);
    dots_last = take_final_dots(line, &length);
    if (length == 0)
        return dots_first || dots_last;
    return is_phrase(line, length) || (dots_first && has_telling_word(line, length));
}

bool answer_rewrite_is_elided(const char *original, size_t original_length, const char *text,
                              size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t line_end;
        size_t next = position_next_line(text, length, at, &line_end);
        size_t line_length = next - line_end - at;

        if (is_elision(text + at, line_length) &&
            !lines_stands_in(original, original_length, text + at, line_length))
            return true;
        at = next;
    }
    return false;
}
