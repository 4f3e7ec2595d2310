#include "protocol/json_repair.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "protocol/json.h"
#include "protocol/utf8.h"

/* cJSON copies a number into a buffer of 64 bytes and refuses longer ones. */
#define NUMBER_MAX 63

/* More significant digits than a double can tell apart. */
#define DIGITS_MAX 20

/* Exponents beyond this are infinity or zero anyway. */
#define EXPONENT_MAX 1000000L

struct scan {
    const char *text;
    size_t length;
    size_t at;          /* everything before is looked at */
    size_t copied;      /* everything before is in `out`, if anything is */
    struct buffer *out;
    unsigned depth;
};

/* Puts `data` in the place of [scan->at, end). */
static void replace(struct scan *scan, size_t end, const char *data, size_t length)
{
    buffer_append(scan->out, scan->text + scan->copied, scan->at - scan->copied);
    buffer_append(scan->out, data, length);
    scan->at = end;
    scan->copied = end;
}

static void replace_by_nul_byte(struct scan *scan, size_t end)
{
    replace(scan, end, (const char[]){JSON_NUL_BYTE}, 1);
}

static bool is_digit_at(const struct scan *scan, size_t at)
{
    return at < scan->length && scan->text[at] >= '0' && scan->text[at] <= '9';
}

static bool is_at(const struct scan *scan, size_t at, const char *any)
{
    return at < scan->length && scan->text[at] != '\0' && strchr(any, scan->text[at]);
}

static size_t skip_digits(const struct scan *scan, size_t at)
{
    while (is_digit_at(scan, at))
        at++;
    return at;
}

/* The end of the number at scan->at by RFC 8259's grammar, 0 where it is none. */
static size_t number_end(const struct scan *scan)
{
    size_t at = scan->at;

    if (is_at(scan, at, "-"))
        at++;
    if (!is_digit_at(scan, at))
        return 0;
    if (scan->text[at] == '0' && is_digit_at(scan, at + 1))
        return 0;
    at = skip_digits(scan, at);
    if (is_at(scan, at, ".")) {
        if (!is_digit_at(scan, at + 1))
            return 0;
        at = skip_digits(scan, at + 1);
    }
    if (is_at(scan, at, "eE")) {
        at += is_at(scan, at + 1, "+-") ? 2 : 1;
        if (!is_digit_at(scan, at))
            return 0;
        at = skip_digits(scan, at);
    }
    return at;
}

/* The exponent that `text` spells after its "e", held within +-EXPONENT_MAX. */
static long parse_exponent(const char *text, const char *end)
{
    bool negative = text < end && *text == '-';
    long exponent = 0;

    if (text < end && (*text == '-' || *text == '+'))
        text++;
    for (; text < end && exponent < EXPONENT_MAX; text++)
        exponent = exponent * 10 + (*text - '0');
    return negative ? -exponent : exponent;
}

/* Writes the number [scan->at, end) with as many digits as matter. */
static void shorten_number(struct scan *scan, size_t end)
{
    const char *text = scan->text + scan->at;
    const char *stop = scan->text + end;
    struct buffer number CLEANUP(buffer_finish);
    unsigned digits = 0;
    bool in_fraction = false;
    long exponent = 0;

    buffer_init(&number, NUMBER_MAX);
    if (*text == '-')
        buffer_append_byte(&number, *text++);
    for (; text < stop && *text != 'e' && *text != 'E'; text++) {
        bool kept = digits < DIGITS_MAX && (digits > 0 || *text != '0');

        if (*text == '.') {
            in_fraction = true;
            continue;
        }
        if (kept) {
            buffer_append_byte(&number, *text);
            digits++;
        }
        /* A kept digit of the fraction moves the point left, a dropped one of the integer right. */
        if (in_fraction && (kept || digits == 0))
            exponent--;
        else if (!in_fraction && !kept && digits > 0)
            exponent++;
    }
    if (text < stop)
        exponent += parse_exponent(text + 1, stop);
    if (digits == 0)
        buffer_append_byte(&number, '0');
    else
        buffer_printf(&number, "e%ld", exponent);
    if (buffer_error(&number))
        scan->out->error = buffer_error(&number);
    replace(scan, end, number.data, number.length);
}

static bool scan_number(struct scan *scan)
{
    size_t end = number_end(scan);

    if (end == 0)
        return false;
    if (end - scan->at > NUMBER_MAX)
        shorten_number(scan, end);
    scan->at = end;
    return true;
}

/* The code unit of the \uXXXX at `at`, or -1. */
static long escape_at(const struct scan *scan, size_t at)
{
    long unit = 0;
    size_t i;

    if (at > scan->length || scan->length - at < 6)
        return -1;
    if (scan->text[at] != '\\' || scan->text[at + 1] != 'u')
        return -1;
    for (i = at + 2; i < at + 6; i++) {
        char c = scan->text[i];

        if (c >= '0' && c <= '9')
            unit = unit * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            unit = unit * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

static bool is_high_surrogate(long unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(long unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* The escape at scan->at. All but \u are left to cJSON. */
static bool scan_escape(struct scan *scan)
{
    long unit;

    if (!is_at(scan, scan->at + 1, "u")) {
        if (scan->length - scan->at < 2)
            return false;
        scan->at += 2;
        return true;
    }
    unit = escape_at(scan, scan->at);
    if (unit < 0)
        return false;
    if (unit == 0)
        replace_by_nul_byte(scan, scan->at + 6);
    else if (is_high_surrogate(unit) && is_low_surrogate(escape_at(scan, scan->at + 6)))
        scan->at += 12;
    else if (is_high_surrogate(unit) || is_low_surrogate(unit))
        replace(scan, scan->at + 6, UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT));
    else
        scan->at += 6;
    return true;
}

static void scan_non_ascii(struct scan *scan)
{
    const char *text = scan->text + scan->at;
    size_t length = scan->length - scan->at;
    size_t whole = utf8_character(text, length);
    uint32_t code_point;

    if (whole > 0)
        scan->at += whole;
    else
        replace(scan, scan->at + utf8_decode(text, length, &code_point), UTF8_REPLACEMENT,
                strlen(UTF8_REPLACEMENT));
}

/* The string whose opening quote is at scan->at. */
static bool scan_string(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->length) {
        unsigned char c = (unsigned char)scan->text[scan->at];

        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c == '\\') {
            if (!scan_escape(scan))
                return false;
        } else if (c >= 0x80) {
            scan_non_ascii(scan);
        } else if (c == '\0') {
            replace_by_nul_byte(scan, scan->at + 1);
        } else {
            scan->at++;
        }
    }
    return false;
}

/* One token; blanks, commas and colons count as such. */
static bool scan_token(struct scan *scan)
{
    char c = scan->text[scan->at];

    if (c == '"')
        return scan_string(scan);
    if (c == '-' || is_digit_at(scan, scan->at))
        return scan_number(scan);
    if (c == '[' || c == '{') {
        if (scan->depth == JSON_DEPTH_MAX)
            return false;
        scan->depth++;
    } else if (c == ']' || c == '}') {
        if (scan->depth == 0)
            return false;
        scan->depth--;
    } else if (!is_at(scan, scan->at, " \t\n\r,:") && !(c >= 'a' && c <= 'z')) {
        return false;
    }
    scan->at++;
    return true;
}

int json_repair(const char *text, size_t length, struct buffer *repaired, size_t *fault)
{
    struct scan scan = {.text = text, .length = length, .out = repaired};

    while (scan.at < length) {
        if (!scan_token(&scan)) {
            *fault = scan.at < length ? scan.at : length;
            return -EBADMSG;
        }
    }
    if (scan.depth > 0) {
        *fault = length;
        return -EBADMSG;
    }
    if (scan.copied > 0)
        buffer_append(repaired, text + scan.copied, length - scan.copied);
    return buffer_error(repaired) ? -ENOMEM : 0;
}
