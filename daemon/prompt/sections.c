#include "daemon/prompt/sections.h"

#include <errno.h>
#include <string.h>

#include "protocol/position.h"
#include "protocol/utf8.h"

/* The names of the tags; the constants in prompt.h are these with brackets. */
static const char *const tags[] = {
    "file",
    "before",
    "selection",
    "after",
    "instruction",
    "question",
    "imports",
    "diagnostics",
    "other_files",
    "person_is_in",
    "edit",
    "search",
    "replace",
    "create",
    "typed",
    "hint",
    "diff",
    "summaries",
    "branch",
    "recent_subjects",
    "subjects_of_these_files",
    "staged_files",
    "commit_template",
    "related",
    "definitions",
    "recent_changes",
};

#define INDENT_MAX 8

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool starts_with(const char *text, size_t length, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

/* ---- marks ---------------------------------------------------------------------------------- */

/* The bytes of a tag named `name` at the start of text: <name>, </name>, or <name with
 * attributes. */
static size_t tag_length(const char *text, size_t length, const char *name)
{
    size_t name_length = strlen(name);
    size_t at = 1;

    if (at < length && text[at] == '/')
        at++;
    if (!starts_with(text + at, length - at, name))
        return 0;
    at += name_length;
    if (at < length && text[at] == '>')
        return at + 1;
    if (at == length || !is_blank(text[at]))
        return 0;
    while (at < length && text[at] != '>' && !is_line_end(text[at]))
        at++;
    return at < length && text[at] == '>' ? at + 1 : at;
}

size_t sections_mark_at(const char *text, size_t length, bool at_line_start)
{
    size_t i;

    if (length == 0 || text[0] != '<')
        return 0;
    if (starts_with(text, length, PROMPT_CURSOR))
        return strlen(PROMPT_CURSOR);
    for (i = 0; at_line_start && i < sizeof(tags) / sizeof(tags[0]); i++) {
        size_t found = tag_length(text, length, tags[i]);

        if (found > 0)
            return found;
    }
    return 0;
}

/* Appends one line without its line end. */
static void append_clean_line(struct buffer *out, const char *line, size_t length)
{
    bool at_start = true;
    size_t done = 0;
    size_t at;

    for (at = 0; at < length; at++) {
        if (line[at] == '<' && sections_mark_at(line + at, length - at, at_start) > 0) {
            utf8_append_valid(out, line + done, at + 1 - done);
            buffer_append_string(out, PROMPT_DEFUSER);
            done = at + 1;
        }
        at_start = at_start && is_blank(line[at]);
    }
    utf8_append_valid(out, line + done, length - done);
}

int sections_append_clean(struct buffer *out, struct prompt_text text)
{
    size_t at = 0;

    while (at < text.length) {
        size_t line_end;
        size_t next = position_next_line(text.text, text.length, at, &line_end);

        append_clean_line(out, text.text + at, next - line_end - at);
        if (line_end > 0)
            buffer_append_byte(out, '\n');
        at = next;
    }
    return buffer_error(out);
}

/* Whether a defused mark begins at text: `<`, the defuser, the rest of a mark. */
static bool is_defused(const char *text, size_t length)
{
    char mark[64];
    size_t skip = 1 + strlen(PROMPT_DEFUSER);
    size_t rest;

    if (!starts_with(text, length, "<" PROMPT_DEFUSER))
        return false;
    rest = length - skip < sizeof(mark) - 1 ? length - skip : sizeof(mark) - 1;
    mark[0] = '<';
    memcpy(mark + 1, text + skip, rest);
    return sections_mark_at(mark, rest + 1, true) > 0;
}

int sections_append_restored(struct buffer *out, const char *text, size_t length)
{
    size_t done = 0;
    size_t at = 0;

    while (at < length) {
        const char *found = memchr(text + at, '<', length - at);

        if (!found)
            break;
        at = (size_t)(found - text);
        if (is_defused(found, length - at)) {
            buffer_append(out, text + done, at + 1 - done);
            done = at + 1 + strlen(PROMPT_DEFUSER);
        }
        at++;
    }
    return buffer_append(out, text + done, length - done);
}

/* ---- cutting -------------------------------------------------------------------------------- */

/* Whether a line begins at `at`, which is neither the start nor the end of the text. A \r\n that is
 * cut in two would read as two line ends. */
static bool is_line_start(struct prompt_text text, size_t at)
{
    return is_line_end(text.text[at - 1]) && !(text.text[at - 1] == '\r' && text.text[at] == '\n');
}

struct prompt_text sections_tail(struct prompt_text text, size_t budget)
{
    size_t start;
    size_t line;
    size_t line_end;

    if (text.length <= budget)
        return text;
    start = text.length - budget;
    /* From one byte before, so that a line that begins just at `start` is kept. */
    line = position_next_line(text.text, text.length, start - 1, &line_end);
    if (line_end > 0 && line < text.length) {
        start = line;
    } else {
        size_t floor = utf8_floor(text.text, text.length, start);

        while (floor < start && floor < text.length) {
            uint32_t code_point;

            floor += utf8_decode(text.text + floor, text.length - floor, &code_point);
        }
        start = floor;
    }
    return (struct prompt_text){text.text + start, text.length - start};
}

struct prompt_text sections_head(struct prompt_text text, size_t budget)
{
    size_t end = budget;

    if (text.length <= budget)
        return text;
    while (end > 0 && !is_line_start(text, end))
        end--;
    if (end == 0)
        end = utf8_floor(text.text, text.length, budget);
    return (struct prompt_text){text.text, end};
}

void sections_share(struct prompt_text *before, struct prompt_text *after, size_t budget,
                    unsigned numerator, unsigned denominator)
{
    size_t share = budget / denominator * numerator;

    if (after->length < budget - share)
        share = budget - after->length;
    if (before->length < share)
        share = before->length;
    *before = sections_tail(*before, share);
    *after = sections_head(*after, budget - before->length);
}

size_t sections_count_lines(struct prompt_text text)
{
    size_t count = 0;
    size_t at = 0;

    for (; at < text.length; count++)
        at = position_next_line(text.text, text.length, at, NULL);
    return count;
}

/* ---- framing -------------------------------------------------------------------------------- */

void sections_end_line(struct buffer *out)
{
    if (out->length > 0 && out->data[out->length - 1] != '\n')
        buffer_append_byte(out, '\n');
}

int sections_append(struct buffer *out, const char *mark, struct prompt_text text)
{
    buffer_printf(out, "%s\n", mark);
    sections_append_clean(out, text);
    sections_end_line(out);
    return buffer_printf(out, "</%s\n", mark + 1);
}

int sections_append_string(struct buffer *out, const char *mark, const char *string)
{
    return sections_append(out, mark, (struct prompt_text){string, strlen(string)});
}

static void append_attribute(struct buffer *out, const char *name, const char *value)
{
    size_t i;

    if (!value || value[0] == '\0')
        return;
    buffer_printf(out, " %s=\"", name);
    for (i = 0; value[i] != '\0';) {
        size_t character = utf8_character(value + i, strlen(value + i));
        unsigned char byte = (unsigned char)value[i];

        if (character == 0 || byte < 0x20 || byte == 0x7F || strchr("\"<>", byte))
            buffer_append_byte(out, '_');
        else
            buffer_append(out, value + i, character);
        i += character > 0 ? character : 1;
    }
    buffer_append_byte(out, '"');
}

int sections_append_related(struct buffer *out, const char *mark,
                            const struct prompt_related *part)
{
    buffer_append_string(out, mark);
    append_attribute(out, "path", part->path);
    buffer_append_string(out, ">\n");
    sections_append_clean(out, part->text);
    sections_end_line(out);
    return buffer_printf(out, "</%s>\n", mark + 1);
}

/* How lines get deeper: a tab, or so many spaces. */
struct indent_census {
    size_t tabs;
    size_t steps[INDENT_MAX + 1]; /* how often a line is that much deeper than the one before */
    size_t previous;
};

static void census_take(struct indent_census *census, struct prompt_text text)
{
    size_t at = 0;

    while (at < text.length) {
        size_t line_end;
        size_t next = position_next_line(text.text, text.length, at, &line_end);
        size_t end = next - line_end;
        size_t spaces = 0;

        if (at < end && text.text[at] == '\t')
            census->tabs++;
        while (at + spaces < end && text.text[at + spaces] == ' ')
            spaces++;
        if (at + spaces < end) {
            if (spaces > census->previous && spaces - census->previous <= INDENT_MAX)
                census->steps[spaces - census->previous]++;
            census->previous = spaces;
        }
        at = next;
    }
}

unsigned sections_indent(struct prompt_text before, struct prompt_text after)
{
    struct indent_census census = {0};
    size_t best = 0;
    size_t step;

    census_take(&census, before);
    census_take(&census, after);
    for (step = 2; step <= INDENT_MAX; step++) {
        if (census.steps[step] > census.steps[best])
            best = step;
    }
    if (census.tabs > 0 && census.tabs >= census.steps[best])
        return '\t';
    return (unsigned)best;
}

static void append_indent(struct buffer *out, struct prompt_text before, struct prompt_text after)
{
    char spaces[] = "0 spaces";
    unsigned indent = sections_indent(before, after);

    spaces[0] = (char)('0' + indent);
    if (indent == '\t')
        append_attribute(out, "indent", "tabs");
    else if (indent > 0)
        append_attribute(out, "indent", spaces);
}

int sections_append_file_open(struct buffer *out, const struct prompt_file *file,
                              struct prompt_text before, struct prompt_text after)
{
    buffer_append_string(out, PROMPT_FILE);
    append_attribute(out, "path", file->path);
    append_attribute(out, "language", file->language);
    append_indent(out, before, after);
    return buffer_append_string(out, ">\n");
}

int sections_append_style(struct buffer *out, const struct prompt_style *style, bool is_prose)
{
    const char *language = style->answer_language;

    if (is_prose && language && language[0] != '\0') {
        buffer_append_string(out, "\nWrite in this language (a language tag or a name): ");
        sections_append_clean(out, (struct prompt_text){language, strcspn(language, "\r\n")});
        buffer_append_string(out, ". Code, names and identifiers stay as they are.\n");
    } else if (is_prose) {
        buffer_append_string(out, "\nWrite in English.\n");
    }
    if (style->instructions && style->instructions[0] != '\0') {
        struct prompt_text text = {style->instructions, strlen(style->instructions)};

        buffer_append_string(out, "\nHouse style, as the person wishes it. It decides how the "
                                  "answer is written, never its form:\n");
        sections_append_clean(out, text);
        buffer_append_byte(out, '\n');
    }
    return buffer_error(out);
}

int sections_add_messages(struct chat_messages *messages, const struct buffer *system,
                          const struct buffer *user)
{
    int error;

    if (buffer_error(system) || buffer_error(user))
        return -ENOMEM;
    error = chat_messages_add(messages, CHAT_SYSTEM, system->data, system->length);
    if (error)
        return error;
    return chat_messages_add(messages, CHAT_USER, user->data, user->length);
}
