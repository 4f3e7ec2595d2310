#ifndef GRIDLS_REQUESTS_EDIT_PLAN_H
#define GRIDLS_REQUESTS_EDIT_PLAN_H

#include "daemon/answer/edits.h"
#include "daemon/redact.h"
#include "daemon/requests/edit_files.h"
#include "daemon/requests/workspace_edit.h"

/*
 * What is to become of the files by the model's edits: each laid on the one place where it belongs.
 * What does not fit is told of in words for the model.
 */
struct planned_edit {
    struct edit_file *file; /* NULL: a new one */
    size_t start, end;      /* in the file's text with \n line ends */
    struct buffer text;
    char *path;             /* of a new one, absolute */
    char *uri;
};

struct edit_plan {
    struct planned_edit *items;
    size_t count;
    struct buffer summary;
    struct buffer faults; /* what did not fit the last time, for the model */
    size_t fault_count;
    char fault[256];      /* the first of them, for the person: a sentence */
};

void edit_plan_init(struct edit_plan *plan);
void edit_plan_finish(struct edit_plan *plan);

/* Takes the edits of one answer, whose texts hold placeholders for secrets, into the plan.
 * `root`: where new files go, NULL: there can be none. Returns 0, -EBADMSG (the answer is in no
 * known form), -EMSGSIZE or -ENOMEM. */
int edit_plan_take(struct edit_plan *plan, struct edit_files *files,
                   const struct redaction *redaction, const char *root, const char *answer,
                   size_t length);

/* Makes the changes; *changes is freed with edit_plan_free_changes(), whatever is returned: 0 or
 * -ENOMEM. URIs and originals point into the plan and the files. */
int edit_plan_make_changes(const struct edit_plan *plan, struct workspace_change **changes,
                           size_t *count);
void edit_plan_free_changes(struct workspace_change *changes, size_t count);

#endif
