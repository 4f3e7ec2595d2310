#ifndef GRIDLS_TRANSPORT_H
#define GRIDLS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/*
 * HTTP transfers: libcurl's multi interface on the libuv loop. One transfer is one request and one response; redirects are not followed, nothing is sent
 * twice: a POST on a kept connection that turns out to be dead ends as TRANSPORT_STALE and is the
 * caller's to send again.
 *
 * Callbacks run on the loop, never inside a call of the caller into this file. In them the caller may
 * start, pause, resume and cancel any transfer.
 */
struct transport;
struct transfer;
struct log;

enum transport_status {
    TRANSPORT_OK,       /* the response ended as HTTP says; with any status code */
    TRANSPORT_CUT,      /* it ended before HTTP says so; what came before was delivered */
    TRANSPORT_STALE,    /* a kept connection was dead: the request got no answer, not a byte */
    TRANSPORT_UNSENT,   /* the peer left before it had the whole request; what it may have said of that
                           is lost, as no connection can be read that can no longer be written to */
    TRANSPORT_RESOLVE,  /* the host's name was not found */
    TRANSPORT_CONNECT,  /* no connection: refused, unreachable, or over the connect timeout */
    TRANSPORT_TLS,      /* handshake or certificate */
    TRANSPORT_PROXY,    /* the proxy's name was not found or it refused */
    TRANSPORT_PROTOCOL, /* what came is no HTTP */
    TRANSPORT_NO_MEMORY,
    TRANSPORT_OTHER,
};

/* What TRANSPORT_TLS was. */
enum transport_tls_fault {
    TRANSPORT_TLS_HANDSHAKE,  /* no common ground; most often what answers is no TLS */
    TRANSPORT_TLS_UNTRUSTED,  /* no known authority signed the certificate */
    TRANSPORT_TLS_OTHER_NAME, /* the certificate is another host's */
    TRANSPORT_TLS_DATE,       /* it is out of date, or not yet valid */
    TRANSPORT_TLS_CA_FILE,    /* ca_file cannot be used */
};

/* What a finished or failed transfer was. Texts are valid during the callback. */
struct transport_result {
    enum transport_status status;
    long code;              /* HTTP status; 0 where no response began */
    long proxy_code;        /* what the proxy answered to CONNECT; 0: it was not asked */
    enum transport_tls_fault tls_fault;
    char issuer[256];       /* for certificate_only: who signed the certificate; "": it is not known */
    char expires[64];       /* … and its last day */
    const char *detail;     /* libcurl's words; may name a host, never a header, query or key */
    bool sent;              /* the request may have reached the server */
    bool reused;            /* went over a kept connection */
};

/* Headers that the caller acts on; NULL where they were not sent. Valid during the callback. */
struct transport_head {
    long code;
    const char *location;     /* absolute, resolved against the request's URL; holds a secret token */
    const char *retry_after;
    const char *retry_after_ms;
    const char *should_retry; /* x-should-retry */
    const char *request_id;   /* x-request-id, request-id or the like */
    const char *content_type;
    const char *date;         /* when the server says it is */
};

struct transport_callbacks {
    /* The final response's headers are in (1xx are passed over). */
    void (*on_head)(void *context, const struct transport_head *head);
    /* Body bytes as they come. */
    void (*on_body)(void *context, const char *data, size_t length);
    /* The transfer is over; it is freed after this returns. Not called after transfer_cancel(). */
    void (*on_end)(void *context, const struct transport_result *result);
};

struct transport_request {
    const char *url;
    const char *body;        /* NULL: GET, else POST of application/json; copied */
    size_t body_length;
    const char *key;         /* bearer token; NULL: none is sent; copied */
    const char *proxy;       /* NULL: from the environment */
    const char *ca_file;     /* NULL: the system's store */
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;     /* of the whole transfer; 0: none, the caller has its own deadlines */
    bool fresh;              /* do not use a kept connection */
    bool ask_first;          /* Expect: 100-continue: the body waits, for a second at most, until the
                                server has answered the head */
    bool certificate_only;   /* connects, looks at who the server says it is, whether or not that can be
                                believed, and sends nothing: for the words about a failure */
    bool event_stream;       /* Accept: text/event-stream, else application/json */
};

/* Returns 0 or a negative errno. */
int transport_create(struct transport **transport, uv_loop_t *loop, struct log *log);

/* Cancels everything and closes; memory goes in the last close callback, as the loop runs. */
void transport_close(struct transport *transport);

/* Starts a transfer. Returns 0 with *transfer valid until on_end has been called or transfer_cancel(),
 * or a negative errno. Failures of the network always come through on_end. */
int transport_start(struct transport *transport, const struct transport_request *request,
                    const struct transport_callbacks *callbacks, void *context,
                    struct transfer **transfer);

/* Ends the transfer at once: its connection is closed, no callback follows. Takes NULL. */
void transfer_cancel(struct transfer *transfer);

/* While paused no body comes and the peer is slowed down by its own window. */
void transfer_pause(struct transfer *transfer);
void transfer_resume(struct transfer *transfer);

#endif
