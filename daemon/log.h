#ifndef GRIDLS_LOG_H
#define GRIDLS_LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The one place where messages leave for stderr or a file: a level, a time, one line. Secrets that
 * were registered are masked in every line, whoever wrote it; control characters become blanks.
 * Writing never blocks the caller for long and a failed write is forgotten: a log that fails must
 * not become a loop of logging that it failed.
 */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log;

/* "error", "warn", "info", "debug", "trace". Returns 0 or -EINVAL. */
int log_level_parse(const char *name, enum log_level *level);
const char *log_level_name(enum log_level level);

/* `file` NULL: stderr. Returns 0 or a negative errno; *log is the caller's. */
int log_create(struct log **log, enum log_level level, const char *file);
void log_destroy(struct log *log); /* wipes the secrets that it knows */

void log_set_level(struct log *log, enum log_level level);
bool log_enabled(const struct log *log, enum log_level level);

/* Lines longer than 4 KiB are cut. `log` NULL writes nothing. */
void log_write(struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* From now on `secret` (copied; at least 6 bytes, shorter ones are not masked) is shown as "***".
 * A few recent secrets are kept, so that an old key stays masked after a change of keys. */
void log_add_secret(struct log *log, const char *secret);

/* Masks the known secrets in a text that goes to a person, in place: each is overwritten by '*', and so
 * is the beginning of one that the text's end cut. */
void log_mask(const struct log *log, char *text);

#endif
