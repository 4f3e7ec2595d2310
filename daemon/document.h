#ifndef GRIDLS_DOCUMENT_H
#define GRIDLS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/text.h"
#include "protocol/lsp.h"
#include "protocol/position.h"

/*
 * The documents that the editor has open. Their text is what the editor says, never what a file
 * holds (LSP 3.18, "Text Document Synchronization").
 */

struct documents;
struct document_anchor;

struct document {
    char *uri;         /* as the client spelled it, for everything that goes back to it */
    char *key;         /* uri_normalize(uri) */
    char *path;        /* the local file; NULL where the URI names none */
    char *language_id; /* "" where the client gave none */
    int64_t version;   /* the client's number; 0 where it gave none */
    struct text text;
    uint64_t edits;    /* how often the text has changed since it was opened */
    bool open;         /* false: closed since, and lives on only for those who hold a reference */
    struct document *next; /* in the store: the one changed next most recently */

    /* Private. */
    struct document **link;
    struct documents *documents;
    struct document_anchor *anchors;
    unsigned references;
};

/* A request may outlive the closing of its document: it holds a reference. Takes no NULL; returns
 * the document. */
struct document *document_ref(struct document *document);
/* Drops a reference, and with the last one the document. Takes NULL. */
void document_unref(struct document *document);

/* What ignore rules and prompts know it by: its path; where it has none, its URI behind the
 * scheme. */
const char *document_name(const struct document *document);

/*
 * Applies the events of a didChange in order, each to the text that the one before it left: without
 * a range the whole text is replaced; a start behind its end is swapped with it; positions beyond a
 * line or the text are clamped. Then takes on the version. What a new text and the old one have in
 * common at their start and end does not count as changed.
 *
 * Returns 0, -ENOMEM or -EMSGSIZE (a cap below), or -EINVAL for a document that is closed. On
 * failure the text would no longer be the client's, so the document is closed: it may be used after
 * that only by those who hold a reference.
 */
int document_apply_changes(struct document *document, const struct lsp_content_change *changes,
                           size_t count, int64_t version, enum position_encoding encoding);

/* ---- anchors ------------------------------------------------------------------------------- */

/*
 * A range of a document that follows its bytes while the person types, for a request that will
 * edit it. An edit that ends at or before its start moves it (an insertion at its start stays
 * outside), one that starts at or behind its end leaves it alone; any other sets `touched`. An
 * insertion at an empty range moves it. Closing the document touches all its ranges.
 */
struct document_anchor {
    struct document *document; /* holds a reference; NULL: not registered */
    size_t start;              /* bytes; within the text always, meaningless once touched */
    size_t end;
    bool touched;

    /* Private. */
    struct document_anchor *next;
    struct document_anchor **link;
};

/* Registers an anchor, which the caller owns and keeps in place until it is removed. A range beyond
 * the text is clamped. */
void document_anchor_add(struct document_anchor *anchor, struct document *document, size_t start,
                         size_t end);
/* Takes NULL, an anchor of zeros, and one removed before. start, end and touched stay readable. */
void document_anchor_remove(struct document_anchor *anchor);

/* ---- the store ----------------------------------------------------------------------------- */

/* What an editor may keep open: more than that is refused. */
#define DOCUMENTS_MAX ((size_t)8192)
#define DOCUMENTS_BYTES_MAX ((size_t)512 << 20)

struct documents {
    struct document *first; /* the one opened or changed last; go on with document->next */
    size_t count;
    size_t bytes;           /* of all texts */

    /* Called before the bytes [start, end) of a document are replaced by `length` others; NULL:
     * nobody asks. It must leave the text as it is. */
    void (*on_edit)(void *context, struct document *document, size_t start, size_t end,
                    size_t length);
    void *on_edit_context;
};

/* The store must stay where it is while documents are open. */
void documents_init(struct documents *documents);
/* Closes all. */
void documents_finish(struct documents *documents);

/*
 * Opens a document from the item of a didOpen; one that is open already is closed and replaced.
 * Returns 0, -ENOMEM or -EMSGSIZE (a cap); on failure no document of that URI is
 * open, but for -ENOMEM, where one of another spelling may be.
 */
int documents_open(struct documents *documents, const struct lsp_text_document *item);

/* Returns 0, -ENOENT where no such document was open, or -ENOMEM. */
int documents_close(struct documents *documents, const char *uri);

/* The open document of a URI in any spelling, not referenced for the caller. Returns 0, -ENOENT or
 * -ENOMEM; *found is NULL then. */
int documents_look_up(const struct documents *documents, const char *uri, struct document **found);
/* The same; NULL where there is none, or no memory to tell. */
struct document *documents_find(const struct documents *documents, const char *uri);

#endif
