#ifndef GRIDLS_NEIGHBOURS_H
#define GRIDLS_NEIGHBOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/document.h"
#include "daemon/prompt/related.h"

struct log;
struct workspace;

/*
 * The texts that may help with another: the documents that are open, and the files that they import,
 * which are read in the background as soon as a document is opened or saved. No request ever waits
 * for them: what is not there yet is left out.
 *
 * A file is read only where it lies, by its real path too, in the root of the document that imports
 * it, and where ignore rules allow it. Texts are judged again each time they are given out.
 */
struct neighbours;

int neighbours_create(struct neighbours **neighbours, uv_loop_t *loop, struct log *log,
                      struct workspace *workspace); /* 0 or -ENOMEM */
/* Takes NULL. The workspace must still be there. */
void neighbours_destroy(struct neighbours *neighbours);

/* A document was opened or saved: takes it up, and reads what it imports. `config` decides what may
 * be read. */
void neighbours_on_document_opened(struct neighbours *neighbours, struct config *config,
                                   struct document *document);
/* A document was changed: those changed before are looked at anew. */
void neighbours_on_document_changed(struct neighbours *neighbours,
                                    const struct document *document);
/* Forgets the documents that are open no more. */
void neighbours_on_document_closed(struct neighbours *neighbours);

struct neighbour_text {
    const char *name; /* as workspace_name_of() */
    const struct related_index *index;
    bool is_own;      /* the document itself, perhaps not as it is by now */
};

/* The texts of the document's kind of language that may be sent, the document itself first, then the
 * one used last. Valid until the loop's next turn. Returns how many, at most `max`. */
size_t neighbours_gather(struct neighbours *neighbours, const struct config *config,
                         const struct document *document, struct neighbour_text *texts, size_t max);

#endif
