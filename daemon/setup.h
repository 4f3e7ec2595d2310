#ifndef GRIDLS_SETUP_H
#define GRIDLS_SETUP_H

#include <stdbool.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/sandbox.h"

/* What every way of running gridls begins and ends with. */

/* What the process exits with. */
enum setup_code {
    SETUP_DONE = 0,
    SETUP_FAILED = 1, /* the request, or the session, failed */
    SETUP_WRONG = 2,  /* usage or configuration */
};

struct setup {
    uv_loop_t loop;
    bool has_loop;
    struct log *log;
    struct config_store *store; /* command line, environment and user file are in it */
    struct sandbox *sandbox;    /* NULL: not asked for */
    struct buffer warnings;     /* about the user file, for the editor, a line each */
    char *config_path;          /* of the user file; NULL: there is no place for one */
    bool config_exists;
};

/* Before anything else: a process that can count on its descriptors 0, 1 and 2, that no closed
 * pipe ends, and whose TLS secrets no environment variable leads into a file. */
void setup_process(void);

#define SETUP_SIGNAL_COUNT 3

/* The signals that end a process: SIGINT, SIGTERM and SIGHUP, but for those that it was started
 * with to be ignored. */
struct setup_signals {
    uv_signal_t handles[SETUP_SIGNAL_COUNT];
    size_t count;
    void (*on_signal)(void *context, int number);
    void *context;
};

void setup_signals_start(struct setup_signals *signals, uv_loop_t *loop,
                         void (*on_signal)(void *context, int number), void *context);
/* The struct must stay until the loop has run out. May be called again. */
void setup_signals_stop(struct setup_signals *signals);

/* One line on stderr, behind "gridls: ". */
void setup_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes the log, the settings, the loop and the sandbox. Returns 0, or the exit code after having
 * said on stderr what is wrong; setup_end() is due in any case. */
int setup_begin(struct setup *setup, const struct options *options);

/* Lets the loop run out: stops what `setup` has on it. */
void setup_stop(struct setup *setup);

/* Runs what closes to its end and frees all. */
void setup_end(struct setup *setup);

#endif
