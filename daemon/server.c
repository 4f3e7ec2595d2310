#include "daemon/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/conversation.h"
#include "daemon/editor.h"
#include "daemon/method.h"
#include "daemon/neighbours.h"
#include "daemon/outgoing.h"
#include "daemon/recent.h"
#include "daemon/requests/inline_completion.h"
#include "daemon/requests/job.h"
#include "daemon/requests/settings.h"
#include "daemon/requests/show.h"
#include "daemon/requests/status.h"
#include "daemon/services.h"
#include "daemon/upstream.h"
#include "daemon/waiting.h"

#define PARENT_LOOK_MS 3000u

struct server {
    struct services services;
    struct documents documents;
    struct jobs jobs;
    void (*on_over)(void *context, bool clean);
    void *context;
    uv_timer_t timer;  /* looks after the editor's process, then ends the session */
    char *runtime_directory;
    bool closed;       /* server_close() was called */
    bool timer_closed; /* the last handle of our own */
};

static struct server *server_of(struct services *services)
{
    return (struct server *)services; /* the first member */
}

struct config *services_config(struct services *services)
{
    return config_store_snapshot(services->config_store);
}

void services_out_of_memory(struct services *services, const char *what)
{
    log_write(services->log, LOG_ERROR, "the session ends: there was not enough memory for %s", what);
    services->end_session(services);
}

void services_refresh_config(struct services *services, struct config **config)
{
    struct config *now = services_config(services);
    if (!now) {
        services_out_of_memory(services, "the settings");
        return;
    }
    config_unref(*config);
    *config = now;
}

/* ---- dispatch -------------------------------------------------------------------------------- */

static unsigned when_now(const struct session *session)
{
    switch (session->state) {
    case SESSION_NEW:
        return METHOD_BEFORE_INITIALIZE;
    case SESSION_INITIALIZED:
        return METHOD_RUNNING;
    default:
        return METHOD_AFTER_SHUTDOWN;
    }
}

static void refuse_by_state(struct services *services, const struct rpc_message *message)
{
    if (services->session.state == SESSION_NEW)
        request_refuse(services->editor, &message->id, RPC_SERVER_NOT_INITIALIZED,
                       "The first request must be initialize.");
    else if (services->session.state == SESSION_INITIALIZED)
        request_refuse(services->editor, &message->id, RPC_INVALID_REQUEST,
                       "The server is initialized already.");
    else
        request_refuse(services->editor, &message->id, RPC_INVALID_REQUEST,
                       "The server is shutting down.");
}

static void describe_fault(char *text, size_t size, const struct json_fault *fault)
{
    snprintf(text, size, "%s must be %s.", fault->path, fault->wanted);
}

static int decode_params(const struct method *method, const struct json *params, void **decoded,
                         struct json_fault *fault)
{
    *decoded = NULL;
    if (!method->fields)
        return 0;
    void *memory = malloc(method->params_size);
    if (!memory)
        return -ENOMEM;
    int status = json_decode(params, method->fields, memory, method->params_size, fault);
    if (status != 0)
        free(memory);
    else
        *decoded = memory;
    return status;
}

static void run_request(struct services *services, const struct method *method,
                        struct rpc_message *message)
{
    struct json_fault fault;
    struct request *request = request_create(&services->requests, services, method, message);
    if (!request) {
        request_refuse(services->editor, &message->id, RPC_INTERNAL_ERROR,
                       "There was not enough memory for the request.");
        return;
    }
    int status = decode_params(method, request->message.params, &request->params, &fault);
    request->config = services_config(services);
    if (status == -EINVAL) {
        char text[256];
        describe_fault(text, sizeof(text), &fault);
        request_fail(request, RPC_INVALID_PARAMS, text);
    } else if (status != 0 || !request->config) {
        request_fail(request, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
    } else if (!waiting_hold(services->waiting, request)) {
        method->on_request(services, request, request->params);
    }
}

static void run_notification(struct services *services, const struct method *method,
                             const struct rpc_message *message)
{
    struct json_fault fault;
    void *params;
    int status = decode_params(method, message->params, &params, &fault);
    if (status == -EINVAL) {
        char text[256];
        describe_fault(text, sizeof(text), &fault);
        log_write(services->log, LOG_WARN, "%s is passed over: %s", method->name, text);
    } else if (status != 0) {
        services_out_of_memory(services, "a message");
    }
    if (status != 0)
        return;
    method->on_notification(services, params);
    if (params)
        json_decode_finish(method->fields, params);
    free(params);
}

/* An id that is still open would make two answers look alike. */
static bool is_duplicate(struct services *services, const struct rpc_message *message)
{
    return requests_find(&services->requests, &message->id) != NULL;
}

static void on_request(struct services *services, struct rpc_message *message)
{
    const struct method *method = method_find(message->method);
    bool known = method && method->on_request;
    if (services->session.state != SESSION_INITIALIZED &&
        !(known && (method->when & when_now(&services->session))))
        refuse_by_state(services, message);
    else if (!known)
        request_refuse(services->editor, &message->id, RPC_METHOD_NOT_FOUND,
                       "gridls does not have this method.");
    else if (!(method->when & when_now(&services->session)))
        refuse_by_state(services, message);
    else if (is_duplicate(services, message))
        request_refuse(services->editor, &message->id, RPC_INVALID_REQUEST,
                       "A request with this id is still open.");
    else
        run_request(services, method, message);
}

static void on_notification(struct services *services, const struct rpc_message *message)
{
    const struct method *method = method_find(message->method);
    if (method && method->on_notification && (method->when & when_now(&services->session)))
        run_notification(services, method, message);
    else if (strncmp(message->method, "$/", 2) != 0)
        log_write(services->log, LOG_DEBUG, "%s is passed over", message->method);
}

static void on_message(void *context, const char *body, size_t length)
{
    struct services *services = context;
    struct rpc_message message;
    if (services->session.state == SESSION_OVER)
        return; /* it came in one piece with `exit` */
    if (rpc_message_parse(&message, body, length) != 0) {
        rpc_message_finish(&message);
        services_out_of_memory(services, "a message");
        return;
    }
    switch (message.kind) {
    case RPC_REQUEST:
        on_request(services, &message);
        break;
    case RPC_NOTIFICATION:
        on_notification(services, &message);
        break;
    case RPC_RESPONSE:
        outgoing_answered(services->outgoing, &message);
        break;
    case RPC_INVALID:
        request_refuse(services->editor, &message.id, message.code, message.fault);
        break;
    }
    rpc_message_finish(&message);
}

/* ---- the editor and the upstream ------------------------------------------------------------- */

static void on_editor_idle(void *context)
{
    struct services *services = context;
    jobs_on_editor_idle(services->jobs);
    completions_on_editor_idle(services->completions);
}

static void on_session_over(uv_timer_t *timer)
{
    struct server *server = timer->data;
    void (*on_over)(void *, bool) = server->on_over;
    server->on_over = NULL;
    if (on_over)
        on_over(server->context, server->services.session.exit_clean);
}

/* Told at the loop's next turn: whoever is writing to the editor when it turns out to be gone must
 * be able to return. */
static void end_session(struct services *services)
{
    struct server *server = server_of(services);
    services->session.state = SESSION_OVER;
    uv_ref((uv_handle_t *)&server->timer);
    uv_timer_start(&server->timer, on_session_over, 0, 0);
}

static void on_editor_end(void *context, const char *fault)
{
    struct services *services = context;
    if (fault)
        log_write(services->log, LOG_ERROR, "the session ends: %s", fault);
    if (services->session.state == SESSION_OVER)
        return; /* exit came, and then the editor closed its end */
    /* Input that ends after shutdown is as good as exit. */
    services->session.exit_clean = !fault && services->session.state == SESSION_SHUT_DOWN;
    end_session(services);
}

static void on_upstream_state(void *context)
{
    status_notify(context);
}

/* The editor may be killed while something else holds its end of the pipe. */
static void on_parent_look(uv_timer_t *timer)
{
    struct server *server = timer->data;
    uv_pid_t pid = server->services.session.editor_pid;
    if (pid && uv_kill(pid, 0) == UV_ESRCH) {
        log_write(server->services.log, LOG_INFO, "the editor is gone");
        end_session(&server->services);
    }
}

void server_user_file_changed(struct server *server, const char *path, int error, const char *text,
                              size_t length)
{
    settings_on_user_file(&server->services, path, error, text, length);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void free_when_done(struct server *server)
{
    if (!server->timer_closed || server->services.files_being_shown)
        return;
    buffer_finish(&server->services.warnings);
    free(server->services.told_base_url);
    free(server->runtime_directory);
    free(server);
}

void services_release(struct services *services)
{
    struct server *server = server_of(services);
    if (server->closed)
        free_when_done(server);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    server->timer_closed = true;
    free_when_done(server);
}

bool server_stop(struct server *server)
{
    struct services *services = &server->services;
    while (services->requests.first)
        request_cancel(services->requests.first);
    return services->session.state == SESSION_SHUT_DOWN;
}

void server_close(struct server *server)
{
    if (!server || server->closed)
        return;
    struct services *services = &server->services;
    server->closed = true;
    server->on_over = NULL;
    services->session.state = SESSION_OVER;
    requests_drop_all(&services->requests);
    jobs_drop_all(&server->jobs);
    show_remove_all(services);
    completions_destroy(services->completions);
    conversations_destroy(services->conversations);
    waiting_close(services->waiting);
    upstream_close(services->upstream);
    outgoing_close(services->outgoing);
    neighbours_destroy(services->neighbours);
    recents_destroy(services->recents);
    server->documents.on_edit = NULL;
    workspace_destroy(services->workspace);
    documents_finish(&server->documents);
    editor_close(services->editor);
    uv_close((uv_handle_t *)&server->timer, on_timer_closed);
}

static int create_parts(struct server *server, uv_loop_t *loop,
                        const struct server_options *options)
{
    static const struct editor_callbacks callbacks = {
        .on_message = on_message,
        .on_idle = on_editor_idle,
        .on_end = on_editor_end,
    };
    struct services *services = &server->services;
    int status = completions_create(&services->completions);
    if (status == 0)
        status = conversations_create(&services->conversations);
    if (status == 0)
        status = waiting_create(&services->waiting, services);
    if (status == 0)
        status = workspace_create(&services->workspace, loop, options->log);
    if (status == 0)
        status = neighbours_create(&services->neighbours, loop, options->log, services->workspace);
    if (status == 0)
        status = recents_create(&services->recents);
    if (status == 0)
        recents_follow(services->recents, services->documents);
    if (status == 0)
        status = upstream_create(&services->upstream, loop, options->log, on_upstream_state,
                                 services);
    /* Last, as it takes the descriptors over. */
    if (status == 0)
        status = editor_create(&services->editor, loop, options->input, options->output, &callbacks,
                               services);
    if (status == 0)
        status = outgoing_create(&services->outgoing, loop, services->editor);
    return status;
}

int server_create(struct server **out, uv_loop_t *loop, const struct server_options *options)
{
    *out = NULL;
    struct server *server = calloc(1, sizeof(*server));
    if (!server)
        return -ENOMEM;
    struct services *services = &server->services;
    services->loop = loop;
    services->log = options->log;
    services->config_store = options->config_store;
    services->documents = &server->documents;
    services->jobs = &server->jobs;
    services->end_session = end_session;
    server->on_over = options->on_over;
    server->context = options->context;
    documents_init(&server->documents);
    buffer_init(&services->warnings, BUFFER_CAP);
    if (options->warnings)
        buffer_append_string(&services->warnings, options->warnings);
    uv_timer_init(loop, &server->timer);
    server->timer.data = server;
    int status = 0;
    if (options->runtime_directory) {
        server->runtime_directory = strdup(options->runtime_directory);
        services->runtime_directory = server->runtime_directory;
        status = server->runtime_directory ? 0 : -ENOMEM;
    }
    if (status == 0)
        status = create_parts(server, loop, options);
    if (status != 0) {
        server_close(server);
        return status;
    }
    services->requests.editor = services->editor;
    workspace_set_project_callback(services->workspace, settings_on_project_file, services);
    uv_timer_start(&server->timer, on_parent_look, PARENT_LOOK_MS, PARENT_LOOK_MS);
    uv_unref((uv_handle_t *)&server->timer);
    *out = server;
    return 0;
}
