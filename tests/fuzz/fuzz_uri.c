/* URIs: one normal form, and paths there and back. */
#include "protocol/uri.h"

#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"

void fuzz_one(const char *data, size_t length)
{
    char *uri CLEANUP(cleanup_free) = fuzz_string((struct fuzz_input){data, length});
    char *normal CLEANUP(cleanup_free) = uri_normalize(uri);
    FUZZ_HOLDS(normal);
    char *again CLEANUP(cleanup_free) = uri_normalize(normal);
    FUZZ_HOLDS(again && strcmp(normal, again) == 0);
    FUZZ_HOLDS(uri_is_file(uri) == uri_is_file(normal));

    char *path CLEANUP(cleanup_free) = NULL;
    char *same CLEANUP(cleanup_free) = NULL;
    FUZZ_HOLDS(uri_to_path(uri, &path) == 0 && uri_to_path(normal, &same) == 0);
    FUZZ_HOLDS(!path == !same);
    if (!path)
        return;
    FUZZ_HOLDS(uri_is_file(uri));
    /* A drive's letter has one case in the normal form. */
    size_t drive = strlen(path) > 2 && path[2] == ':' ? 2 : 0;
    FUZZ_HOLDS(strncasecmp(path, same, drive) == 0 && strcmp(path + drive, same + drive) == 0);
    char *made CLEANUP(cleanup_free) = uri_from_path(path);
    FUZZ_HOLDS(made);
    char *made_path CLEANUP(cleanup_free) = NULL;
    FUZZ_HOLDS(uri_to_path(made, &made_path) == 0 && made_path && strcmp(made_path, path) == 0);
}
