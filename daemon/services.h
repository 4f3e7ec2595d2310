#ifndef GRIDLS_SERVICES_H
#define GRIDLS_SERVICES_H

#include <uv.h>

#include "daemon/config.h"
#include "daemon/document.h"
#include "daemon/log.h"
#include "daemon/request.h"
#include "daemon/session.h"
#include "daemon/upstream.h"
#include "daemon/workspace.h"

/* What handlers work with. The server owns all of it. */
struct services {
    uv_loop_t *loop;
    struct log *log;
    struct editor *editor;
    struct outgoing *outgoing;
    struct requests requests;
    struct waiting *waiting;             /* those that are ahead of their documents */
    struct session session;
    struct documents *documents;
    struct workspace *workspace;
    struct neighbours *neighbours;
    struct recents *recents;
    struct config_store *config_store;
    struct upstream *upstream;
    struct completions *completions;     /* requests/inline_completion.c */
    struct conversations *conversations; /* what was explained, for follow-up questions */
    struct jobs *jobs;                   /* answers being streamed */
    struct buffer warnings;              /* about settings, to be told when the client is ready */
    char *told_base_url;                 /* the repaired one that the log was told of; NULL: none */
    enum upstream_state told_state;      /* by gridls/status, with this message */
    char told_message[800];
    const char *runtime_directory;       /* for files that the editor is to show; NULL: none */
    unsigned files_being_shown;          /* that still refer to this; see services_release() */
    struct shown_file *shown_files;      /* requests/show.c: those that stand, the last one first */
    unsigned shown_count;                /* of all that were made in this session */
    void (*end_session)(struct services *services); /* exit: the loop comes to its end */
};

/* Something that outlived the session no longer refers to the services. */
void services_release(struct services *services);

/* The settings now in force; a reference for the caller. NULL when memory runs out. */
struct config *services_config(struct services *services);

/* There was no memory for what may not be lost: a message, without which texts are no longer the
 * editor's, or settings and roots, which say what may be sent. The session ends, and the editor
 * begins anew. `what` goes on with "there was not enough memory for". */
void services_out_of_memory(struct services *services, const char *what);

/* Replaces a snapshot by the one now in force: for a request that waited for a project's file
 * before it began. Where memory runs out the old one is kept, and the session ends. */
void services_refresh_config(struct services *services, struct config **config);

#endif
