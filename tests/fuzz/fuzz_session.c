/*
 * A whole session: the daemon with its pipes in this process, and the sandbox as its upstream. The
 * input is what the editor sends: frames, or where it does not begin with a header, a body a line.
 * Whatever it is, all ends, nothing is left on the loop, every byte that comes is a frame of valid
 * JSON, and no more is answered than was asked.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"
#include "protocol/frame.h"
#include "protocol/rpc.h"
#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

#define PIPE_SIZE (1 << 20)
#define INPUT_MAX ((size_t)PIPE_SIZE / 2)
#define TURNS_MAX 400 /* of the loop, before the input ends */
#define TURN_MS 1     /* without anything to do */
#define QUIET_TURNS 10

/* ---- nothing that an input says may reach beyond this process -------------------------------- */

static unsigned sandbox_port; /* the one place where connections go */

/* No program is started: libuv's own way of failing, before it forks. */
int uv_spawn(uv_loop_t *loop, uv_process_t *process, const uv_process_options_t *options)
{
    int (*original)(uv_loop_t *, uv_process_t *, const uv_process_options_t *);
    uv_stdio_container_t none = {.flags = UV_INHERIT_FD, .data.fd = -1};
    uv_process_options_t bad = *options;
    bad.stdio = &none;
    bad.stdio_count = 1;
    *(void **)&original = dlsym(RTLD_NEXT, "uv_spawn");
    return original(loop, process, &bad);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*original)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct in_addr address;
    *found = NULL;
    if (!host || inet_pton(AF_INET, host, &address) != 1)
        return EAI_FAIL;
    *(void **)&original = dlsym(RTLD_NEXT, "getaddrinfo");
    return original(host, service, hints, found);
}

/* By another name in C: glibc declares this one with a type of its own. */
int connect_to_sandbox(int descriptor, const struct sockaddr *address, socklen_t length)
    __asm__("connect");
int connect_to_sandbox(int descriptor, const struct sockaddr *address, socklen_t length)
{
    int (*original)(int, const struct sockaddr *, socklen_t);
    struct sockaddr_in to;
    if (address->sa_family == AF_INET && length >= sizeof(to)) {
        memcpy(&to, address, sizeof(to));
        if (to.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && ntohs(to.sin_port) == sandbox_port) {
            *(void **)&original = dlsym(RTLD_NEXT, "connect");
            return original(descriptor, address, length);
        }
    }
    errno = ECONNREFUSED;
    return -1;
}

/* ---- the editor ------------------------------------------------------------------------------ */

struct session {
    uv_loop_t loop;
    struct config_store *store;
    struct sandbox *sandbox;
    struct server *server;
    int input, output; /* the editor's ends */
    struct frame_parser parser;
    size_t asked, answered;
    bool over;
};

static void on_over(void *context, bool clean)
{
    struct session *session = context;
    (void)clean;
    session->over = true;
    server_close(session->server);
    sandbox_stop(session->sandbox);
}

static void look_at(struct session *session, const struct buffer *body)
{
    struct rpc_message message;
    struct json *root CLEANUP(json_cleanup) = NULL;
    FUZZ_HOLDS(utf8_is_valid(body->data, body->length));
    FUZZ_HOLDS(json_parse(body->data, body->length, &root) == 0);
    FUZZ_HOLDS(rpc_message_parse(&message, body->data, body->length) == 0);
    /* An id that could not be read is null in the answer, which is no message to a server. */
    if (message.kind == RPC_RESPONSE || message.kind == RPC_INVALID)
        session->answered++;
    FUZZ_HOLDS(!json_member(root, "result") || !json_member(root, "error"));
    rpc_message_finish(&message);
}

/* Returns whether something came. */
static bool read_output(struct session *session)
{
    static char room[65536];
    ssize_t count = read(session->output, room, sizeof(room));
    size_t taken = 0;
    while (count > 0 && taken < (size_t)count) {
        size_t used = 0;
        enum frame_status status =
            frame_parser_feed(&session->parser, room + taken, (size_t)count - taken, &used);
        FUZZ_HOLDS(status != FRAME_BAD);
        taken += used;
        if (status == FRAME_MESSAGE)
            look_at(session, &session->parser.body);
    }
    return count > 0;
}

static bool has_header(const char *data, size_t length)
{
    return length >= 8 && strncasecmp(data, "content-", 8) == 0;
}

static void append_framed(struct buffer *out, const char *data, size_t length)
{
    while (length) {
        const char *end = memchr(data, '\n', length);
        size_t line = end ? (size_t)(end - data) : length;
        frame_append_header(out, line);
        buffer_append(out, data, line);
        line += end != NULL;
        data += line;
        length -= line;
    }
}

/* How many messages want an answer, or are answered because they are none. */
static size_t count_asked(const struct buffer *input)
{
    struct frame_parser parser;
    size_t taken = 0, asked = 0;
    enum frame_status status = FRAME_NEED_MORE;
    frame_parser_init(&parser, FRAME_BODY_CAP);
    while (taken < input->length && status != FRAME_BAD) {
        struct rpc_message message;
        size_t used = 0;
        status = frame_parser_feed(&parser, input->data + taken, input->length - taken, &used);
        taken += used;
        if (status != FRAME_MESSAGE)
            continue;
        FUZZ_HOLDS(rpc_message_parse(&message, parser.body.data, parser.body.length) == 0);
        asked += message.kind == RPC_REQUEST || message.kind == RPC_INVALID;
        rpc_message_finish(&message);
    }
    frame_parser_finish(&parser);
    return asked;
}

/* ---- the session ----------------------------------------------------------------------------- */

static void open_session(struct session *session)
{
    int input[2], output[2];
    *session = (struct session){0};
    FUZZ_HOLDS(pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0);
    FUZZ_HOLDS(fcntl(input[1], F_SETPIPE_SZ, PIPE_SIZE) >= PIPE_SIZE);
    FUZZ_HOLDS(fcntl(output[0], F_SETFL, O_NONBLOCK) == 0);
    session->input = input[1];
    session->output = output[0];
    frame_parser_init(&session->parser, FRAME_BODY_CAP);
    FUZZ_HOLDS(uv_loop_init(&session->loop) == 0);
    FUZZ_HOLDS(config_store_create(&session->store) == 0);
    FUZZ_HOLDS(sandbox_start(&session->sandbox, &session->loop, NULL) == 0);
    const char *base_url = sandbox_base_url(session->sandbox);
    FUZZ_HOLDS(sscanf(base_url, "http://127.0.0.1:%u", &sandbox_port) == 1);
    FUZZ_HOLDS(config_store_set_sandbox(session->store, base_url,
                                        sandbox_key(session->sandbox)) == 0);
    struct server_options options = {.config_store = session->store, .input = input[0],
                                     .output = output[1], .on_over = on_over,
                                     .context = session};
    FUZZ_HOLDS(server_create(&session->server, &session->loop, &options) == 0);
}

/* Until all is answered, or nothing more comes for a while: some answers take their time. */
static void run_session(struct session *session)
{
    int quiet = 0;
    for (int turn = 0; turn < TURNS_MAX && quiet < QUIET_TURNS && !session->over; turn++) {
        struct pollfd wait = {.fd = uv_backend_fd(&session->loop), .events = POLLIN};
        int timeout = uv_backend_timeout(&session->loop);
        uv_run(&session->loop, UV_RUN_NOWAIT);
        if (read_output(session))
            quiet = 0;
        else if (poll(&wait, 1, timeout < 0 || timeout > TURN_MS ? TURN_MS : timeout) == 0)
            quiet++;
        if (session->answered >= session->asked && turn > 8)
            break;
    }
}

static void close_session(struct session *session)
{
    close(session->input);
    while (uv_run(&session->loop, UV_RUN_ONCE))
        read_output(session);
    while (read_output(session))
        continue;
    FUZZ_HOLDS(session->over);
    FUZZ_HOLDS(uv_loop_close(&session->loop) == 0);
    FUZZ_HOLDS(frame_parser_is_idle(&session->parser));
    close(session->output);
    frame_parser_finish(&session->parser);
    config_store_destroy(session->store);
}

void fuzz_one(const char *data, size_t length)
{
    struct session session;
    struct buffer input CLEANUP(buffer_finish);
    buffer_init(&input, INPUT_MAX);
    if (has_header(data, length))
        buffer_append(&input, data, length);
    else
        append_framed(&input, data, length);
    if (buffer_error(&input))
        return;
    open_session(&session);
    session.asked = count_asked(&input);
    FUZZ_HOLDS(write(session.input, input.data, input.length) == (ssize_t)input.length);
    run_session(&session);
    close_session(&session);
    FUZZ_HOLDS(session.answered <= session.asked);
}
