#ifndef GRIDLS_REQUESTS_TEXT_SYNC_H
#define GRIDLS_REQUESTS_TEXT_SYNC_H

#include "daemon/services.h"

/* textDocument/didOpen, didChange, didClose, didSave; workspace/didChangeWorkspaceFolders. */
void text_sync_did_open(struct services *services, const void *params);
void text_sync_did_change(struct services *services, const void *params);
void text_sync_did_close(struct services *services, const void *params);
void text_sync_did_save(struct services *services, const void *params);
void text_sync_folders_changed(struct services *services, const void *params);

#endif
