#ifndef GRIDLS_CONFIG_WATCH_H
#define GRIDLS_CONFIG_WATCH_H

#include <stddef.h>
#include <uv.h>

/*
 * Sees when the user's settings file changes, so that a change needs no restart. Its folder is
 * watched, as editors write a new file and rename it. Where there is no such folder nothing is
 * watched.
 */
struct config_watch;

/* `text` NULL: the file is gone (-ENOENT) or cannot be read. Valid during the call. */
typedef void (*config_watch_callback)(void *context, int error, const char *text, size_t length);

/* Returns 0, or a negative errno with *watch NULL: then changes take a restart. */
int config_watch_start(struct config_watch **watch, uv_loop_t *loop, const char *path,
                       config_watch_callback callback, void *context);

/* No callback comes any more; memory goes in the last close callback, as the loop runs. Takes
 * NULL. */
void config_watch_stop(struct config_watch *watch);

#endif
