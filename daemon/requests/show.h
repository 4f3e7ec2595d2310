#ifndef GRIDLS_REQUESTS_SHOW_H
#define GRIDLS_REQUESTS_SHOW_H

#include <stddef.h>

#include "daemon/services.h"

/*
 * Shows markdown in an editor that has no plugin of ours: as a file in the user's runtime directory
 * through window/showDocument, else, or where the file cannot be written, through
 * window/showMessage. Each text gets a file of its own, `name` with numbers behind it, that only the
 * user can read; the last few stay as long as the session does.
 */
void show_markdown(struct services *services, const char *name, const char *text, size_t length);

/* The session is over: removes its files. */
void show_remove_all(struct services *services);

#endif
