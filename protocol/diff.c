#include "protocol/diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/position.h"

#define CONTEXT_LINES ((size_t)3)

/* Steps of the search (diagonals visited and lines compared) before it gives up on a shortest
 * script: some ten milliseconds, enough for about 4000 changed lines with no order in them. */
#define WORK_LIMIT ((size_t)8 << 20)

/* Lines that differ are looked into only where they have no more bytes than this together. */
#define WITHIN_MAX ((size_t)64 << 10)

struct line {
    const char *text;
    size_t length; /* with its line end */
    size_t class;  /* equal for equal lines */
    bool changed;
};

/* One more item than `count`: an empty line at the end of the text, so that every line has one
 * behind it. */
struct lines {
    struct line *items;
    size_t count;
};

/* What texts are parted into to be compared: lines for editors end where LSP's do, those for `patch`
 * where patch's do; words and what stands between them. */
enum pieces { PIECES_LINES, PIECES_PATCH_LINES, PIECES_WORDS };

/* The part of both texts that is being compared: lines [from, to) of each. */
struct box {
    size_t old_from, old_to;
    size_t new_from, new_to;
};

struct comparison {
    struct line *old_lines;
    struct line *new_lines;
    /* The furthest old line reached on each diagonal (old line minus new line), from the start of
     * the box and from its end. Diagonals may be negative: both point into `memory`. */
    ptrdiff_t *forward;
    ptrdiff_t *backward;
    ptrdiff_t *memory;
    size_t work;
};

static void lines_finish(struct lines *lines)
{
    free(lines->items);
    lines->items = NULL;
    lines->count = 0;
}

static void comparison_finish(struct comparison *comparison)
{
    free(comparison->memory);
}

/* A byte of a name or a number, or of a character that is not ASCII: those are never parted. */
static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* A word, a run of blanks, a line end, or any other byte. */
static size_t next_word(const char *text, size_t length, size_t offset)
{
    size_t next = offset + 1;
    if (is_word(text[offset]))
        while (next < length && is_word(text[next]))
            next++;
    else if (is_blank(text[offset]))
        while (next < length && is_blank(text[next]))
            next++;
    else if (text[offset] == '\r' && next < length && text[next] == '\n')
        next++;
    return next;
}

static size_t next_piece(const char *text, size_t length, size_t offset, enum pieces pieces)
{
    if (pieces == PIECES_WORDS)
        return next_word(text, length, offset);
    if (pieces == PIECES_LINES)
        return position_next_line(text, length, offset, NULL);
    const char *newline = memchr(text + offset, '\n', length - offset);
    return newline ? (size_t)(newline - text) + 1 : length;
}

static int lines_find(struct lines *lines, const char *text, size_t length, enum pieces pieces)
{
    size_t count = 0;
    if (!text)
        text = "";
    for (size_t at = 0; at < length; at = next_piece(text, length, at, pieces))
        count++;
    lines->items = calloc(count + 1, sizeof *lines->items);
    if (!lines->items)
        return -ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t next = next_piece(text, length, at, pieces);
        lines->items[i].text = text + at;
        lines->items[i].length = next - at;
        at = next;
    }
    lines->items[count].text = text + length;
    lines->count = count;
    return 0;
}

/* Any total order that puts equal lines together; lengths first, as they tell most lines apart. */
static int line_compare(const struct line *a, const struct line *b)
{
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->text, b->text, a->length);
}

static int line_pointer_compare(const void *a, const void *b)
{
    return line_compare(*(struct line *const *)a, *(struct line *const *)b);
}

/* Numbers the distinct lines of the box, so that the search compares numbers. Sorting, unlike a
 * hash table, has no texts that make it slow. */
static int number_lines(struct line *old_lines, struct line *new_lines, const struct box *box)
{
    size_t old_count = box->old_to - box->old_from;
    size_t count = old_count + (box->new_to - box->new_from);
    struct line **sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        sorted[i] = i < old_count ? &old_lines[box->old_from + i]
                                  : &new_lines[box->new_from + (i - old_count)];
    qsort(sorted, count, sizeof *sorted, line_pointer_compare);
    for (size_t i = 1; i < count; i++)
        sorted[i]->class = sorted[i - 1]->class + (line_compare(sorted[i - 1], sorted[i]) != 0);
    free(sorted);
    return 0;
}

/* Leaves out of the box the equal lines at its start and its end. */
static void box_shrink(struct box *box, const struct line *old_lines, const struct line *new_lines,
                       bool (*equal)(const struct line *, const struct line *))
{
    while (box->old_from < box->old_to && box->new_from < box->new_to &&
           equal(&old_lines[box->old_from], &new_lines[box->new_from])) {
        box->old_from++;
        box->new_from++;
    }
    while (box->old_from < box->old_to && box->new_from < box->new_to &&
           equal(&old_lines[box->old_to - 1], &new_lines[box->new_to - 1])) {
        box->old_to--;
        box->new_to--;
    }
}

static bool same_text(const struct line *a, const struct line *b)
{
    return line_compare(a, b) == 0;
}

static bool same_class(const struct line *a, const struct line *b)
{
    return a->class == b->class;
}

/* The diagonals that one direction of the search has reached: every second one of [low, high]. */
struct reach {
    ptrdiff_t low, high;
};

/* Widens the reach by one diagonal on each side, or narrows it where the box ends there. The
 * entries just outside are set to `outside`, so that no path is ever taken from them. */
static void reach_widen(struct reach *reach, ptrdiff_t *furthest, ptrdiff_t lowest,
                        ptrdiff_t highest, ptrdiff_t outside)
{
    if (reach->low > lowest) {
        reach->low--;
        furthest[reach->low - 1] = outside;
    } else {
        reach->low++;
    }
    if (reach->high < highest) {
        reach->high++;
        furthest[reach->high + 1] = outside;
    } else {
        reach->high--;
    }
}

static bool reach_has(const struct reach *reach, ptrdiff_t diagonal)
{
    return diagonal >= reach->low && diagonal <= reach->high;
}

/*
 * Myers' middle snake: from both corners of the box, paths are made longer by one edit in turn
 * until two meet; a shortest path goes through that point. The box has lines of both texts, and
 * neither its first nor its last lines are equal, so the point is no corner. Returns false when the
 * work is used up.
 */
static bool find_middle(struct comparison *c, const struct box *box, size_t *old_middle,
                        size_t *new_middle)
{
    const ptrdiff_t old_from = (ptrdiff_t)box->old_from, old_to = (ptrdiff_t)box->old_to;
    const ptrdiff_t new_from = (ptrdiff_t)box->new_from, new_to = (ptrdiff_t)box->new_to;
    const ptrdiff_t lowest = old_from - new_to, highest = old_to - new_from;
    struct reach forward = { old_from - new_from, old_from - new_from };
    struct reach backward = { old_to - new_to, old_to - new_to };
    const bool odd = (forward.low - backward.low) & 1;

    c->forward[forward.low] = old_from;
    c->backward[backward.low] = old_to;
    for (;;) {
        reach_widen(&forward, c->forward, lowest, highest, -1);
        for (ptrdiff_t d = forward.high; d >= forward.low; d -= 2) {
            ptrdiff_t below = c->forward[d - 1], above = c->forward[d + 1];
            ptrdiff_t x = below < above ? above : below + 1, start = x;
            while (x < old_to && x - d < new_to &&
                   same_class(&c->old_lines[x], &c->new_lines[x - d]))
                x++;
            c->forward[d] = x;
            c->work += (size_t)(x - start) + 1;
            if (odd && reach_has(&backward, d) && c->backward[d] <= x) {
                *old_middle = (size_t)x;
                *new_middle = (size_t)(x - d);
                return true;
            }
        }
        reach_widen(&backward, c->backward, lowest, highest, PTRDIFF_MAX);
        for (ptrdiff_t d = backward.high; d >= backward.low; d -= 2) {
            ptrdiff_t below = c->backward[d - 1], above = c->backward[d + 1];
            ptrdiff_t x = below < above ? below : above - 1, start = x;
            while (x > old_from && x - d > new_from &&
                   same_class(&c->old_lines[x - 1], &c->new_lines[x - d - 1]))
                x--;
            c->backward[d] = x;
            c->work += (size_t)(start - x) + 1;
            if (!odd && reach_has(&forward, d) && x <= c->forward[d]) {
                *old_middle = (size_t)x;
                *new_middle = (size_t)(x - d);
                return true;
            }
        }
        if (c->work > WORK_LIMIT)
            return false;
    }
}

/* Marks what differs in the box. Each half has half of the edits, so this nests no deeper than the
 * number of bits of a size_t. */
static void mark_changes(struct comparison *c, struct box box)
{
    box_shrink(&box, c->old_lines, c->new_lines, same_class);
    size_t old_middle, new_middle;
    if (box.old_from < box.old_to && box.new_from < box.new_to &&
        find_middle(c, &box, &old_middle, &new_middle)) {
        mark_changes(c, (struct box){ box.old_from, old_middle, box.new_from, new_middle });
        mark_changes(c, (struct box){ old_middle, box.old_to, new_middle, box.new_to });
        return;
    }
    for (size_t i = box.old_from; i < box.old_to; i++)
        c->old_lines[i].changed = true;
    for (size_t i = box.new_from; i < box.new_to; i++)
        c->new_lines[i].changed = true;
}

static int compare_lines(struct lines *old_lines, struct lines *new_lines)
{
    struct box box = { 0, old_lines->count, 0, new_lines->count };
    box_shrink(&box, old_lines->items, new_lines->items, same_text);
    int error = number_lines(old_lines->items, new_lines->items, &box);
    if (error)
        return error;

    /* Diagonals run from old_from - new_to to old_to - new_from, and one more on either side. */
    size_t diagonals = (box.old_to - box.old_from) + (box.new_to - box.new_from) + 3;
    struct comparison comparison CLEANUP(comparison_finish) = {
        .old_lines = old_lines->items,
        .new_lines = new_lines->items,
        .memory = calloc(diagonals, 2 * sizeof(ptrdiff_t)),
    };
    if (!comparison.memory)
        return -ENOMEM;
    ptrdiff_t zero = (ptrdiff_t)box.new_to - (ptrdiff_t)box.old_from + 1;
    comparison.forward = comparison.memory + zero;
    comparison.backward = comparison.memory + diagonals + zero;
    mark_changes(&comparison, box);
    return 0;
}

/* Finds the next run of changed lines at or behind lines (old_line, new_line), which pair up. */
static bool next_hunk(const struct lines *old_lines, const struct lines *new_lines,
                      size_t old_line, size_t new_line, struct diff_hunk *hunk)
{
    const struct line *old_items = old_lines->items, *new_items = new_lines->items;
    while (old_line < old_lines->count && new_line < new_lines->count &&
           !old_items[old_line].changed && !new_items[new_line].changed) {
        old_line++;
        new_line++;
    }
    size_t old_end = old_line, new_end = new_line;
    while (old_end < old_lines->count && old_items[old_end].changed)
        old_end++;
    while (new_end < new_lines->count && new_items[new_end].changed)
        new_end++;
    *hunk = (struct diff_hunk){
        .old_line = old_line,
        .old_count = old_end - old_line,
        .new_line = new_line,
        .new_count = new_end - new_line,
        .old_start = (size_t)(old_items[old_line].text - old_items[0].text),
        .old_end = (size_t)(old_items[old_end].text - old_items[0].text),
        .new_start = (size_t)(new_items[new_line].text - new_items[0].text),
        .new_end = (size_t)(new_items[new_end].text - new_items[0].text),
    };
    return hunk->old_count > 0 || hunk->new_count > 0;
}

static int collect_hunks(struct diff *diff, const struct lines *old_lines,
                         const struct lines *new_lines)
{
    struct diff_hunk hunk = { 0 };
    size_t count = 0;
    while (next_hunk(old_lines, new_lines, hunk.old_line + hunk.old_count,
                     hunk.new_line + hunk.new_count, &hunk))
        count++;
    if (count == 0)
        return 0;
    diff->hunks = calloc(count, sizeof *diff->hunks);
    if (!diff->hunks)
        return -ENOMEM;
    hunk = (struct diff_hunk){ 0 };
    while (diff->count < count &&
           next_hunk(old_lines, new_lines, hunk.old_line + hunk.old_count,
                     hunk.new_line + hunk.new_count, &hunk))
        diff->hunks[diff->count++] = hunk;
    return 0;
}

static int compute(struct diff *diff, const char *old_text, size_t old_length,
                   const char *new_text, size_t new_length, enum pieces pieces)
{
    *diff = (struct diff){ 0 };
    struct lines old_lines CLEANUP(lines_finish) = { 0 };
    struct lines new_lines CLEANUP(lines_finish) = { 0 };
    int error = lines_find(&old_lines, old_text, old_length, pieces);
    if (!error)
        error = lines_find(&new_lines, new_text, new_length, pieces);
    if (!error)
        error = compare_lines(&old_lines, &new_lines);
    return error ? error : collect_hunks(diff, &old_lines, &new_lines);
}

int diff_compute(struct diff *diff, const char *old_text, size_t old_length, const char *new_text,
                 size_t new_length)
{
    return compute(diff, old_text, old_length, new_text, new_length, PIECES_LINES);
}

/* ---- within lines ---------------------------------------------------------------------------- */

static bool has_word(const char *text, size_t length)
{
    while (length > 0)
        if (is_word(text[--length]))
            return true;
    return false;
}

/* Takes a change into `diff`, joined to the one before it where no word stands between the two. */
static int take_change(struct diff *diff, size_t *room, const char *old_text,
                       const struct diff_hunk *hunk, bool may_join)
{
    struct diff_hunk *last = may_join ? &diff->hunks[diff->count - 1] : NULL;
    if (last && !has_word(old_text + last->old_end, hunk->old_start - last->old_end)) {
        last->old_end = hunk->old_end;
        last->new_end = hunk->new_end;
        return 0;
    }
    if (diff->count == *room) {
        size_t more = *room ? *room * 2 : 16;
        struct diff_hunk *hunks = realloc(diff->hunks, more * sizeof *hunks);
        if (!hunks)
            return -ENOMEM;
        diff->hunks = hunks;
        *room = more;
    }
    diff->hunks[diff->count++] = *hunk;
    return 0;
}

static int take_changes_within(struct diff *diff, size_t *room, const struct diff_hunk *lines,
                               const char *old_text, const char *new_text)
{
    size_t old_length = lines->old_end - lines->old_start;
    size_t new_length = lines->new_end - lines->new_start;
    if (old_length == 0 || new_length == 0 || old_length + new_length > WITHIN_MAX)
        return take_change(diff, room, old_text, lines, false);
    struct diff words CLEANUP(diff_finish) = { 0 };
    int error = compute(&words, old_text + lines->old_start, old_length,
                        new_text + lines->new_start, new_length, PIECES_WORDS);
    for (size_t i = 0; i < words.count && !error; i++) {
        struct diff_hunk hunk = *lines;
        hunk.old_start += words.hunks[i].old_start;
        hunk.old_end = lines->old_start + words.hunks[i].old_end;
        hunk.new_start += words.hunks[i].new_start;
        hunk.new_end = lines->new_start + words.hunks[i].new_end;
        error = take_change(diff, room, old_text, &hunk, i > 0);
    }
    return error;
}

int diff_compute_within(struct diff *diff, const char *old_text, size_t old_length,
                        const char *new_text, size_t new_length)
{
    struct diff lines CLEANUP(diff_finish) = { 0 };
    size_t room = 0;
    *diff = (struct diff){ 0 };
    int error = diff_compute(&lines, old_text, old_length, new_text, new_length);
    for (size_t i = 0; i < lines.count && !error; i++)
        error = take_changes_within(diff, &room, &lines.hunks[i], old_text, new_text);
    if (error)
        diff_finish(diff);
    return error;
}

/* ---- patches --------------------------------------------------------------------------------- */

void diff_finish(struct diff *diff)
{
    if (!diff)
        return;
    free(diff->hunks);
    *diff = (struct diff){ 0 };
}

/* A name as git writes it: in double quotes with C escapes where it holds controls, quotes or
 * backslashes; with a tab behind it where it holds blanks, so that patch knows its end. */
static void append_name(struct buffer *out, const char *prefix, const char *name)
{
    static const char escapes[] = "\aa\bb\tt\nn\vv\ff\rr\"\"\\\\";
    bool quoted = false;
    for (const char *c = name; *c; c++)
        quoted = quoted || (unsigned char)*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\\';
    buffer_append_string(out, prefix);
    if (quoted)
        buffer_append_byte(out, '"');
    for (const char *c = name; *c; c++) {
        size_t escape = 0;
        while (escapes[escape] && escapes[escape] != *c)
            escape += 2;
        if (escapes[escape])
            buffer_printf(out, "\\%c", escapes[escape + 1]);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            buffer_printf(out, "\\%03o", (unsigned)*c);
        else
            buffer_append_byte(out, *c);
    }
    if (quoted)
        buffer_append_byte(out, '"');
    buffer_append_string(out, strchr(name, ' ') ? "\t\n" : "\n");
}

/* "-12,3" or "+12,3": counted from 1; the count is left out where it is 1; a range without lines
 * names the line before it. */
static void append_range(struct buffer *out, char sign, size_t line, size_t count)
{
    if (count == 1)
        buffer_printf(out, "%c%zu", sign, line + 1);
    else
        buffer_printf(out, "%c%zu,%zu", sign, count > 0 ? line + 1 : line, count);
}

static void append_lines(struct buffer *out, char sign, const struct lines *lines, size_t from,
                         size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct line *line = &lines->items[i];
        buffer_append_byte(out, sign);
        buffer_append(out, line->text, line->length);
        if (line->text[line->length - 1] != '\n')
            buffer_append_string(out, "\n\\ No newline at end of file\n");
    }
}

static size_t at_most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

/* Appends hunks that are so near to each other that their contexts join as one. */
static void append_joined(struct buffer *out, const struct diff_hunk *hunks, size_t count,
                          const struct lines *old_lines, const struct lines *new_lines)
{
    const struct diff_hunk *last = &hunks[count - 1];
    size_t before = at_most(CONTEXT_LINES, hunks[0].old_line);
    size_t old_end = last->old_line + last->old_count;
    size_t after = at_most(CONTEXT_LINES, old_lines->count - old_end);
    size_t old_from = hunks[0].old_line - before, new_from = hunks[0].new_line - before;
    size_t new_end = last->new_line + last->new_count;

    buffer_append_string(out, "@@ ");
    append_range(out, '-', old_from, old_end + after - old_from);
    buffer_append_byte(out, ' ');
    append_range(out, '+', new_from, new_end + after - new_from);
    buffer_append_string(out, " @@\n");
    for (size_t i = 0; i < count; i++) {
        const struct diff_hunk *hunk = &hunks[i];
        append_lines(out, ' ', old_lines, old_from, hunk->old_line);
        old_from = hunk->old_line + hunk->old_count;
        append_lines(out, '-', old_lines, hunk->old_line, old_from);
        append_lines(out, '+', new_lines, hunk->new_line, hunk->new_line + hunk->new_count);
    }
    append_lines(out, ' ', old_lines, old_end, old_end + after);
}

static void append_diff(struct buffer *out, const char *name, const struct diff *diff,
                        const struct lines *old_lines, const struct lines *new_lines)
{
    append_name(out, "--- ", name);
    append_name(out, "+++ ", name);
    size_t first = 0;
    while (first < diff->count) {
        size_t next = first + 1;
        while (next < diff->count &&
               diff->hunks[next].old_line - diff->hunks[next - 1].old_line -
                       diff->hunks[next - 1].old_count <= 2 * CONTEXT_LINES)
            next++;
        append_joined(out, &diff->hunks[first], next - first, old_lines, new_lines);
        first = next;
    }
}

int diff_append_unified(struct buffer *out, const char *name, const char *old_text,
                        size_t old_length, const char *new_text, size_t new_length)
{
    struct diff diff CLEANUP(diff_finish) = { 0 };
    struct lines old_lines CLEANUP(lines_finish) = { 0 };
    struct lines new_lines CLEANUP(lines_finish) = { 0 };
    int error = lines_find(&old_lines, old_text, old_length, PIECES_PATCH_LINES);
    if (!error)
        error = lines_find(&new_lines, new_text, new_length, PIECES_PATCH_LINES);
    if (!error)
        error = compare_lines(&old_lines, &new_lines);
    if (!error)
        error = collect_hunks(&diff, &old_lines, &new_lines);
    if (error)
        return error;
    if (diff.count > 0)
        append_diff(out, name, &diff, &old_lines, &new_lines);
    return buffer_error(out);
}
