#ifndef GRIDLS_CHECK_REPORT_H
#define GRIDLS_CHECK_REPORT_H

#include "daemon/cli_output.h"

/* The lines of `gridls check`: a mark, then what was found and what to do about it. */
struct check_report {
    struct cli_output *output;
    unsigned problems;
};

void check_report_good(struct check_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Something that could be used and is not. */
void check_report_offer(struct check_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `hint` says what to do; NULL or "": there is nothing. */
void check_report_problem(struct check_report *report, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
