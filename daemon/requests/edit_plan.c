#include "daemon/requests/edit_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/answer/answer.h"
#include "daemon/answer/edit_match.h"
#include "daemon/answer/merge.h"
#include "daemon/prompt/prompt.h"
#include "protocol/chat.h"
#include "protocol/position.h"
#include "protocol/uri.h"

void edit_plan_init(struct edit_plan *plan)
{
    *plan = (struct edit_plan){0};
    buffer_init(&plan->summary, CHAT_TEXT_CAP);
    buffer_init(&plan->faults, CHAT_TEXT_CAP);
}

void edit_plan_finish(struct edit_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        buffer_finish(&plan->items[i].text);
        free(plan->items[i].path);
        free(plan->items[i].uri);
    }
    free(plan->items);
    buffer_finish(&plan->summary);
    buffer_finish(&plan->faults);
}

static struct planned_edit *add(struct edit_plan *plan)
{
    struct planned_edit *items = realloc(plan->items, (plan->count + 1) * sizeof(*items));
    if (!items)
        return NULL;
    plan->items = items;
    struct planned_edit *added = &items[plan->count++];
    *added = (struct planned_edit){0};
    buffer_init(&added->text, CHAT_TEXT_CAP);
    return added;
}

/* ---- what does not fit ----------------------------------------------------------------------- */

static int blame(struct edit_plan *plan, const struct answer_edit *edit, const char *why,
                 const struct buffer *text)
{
    struct buffer nearest CLEANUP(buffer_finish);
    struct prompt_text search = {edit->search.data, edit->search.length};
    buffer_init(&nearest, CHAT_TEXT_CAP);
    if (text && edit->search.length > 0)
        edit_match_append_nearest(text, &edit->search, &nearest);
    if (plan->fault_count++ == 0)
        snprintf(plan->fault, sizeof(plan->fault), "%s: %s", edit->path.data, why);
    return prompt_workspace_fault(&plan->faults, edit->path.data, search, why,
                                  (struct prompt_text){nearest.data, nearest.length});
}

/* ---- edits ----------------------------------------------------------------------------------- */

/* The file's text as the model was shown it. */
static int append_alike(struct buffer *out, const struct edit_file *file)
{
    const char *text = file->bytes.data;
    size_t length = file->bytes.length, line_end;
    for (size_t at = 0; at < length;) {
        size_t next = position_next_line(text, length, at, &line_end);
        buffer_append(out, text + at, next - line_end - at);
        if (line_end)
            buffer_append_byte(out, '\n');
        at = next;
    }
    return buffer_error(out);
}

static bool overlaps(const struct edit_plan *plan, const struct edit_file *file,
                     const struct edit_place *place)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned_edit *other = &plan->items[i];
        if (other->file == file && place->start < other->end && other->start < place->end)
            return true;
    }
    return false;
}

static int take_place(struct edit_plan *plan, const struct answer_edit *edit,
                      struct edit_file *file, const struct edit_place *place,
                      const struct buffer *text, const struct buffer *replacement)
{
    if (overlaps(plan, file, place))
        return blame(plan, edit, "this overlaps another edit of the file.", NULL);
    if (answer_rewrite_is_elided(text->data, text->length, replacement->data, replacement->length,
                                 false))
        return blame(plan, edit, "the replacement leaves code out; write all of it.", NULL);
    struct planned_edit *planned = add(plan);
    if (!planned)
        return -ENOMEM;
    planned->file = file;
    planned->start = place->start;
    planned->end = place->end;
    return buffer_append(&planned->text, replacement->data, replacement->length);
}

static int take_edit(struct edit_plan *plan, struct edit_files *files,
                     const struct answer_edit *edit)
{
    struct edit_file *file = edit_files_find(files, edit->path.data);
    struct buffer text CLEANUP(buffer_finish);
    struct buffer replacement CLEANUP(buffer_finish);
    struct edit_place place;
    char why[96];
    buffer_init(&text, BUFFER_CAP);
    buffer_init(&replacement, BUFFER_CAP);
    if (!file)
        return blame(plan, edit, "this file was not shown, so it cannot be changed.", NULL);
    if (append_alike(&text, file) != 0)
        return -ENOMEM;
    switch (edit_match_find(&text, &edit->search, &edit->text, &place, &replacement)) {
    case EDIT_MATCH_ONE:
        return buffer_error(&replacement) ? -ENOMEM
                                          : take_place(plan, edit, file, &place, &text,
                                                       &replacement);
    case EDIT_MATCH_MANY:
        snprintf(why, sizeof(why), "what it searches for stands there %zu times.", place.count);
        return blame(plan, edit, why, NULL);
    default:
        return blame(plan, edit, "what it searches for does not stand there.", &text);
    }
}

/* ---- new files ------------------------------------------------------------------------------- */

/* Below the root, and not in what git keeps there: that holds commands. */
static bool is_plain_path(const char *path)
{
    for (const char *part = path;; part++) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0) ||
            (length == 4 && strncasecmp(part, ".git", length) == 0) || memchr(part, '\\', length))
            return false;
        for (size_t i = 0; i < length; i++)
            if ((unsigned char)part[i] < 0x20)
                return false;
        part += length;
        if (!*part)
            return true;
    }
}

static bool is_planned(const struct edit_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].path && strcmp(plan->items[i].path, path) == 0)
            return true;
    return false;
}

static int take_new_file(struct edit_plan *plan, struct edit_files *files, const char *root,
                         const struct answer_edit *edit)
{
    char *path CLEANUP(cleanup_free) = NULL;
    if (!root)
        return blame(plan, edit, "new files cannot be made here.", NULL);
    if (!is_plain_path(edit->path.data))
        return blame(plan, edit, "this is no path below the project's root.", NULL);
    if (edit_files_find(files, edit->path.data))
        return blame(plan, edit, "this file is there already; edit it.", NULL);
    if (asprintf(&path, "%s/%s", strcmp(root, "/") == 0 ? "" : root, edit->path.data) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    if (is_planned(plan, path))
        return blame(plan, edit, "this file is made twice.", NULL);
    struct planned_edit *planned = add(plan);
    if (!planned)
        return -ENOMEM;
    planned->uri = uri_from_path(path);
    planned->path = path;
    path = NULL;
    return planned->uri ? buffer_append(&planned->text, edit->text.data, edit->text.length)
                        : -ENOMEM;
}

/* ---- an answer ------------------------------------------------------------------------------- */

static int restore(const struct redaction *redaction, struct buffer *text)
{
    struct buffer held CLEANUP(buffer_finish);
    struct buffer out CLEANUP(buffer_finish);
    buffer_init(&held, CHAT_TEXT_CAP);
    buffer_init(&out, CHAT_TEXT_CAP);
    if (redaction_restore(redaction, &held, text->data, text->length, true, &out) != 0)
        return -ENOMEM;
    buffer_clear(text);
    return buffer_append(text, out.data, out.length);
}

static int take_all(struct edit_plan *plan, struct edit_files *files,
                    const struct redaction *redaction, const char *root,
                    struct answer_edits *edits)
{
    int error = restore(redaction, &edits->summary);
    for (size_t i = 0; i < edits->count && !error; i++) {
        struct answer_edit *edit = &edits->items[i];
        error = restore(redaction, &edit->search);
        if (!error)
            error = restore(redaction, &edit->text);
        if (!error)
            error = edit->creates ? take_new_file(plan, files, root, edit)
                                  : take_edit(plan, files, edit);
    }
    return error;
}

int edit_plan_take(struct edit_plan *plan, struct edit_files *files,
                   const struct redaction *redaction, const char *root, const char *answer,
                   size_t length)
{
    struct answer_edits edits CLEANUP(answer_edits_finish);
    int error = answer_edits_parse(&edits, answer, length);
    buffer_clear(&plan->faults);
    plan->fault_count = 0;
    if (error)
        return error;
    if (take_all(plan, files, redaction, root, &edits) != 0)
        return -ENOMEM;
    if (plan->summary.length == 0)
        buffer_append(&plan->summary, edits.summary.data, edits.summary.length);
    return buffer_error(&plan->faults) || buffer_error(&plan->summary) ? -ENOMEM : 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static const struct planned_edit *next_of(const struct edit_plan *plan,
                                          const struct edit_file *file, size_t at)
{
    const struct planned_edit *found = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned_edit *edit = &plan->items[i];
        if (edit->file == file && edit->start >= at && (!found || edit->start < found->start))
            found = edit;
    }
    return found;
}

/* Lays the edits of a file on it, and the result on its bytes: they keep what does not change. */
static int change_file(const struct edit_plan *plan, struct edit_file *file,
                       struct workspace_change *change)
{
    struct buffer text CLEANUP(buffer_finish);
    struct merge merge = {file->bytes.data, file->bytes.length, '\0'};
    const struct planned_edit *edit;
    size_t at = 0;
    buffer_init(&text, BUFFER_CAP);
    if (append_alike(&text, file) != 0)
        return -ENOMEM;
    while ((edit = next_of(plan, file, at))) {
        buffer_append(&change->text, text.data + at, edit->start - at);
        buffer_append(&change->text, edit->text.data, edit->text.length);
        at = edit->end;
    }
    buffer_append(&change->text, text.data + at, text.length - at);
    change->uri = file->uri;
    change->original = file->bytes.data;
    change->original_length = file->bytes.length;
    if (file->document) {
        change->has_version = true;
        change->version = file->document->version;
        change->uri = file->document->uri;
    }
    return buffer_error(&change->text) ? -ENOMEM
                                       : merge_rewrite(&merge, &change->text, &change->diff);
}

static int make_file(const struct planned_edit *edit, struct workspace_change *change)
{
    change->creates = true;
    change->uri = edit->uri;
    change->original = "";
    buffer_append(&change->text, edit->text.data, edit->text.length);
    return buffer_error(&change->text) ? -ENOMEM
                                       : diff_compute(&change->diff, "", 0, change->text.data,
                                                      change->text.length);
}

static bool is_first_of_file(const struct edit_plan *plan, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (plan->items[i].file && plan->items[i].file == plan->items[index].file)
            return false;
    return true;
}

int edit_plan_make_changes(const struct edit_plan *plan, struct workspace_change **changes,
                           size_t *count)
{
    int error = 0;
    *count = 0;
    *changes = calloc(plan->count + 1, sizeof(**changes));
    if (!*changes)
        return -ENOMEM;
    for (size_t i = 0; i < plan->count && !error; i++) {
        struct workspace_change *change = &(*changes)[*count];
        if (!is_first_of_file(plan, i))
            continue;
        buffer_init(&change->text, BUFFER_CAP);
        ++*count;
        error = plan->items[i].file ? change_file(plan, plan->items[i].file, change)
                                    : make_file(&plan->items[i], change);
        if (!error && !change->creates && change->diff.count == 0) { /* nothing of it changes */
            buffer_finish(&change->text);
            *change = (struct workspace_change){0};
            --*count;
        }
    }
    return error;
}

void edit_plan_free_changes(struct workspace_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_finish(&changes[i].text);
        diff_finish(&changes[i].diff);
    }
    free(changes);
}
