#include "daemon/requests/commit_summaries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/prompt.h"
#include "protocol/oneline.h"
#include "protocol/utf8.h"

#define SUMMARIES_MAX 6
#define SUMMARY_BYTES_READ ((size_t)32 << 10)

struct summary {
    struct commit_summaries *all;
    struct upstream_call *call; /* NULL: it is over */
    struct buffer diff;         /* of one file */
    struct buffer text;
};

struct commit_summaries {
    struct job *job;
    commit_summaries_ready ready;
    struct summary each[SUMMARIES_MAX];
    size_t count;
    size_t running;
    struct chat_usage usage;
};

void commit_summaries_destroy(struct commit_summaries *summaries)
{
    if (!summaries)
        return;
    for (size_t i = 0; i < summaries->count; i++) {
        upstream_call_cancel(summaries->each[i].call);
        buffer_finish(&summaries->each[i].diff);
        buffer_finish(&summaries->each[i].text);
    }
    free(summaries);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct summary *summary = context;

    /* What is over the cap is cut off: a summary of that length is none. */
    if (index == 0 && summary->text.length + length <= PROMPT_COMMIT_SUMMARY_MAX)
        buffer_append(&summary->text, text, length);
}

static void on_note(void *context, const char *note)
{
    struct summary *summary = context;

    progress_report(&summary->all->job->progress, note);
}

static void on_end(void *context, const struct upstream_result *result)
{
    struct summary *summary = context;
    struct commit_summaries *all = summary->all;

    summary->call = NULL;
    if (result->failure)
        buffer_clear(&summary->text);
    if (result->usage.known) {
        all->usage.known = true;
        all->usage.prompt_tokens += result->usage.prompt_tokens;
        all->usage.completion_tokens += result->usage.completion_tokens;
    }
    if (--all->running == 0)
        all->ready(all->job);
}

static void tell(struct commit_summaries *all)
{
    char note[64];

    snprintf(note, sizeof(note), "Reading %zu large files", all->count);
    if (all->count == 1) {
        struct prompt_text diff = {all->each[0].diff.data, all->each[0].diff.length};
        struct prompt_text name = prompt_commit_file_name(diff);
        char shown[48];

        oneline_copy(shown, sizeof(shown), name.text, name.length);
        snprintf(note, sizeof(note), "Reading %s", shown);
    }
    progress_report(&all->job->progress, note);
}

static int ask(struct commit_summaries *all, struct summary *summary)
{
    static const struct upstream_callbacks callbacks = {
        .on_text = on_text,
        .on_note = on_note,
        .on_end = on_end,
    };
    struct job *job = all->job;
    struct prompt_text diff = {summary->diff.data, summary->diff.length};
    struct upstream_request request = {
        .config = job->config,
        .task = TASK_COMMIT,
        .redaction = job->redaction,
    };
    int status;

    chat_messages_init(&request.messages);
    status = prompt_commit_summary_build(&request.messages, diff, SUMMARY_BYTES_READ);
    if (status != 0) {
        chat_messages_finish(&request.messages);
        return status;
    }
    return upstream_call_start(job->services->upstream, &request, &callbacks, summary,
                               &summary->call);
}

/* ---- what is summarised ---------------------------------------------------------------------- */

static int take_files(struct commit_summaries *all, const struct prompt_text *files, size_t count)
{
    int error = 0;

    for (size_t i = 0; i < count; i++) {
        struct summary *summary = &all->each[all->count++];

        summary->all = all;
        buffer_init(&summary->text, BUFFER_CAP);
        buffer_init(&summary->diff, BUFFER_CAP);
        if (buffer_append(&summary->diff, files[i].text, files[i].length) != 0)
            error = -ENOMEM;
    }
    return error;
}

static int compare_places(const void *a, const void *b)
{
    const struct prompt_text *one = a;
    const struct prompt_text *other = b;

    return (one->text > other->text) - (one->text < other->text);
}

/* Takes slices of the diff out of it. */
static int cut(struct buffer *diff, struct prompt_text *files, size_t count)
{
    struct buffer rest;
    const char *at = diff->data;
    const char *end = diff->data + diff->length;

    buffer_init(&rest, BUFFER_CAP);
    qsort(files, count, sizeof(*files), compare_places);
    for (size_t i = 0; i < count; i++) {
        buffer_append(&rest, at, (size_t)(files[i].text - at));
        at = files[i].text + files[i].length;
    }
    buffer_append(&rest, at, (size_t)(end - at));
    if (buffer_error(&rest)) {
        buffer_finish(&rest);
        return -ENOMEM;
    }
    buffer_finish(diff);
    *diff = rest;
    return 0;
}

int commit_summaries_start(struct commit_summaries **summaries, struct job *job,
                           struct buffer *diff, size_t budget, commit_summaries_ready ready)
{
    struct prompt_text files[SUMMARIES_MAX];
    struct prompt_text whole = {diff->data, diff->length};
    size_t count = prompt_commit_too_large(whole, budget, files, SUMMARIES_MAX);
    int status;

    *summaries = NULL;
    if (count == 0)
        return 0;
    *summaries = calloc(1, sizeof(**summaries));
    if (!*summaries)
        return -ENOMEM;
    (*summaries)->job = job;
    (*summaries)->ready = ready;
    status = take_files(*summaries, files, count);
    if (status == 0)
        status = cut(diff, files, count);
    if (status == 0)
        tell(*summaries);
    for (size_t i = 0; i < count && status == 0; i++) {
        status = ask(*summaries, &(*summaries)->each[i]);
        if (status == 0)
            (*summaries)->running++;
    }
    if (status != 0) {
        commit_summaries_destroy(*summaries);
        *summaries = NULL;
    }
    return status == 0 ? 0 : -ENOMEM;
}

int commit_summaries_write(const struct commit_summaries *summaries, struct buffer *text,
                           struct buffer *diff)
{
    int error = 0;

    for (size_t i = 0; summaries && i < summaries->count; i++) {
        const struct summary *summary = &summaries->each[i];
        struct prompt_text file = {summary->diff.data, summary->diff.length};
        struct prompt_text name = prompt_commit_file_name(file);

        if (summary->text.length == 0) {
            error = buffer_append(diff, file.text, file.length);
            continue;
        }
        buffer_append(text, name.text, name.length);
        buffer_append_string(text, ": ");
        buffer_append(text, summary->text.data, summary->text.length);
        error = buffer_append_byte(text, '\n');
    }
    return error ? error : buffer_error(text);
}

struct chat_usage commit_summaries_usage(const struct commit_summaries *summaries)
{
    return summaries ? summaries->usage : (struct chat_usage){0};
}
