#include "daemon/git_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char git_settings_pattern[] = "^(core\\.comment(char|string)|commit\\.template)$";

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names; names++) {
        if (strcmp(text, *names) == 0)
            return true;
    }
    return false;
}

/* As git has it: from the home folder, or from the top of the work tree. "~name" is left alone. */
static char *expand_path(const char *top, const char *value)
{
    const char *home = getenv("HOME");
    char *path = NULL;

    if (value[0] == '/')
        return strdup(value);
    if (value[0] == '~' && value[1] == '/' && home && *home)
        return asprintf(&path, "%s%s", home, value + 1) < 0 ? NULL : path;
    return asprintf(&path, "%s/%s", top, value) < 0 ? NULL : path;
}

static int set(char **place, char *value)
{
    if (!value)
        return -ENOMEM;
    free(*place);
    *place = value;
    return 0;
}

/* Later values win, as with git. */
static int take_setting(struct git_job *job, const char *scope, const char *key, const char *value)
{
    static const char *const persons[] = {"system", "global", "command", NULL};
    struct git_staged *staged = job->staged;

    if (strncmp(key, "core.", 5) == 0)
        return *value ? set(&staged->comment, strdup(value)) : 0;
    job->is_persons_template = is_one_of(scope, persons);
    return set(&staged->template_path, expand_path(staged->top, value));
}

int git_settings_take(struct git_job *job, const char *output, size_t length)
{
    const char *at = output;
    const char *end = output + length;
    int error = 0;

    while (!error && at < end) { /* SCOPE NUL KEY LF VALUE NUL; a key without a value has no LF */
        const char *scope = at;
        const char *key = memchr(at, '\0', (size_t)(end - at));
        const char *stop = key ? memchr(key + 1, '\0', (size_t)(end - key - 1)) : NULL;
        const char *value = stop ? memchr(key + 1, '\n', (size_t)(stop - key - 1)) : NULL;

        if (!stop)
            break;
        if (value)
            error = take_setting(job, scope, key + 1, value + 1);
        at = stop + 1;
    }
    return error;
}
