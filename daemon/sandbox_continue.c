#include "daemon/sandbox_continue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/sandbox_text.h"

#define COMMENT "gridls sandbox"

#define LINE_LENGTH_MAX 200      /* a longer line is data rather than code, and no good offer */
#define LINE_PREFIX_MIN 3        /* with less typed nearly every line would do */
#define WORD_PREFIX_MIN 2
#define WORDS_MAX ((size_t)4096) /* words with the wanted beginning that are counted */
#define FOLLOWING_LINES_MAX 3

/* The place, taken apart once. */
struct place {
    struct prompt_text above;    /* whole lines before the cursor's */
    struct prompt_text typed;    /* the cursor's line up to the cursor */
    struct prompt_text rest;     /* the cursor's line from the cursor on */
    struct prompt_text below;    /* the lines that follow */
    struct prompt_text language;
};

static struct place take_apart(struct prompt_text before, struct prompt_text after,
                               struct prompt_text language)
{
    struct place place = {.language = language, .below = after};
    const char *newline = before.length > 0 ? memrchr(before.text, '\n', before.length) : NULL;
    size_t above = newline ? (size_t)(newline - before.text) + 1 : 0;

    place.above = (struct prompt_text){before.text, above};
    place.typed = (struct prompt_text){before.text + above, before.length - above};
    if (!sandbox_next_line(&place.below, &place.rest))
        place.rest = (struct prompt_text){"", 0};
    place.rest = sandbox_trim_end(place.rest);
    return place;
}

/* ---- the rest of a line that the text holds already ------------------------------------------ */

static bool is_offer(struct prompt_text line)
{
    /* A comment behind a backslash would end what the line continues. */
    return line.length > 0 && line.length <= LINE_LENGTH_MAX && line.text[line.length - 1] != '\\';
}

static void find_longest_line(struct prompt_text text, struct prompt_text prefix,
                              struct prompt_text *longest)
{
    struct prompt_text line;

    while (sandbox_next_line(&text, &line)) {
        line = sandbox_trim(line);
        if (is_offer(line) && line.length > prefix.length && line.length > longest->length &&
            sandbox_begins(line, prefix))
            *longest = line;
    }
}

/* The indentation does not count: the same statement may stand deeper elsewhere. */
static struct prompt_text continue_line(const struct place *place)
{
    size_t indent = sandbox_indent(place->typed).length;
    struct prompt_text prefix = {place->typed.text + indent, place->typed.length - indent};
    struct prompt_text longest = {"", 0};

    if (sandbox_trim(prefix).length < LINE_PREFIX_MIN)
        return longest;
    find_longest_line(place->above, prefix, &longest);
    if (longest.length == 0)
        find_longest_line(place->below, prefix, &longest);
    if (longest.length > 0)
        longest = (struct prompt_text){longest.text + prefix.length,
                                       longest.length - prefix.length};
    return longest;
}

/* ---- the rest of a word ---------------------------------------------------------------------- */

static int compare_words(const void *left, const void *right)
{
    const struct prompt_text *a = left;
    const struct prompt_text *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, shorter);

    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Takes the next word off *rest. */
static bool next_word(struct prompt_text *rest, struct prompt_text *word)
{
    size_t start = 0;
    size_t end;

    while (start < rest->length && !sandbox_is_word(rest->text[start]))
        start++;
    for (end = start; end < rest->length && sandbox_is_word(rest->text[end]);)
        end++;
    *word = (struct prompt_text){rest->text + start, end - start};
    *rest = (struct prompt_text){rest->text + end, rest->length - end};
    return word->length > 0;
}

static void collect_words(struct prompt_text text, struct prompt_text prefix,
                          struct prompt_text *words, size_t *count)
{
    struct prompt_text word;

    while (*count < WORDS_MAX && next_word(&text, &word)) {
        if (word.length > prefix.length && word.length <= LINE_LENGTH_MAX &&
            sandbox_begins(word, prefix))
            words[(*count)++] = word;
    }
}

/* The most frequent of sorted words; of several the longest. */
static struct prompt_text most_frequent(const struct prompt_text *words, size_t count)
{
    struct prompt_text best = {"", 0};
    size_t best_run = 0;
    size_t i = 0;

    while (i < count) {
        size_t run = 1;

        while (i + run < count && sandbox_equal(words[i], words[i + run]))
            run++;
        if (run > best_run || (run == best_run && words[i].length > best.length)) {
            best = words[i];
            best_run = run;
        }
        i += run;
    }
    return best;
}

static int continue_word(const struct place *place, struct prompt_text *end)
{
    struct prompt_text typed = place->typed;
    struct prompt_text prefix = {typed.text + typed.length, 0};
    struct prompt_text *words CLEANUP(cleanup_free) = NULL;
    size_t count = 0;

    *end = (struct prompt_text){"", 0};
    while (prefix.length < typed.length && sandbox_is_word(prefix.text[-1])) {
        prefix.text--;
        prefix.length++;
    }
    if (prefix.length < WORD_PREFIX_MIN || (*prefix.text >= '0' && *prefix.text <= '9') ||
        (place->rest.length > 0 && sandbox_is_word(*place->rest.text)))
        return 0;

    words = malloc(WORDS_MAX * sizeof(*words));
    if (!words)
        return -ENOMEM;
    collect_words(place->above, prefix, words, &count);
    collect_words(place->below, prefix, words, &count);
    qsort(words, count, sizeof(*words), compare_words);
    *end = most_frequent(words, count);
    if (end->length > 0)
        *end = (struct prompt_text){end->text + prefix.length, end->length - prefix.length};
    return 0;
}

/* ---- the lines that followed a line like the previous one ------------------------------------ */

/* How many bytes two texts share at their starts and their ends. */
static size_t common_bytes(struct prompt_text a, struct prompt_text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    size_t start = 0;
    size_t end = 0;

    while (start < shorter && a.text[start] == b.text[start])
        start++;
    while (start + end < shorter && a.text[a.length - 1 - end] == b.text[b.length - 1 - end])
        end++;
    return start + end;
}

static struct prompt_text last_line_with_text(struct prompt_text text)
{
    struct prompt_text last = {"", 0};
    struct prompt_text line;

    while (sandbox_next_line(&text, &line)) {
        if (sandbox_trim(line).length > 0)
            last = line;
    }
    return last;
}

/* How like two trimmed lines are: 0 unless they share at least half of the longer one. */
static size_t likeness(struct prompt_text wanted, struct prompt_text line)
{
    size_t longer = wanted.length > line.length ? wanted.length : line.length;
    size_t common = common_bytes(wanted, line);

    if (sandbox_equal(wanted, line))
        return SIZE_MAX;
    return common >= LINE_PREFIX_MIN && common * 2 >= longer ? common : 0;
}

/* Of the lines above, the one most like `previous` that has a line after it; the nearest of equals.
 * *following gets all that stands behind it. */
static bool find_like(const struct place *place, struct prompt_text previous,
                      struct prompt_text *like, struct prompt_text *following)
{
    struct prompt_text rest = place->above;
    struct prompt_text wanted = sandbox_trim(previous);
    struct prompt_text line;
    size_t best = 1;

    while (sandbox_next_line(&rest, &line) && line.text != previous.text) {
        size_t like_line = likeness(wanted, sandbox_trim(line));
        struct prompt_text behind = rest;
        struct prompt_text next;

        if (like_line < best || !sandbox_next_line(&behind, &next) ||
            next.text == previous.text || !is_offer(sandbox_trim(next)))
            continue;
        best = like_line;
        *like = line;
        *following = rest;
    }
    return best > 1;
}

/* Appends the text but for what is left of `skip` bytes. */
static void append_behind(struct buffer *out, struct prompt_text text, size_t *skip)
{
    size_t skipped = *skip < text.length ? *skip : text.length;

    buffer_append(out, text.text + skipped, text.length - skipped);
    *skip -= skipped;
}

/* Appends `line` indented as it stands to `like`, seen from `previous`; `there` bytes of blanks are
 * there already. */
static void append_indented(struct buffer *out, struct prompt_text line, struct prompt_text like,
                            struct prompt_text previous, size_t there)
{
    struct prompt_text indent = sandbox_indent(previous);
    struct prompt_text own = sandbox_indent(line);
    struct prompt_text base = sandbox_indent(like);
    struct prompt_text words = sandbox_trim(line);

    if (sandbox_begins(own, base)) {
        append_behind(out, indent, &there);
        append_behind(out, (struct prompt_text){own.text + base.length, own.length - base.length},
                      &there);
    } else {
        size_t less = base.length > own.length ? base.length - own.length : 0;

        indent.length -= less < indent.length ? less : indent.length;
        append_behind(out, indent, &there);
    }
    buffer_append(out, words.text, words.length);
}

static bool append_comment(struct buffer *out, const struct place *place)
{
    buffer_append_byte(out, ' ');
    return sandbox_append_comment(out, place->language, place->rest.length > 0, COMMENT);
}

/* Goes on below `previous`, which is the cursor's own line or the last one above it. */
static int continue_block(struct buffer *out, const struct place *place,
                          struct prompt_text previous)
{
    bool own_line = previous.text == place->typed.text;
    struct prompt_text below = place->below;
    struct prompt_text next = {"", 0};
    struct prompt_text like;
    struct prompt_text following;
    struct prompt_text line;
    unsigned count = 0;

    if (previous.length == 0 || !find_like(place, previous, &like, &following))
        return 0;
    while (next.length == 0 && sandbox_next_line(&below, &next))
        next = sandbox_trim(next);
    while (count < FOLLOWING_LINES_MAX && sandbox_next_line(&following, &line) &&
           line.text != previous.text) {
        /* What stands below already need not be written again. */
        if (!is_offer(sandbox_trim(line)) || sandbox_equal(sandbox_trim(line), next))
            break;
        if (count > 0 || own_line)
            buffer_append_byte(out, '\n');
        append_indented(out, line, like, previous,
                        count > 0 || own_line ? 0 : place->typed.length);
        if (count++ == 0)
            append_comment(out, place);
    }
    return buffer_error(out);
}

/* A line after which, when nothing else fits, a new one begins. */
static bool is_finished(struct prompt_text line)
{
    return line.length > 0 && memchr("{};:", line.text[line.length - 1], 4);
}

/* What goes on with the typed line itself; empty where no rule finds anything. */
static int continue_typed(const struct place *place, struct prompt_text *end)
{
    *end = (struct prompt_text){"", 0};
    if (place->rest.length == 0)
        *end = continue_line(place);
    return end->length > 0 ? 0 : continue_word(place, end);
}

int sandbox_continue(struct buffer *out, struct prompt_text before, struct prompt_text after,
                     struct prompt_text language)
{
    struct place place = take_apart(before, after, language);
    struct prompt_text end;
    size_t start = out->length;
    int error;

    if (sandbox_trim(place.typed).length == 0)
        return place.rest.length > 0
                   ? 0
                   : continue_block(out, &place, last_line_with_text(place.above));
    error = continue_typed(&place, &end);
    if (error)
        return error;
    if (end.length == 0 && place.rest.length == 0 && is_finished(place.typed))
        return continue_block(out, &place, place.typed);
    if (end.length == 0)
        return 0;
    buffer_append(out, end.text, end.length);
    /* Code that follows on the line must not end up in the comment. */
    if (!append_comment(out, &place))
        buffer_truncate(out, start);
    return buffer_error(out);
}
