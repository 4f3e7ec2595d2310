#include "protocol/retry_after.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY_MS ((int64_t)86400 * 1000)

/* Digits with at most one point, in units of 1/1000; strtod() would depend on the locale. */
static bool parse_thousandths(const char *text, int64_t *out)
{
    int64_t value = 0;
    int decimals = -1;
    bool digits = false;

    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
        } else if (isdigit((unsigned char)*text)) {
            digits = true;
            if (decimals >= 3)
                continue;
            if (value < INT64_MAX / 100000)
                value = value * 10 + (*text - '0');
            if (decimals >= 0)
                decimals++;
        } else {
            return false;
        }
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 3; i++)
        value *= 10;
    *out = value;
    return digits;
}

static int64_t bounded(int64_t ms)
{
    return ms < 0 ? 0 : ms > DAY_MS ? DAY_MS : ms;
}

int64_t retry_after_time(const char *text)
{
    struct tm date = {0};
    const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date) : NULL;

    return end && *end == '\0' ? (int64_t)timegm(&date) : -1;
}

int64_t retry_after_parse(const char *retry_after, const char *retry_after_ms, int64_t now_s)
{
    int64_t value;

    if (retry_after_ms && parse_thousandths(retry_after_ms, &value))
        return bounded(value / 1000);
    if (!retry_after)
        return -1;
    if (parse_thousandths(retry_after, &value))
        return bounded(value);
    value = retry_after_time(retry_after);
    return value < 0 ? -1 : bounded((value - now_s) * 1000);
}

int64_t retry_after_duration(const char *text)
{
    char digits[16] = "";
    size_t length = strspn(text, "0123456789.");
    int64_t thousandths;

    if (length == 0 || length >= sizeof(digits))
        return -1;
    memcpy(digits, text, length);
    if (!parse_thousandths(digits, &thousandths))
        return -1;
    text += length + (text[length] == ' ');
    if (strncasecmp(text, "ms", 2) == 0 || strncasecmp(text, "milli", 5) == 0)
        return bounded(thousandths / 1000);
    if (*text == 's' || *text == 'S')
        return bounded(thousandths);
    return *text == 'm' || *text == 'M' ? bounded(thousandths * 60) : -1;
}

int64_t retry_after_in_words(const char *text)
{
    static const char *const words[] = {"try again in ", "retry in ", "retry after "};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *found = strcasestr(text, words[i]);

        if (found)
            return retry_after_duration(found + strlen(words[i]));
    }
    return -1;
}
