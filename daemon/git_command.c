#include "daemon/git_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Configuration of the repository that could make git run a program or change its output. What has
 * an option of its own is settled there: see git_diff_options and the arguments of `git log`.
 */
static const char *const command_head[] = {
    "--no-pager",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "color.ui=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "diff.suppressBlankEmpty=false",
};

const char *const git_diff_options[] = {
    "--cached",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--find-renames",
    "--unified=3",
    "--inter-hunk-context=0",
    "--submodule=short",
    "--ignore-submodules=dirty",
    "-O/dev/null",
    NULL,
};

/* Missing objects of a partial clone are not fetched: the transport may be any program. */
static const struct child_variable fixed_variables[] = {
    {"LC_ALL", "C"},
    {"GIT_OPTIONAL_LOCKS", "0"},
    {"GIT_TERMINAL_PROMPT", "0"},
    {"GIT_NO_LAZY_FETCH", "1"},
    {"GIT_ALLOW_PROTOCOL", "none"},
    {"GIT_LITERAL_PATHSPECS", "1"},
    {"GIT_GLOB_PATHSPECS", NULL},
    {"GIT_NOGLOB_PATHSPECS", NULL},
    {"GIT_ICASE_PATHSPECS", NULL},
    {"GIT_EXTERNAL_DIFF", NULL},
    {"GIT_DIFF_OPTS", NULL},
};

/* What would lead git to another repository than the one that the directory lies in. */
static const struct child_variable repository_variables[] = {
    {"GIT_DIR", NULL},
    {"GIT_WORK_TREE", NULL},
    {"GIT_IMPLICIT_WORK_TREE", NULL},
    {"GIT_COMMON_DIR", NULL},
    {"GIT_OBJECT_DIRECTORY", NULL},
    {"GIT_ALTERNATE_OBJECT_DIRECTORIES", NULL},
    {"GIT_GRAFT_FILE", NULL},
    {"GIT_SHALLOW_FILE", NULL},
    {"GIT_REPLACE_REF_BASE", NULL},
    {"GIT_NAMESPACE", NULL},
    {"GIT_PREFIX", NULL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct git_job *git_job_create(uv_loop_t *loop, const char *directory, bool use_environment,
                               void *context)
{
    struct git_job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    buffer_init(&job->text, 0);
    job->loop = loop;
    job->uses_environment = use_environment;
    job->context = context;
    job->directory = strdup(directory);
    if (!job->directory) {
        git_job_destroy(job);
        return NULL;
    }
    return job;
}

void git_job_destroy(struct git_job *job)
{
    if (!job)
        return;
    for (size_t i = 0; i < job->path_count; i++)
        free(job->paths[i]);
    free(job->paths);
    free(job->is_old);
    buffer_finish(&job->text);
    git_staged_destroy(job->staged);
    free(job->own_directory);
    free(job->index_file);
    free(job->directory);
    free(job);
}

void git_cancel(struct git_job *job)
{
    if (!job || job->is_over)
        return;
    child_cancel(job->child);
    file_request_cancel(job->file);
    git_job_destroy(job);
}

static size_t fill_variables(const struct git_job *job, struct child_variable *variables)
{
    size_t count = COUNT(fixed_variables);

    memcpy(variables, fixed_variables, sizeof(fixed_variables));
    if (job->uses_environment)
        return count;
    memcpy(variables + count, repository_variables, sizeof(repository_variables));
    count += COUNT(repository_variables);
    variables[count++] = (struct child_variable){"GIT_INDEX_FILE", job->index_file};
    return count;
}

static size_t length_of(const char *const *strings)
{
    size_t count = 0;

    while (strings[count])
        count++;
    return count;
}

/* The whole argument vector, which borrows all strings; NULL when memory runs out. */
static const char **make_argv(const struct git_job *job, const char *const *arguments,
                              const char *const *paths, size_t path_count)
{
    size_t argument_count = length_of(arguments);
    size_t most = 8 + COUNT(command_head) + argument_count + path_count;
    const char **argv = calloc(most, sizeof(*argv));
    size_t count = 0;

    if (!argv)
        return NULL;
    argv[count++] = "git";
    argv[count++] = "-C";
    argv[count++] = job->directory;
    memcpy(argv + count, command_head, sizeof(command_head));
    count += COUNT(command_head);
    /* A bare repository among the files of another one may be an attacker's. Inside of .git, which
     * git keeps out of every repository's files, this would refuse the real one. */
    if (!job->is_inside_git_dir) {
        argv[count++] = "-c";
        argv[count++] = "safe.bareRepository=explicit";
    }
    memcpy(argv + count, arguments, argument_count * sizeof(*argv));
    count += argument_count;
    if (path_count > 0) {
        argv[count++] = "--";
        memcpy(argv + count, paths, path_count * sizeof(*argv));
    }
    return argv;
}

int git_command_start(struct git_job *job, const char *const *arguments, const char *const *paths,
                      size_t path_count, size_t output_cap, unsigned timeout_ms,
                      child_callback callback)
{
    struct child_variable variables[COUNT(fixed_variables) + COUNT(repository_variables) + 1];
    const char **argv = make_argv(job, arguments, paths, path_count);
    struct child_options options = {
        .argv = argv,
        .directory = "/", /* -C says where; so a missing directory is not taken for a missing git */
        .variables = variables,
        .variable_count = fill_variables(job, variables),
        .output_cap = output_cap,
        .timeout_ms = timeout_ms,
    };
    int error;

    if (!argv)
        return -ENOMEM;
    error = child_start(&job->child, job->loop, &options, callback, job);
    free(argv);
    return error;
}

const char *git_command_message(struct child_result *result)
{
    static const char *const marks[] = {"fatal: ", "error: "};
    char *text = result->errors.data;

    if (result->error)
        return uv_strerror(result->error);
    if (result->timed_out)
        return "git took too long";
    if (result->truncated)
        return "git's answer is too long";
    for (size_t i = 0; i < COUNT(marks); i++) {
        char *found = strstr(text, marks[i]);

        if (found && (found == text || found[-1] == '\n')) {
            text = found + strlen(marks[i]);
            break;
        }
    }
    if (*text == '\0' || *text == '\n')
        return "git failed and did not say why";
    text[strcspn(text, "\r\n")] = '\0';
    return text;
}
