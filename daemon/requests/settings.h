#ifndef GRIDLS_REQUESTS_SETTINGS_H
#define GRIDLS_REQUESTS_SETTINGS_H

#include "daemon/services.h"

/* Settings from the client and from the workspace's project files. A request never waits for them:
 * it begins with what is known. What is wrong in them is told once, by name, in one message. */

/* initializationOptions; may be NULL. */
void settings_set_options(struct services *services, const struct json *options);

/* `initialized` came: what was found wrong until now is told, and the client is asked. */
void settings_on_ready(struct services *services);

/* workspace/didChangeConfiguration */
void settings_changed(struct services *services, const void *params);

/* For workspace_set_project_callback(). */
void settings_on_project_file(void *context, const char *root, int error, const char *text,
                              size_t length);

/* The user's settings file has changed; `error`: it is gone, or cannot be read. */
void settings_on_user_file(struct services *services, const char *path, int error,
                           const char *text, size_t length);

#endif
