#include "daemon/config.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_strings(const struct config_strings *a, const struct config_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

/* By their text, in which the order of members counts. Out of memory: they are taken to differ. */
static bool same_json(const struct json *a, const struct json *b)
{
    struct buffer first CLEANUP(buffer_finish);
    struct buffer second CLEANUP(buffer_finish);

    buffer_init(&first, BUFFER_CAP);
    buffer_init(&second, BUFFER_CAP);
    if (!a || !b)
        return a == b;
    return json_append(&first, a) == 0 && json_append(&second, b) == 0 &&
           strcmp(first.data, second.data) == 0;
}

static bool same_parameters(const struct config_parameters *a, const struct config_parameters *b)
{
    return a->temperature == b->temperature && a->top_p == b->top_p &&
           a->max_tokens == b->max_tokens && same_strings(&a->stop, &b->stop) &&
           same_text(a->reasoning_effort, b->reasoning_effort) && same_json(a->extra, b->extra);
}

static bool same_key(const struct config *a, const struct config *b)
{
    return a->key_kind == b->key_kind && same_text(a->api_key, b->api_key) &&
           same_strings(&a->api_key_command, &b->api_key_command) &&
           same_text(a->api_key_file, b->api_key_file) && same_text(a->key_fault, b->key_fault) &&
           same_text(a->key_withheld, b->key_withheld);
}

static bool same_network(const struct config *a, const struct config *b)
{
    return same_text(a->proxy, b->proxy) && same_text(a->ca_file, b->ca_file) &&
           a->connect_timeout_ms == b->connect_timeout_ms &&
           a->idle_timeout_ms == b->idle_timeout_ms && a->retries == b->retries &&
           a->max_in_flight == b->max_in_flight && a->allow_http == b->allow_http &&
           same_strings(&a->redirect_hosts, &b->redirect_hosts);
}

bool config_asks_alike(const struct config *a, const struct config *b)
{
    for (size_t task = 0; task < TASK_COUNT; task++)
        if (!same_text(a->instruments[task], b->instruments[task]) ||
            !same_parameters(&a->parameters[task], &b->parameters[task]))
            return false;
    return same_text(a->base_url, b->base_url) && same_key(a, b) && same_network(a, b);
}
