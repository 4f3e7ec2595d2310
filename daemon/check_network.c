#include "daemon/check_network.h"

#include <stdio.h>

#define NAMED_ADDRESSES_MAX 3

static unsigned elapsed_ms(const struct check_network *network)
{
    return (unsigned)((uv_hrtime() - network->began) / 1000000);
}

void check_network_stop(struct check_network *network)
{
    if (!network->is_running)
        return;
    network->is_running = false;
    uv_close((uv_handle_t *)&network->timer, NULL);
    uv_cancel((uv_req_t *)&network->lookup);
    for (unsigned i = 0; i < network->attempt_count; i++)
        uv_close((uv_handle_t *)&network->attempts[i].socket, NULL);
}

static void end(struct check_network *network, bool is_reached)
{
    check_network_stop(network);
    network->on_end(network->context, is_reached);
}

/* ---- connection ------------------------------------------------------------------------------ */

static void fail_to_connect(struct check_network *network)
{
    check_report_problem(network->report, network->hint, "connection: %s%s port %u: %s",
                         network->what, network->host, network->port, uv_strerror(network->error));
    end(network, false);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct check_attempt *attempt = connect->data;
    struct check_network *network = attempt->network;

    if (!network->is_running)
        return;
    if (status == 0) {
        check_report_good(network->report, "connection: %s%s port %u, after %u ms", network->what,
                          attempt->address, network->port, elapsed_ms(network));
        end(network, true);
        return;
    }
    network->error = status;
    if (--network->open_count == 0)
        fail_to_connect(network);
}

static void attempt_connect(struct check_network *network, const struct sockaddr *address)
{
    struct check_attempt *attempt = &network->attempts[network->attempt_count];
    int error = uv_tcp_init(network->loop, &attempt->socket);

    if (error) {
        network->error = error;
        return;
    }
    network->attempt_count++;
    attempt->network = network;
    attempt->connect.data = attempt;
    uv_ip_name(address, attempt->address, sizeof(attempt->address));
    error = uv_tcp_connect(&attempt->connect, &attempt->socket, address, on_connected);
    if (error)
        network->error = error;
    else
        network->open_count++;
}

/* ---- name ------------------------------------------------------------------------------------ */

static bool is_address(const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    return uv_ip4_addr(host, 0, &v4) == 0 || uv_ip6_addr(host, 0, &v6) == 0;
}

static void tell_name(struct check_network *network)
{
    char text[(sizeof(network->attempts[0].address) + 2) * NAMED_ADDRESSES_MAX + 8] = "";
    size_t used = 0;

    for (unsigned i = 0; i < network->attempt_count && i < NAMED_ADDRESSES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "",
                                 network->attempts[i].address);
    if (network->attempt_count > NAMED_ADDRESSES_MAX)
        snprintf(text + used, sizeof(text) - used, ", …");
    check_report_good(network->report, "name: %s%s is %s, after %u ms", network->what,
                      network->host, text, elapsed_ms(network));
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
    struct check_network *network = lookup->data;

    network->is_looking_up = false;
    if (!network->is_running) {
        uv_freeaddrinfo(addresses);
        return;
    }
    if (status != 0) {
        check_report_problem(network->report, network->hint, "name: %s%s: %s", network->what,
                             network->host, uv_strerror(status));
        end(network, false);
        return;
    }
    for (struct addrinfo *each = addresses;
         each && network->attempt_count < CHECK_NETWORK_ADDRESSES_MAX; each = each->ai_next)
        attempt_connect(network, each->ai_addr);
    uv_freeaddrinfo(addresses);
    if (!is_address(network->host))
        tell_name(network);
    network->began = uv_hrtime();
    if (network->open_count == 0)
        fail_to_connect(network);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void on_timeout(uv_timer_t *timer)
{
    struct check_network *network = timer->data;

    check_report_problem(network->report, network->hint, "%s: %s%s: no answer within %.1f s",
                         network->attempt_count > 0 ? "connection" : "name", network->what,
                         network->host, network->timeout_ms / 1000.0);
    end(network, false);
}

int check_network_start(struct check_network *network, uv_loop_t *loop)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char port[16];
    int error;

    network->loop = loop;
    network->began = uv_hrtime();
    network->lookup.data = network;
    snprintf(port, sizeof(port), "%u", network->port);
    error = uv_getaddrinfo(loop, &network->lookup, on_looked_up, network->host, port, &hints);
    if (error)
        return error;
    uv_timer_init(loop, &network->timer);
    network->timer.data = network;
    network->is_running = network->is_looking_up = true;
    uv_timer_start(&network->timer, on_timeout, network->timeout_ms, 0);
    return 0;
}
