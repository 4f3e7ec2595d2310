#ifndef GRIDLS_SESSION_H
#define GRIDLS_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "protocol/position.h"

/* What was agreed on with the editor, and where in its life the session is (LSP 3.18, "Server
 * lifecycle"). */
enum session_state {
    SESSION_NEW,          /* before initialize */
    SESSION_INITIALIZED,  /* initialize was answered */
    SESSION_SHUT_DOWN,    /* shutdown was answered: only exit is left */
    SESSION_OVER,         /* exit came, or the pipe is gone */
};

struct session {
    enum session_state state;
    bool ready;              /* `initialized` came: the server may send requests */
    bool exit_clean;         /* exit came after shutdown */
    enum position_encoding encoding;
    char client_name[64];
    uv_pid_t editor_pid;     /* 0: not watched */

    /* the client's capabilities that we use */
    bool document_changes;
    bool change_annotations;
    bool create_files;       /* as a part of a WorkspaceEdit */
    bool configuration;
    bool did_change_configuration_dynamic;
    bool work_done_progress;
    bool show_document;
    bool code_action_literals;
    bool code_action_resolve_edit;
    bool code_action_disabled;
    bool inline_trigger_from_zero; /* vscode-languageclient 9.0.1 counts triggerKind from 0 */
};

#endif
