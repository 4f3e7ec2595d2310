#include "daemon/redact_shapes.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The longest distance from a private key's first line to its last. */
#define KEY_BLOCK_MAX ((size_t)16 << 10)

/* The fewest base64 characters that make a block a key, not a mention of one. */
#define KEY_BODY_MIN 40

/* Bits of redact_shapes.classes. */
enum alphabet {
    ALNUM = 1 << 0,
    WORD = 1 << 1,
    UPPER = 1 << 2,
    HEX = 1 << 3,
    VISIBLE = 1 << 4,
    BASE64 = 1 << 5,
    SIGN = 1 << 6,  /* something begins with it, whatever stands before it */
    TOKEN = 1 << 7, /* the first byte of a known token */
};

static bool is_in(const struct redact_shapes *shapes, char byte, enum alphabet alphabet)
{
    return (shapes->classes[(unsigned char)byte] & alphabet) != 0;
}

static size_t run_of(const struct redact_shapes *shapes, const char *text, size_t length, size_t at,
                     enum alphabet alphabet)
{
    size_t end = at;

    while (end < length && is_in(shapes, text[end], alphabet))
        end++;
    return end - at;
}

static bool starts_with(const char *text, size_t length, size_t at, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    return length - at >= prefix_length && memcmp(text + at, prefix, prefix_length) == 0;
}

static bool starts_with_any_case(const char *text, size_t length, size_t at, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    /* The bit that letters differ in by case is looked over: this is for telling quickly. */
    return length - at >= prefix_length && (text[at] | 0x20) == (prefix[0] | 0x20) &&
           strncasecmp(text + at, prefix, prefix_length) == 0;
}

static bool begins_word(const struct redact_shapes *shapes, const char *text, size_t at)
{
    return is_in(shapes, text[at], WORD) && (at == 0 || !is_in(shapes, text[at - 1], WORD));
}

static bool has_digit(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (isdigit((unsigned char)text[i]))
            return true;
    }
    return false;
}

static bool has_letter(const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (isalpha((unsigned char)text[i]))
            return true;
    }
    return false;
}

static bool contains_any_case(const char *text, size_t length, const char *word)
{
    size_t at;

    for (at = 0; at < length; at++) {
        if (starts_with_any_case(text, length, at, word))
            return true;
    }
    return false;
}

/*
 * Three bits a character or more by collision entropy, -log2 of the sum of p^2: the chance that two
 * characters picked from the text are the same is at most one in eight.
 */
static bool has_entropy(const char *text, size_t length)
{
    size_t counts[256] = {0};
    size_t squares = 0;
    size_t i;

    for (i = 0; i < length; i++)
        counts[(unsigned char)text[i]]++;
    for (i = 0; i < COUNT(counts); i++)
        squares += counts[i] * counts[i];
    return squares * 8 <= length * length;
}

/* Values that people write where a secret will be, or for tests. */
static bool is_stand_in(const char *value, size_t length)
{
    static const char *const words[] = {
        "password", "passwd", "secret", "example", "changeme", "change-me", "dummy",  "xxxx",
        "your",     "${",     "{{",     "://",     "<",        "placeholder", "test", "%(",
        "0123456789abcdef", "abcdefgh", "12345678",
    };
    size_t i;

    for (i = 0; i < COUNT(words); i++) {
        if (contains_any_case(value, length, words[i]))
            return true;
    }
    return false;
}

/* 8-4-4-4-12 hexadecimal digits (RFC 9562). */
static bool is_uuid(const char *text, size_t length)
{
    size_t i;

    if (length != 36)
        return false;
    for (i = 0; i < length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

static bool is_real_secret(const char *value, size_t length)
{
    return length >= 12 && length <= 512 && has_digit(value, length) && has_letter(value, length) &&
           !is_uuid(value, length) && has_entropy(value, length) && !is_stand_in(value, length);
}

/* ---- tokens known by their first letters ---------------------------------------------------- */

struct token {
    const char *prefix;
    enum alphabet alphabet;
    size_t min; /* characters behind the prefix */
    size_t max; /* 0: no bound */
};

static const struct token tokens[] = {
    {"sk-", WORD, 20, 0},           /* OpenAI and many alike */
    {"sk_live_", ALNUM, 16, 0},     /* Stripe */
    {"rk_live_", ALNUM, 16, 0},
    {"ghp_", ALNUM, 36, 0},         /* GitHub */
    {"gho_", ALNUM, 36, 0},
    {"ghu_", ALNUM, 36, 0},
    {"ghs_", ALNUM, 36, 0},
    {"ghr_", ALNUM, 36, 0},
    {"github_pat_", WORD, 22, 0},
    {"glpat-", WORD, 20, 0},        /* GitLab */
    {"xoxa-", WORD, 10, 0},         /* Slack */
    {"xoxb-", WORD, 10, 0},
    {"xoxp-", WORD, 10, 0},
    {"xoxr-", WORD, 10, 0},
    {"xoxs-", WORD, 10, 0},
    {"AKIA", UPPER, 16, 16},        /* Amazon */
    {"ASIA", UPPER, 16, 16},
    {"AIza", WORD, 35, 35},         /* Google */
    {"npm_", ALNUM, 36, 36},
    {"pypi-AgE", WORD, 50, 0},
    {"hf_", ALNUM, 30, 0},          /* Hugging Face */
    {"gsk_", ALNUM, 40, 0},         /* Groq */
    {"xai-", ALNUM, 40, 0},
    {"dop_v1_", HEX, 64, 64},       /* DigitalOcean */
    {"AGE-SECRET-KEY-1", UPPER, 58, 58},
};

static bool find_token(const struct redact_shapes *shapes, const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t i;

    for (i = 0; i < COUNT(tokens); i++) {
        const struct token *token = &tokens[i];
        size_t head;
        size_t run;

        if (token->prefix[0] != text[at] || !starts_with(text, length, at, token->prefix))
            continue;
        head = strlen(token->prefix);
        run = run_of(shapes, text, length, at + head, token->alphabet);
        if (run < token->min || (token->max > 0 && run > token->max) ||
            !has_digit(text + at + head, run))
            continue;
        *span = (struct redact_span){at, at + head + run};
        return true;
    }
    return false;
}

/* Three base64url parts, the first of which begins as {" does (RFC 7519). */
static bool find_jwt(const struct redact_shapes *shapes, const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t end = at;
    unsigned part;

    if (!starts_with(text, length, at, "eyJ"))
        return false;
    for (part = 0; part < 3; part++) {
        size_t run = run_of(shapes, text, length, end, WORD);

        if (run < 10)
            return false;
        end += run;
        if (part == 2)
            break;
        if (end == length || text[end] != '.')
            return false;
        end++;
    }
    *span = (struct redact_span){at, end};
    return true;
}

static bool find_bearer(const struct redact_shapes *shapes, const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t start = at + strlen("Bearer ");
    size_t run;

    if (!starts_with_any_case(text, length, at, "Bearer "))
        return false;
    run = run_of(shapes, text, length, start, VISIBLE);
    if (run < 20 || !is_real_secret(text + start, run))
        return false;
    *span = (struct redact_span){start, start + run};
    return true;
}

/* ---- private keys --------------------------------------------------------------------------- */

/* "-----BEGIN RSA PRIVATE KEY-----" and its like. Returns the bytes of it. */
static size_t key_border(const char *text, size_t length, size_t at, const char *head)
{
    static const char tail[] = "PRIVATE KEY";
    size_t end = at + strlen(head);
    size_t limit;

    if (!starts_with(text, length, at, head))
        return 0;
    limit = length - end < 40 ? length : end + 40;
    for (; end < limit && text[end] != '\n'; end++) {
        if (!starts_with(text, length, end, tail))
            continue;
        end += strlen(tail);
        if (starts_with(text, length, end, " BLOCK"))
            end += strlen(" BLOCK");
        return starts_with(text, length, end, "-----") ? end + 5 - at : 0;
    }
    return 0;
}

static bool is_key_body(const struct redact_shapes *shapes, char byte)
{
    return is_in(shapes, byte, ALNUM) || (byte != '\0' && strchr("+/= \t\r\n\\:,-\"'", byte) != NULL);
}

/* From its first line to its last; where that has been cut off, to the end of what looks like
 * it. */
static bool find_key_block(const struct redact_shapes *shapes, const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t border = key_border(text, length, at, "-----BEGIN ");
    size_t limit = length - at < KEY_BLOCK_MAX ? length : at + KEY_BLOCK_MAX;
    size_t end = at + border;
    size_t letters = 0;

    if (border == 0)
        return false;
    while (end < limit && is_key_body(shapes, text[end])) {
        size_t closing = key_border(text, length, end, "-----END ");

        if (closing > 0) {
            end += closing;
            break;
        }
        letters += is_in(shapes, text[end], ALNUM) ? 1 : 0;
        end++;
    }
    while (end > at && isspace((unsigned char)text[end - 1]))
        end--;
    if (letters < KEY_BODY_MIN)
        return false;
    *span = (struct redact_span){at, end};
    return true;
}

/* The end of a key whose beginning has been cut off: lines of base64 down to its last line. Lines that
 * lead to none are looked at once. */
static bool find_key_rest(struct redact_shapes *shapes, const char *text, size_t length, size_t at,
                          struct redact_span *span)
{
    size_t end = at;
    size_t border = 0;

    if (at < shapes->rest_from)
        return false;
    for (;;) {
        size_t start = end;

        border = key_border(text, length, end, "-----END ");
        if (border > 0)
            break;
        end += run_of(shapes, text, length, end, BASE64);
        if (end == start || end == length || text[end] != '\n')
            break;
        end++;
    }
    shapes->rest_from = end;
    if (border == 0 || end - at < KEY_BODY_MIN)
        return false;
    *span = (struct redact_span){at, end + border};
    return true;
}

/* ---- passwords ------------------------------------------------------------------------------ */

static size_t run_until(const char *text, size_t length, size_t at, const char *stops)
{
    size_t end = at;

    while (end < length && text[end] > ' ' && !strchr(stops, text[end]))
        end++;
    return end - at;
}

/* scheme://user:password@host (RFC 3986, section 3.2.1). */
static bool find_url_password(const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t user;
    size_t start;
    size_t run;

    if (!starts_with(text, length, at, "://") || at == 0 || !isalpha((unsigned char)text[at - 1]))
        return false;
    user = run_until(text, length, at + 3, ":/@\"'<>`\\");
    start = at + 3 + user + 1;
    if (start >= length || text[start - 1] != ':')
        return false;
    run = run_until(text, length, start, "/@\"'<>`\\");
    if (run < 4 || start + run + 1 >= length || text[start + run] != '@' ||
        !isalnum((unsigned char)text[start + run + 1]))
        return false;
    if (strchr("$%{", text[start]) || is_stand_in(text + start, run) ||
        (run == user && memcmp(text + start, text + at + 3, run) == 0))
        return false;
    *span = (struct redact_span){start, start + run};
    return true;
}

static bool names_a_secret(const char *name, size_t length)
{
    static const char *const words[] = {"password",   "passwd",      "secret",  "token",
                                        "api_key",    "apikey",      "api-key", "access_key",
                                        "accesskey",  "private_key", "privatekey", "auth_key",
                                        "credential", "passphrase"};
    size_t i;

    for (i = 0; i < COUNT(words); i++) {
        if (contains_any_case(name, length, words[i]))
            return true;
    }
    return false;
}

static bool is_shell_name(const char *name, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (islower((unsigned char)name[i]) || name[i] == '-')
            return false;
    }
    return true;
}

/* Steps over `"`, blanks and one of = : := => between a name and its value. */
static size_t skip_assignment(const char *text, size_t length, size_t at)
{
    size_t start = at;

    if (at < length && (text[at] == '"' || text[at] == '\''))
        at++;
    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    start = at;
    while (at < length && at - start < 2 && strchr("=:>", text[at]) && text[at] != '\0')
        at++;
    if (at == start || text[start] == '>')
        return 0;
    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

/* password = "…", "api_key": "…", API_KEY=…. A value without quotes is data only in the last form;
 * elsewhere it is code. */
static bool find_assigned(const struct redact_shapes *shapes, const char *text, size_t length, size_t at, struct redact_span *span)
{
    size_t name = run_of(shapes, text, length, at, WORD);
    size_t start = skip_assignment(text, length, at + name);
    size_t run;
    char quote[2] = {0};

    if (start == 0 || start >= length || !names_a_secret(text + at, name))
        return false;
    quote[0] = text[start];
    if (quote[0] == '"' || quote[0] == '\'' || quote[0] == '`') {
        start++;
        run = run_until(text, length, start, quote);
        if (start + run >= length || text[start + run] != quote[0])
            return false;
    } else {
        run = run_of(shapes, text, length, start, VISIBLE);
        if (!is_shell_name(text + at, name) || start != at + name + 1 ||
            (start + run < length && !isspace((unsigned char)text[start + run])))
            return false;
    }
    if (!is_real_secret(text + start, run))
        return false;
    *span = (struct redact_span){start, start + run};
    return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

void redact_shapes_init(struct redact_shapes *shapes)
{
    *shapes = (struct redact_shapes){{0}, 0};
    for (unsigned byte = 1; byte < 256; byte++) {
        unsigned class = 0;

        class |= isalnum((int)byte) ? ALNUM | WORD | VISIBLE | BASE64 : 0;
        class |= isupper((int)byte) || isdigit((int)byte) ? UPPER : 0;
        class |= isxdigit((int)byte) ? HEX : 0;
        class |= byte == '_' || byte == '-' ? WORD : 0;
        class |= strchr("-._~+/=", (int)byte) ? VISIBLE : 0;
        class |= strchr("+/=\r", (int)byte) ? BASE64 : 0;
        class |= byte == '-' || byte == ':' ? SIGN : 0;
        shapes->classes[byte] = (unsigned char)class;
    }
    for (size_t i = 0; i < COUNT(tokens); i++)
        shapes->classes[(unsigned char)tokens[i].prefix[0]] |= TOKEN;
}

void redact_shapes_begin(struct redact_shapes *shapes)
{
    shapes->rest_from = 0;
}

void redact_shapes_add_first(struct redact_shapes *shapes, char byte)
{
    shapes->classes[(unsigned char)byte] |= SIGN;
}

/* Every byte that is sent is looked at here, and most begin nothing. */
size_t redact_shapes_skip(const struct redact_shapes *shapes, const char *text, size_t length,
                          size_t at)
{
    char before = at > 0 ? text[at - 1] : '\n';

    for (; at < length; before = text[at++]) {
        unsigned class = shapes->classes[(unsigned char)text[at]];

        if ((class & SIGN) || before == '\n' || ((class & WORD) && !is_in(shapes, before, WORD)))
            break;
    }
    return at;
}

bool redact_shapes_find(struct redact_shapes *shapes, const char *text, size_t length, size_t at,
                        struct redact_span *span)
{
    if ((at == 0 || text[at - 1] == '\n') && find_key_rest(shapes, text, length, at, span))
        return true;
    if (text[at] == '-' && find_key_block(shapes, text, length, at, span))
        return true;
    if (text[at] == ':')
        return find_url_password(text, length, at, span);
    return begins_word(shapes, text, at) &&
           ((is_in(shapes, text[at], TOKEN) && find_token(shapes, text, length, at, span)) ||
            find_jwt(shapes, text, length, at, span) || find_bearer(shapes, text, length, at, span) ||
            find_assigned(shapes, text, length, at, span));
}
