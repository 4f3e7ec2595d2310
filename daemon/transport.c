#include "daemon/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/transport_failure.h"
#include "daemon/transport_head.h"
#include "daemon/transport_poll.h"
#include "daemon/transport_result.h"
#include "protocol/buffer.h"
#include "protocol/url.h"

/* What one turn of the loop may deliver of one body; libcurl reads 16 KiB at a time. */
#define PENDING_CAP ((size_t)4 << 20)
#define WORD_ON_THE_HEAD_MS 1000L /* how long a body waits that is to wait for it */
#define KEPT_CONNECTION_AGE_S 90L /* servers and middleboxes forget idle ones too */

struct transport {
    uv_loop_t *loop;
    struct log *log;
    CURLM *multi;         /* NULL: it was in trouble; the next transfer gets a new one */
    uv_timer_t timer;     /* libcurl's own timeout */
    uv_idle_t kick;       /* runs libcurl at the next turn of the loop */
    struct transport_poll_owner sockets; /* that libcurl asks to watch */
    struct transfer *transfers;
    unsigned open_handles; /* uv handles not yet closed */
    bool delivering;
    bool closing;
};

struct transfer {
    struct transport *transport;
    struct transfer *previous, *next;
    CURL *easy;
    struct curl_slist *headers;
    struct transport_callbacks callbacks;
    void *context;
    char *url;
    char *body;
    size_t body_length, body_sent;
    struct transport_head_values head;
    struct buffer pending; /* body bytes not yet handed on */
    struct transport_result result;
    char detail[CURL_ERROR_SIZE];
    bool certificate_only;
    bool head_ready, head_delivered;
    bool ended;     /* libcurl is done with it; result is set */
    bool busy;      /* its callbacks are running: it must not be freed under them */
    bool cancelled; /* no more callbacks */
};

/* ---- headers -------------------------------------------------------------------------------- */

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;

    if (length >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        transport_head_forget(&transfer->head); /* a new response begins: forget the 1xx before it */
        return length;
    }
    if (length <= 2 && (line[0] == '\r' || line[0] == '\n')) {
        long code = 0;
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
        if (code >= 200)
            transfer->head_ready = true;
        return length;
    }
    transport_head_keep(&transfer->head, line, length);
    return length;
}

/* Location against the request's URL; NULL where there is none or it cannot be resolved. */
static char *resolve_location(const struct transfer *transfer)
{
    if (!transfer->head.location)
        return NULL;
    CURLU *url = curl_url();
    if (!url)
        return NULL;
    char *resolved = NULL;
    char *copy = NULL;
    if (curl_url_set(url, CURLUPART_URL, transfer->url, 0) == CURLUE_OK &&
        curl_url_set(url, CURLUPART_URL, transfer->head.location, CURLU_NON_SUPPORT_SCHEME) ==
            CURLUE_OK &&
        curl_url_get(url, CURLUPART_URL, &resolved, 0) == CURLUE_OK)
        copy = strdup(resolved);
    curl_free(resolved);
    curl_url_cleanup(url);
    return copy;
}

/* ---- a transfer's life ------------------------------------------------------------------------ */

static void transfer_unlink(struct transfer *transfer)
{
    struct transport *transport = transfer->transport;
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else if (transport->transfers == transfer)
        transport->transfers = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    transfer->previous = transfer->next = NULL;
}

static void transfer_destroy(struct transfer *transfer)
{
    if (!transfer)
        return;
    if (transfer->easy) {
        if (transfer->transport->multi)
            curl_multi_remove_handle(transfer->transport->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    for (struct curl_slist *header = transfer->headers; header; header = header->next)
        explicit_bzero(header->data, strlen(header->data)); /* one of them is the key */
    curl_slist_free_all(transfer->headers);
    transport_head_forget(&transfer->head);
    buffer_finish(&transfer->pending);
    free(transfer->body);
    free(transfer->url);
    free(transfer);
}

static void deliver_head(struct transfer *transfer)
{
    transfer->head_delivered = true;
    struct transport_head head = {
        .retry_after = transfer->head.retry_after,
        .retry_after_ms = transfer->head.retry_after_ms,
        .should_retry = transfer->head.should_retry,
        .request_id = transfer->head.request_id,
        .content_type = transfer->head.content_type,
        .date = transfer->head.date,
    };
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &head.code);
    char *location CLEANUP(cleanup_free) = resolve_location(transfer);
    head.location = location;
    if (transfer->callbacks.on_head)
        transfer->callbacks.on_head(transfer->context, &head);
}

static void deliver_body(struct transfer *transfer)
{
    /* Taken out first: the callback may make libcurl append more by resuming a transfer. */
    struct buffer pending = transfer->pending;
    buffer_init(&transfer->pending, PENDING_CAP);
    if (transfer->callbacks.on_body)
        transfer->callbacks.on_body(transfer->context, pending.data, pending.length);
    buffer_finish(&pending);
}

/* Hands on what one transfer has; frees it where that was the last. */
static void deliver(struct transfer *transfer)
{
    transfer->busy = true;
    if (transfer->head_ready && !transfer->head_delivered && !transfer->cancelled)
        deliver_head(transfer);
    if (transfer->pending.length && !transfer->cancelled)
        deliver_body(transfer);
    if (transfer->ended && !transfer->cancelled) {
        transfer->cancelled = true;
        transfer->callbacks.on_end(transfer->context, &transfer->result);
    }
    transfer->busy = false;
    if (transfer->cancelled) {
        transfer_unlink(transfer);
        transfer_destroy(transfer);
    }
}

static bool has_something(const struct transfer *transfer)
{
    return (transfer->head_ready && !transfer->head_delivered) || transfer->pending.length ||
           transfer->ended || transfer->cancelled;
}

static void handle_closed(struct transport *transport)
{
    if (--transport->open_handles == 0)
        free(transport);
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void close_multi(struct transport *transport)
{
    CURLM *multi = transport->multi;
    transport->multi = NULL;
    transport_poll_close_all(&transport->sockets);
    curl_multi_cleanup(multi); /* may still call on_socket_wanted() */
}

static void close_handles(struct transport *transport)
{
    close_multi(transport);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&transport->timer, on_handle_closed);
    uv_close((uv_handle_t *)&transport->kick, on_handle_closed);
}

/* Callbacks may cancel or start any transfer, so the walk begins anew after each delivery. Each
 * delivery leaves a transfer with nothing to deliver, so the walk ends. */
static void deliver_all(struct transport *transport)
{
    if (transport->delivering)
        return;
    transport->delivering = true;
    for (struct transfer *transfer = transport->transfers; transfer;) {
        if (has_something(transfer)) {
            deliver(transfer);
            transfer = transport->transfers;
        } else {
            transfer = transfer->next;
        }
    }
    transport->delivering = false;
    if (transport->closing)
        close_handles(transport);
}

/* ---- results ---------------------------------------------------------------------------------- */

static void transfer_end(struct transfer *transfer, CURLcode code)
{
    struct transport_result *result = &transfer->result;
    transport_hide_user(transfer->detail);
    transport_result_take(result, transfer->easy, code, transfer->url, transfer->detail);
    if (result->status == TRANSPORT_OK && !transfer->head_ready && !transfer->certificate_only)
        result->status = TRANSPORT_CUT; /* within its head */
    result->detail = transfer->detail[0] ? transfer->detail : curl_easy_strerror(code);
    result->sent = transfer->body_sent > 0;
    transfer->ended = true;
    log_write(transfer->transport->log, LOG_TRACE, "HTTP %ld over a %s connection: %s", result->code,
              result->reused ? "kept" : "new", result->detail);
}

/* Must run after every action: libcurl tells of a finished transfer only here. */
static void collect_ended(struct transport *transport)
{
    CURLMsg *message;
    int left;
    while (transport->multi && (message = curl_multi_info_read(transport->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        void *owner = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        if (owner)
            transfer_end(owner, code);
    }
}

/* libcurl itself is in trouble (most often out of memory): it may never tell of its transfers, and what
 * it keeps of sockets is not to be trusted: a later transfer would hang, or crash in there. */
static void start_over(struct transport *transport, CURLMcode code)
{
    log_write(transport->log, LOG_WARN, "all transfers end: %s", curl_multi_strerror(code));
    for (struct transfer *left = transport->transfers; left; left = left->next) {
        if (!left->ended)
            transfer_end(left, CURLE_OUT_OF_MEMORY);
        curl_multi_remove_handle(transport->multi, left->easy);
    }
    close_multi(transport);
}

static void act(struct transport *transport, curl_socket_t socket, int events)
{
    int running = 0;
    CURLMcode code = transport->multi ? curl_multi_socket_action(transport->multi, socket, events,
                                                                 &running)
                                      : CURLM_OK;
    collect_ended(transport);
    if (code != CURLM_OK)
        start_over(transport, code);
    deliver_all(transport);
}

/* ---- libuv under libcurl ---------------------------------------------------------------------- */

static void on_kick(uv_idle_t *kick)
{
    struct transport *transport = kick->data;
    uv_idle_stop(kick);
    act(transport, CURL_SOCKET_TIMEOUT, 0);
}

static void kick_soon(struct transport *transport)
{
    if (!transport->closing)
        uv_idle_start(&transport->kick, on_kick);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *context)
{
    struct transport *transport = context;
    (void)multi;
    uv_timer_stop(&transport->timer);
    if (transport->closing || timeout_ms < 0)
        return 0;
    if (timeout_ms == 0) {
        /* libcurl must not be entered from here, and a timer of 0 or 1 ms would cost a millisecond
         * on each transfer. */
        kick_soon(transport);
        return 0;
    }
    uv_update_time(transport->loop);
    uv_timer_start(&transport->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* A broken socket comes with no flag: libcurl looks for itself. With CURL_CSELECT_ERR it would throw
 * away what is still to be read. */
static void on_socket_ready(void *context, int socket, bool readable, bool writable)
{
    act(context, socket, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

static void on_socket_closed(void *context)
{
    handle_closed(context);
}

static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *context,
                            void *socket_context)
{
    struct transport *transport = context;
    struct transport_poll *poll = socket_context;
    (void)easy;

    if (!transport->multi)
        return 0; /* it is being closed, and so are all sockets */
    if (what == CURL_POLL_REMOVE) {
        if (poll) {
            curl_multi_assign(transport->multi, socket, NULL);
            transport_poll_close(poll);
        }
        return 0;
    }
    if (!poll) {
        poll = transport_poll_create(&transport->sockets, socket);
        if (!poll)
            return -1;
        transport->open_handles++;
        if (curl_multi_assign(transport->multi, socket, poll) != CURLM_OK) {
            transport_poll_close(poll);
            return -1;
        }
    }
    return transport_poll_watch(poll, what & CURL_POLL_IN, what & CURL_POLL_OUT) == 0 ? 0 : -1;
}

/* ---- start, end, pause ------------------------------------------------------------------------ */

static int open_multi(struct transport *transport)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        return -ENOMEM;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transport);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transport);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 8L);
    transport->multi = multi;
    return 0;
}

int transport_create(struct transport **out, uv_loop_t *loop, struct log *log)
{
    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    struct transport *transport = calloc(1, sizeof(*transport));
    if (!transport || open_multi(transport) != 0) {
        free(transport);
        curl_global_cleanup();
        return -ENOMEM;
    }
    transport->loop = loop;
    transport->log = log;
    transport->sockets = (struct transport_poll_owner){
        .loop = loop,
        .on_ready = on_socket_ready,
        .on_closed = on_socket_closed,
        .context = transport,
    };
    uv_timer_init(loop, &transport->timer);
    uv_idle_init(loop, &transport->kick);
    transport->timer.data = transport->kick.data = transport;
    transport->open_handles = 2;
    *out = transport;
    return 0;
}

void transport_close(struct transport *transport)
{
    if (!transport || transport->closing)
        return;
    transport->closing = true;
    for (struct transfer *transfer = transport->transfers, *next; transfer; transfer = next) {
        next = transfer->next;
        transfer_cancel(transfer);
    }
    if (!transport->delivering)
        close_handles(transport); /* else deliver_all() does, when its callback has returned */
}

static size_t on_write(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    return buffer_append(&transfer->pending, data, length) == 0 ? length : 0;
}

/* The body is given by a callback that cannot be rewound. With CURLOPT_POSTFIELDS libcurl would send
 * a POST again by itself when a kept connection turns out dead (curl#18417). */
static size_t on_read(char *room, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t left = transfer->body_length - transfer->body_sent;
    size_t length = size * count < left ? size * count : left;
    memcpy(room, transfer->body + transfer->body_sent, length);
    transfer->body_sent += length;
    return length;
}

static int add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (!longer)
        return -ENOMEM;
    transfer->headers = longer;
    return 0;
}

static int add_headers(struct transfer *transfer, const struct transport_request *request)
{
    int status = add_header(transfer, request->event_stream ? "Accept: text/event-stream"
                                                            : "Accept: application/json");
    /* A compressing middlebox would hold back the pieces of a stream. */
    if (status == 0)
        status = add_header(transfer, "Accept-Encoding: identity");
    if (status == 0 && request->body)
        status = add_header(transfer, "Content-Type: application/json");
    if (status == 0 && request->body)
        /* By itself libcurl would ask for a round trip on large bodies. */
        status = add_header(transfer, request->ask_first ? "Expect: 100-continue" : "Expect:");
    if (status == 0 && request->key) {
        struct buffer line CLEANUP(buffer_finish);
        buffer_init(&line, TRANSPORT_HEAD_VALUE_CAP);
        buffer_printf(&line, "Authorization: Bearer %s", request->key);
        status = buffer_error(&line);
        if (status == 0)
            status = add_header(transfer, line.data);
        explicit_bzero(line.data, line.length);
    }
    return status;
}

static void set_options(struct transfer *transfer, const struct transport_request *request)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* HTTP/2 in the libcurl of today's stable distributions ends some reset streams as if they were
     * whole (curl 7.88), and three transfers at most are in flight anyway. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* cancelling never waits for the resolver */
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, KEPT_CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "gridls");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
    struct url url;
    if (url_parse(request->url, &url) == 0 && url_stays_here(&url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    else if (request->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy);
    if (request->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
    if (request->certificate_only) {
        curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L); /* and such a connection is never used again */
        curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (request->body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_length);
        curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, WORD_ON_THE_HEAD_MS);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    }
}

int transport_start(struct transport *transport, const struct transport_request *request,
                    const struct transport_callbacks *callbacks, void *context,
                    struct transfer **out)
{
    *out = NULL;
    if (transport->closing)
        return -ECANCELED;
    if (!transport->multi && open_multi(transport) != 0)
        return -ENOMEM;
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    if (!transfer)
        return -ENOMEM;
    transfer->transport = transport;
    transfer->callbacks = *callbacks;
    transfer->context = context;
    transfer->certificate_only = request->certificate_only;
    buffer_init(&transfer->pending, PENDING_CAP);
    transfer->url = strdup(request->url);
    if (request->body) {
        transfer->body = malloc(request->body_length + 1);
        transfer->body_length = request->body_length;
        if (transfer->body)
            memcpy(transfer->body, request->body, request->body_length);
    }
    transfer->easy = curl_easy_init();
    if (!transfer->url || (request->body && !transfer->body) || !transfer->easy ||
        add_headers(transfer, request) != 0) {
        transfer_destroy(transfer);
        return -ENOMEM;
    }
    set_options(transfer, request);
    if (curl_multi_add_handle(transport->multi, transfer->easy) != CURLM_OK) {
        transfer_destroy(transfer);
        return -ENOMEM;
    }
    transfer->next = transport->transfers;
    if (transfer->next)
        transfer->next->previous = transfer;
    transport->transfers = transfer;
    *out = transfer;
    return 0;
}

void transfer_cancel(struct transfer *transfer)
{
    if (!transfer)
        return;
    transfer->cancelled = true;
    if (transfer->busy)
        return; /* deliver() frees it when its callback has returned */
    transfer_unlink(transfer);
    transfer_destroy(transfer);
}

void transfer_pause(struct transfer *transfer)
{
    if (!transfer->ended && !transfer->cancelled)
        curl_easy_pause(transfer->easy, CURLPAUSE_RECV);
}

void transfer_resume(struct transfer *transfer)
{
    if (transfer->ended || transfer->cancelled)
        return;
    curl_easy_pause(transfer->easy, CURLPAUSE_CONT); /* may call on_write() */
    kick_soon(transfer->transport);
}
