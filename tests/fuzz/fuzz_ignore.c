/* A path, the rules of the root, and those of a folder, parted by NULs. */
#include "daemon/ignore.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* Single slashes, none at either end, no `.` or `..`. */
static bool is_path(const char *path)
{
    if (!*path || strlen(path) > 1000)
        return false;
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && strspn(part, ".") == length))
            return false;
        part += length;
        if (!*part)
            return true;
    }
}

void fuzz_one(const char *data, size_t length)
{
    struct fuzz_input near = {data, length};
    char *path CLEANUP(cleanup_free) = fuzz_string(fuzz_take_piece(&near));
    struct fuzz_input far = fuzz_take_piece(&near);
    struct ignore_rules *sets[2] = {NULL, NULL};
    FUZZ_HOLDS(ignore_rules_create(&sets[0], "") == 0);
    FUZZ_HOLDS(ignore_rules_create(&sets[1], "a/b") == 0);
    ignore_rules_add_text(sets[0], far.data, far.length);
    ignore_rules_add_text(sets[1], near.data, near.length);
    if (is_path(path)) {
        const struct ignore_rules *const judged[] = {sets[0], sets[1]};
        struct buffer below CLEANUP(buffer_finish);
        buffer_init(&below, BUFFER_CAP);
        buffer_printf(&below, "%s/x", path);
        ignore_match(judged, 2, path);
        if (ignore_match_directory(judged, 2, path)) {
            FUZZ_HOLDS(ignore_match(judged, 2, below.data));
            FUZZ_HOLDS(ignore_match_directory(judged, 2, below.data));
        }
    }
    ignore_rules_destroy(sets[0]);
    ignore_rules_destroy(sets[1]);
}
