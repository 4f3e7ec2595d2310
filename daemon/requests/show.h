#ifndef GRIDLS_REQUESTS_SHOW_H
#define GRIDLS_REQUESTS_SHOW_H

#include <stddef.h>

#include "daemon/services.h"

/*
 * Shows markdown in an editor that has no plugin of ours: as a file in the user's runtime directory
 * through window/showDocument, else, or where the file cannot be written, through
 * window/showMessage.
 */
void show_markdown(struct services *services, const char *name, const char *text, size_t length);

#endif
