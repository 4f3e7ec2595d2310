#include "daemon/commit_paths.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char lock_file[] = "lock file";
static const char generated[] = "generated";
static const char vendored[] = "vendored";

/* A pattern with a '/' at its end is of a folder in any place, others of the file's own name. */
static const struct {
    const char *pattern;
    const char *note;
} kinds[] = {
    {"*.lock", lock_file},
    {"*.lockb", lock_file},
    {"*.lockfile", lock_file},
    {"package-lock.json", lock_file},
    {"npm-shrinkwrap.json", lock_file},
    {"pnpm-lock.yaml", lock_file},
    {"packages.lock.json", lock_file},
    {"go.sum", lock_file},
    {"go.work.sum", lock_file},
    {"Package.resolved", lock_file},
    {".terraform.lock.hcl", lock_file},
    {"MODULE.bazel.lock", lock_file},
    {"cabal.project.freeze", lock_file},
    {"*.min.js", generated},
    {"*.min.css", generated},
    {"*.js.map", generated},
    {"*.css.map", generated},
    {"*.pb.go", generated},
    {"*.pb.cc", generated},
    {"*.pb.h", generated},
    {"*_pb2.py", generated},
    {"*_pb2_grpc.py", generated},
    {"*.g.dart", generated},
    {"*.freezed.dart", generated},
    {"*.Designer.cs", generated},
    {"*.generated.*", generated},
    {"*_generated.*", generated},
    {"zz_generated*", generated},
    {"*.snap", generated},
    {"node_modules/", vendored},
    {"bower_components/", vendored},
    {"vendor/", vendored},
    {"third_party/", vendored},
    {"third-party/", vendored},
    {"thirdparty/", vendored},
    {"Pods/", vendored},
    {".yarn/", vendored},
};

static bool lies_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    while (path && strncmp(path, folder, length) != 0) {
        path = strchr(path, '/');
        if (path)
            path++;
    }
    return path != NULL;
}

const char *commit_path_note(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *pattern = kinds[i].pattern;

        if (strchr(pattern, '/') ? lies_below(path, pattern) : fnmatch(pattern, name, 0) == 0)
            return kinds[i].note;
    }
    return NULL;
}
