#include "daemon/instruments.h"

#include <stdio.h>
#include <strings.h>

#define ALWAYS_REASONS (CHAT_EFFORT_LOW | CHAT_EFFORT_MEDIUM | CHAT_EFFORT_HIGH)
#define MAY_REASON (CHAT_EFFORT_NONE | ALWAYS_REASONS)

/* As The Grid's own list of models had them in 2026. */
static const struct chat_model table[] = {
    {"text-standard", 128000, 65536, ALWAYS_REASONS, 120000},
    {"text-prime", 196608, 131072, ALWAYS_REASONS, 120000},
    {"text-max", 1000000, 128000, MAY_REASON, 922000},
    {"code-standard", 128000, 65536, ALWAYS_REASONS, 120000},
    {"code-prime", 196608, 131072, ALWAYS_REASONS, 120000},
    {"code-max", 1000000, 128000, MAY_REASON, 922000},
    {"agent-standard", 128000, 65536, ALWAYS_REASONS, 120000},
    {"agent-prime", 196608, 131072, ALWAYS_REASONS, 120000},
    {"agent-max", 1000000, 128000, MAY_REASON, 922000},
};

static const struct chat_model *find_built_in(const char *name)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcasecmp(table[i].id, name) == 0)
            return &table[i];
    return NULL;
}

struct chat_model instrument_limits(const struct chat_model *told, const struct config *config,
                                    const char *name)
{
    const struct chat_model *built_in = config->is_the_grid ? find_built_in(name) : NULL;
    struct chat_model limits = {0};

    if (told)
        limits = *told;
    else
        snprintf(limits.id, sizeof(limits.id), "%s", name);
    if (!built_in)
        return limits;
    if (!limits.context_length)
        limits.context_length = built_in->context_length;
    if (!limits.max_output)
        limits.max_output = built_in->max_output;
    if (!limits.efforts)
        limits.efforts = built_in->efforts;
    if (!limits.max_input)
        limits.max_input = built_in->max_input;
    return limits;
}

int64_t instrument_max_tokens(const struct chat_model *limits, int64_t wanted)
{
    return limits->max_output > 0 && wanted > limits->max_output ? limits->max_output : wanted;
}

int64_t instrument_room(const struct chat_model *limits, int64_t max_tokens)
{
    int64_t most = limits->max_input > 0 ? limits->max_input : -1;
    int64_t room = limits->context_length - instrument_max_tokens(limits, max_tokens);

    if (limits->context_length <= 0)
        return most;
    if (most >= 0 && most < room)
        return most;
    return room > 0 ? room : 0;
}

const char *instrument_effort(const struct chat_model *limits, const char *wanted)
{
    unsigned bit = wanted ? chat_effort_from_name(wanted) : 0;

    if (!bit || !limits->efforts || (limits->efforts & bit))
        return wanted;
    for (unsigned down = bit >> 1, up = bit << 1; down || up <= CHAT_EFFORT_XHIGH;
         down >>= 1, up <<= 1) {
        if (limits->efforts & down)
            return chat_effort_name(down);
        if (limits->efforts & up)
            return chat_effort_name(up);
    }
    return wanted;
}
