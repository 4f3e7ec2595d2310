#include <stdlib.h>
#include <string.h>

#include "daemon/workspace.h"

/* Appends one part of a path, or takes the last one away for "..". */
static void append_part(char *path, size_t *length, const char *part, size_t part_length)
{
    if (part_length == 0 || (part_length == 1 && part[0] == '.'))
        return;
    if (part_length == 2 && part[0] == '.' && part[1] == '.') {
        while (*length > 0 && path[*length - 1] != '/')
            --*length;
        if (*length > 0)
            --*length;
        return;
    }
    path[(*length)++] = '/';
    memcpy(path + *length, part, part_length);
    *length += part_length;
}

/* The root directory is "". */
char *workspace_normalize(const char *path)
{
    char *normal = malloc(strlen(path) + 2);
    size_t length = 0;

    if (!normal)
        return NULL;
    while (*path) {
        size_t part_length = strcspn(path, "/");

        append_part(normal, &length, path, part_length);
        path += part_length;
        path += strspn(path, "/");
    }
    normal[length] = '\0';
    return normal;
}
