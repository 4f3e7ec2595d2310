#ifndef GRIDLS_CHECK_NETWORK_H
#define GRIDLS_CHECK_NETWORK_H

#include <uv.h>

#include "daemon/check_report.h"

/*
 * Whether a host's name is known and its port takes connections: a line for each. All addresses are
 * tried at once, as some networks have broken routes to one kind of them.
 *
 * The struct must stay where it is until the loop has run out.
 */
#define CHECK_NETWORK_ADDRESSES_MAX 8

struct check_attempt {
    struct check_network *network;
    uv_tcp_t socket;
    uv_connect_t connect;
    char address[64];
};

struct check_network {
    struct check_report *report;
    const char *what; /* "", or "the proxy " before the host in what is told */
    const char *hint; /* what to do where it cannot be reached */
    char host[254];
    unsigned port;
    unsigned timeout_ms;
    void (*on_end)(void *context, bool is_reached);
    void *context;

    uv_loop_t *loop;
    uv_timer_t timer;
    uv_getaddrinfo_t lookup;
    struct check_attempt attempts[CHECK_NETWORK_ADDRESSES_MAX];
    unsigned attempt_count;
    unsigned open_count; /* attempts that have not failed yet */
    int error;           /* of the attempt that failed last */
    uint64_t began;
    bool is_running;
    bool is_looking_up; /* also when it was stopped: a look-up that has begun ends when it likes */
};

/* The caller fills in all members down to `context`; the others are zero. on_end is called once,
 * not within this call, unless it is stopped before. Returns 0 or a negative errno. */
int check_network_start(struct check_network *network, uv_loop_t *loop);

void check_network_stop(struct check_network *network);

#endif
