#include "daemon/check_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "protocol/oneline.h"

#define TEXT_CAP 1536

static void write_line(struct check_report *report, const char *mark, const char *text,
                       const char *hint)
{
    char joined[TEXT_CAP + 512];
    char line[sizeof(joined)];

    snprintf(joined, sizeof(joined), "%s%s%s", text, *hint ? " – " : "", hint);
    oneline_copy(line, sizeof(line), joined, strlen(joined));
    cli_output_printf(report->output, "%-8s %s\n", mark, line);
}

void check_report_good(struct check_report *report, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_line(report, "ok", text, "");
}

void check_report_offer(struct check_report *report, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_line(report, "offer", text, "");
}

void check_report_problem(struct check_report *report, const char *hint, const char *format, ...)
{
    char text[TEXT_CAP];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_line(report, "problem", text, hint ? hint : "");
    report->problems++;
}
