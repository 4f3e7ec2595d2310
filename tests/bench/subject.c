#include "tests/bench/subject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protocol/rpc.h"

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void fail(const char *what)
{
    fprintf(stderr, "bench: %s (%s)\n", what, strerror(errno));
    exit(1);
}

void write_all(int descriptor, const char *bytes, size_t length)
{
    while (length) {
        ssize_t count = write(descriptor, bytes, length);
        if (count < 0)
            fail("cannot write");
        bytes += count;
        length -= (size_t)count;
    }
}

/* ---- life ------------------------------------------------------------------------------------- */

/* Makes the pipes; `ends` are the subject's: what it reads from, what it writes to. */
static void prepare(struct subject *subject, int ends[2])
{
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        fail("cannot make a pipe");
    ends[0] = input[0];
    ends[1] = output[1];
    subject->in = input[1];
    subject->out = output[0];
    subject->begin = subject->end = 0;
    frame_parser_init(&subject->parser, FRAME_BODY_CAP);
}

void subject_start(struct subject *subject, const char *program, const char *base_url)
{
    char *name = strdup(program);
    char url[128];
    char path[] = "PATH=/usr/bin:/bin", home[] = "HOME=/nonexistent", log[] = "GRIDLS_LOG=error";
    char key[] = "THEGRID_API_KEY=made-up-for-the-benchmark";
    char *arguments[] = {name, NULL};
    char *variables[] = {url, path, home, log, key, NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];

    snprintf(url, sizeof(url), "THEGRID_BASE_URL=%s", base_url ? base_url : "http://127.0.0.1:9/v1");
    prepare(subject, ends);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    errno = posix_spawn(&subject->pid, program, &actions, NULL, arguments, variables);
    if (errno)
        fail(program);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    close(ends[1]);
    free(name);
}

static void carry(int from, int to)
{
    static char room[65536];
    ssize_t count = read(from, room, sizeof(room));
    if (count <= 0)
        _exit(count < 0);
    write_all(to, room, (size_t)count);
}

static void relay(const int ends[2], unsigned port)
{
    /* What is inherited would keep the pipes of other subjects open. */
    if (dup2(ends[0], STDIN_FILENO) < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
        fail("cannot take the pipes");
    close_range(STDERR_FILENO + 1, ~0u, 0);
    int yes = 1;
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail("the relay cannot connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    for (;;) {
        struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = connection, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0)
            fail("the relay cannot wait");
        if (ready[0].revents)
            carry(STDIN_FILENO, connection);
        if (ready[1].revents)
            carry(connection, STDOUT_FILENO);
    }
}

void subject_start_relay(struct subject *subject, unsigned port)
{
    int ends[2];
    prepare(subject, ends);
    subject->pid = fork();
    if (subject->pid < 0)
        fail("cannot fork");
    if (subject->pid == 0)
        relay(ends, port);
    close(ends[0]);
    close(ends[1]);
}

void subject_stop(struct subject *subject)
{
    close(subject->in);
    close(subject->out);
    if (waitpid(subject->pid, NULL, 0) < 0)
        fail("cannot wait");
    frame_parser_finish(&subject->parser);
}

/* ---- messages --------------------------------------------------------------------------------- */

void subject_write(struct subject *subject, const char *bytes, size_t length)
{
    write_all(subject->in, bytes, length);
}

void subject_read(struct subject *subject, size_t length)
{
    while (length) {
        size_t room = length < sizeof(subject->room) ? length : sizeof(subject->room);
        ssize_t count = read(subject->out, subject->room, room);
        if (count <= 0)
            fail("the relay's output ended");
        length -= (size_t)count;
    }
}

void subject_send(struct subject *subject, struct buffer *body)
{
    struct buffer frame CLEANUP(buffer_finish);
    buffer_init(&frame, BUFFER_CAP);
    frame_append_header(&frame, body->length);
    buffer_append(&frame, body->data, body->length);
    if (buffer_error(&frame) || buffer_error(body))
        fail("no memory");
    write_all(subject->in, frame.data, frame.length);
    buffer_clear(body);
}

const struct buffer *subject_receive(struct subject *subject)
{
    for (;;) {
        size_t used = 0;
        enum frame_status status =
            frame_parser_feed(&subject->parser, subject->room + subject->begin,
                              subject->end - subject->begin, &used);
        subject->begin += used;
        if (status == FRAME_MESSAGE)
            return &subject->parser.body;
        if (status == FRAME_BAD)
            fail(subject->parser.fault);
        ssize_t count = read(subject->out, subject->room, sizeof(subject->room));
        if (count <= 0)
            fail("the output ended");
        subject->begin = 0;
        subject->end = (size_t)count;
    }
}

const struct buffer *subject_receive_until(struct subject *subject, const char *words)
{
    const struct buffer *body;
    do
        body = subject_receive(subject);
    while (!strstr(body->data, words));
    return body;
}

void subject_initialize(struct subject *subject)
{
    struct buffer body CLEANUP(buffer_finish);
    buffer_init(&body, BUFFER_CAP);
    buffer_append_string(&body, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":"
                                "{\"processId\":null,\"rootUri\":null,\"capabilities\":{}}}");
    subject_send(subject, &body);
    subject_receive_until(subject, "\"id\":0");
    buffer_append_string(&body, "{\"jsonrpc\":\"2.0\",\"method\":\"initialized\",\"params\":{}}");
    subject_send(subject, &body);
}

void subject_open(struct subject *subject, const char *uri, const char *text, size_t length)
{
    struct buffer body CLEANUP(buffer_finish);
    struct json_writer writer;
    buffer_init(&body, BUFFER_CAP);
    json_writer_init(&writer, &body);
    rpc_begin_notification(&writer, "textDocument/didOpen");
    json_begin_object(&writer);
    json_write_key(&writer, "textDocument");
    json_begin_object(&writer);
    json_put_string(&writer, "uri", uri);
    json_put_string(&writer, "languageId", "c");
    json_put_integer(&writer, "version", 1);
    json_put_text(&writer, "text", text, length);
    json_end_object(&writer);
    json_end_object(&writer);
    rpc_end(&writer);
    subject_send(subject, &body);
}

/* ---- what it costs ---------------------------------------------------------------------------- */

uint64_t subject_cpu_ns(const struct subject *subject)
{
    clockid_t clock;
    struct timespec used;
    errno = clock_getcpuclockid(subject->pid, &clock);
    if (errno || clock_gettime(clock, &used) != 0)
        fail("cannot read the CPU time of a process");
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

double subject_resident_mib(const struct subject *subject)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)subject->pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        fail(path);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}
