#include "daemon/prompt/related.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/related_scan.h"
#include "protocol/position.h"

#define WORD_MIN 3 /* shorter ones say nothing */
#define STEP_LINES 8

/* ---- words ---------------------------------------------------------------------------------- */

static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* FNV-1a. */
related_name related_name_of(const char *word, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 0x100000001b3u;
    return length > 0 ? hash : 0;
}

bool related_next_word(struct prompt_text text, size_t *at, struct prompt_text *word)
{
    size_t start = *at;
    size_t end;

    while (start < text.length && !is_word_byte(text.text[start]))
        start++;
    end = start;
    while (end < text.length && is_word_byte(text.text[end]))
        end++;
    *at = end;
    *word = (struct prompt_text){text.text + start, end - start};
    return end > start;
}

static const char *const common_words[] = {
    "and",     "await",    "bool",    "break",     "case",   "char",     "class",  "const",
    "continue", "def",     "default", "double",    "elif",   "else",     "end",    "enum",
    "except",  "export",   "extern",  "false",     "final",  "float",    "for",    "from",
    "func",    "function", "import",  "include",   "int",    "interface", "let",   "local",
    "long",    "new",      "nil",     "none",      "None",   "not",      "null",   "NULL",
    "private", "protected", "public", "pub",       "raise",  "return",   "self",   "short",
    "size_t",  "static",   "string",  "struct",    "switch", "then",     "this",   "throw",
    "true",    "True",     "False",   "try",       "type",   "typedef",  "unsigned", "use",
    "var",     "void",     "while",   "with",      "yield",
};
#define COMMON_COUNT (sizeof(common_words) / sizeof(common_words[0]))

/* Told by length and first byte before any bytes are compared. */
bool related_is_common(struct prompt_text word)
{
    if (word.length < WORD_MIN || isdigit((unsigned char)word.text[0]))
        return true;
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        const char *common = common_words[i];

        if (common[0] == word.text[0] && strlen(common) == word.length &&
            memcmp(common, word.text, word.length) == 0)
            return true;
    }
    return false;
}

void related_words_add(struct related_words *words, struct prompt_text text)
{
    struct prompt_text word;

    for (size_t at = 0; related_next_word(text, &at, &word);) {
        if (!related_is_common(word)) {
            related_name bit = related_name_of(word.text, word.length) % RELATED_BITS;

            words->bits[bit / 64] |= (uint64_t)1 << bit % 64;
        }
    }
}

static unsigned count_bits(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(bits * 0x0101010101010101u >> 56);
}

unsigned related_words_likeness(const struct related_words *a, const struct related_words *b)
{
    unsigned both = 0;
    unsigned either = 0;

    for (size_t i = 0; i < RELATED_BITS / 64; i++) {
        both += count_bits(a->bits[i] & b->bits[i]);
        either += count_bits(a->bits[i] | b->bits[i]);
    }
    return either > 0 ? both * 1000 / either : 0;
}

/* ---- an index of one text ------------------------------------------------------------------- */

struct window {
    size_t start;
    size_t end;
    struct related_words words;
};

struct related_index {
    char *text;
    size_t length;
    struct related_definition *definitions; /* in the order of the text */
    size_t definition_count;
    struct window *windows;
    size_t window_count;
};

/* The words of RELATED_WINDOW_LINES lines, every STEP_LINES lines. */
static int find_windows(struct related_index *index)
{
    size_t steps[RELATED_WINDOW_LINES / STEP_LINES + 1] = {0}; /* where the last ones began */
    size_t count = sizeof(steps) / sizeof(steps[0]);
    size_t capacity = 0;
    size_t lines = 0;

    for (size_t at = 0; at < index->length; lines++) {
        size_t next = position_next_line(index->text, index->length, at, NULL);
        bool last = next == index->length;

        if (lines % STEP_LINES == 0) {
            memmove(steps, steps + 1, (count - 1) * sizeof(steps[0]));
            steps[count - 1] = at;
        }
        if ((lines + 1) % STEP_LINES == 0 || last) {
            struct window *window;

            if (index->window_count == capacity) {
                capacity = capacity > 0 ? capacity * 2 : 16;
                window = realloc(index->windows, capacity * sizeof(*window));
                if (!window)
                    return -ENOMEM;
                index->windows = window;
            }
            window = &index->windows[index->window_count++];
            *window = (struct window){.start = steps[1], .end = next};
            related_words_add(&window->words, (struct prompt_text){index->text + window->start,
                                                                   next - window->start});
        }
        at = next;
    }
    return 0;
}

int related_index_create(struct related_index **out, struct prompt_text text)
{
    struct related_index *index = calloc(1, sizeof(*index));
    int error;

    *out = NULL;
    if (!index)
        return -ENOMEM;
    index->length = text.length;
    if (index->length > RELATED_TEXT_MAX) {
        index->length = RELATED_TEXT_MAX;
        while (index->length > 0 && text.text[index->length - 1] != '\n')
            index->length--;
    }
    index->text = malloc(index->length + 1);
    if (!index->text) {
        related_index_destroy(index);
        return -ENOMEM;
    }
    memcpy(index->text, text.text, index->length);
    index->text[index->length] = '\0';
    error = related_scan((struct prompt_text){index->text, index->length}, &index->definitions,
                         &index->definition_count);
    if (!error)
        error = find_windows(index);
    if (error) {
        related_index_destroy(index);
        return error;
    }
    *out = index;
    return 0;
}

void related_index_destroy(struct related_index *index)
{
    if (!index)
        return;
    free(index->text);
    free(index->definitions);
    free(index->windows);
    free(index);
}

bool related_index_definition(const struct related_index *index, related_name name,
                              struct prompt_text *found)
{
    for (size_t i = 0; i < index->definition_count; i++) {
        const struct related_definition *definition = &index->definitions[i];

        if (definition->name == name) {
            *found = (struct prompt_text){index->text + definition->start,
                                          definition->end - definition->start};
            return true;
        }
    }
    return false;
}

unsigned related_index_window(const struct related_index *index, const struct related_words *words,
                              struct prompt_text *found)
{
    unsigned best = 0;

    for (size_t i = 0; i < index->window_count; i++) {
        const struct window *window = &index->windows[i];
        unsigned likeness = related_words_likeness(&window->words, words);

        if (likeness > best) {
            best = likeness;
            *found = (struct prompt_text){index->text + window->start,
                                          window->end - window->start};
        }
    }
    return best;
}
