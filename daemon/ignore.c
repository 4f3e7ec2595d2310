#include "daemon/ignore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/buffer.h"

/* A set that needs more than this is no list that a person wrote. */
#define TEXT_CAP ((size_t)1 << 20)

struct rule {
    size_t start; /* of the pattern in ignore_rules.text */
    size_t length;
    bool negated;
    bool directories_only;
    bool anchored; /* matched against the whole path below the directory, else the last part */
};

struct ignore_rules {
    char *directory;
    struct buffer text;
    struct rule *rules;
    size_t count;
    size_t capacity;
};

/* ---- brackets -------------------------------------------------------------------------------- */

/* ASCII only and independent of the locale, as in git. */
static bool is_in_class(const char *name, size_t length, unsigned char c, bool *known)
{
    bool lower = c >= 'a' && c <= 'z';
    bool upper = c >= 'A' && c <= 'Z';
    bool digit = c >= '0' && c <= '9';
    bool graph = c > ' ' && c < 0x7f;
    bool blank = c == ' ' || c == '\t';
    const struct {
        const char *name;
        bool is_member;
    } classes[] = {
        {"alnum", lower || upper || digit},
        {"alpha", lower || upper},
        {"blank", blank},
        {"cntrl", c < ' ' || c == 0x7f},
        {"digit", digit},
        {"graph", graph},
        {"lower", lower},
        {"print", graph || c == ' '},
        {"punct", graph && !lower && !upper && !digit},
        {"space", blank || (c >= '\n' && c <= '\r')},
        {"upper", upper},
        {"xdigit", digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0) {
            *known = true;
            return classes[i].is_member;
        }
    }
    *known = false;
    return false;
}

/*
 * `p` stands on "[:" inside a bracket. Returns what follows ":]", `p` itself where it is no class
 * but two plain characters, or NULL where the class has no such name or the bracket no end.
 */
static const char *match_class(const char *p, const char *end, unsigned char c, bool *matched)
{
    const char *name = p + 2;
    const char *close = memchr(name, ']', (size_t)(end - name));
    bool known;

    if (!close)
        return NULL;
    if (close == name || close[-1] != ':')
        return p;
    if (is_in_class(name, (size_t)(close - 1 - name), c, &known))
        *matched = true;
    return known ? close + 1 : NULL;
}

/* The upper bound of a range: `p` stands behind its hyphen. Returns what follows, or NULL. */
static const char *match_range(const char *p, const char *end, unsigned char low, unsigned char c,
                               bool *matched)
{
    if (*p == '\\' && ++p == end)
        return NULL;
    if (c >= low && c <= (unsigned char)*p)
        *matched = true;
    return p + 1;
}

/*
 * Judges `c` by the bracket expression that starts at `p`. Returns what follows the bracket, or
 * NULL where it has no end; *matched says whether it takes the byte. A slash is never taken.
 */
static const char *match_bracket(const char *p, const char *end, unsigned char c, bool *matched)
{
    bool negated = false;
    bool found = false;
    unsigned char previous = 0; /* what a hyphen would start a range from; 0: nothing */

    p++;
    if (p < end && (*p == '!' || *p == '^')) {
        negated = true;
        p++;
    }
    for (const char *first = p; p < end; ) {
        if (*p == ']' && p != first) {
            *matched = found != negated && c != '/';
            return p + 1;
        }
        if (*p == '-' && previous && p + 1 < end && p[1] != ']') {
            p = match_range(p + 1, end, previous, c, &found);
            if (!p)
                return NULL;
            previous = 0;
            continue;
        }
        if (*p == '[' && p + 1 < end && p[1] == ':') {
            const char *next = match_class(p, end, c, &found);

            if (!next)
                return NULL;
            if (next != p) {
                p = next;
                previous = 0;
                continue;
            }
        } else if (*p == '\\' && ++p == end) {
            return NULL;
        }
        previous = (unsigned char)*p++;
        if (c == previous)
            found = true;
    }
    return NULL;
}

/* ---- matching -------------------------------------------------------------------------------- */

/* Matches one byte with the pattern's next element, which is no `*`. Returns what follows the
 * element, or NULL where it does not match. */
static const char *match_byte(const char *p, const char *end, char c)
{
    bool matched;

    switch (*p) {
    case '?':
        return p + 1;
    case '[':
        p = match_bracket(p, end, (unsigned char)c, &matched);
        return p && matched ? p : NULL;
    case '\\':
        return p[1] == c ? p + 2 : NULL;
    default:
        return *p == c ? p + 1 : NULL;
    }
}

/* One part of a path. It is enough to go back to the last star: what an earlier one could take
 * more, the last one can take as well. */
static bool match_part(const char *p, const char *p_end, const char *t, const char *t_end)
{
    const char *star = NULL;
    const char *resume = NULL;

    while (t < t_end) {
        const char *next;

        if (p < p_end && *p == '*') {
            star = ++p;
            resume = t;
            continue;
        }
        next = p < p_end ? match_byte(p, p_end, *t) : NULL;
        if (next) {
            p = next;
            t++;
        } else if (star) {
            p = star;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

/* The end of the pattern's part at `p`: the next slash outside of brackets, or `end`. */
static const char *pattern_part_end(const char *p, const char *end)
{
    while (p < end && *p != '/') {
        bool matched;

        if (*p == '[')
            p = match_bracket(p, end, 0, &matched);
        else
            p += *p == '\\' ? 2 : 1;
    }
    return p;
}

static const char *path_part_end(const char *t, const char *end)
{
    const char *slash = memchr(t, '/', (size_t)(end - t));

    return slash ? slash : end;
}

/* Two stars or more as a whole part stand for any number of parts. */
static bool is_double_star(const char *p, const char *end)
{
    if (end - p < 2)
        return false;
    while (p < end && *p == '*')
        p++;
    return p == end;
}

/* A whole path, part by part, with `**` among the parts as `*` among the bytes of one. */
static bool match_path(const char *p, const char *p_end, const char *t, const char *t_end)
{
    const char *star = NULL;
    const char *resume = NULL;

    for (;;) {
        const char *p_part = pattern_part_end(p, p_end);
        const char *t_part = path_part_end(t, t_end);

        if (is_double_star(p, p_part)) {
            if (p_part == p_end)
                return true;
            star = p = p_part + 1;
            resume = t;
            continue;
        }
        if (match_part(p, p_part, t, t_part)) {
            if (p_part == p_end && t_part == t_end)
                return true;
            if (p_part < p_end && t_part < t_end) {
                p = p_part + 1;
                t = t_part + 1;
                continue;
            }
        }
        if (!star)
            return false;
        resume = path_part_end(resume, t_end);
        if (resume == t_end)
            return false;
        p = star;
        t = ++resume;
    }
}

/*
 * git compares the plain beginning of a pattern by itself and lets the rest begin anew, so that in
 * `src**` followed by a slash the stars stand for directories as well, though gitignore(5) says that
 * they are those of one part.
 */
static bool match_anchored(const char *p, const char *p_end, const char *t, const char *t_end)
{
    const char *rest = p;

    if (match_path(p, p_end, t, t_end))
        return true;
    while (rest < p_end && !strchr("*?[\\", *rest))
        rest++;
    return rest > p && p_end - rest > 1 && rest[0] == '*' && rest[1] == '*' &&
           is_double_star(rest, pattern_part_end(rest, p_end)) && t_end - t >= rest - p &&
           memcmp(p, t, (size_t)(rest - p)) == 0 &&
           match_path(rest, p_end, t + (rest - p), t_end);
}

/* The part of a path that lies below the directory of the rules, or NULL where it does not. */
static const char *path_below(const struct ignore_rules *rules, const char *path, size_t length)
{
    size_t directory = strlen(rules->directory);

    if (directory == 0)
        return path;
    if (length <= directory + 1 || path[directory] != '/' ||
        memcmp(path, rules->directory, directory) != 0)
        return NULL;
    return path + directory + 1;
}

static bool rule_matches(const struct ignore_rules *rules, const struct rule *rule,
                         const char *path, const char *name, const char *end, bool is_directory)
{
    const char *pattern = rules->text.data + rule->start;

    if (rule->directories_only && !is_directory)
        return false;
    if (rule->anchored)
        return match_anchored(pattern, pattern + rule->length, path, end);
    return match_part(pattern, pattern + rule->length, name, end);
}

/* What the rules say of one path, its parents aside. */
static bool is_excluded(const struct ignore_rules *const *sets, size_t count, const char *path,
                        size_t length, bool is_directory)
{
    const char *end = path + length;
    const char *name = end;

    while (name > path && name[-1] != '/')
        name--;
    for (size_t i = count; i > 0; i--) {
        const struct ignore_rules *rules = sets[i - 1];
        const char *below = path_below(rules, path, length);

        for (size_t j = below ? rules->count : 0; j > 0; j--) {
            const struct rule *rule = &rules->rules[j - 1];

            if (rule_matches(rules, rule, below, name, end, is_directory))
                return !rule->negated;
        }
    }
    return false;
}

static bool match(const struct ignore_rules *const *sets, size_t count, const char *path,
                  bool is_directory)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        if (is_excluded(sets, count, path, (size_t)(slash - path), true))
            return true;
    }
    return is_excluded(sets, count, path, strlen(path), is_directory);
}

bool ignore_match(const struct ignore_rules *const *sets, size_t count, const char *path)
{
    return match(sets, count, path, false);
}

bool ignore_match_directory(const struct ignore_rules *const *sets, size_t count, const char *path)
{
    return match(sets, count, path, true);
}

/* ---- parsing --------------------------------------------------------------------------------- */

int ignore_rules_create(struct ignore_rules **rules, const char *directory)
{
    struct ignore_rules *created = calloc(1, sizeof(*created));

    *rules = NULL;
    if (!created)
        return -ENOMEM;
    buffer_init(&created->text, TEXT_CAP);
    created->directory = strdup(directory);
    if (!created->directory) {
        ignore_rules_destroy(created);
        return -ENOMEM;
    }
    *rules = created;
    return 0;
}

void ignore_rules_destroy(struct ignore_rules *rules)
{
    if (!rules)
        return;
    buffer_finish(&rules->text);
    free(rules->rules);
    free(rules->directory);
    free(rules);
}

/* Without the blanks at the end, except those behind a backslash. */
static size_t trimmed_length(const char *line, size_t length)
{
    size_t kept = 0;

    for (size_t i = 0; i < length; i++) {
        bool escapes = line[i] == '\\' && i + 1 < length;

        if (escapes)
            i++;
        if (escapes || line[i] != ' ')
            kept = i + 1;
    }
    return kept;
}

/* Appends the pattern with its escaped slashes bare, so that every slash outside of brackets parts
 * it. Returns 0, -EINVAL where the pattern can never match, or the buffer's error. */
static int append_pattern(struct buffer *text, const char *p, const char *end)
{
    while (p < end) {
        const char *next = p + 1;
        bool matched;

        if (*p == '[') {
            next = match_bracket(p, end, 0, &matched);
            if (!next)
                return -EINVAL;
        } else if (*p == '\\') {
            if (++next > end)
                return -EINVAL;
            if (p[1] == '/')
                p++;
        }
        buffer_append(text, p, (size_t)(next - p));
        p = next;
    }
    return buffer_error(text);
}

static int reserve_rule(struct ignore_rules *rules)
{
    size_t capacity = rules->capacity > 0 ? rules->capacity * 2 : 16;
    struct rule *grown;

    if (rules->count < rules->capacity)
        return 0;
    grown = realloc(rules->rules, capacity * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    rules->rules = grown;
    rules->capacity = capacity;
    return 0;
}

int ignore_rules_add_line(struct ignore_rules *rules, const char *line, size_t length)
{
    struct rule rule = {.start = rules->text.length};
    int error;

    if (length == 0 || *line == '#')
        return 0;
    length = trimmed_length(line, length);
    if (length > 0 && *line == '!') {
        rule.negated = true;
        line++;
        length--;
    }
    if (length > 0 && line[length - 1] == '/') {
        rule.directories_only = true;
        length--;
    }
    rule.anchored = memchr(line, '/', length) != NULL;
    if (length > 0 && *line == '/') {
        line++;
        length--;
    }
    if (length == 0)
        return 0;

    error = reserve_rule(rules);
    if (!error)
        error = append_pattern(&rules->text, line, line + length);
    if (error) {
        buffer_truncate(&rules->text, rule.start);
        return error == -EINVAL ? 0 : error;
    }
    rule.length = rules->text.length - rule.start;
    rules->rules[rules->count++] = rule;
    return 0;
}

int ignore_rules_add_text(struct ignore_rules *rules, const char *text, size_t length)
{
    const char *end = text + length;

    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        size_t line_length = (size_t)(line_end - text);
        int error;

        if (line_length > 0 && text[line_length - 1] == '\r')
            line_length--;
        error = ignore_rules_add_line(rules, text, line_length);
        if (error)
            return error;
        text = newline ? newline + 1 : end;
    }
    return 0;
}
