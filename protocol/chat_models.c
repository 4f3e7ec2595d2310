#include "protocol/chat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where servers tell a model's limits: OpenRouter and The Grid, vLLM, Groq, llama.cpp, … */
static const char *const context_paths[] = {
    "context_length", "max_model_len", "context_window", "max_context_length",
    "top_provider.context_length", "meta.n_ctx",
};
static const char *const output_paths[] = {
    "max_completion_tokens", "max_output_tokens", "max_output_length",
    "top_provider.max_completion_tokens",
};
static const char *const input_paths[] = {
    "max_input_tokens", "max_prompt_tokens", "max_input_length",
};

/* From the least on, bit by bit. */
static const char *const effort_names[] = {"none", "minimal", "low", "medium", "high", "xhigh"};

#define EFFORT_COUNT (sizeof effort_names / sizeof effort_names[0])

const char *chat_effort_name(unsigned effort)
{
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (effort == 1u << i) {
            return effort_names[i];
        }
    }
    return NULL;
}

unsigned chat_effort_from_name(const char *name)
{
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (strcmp(name, effort_names[i]) == 0) {
            return 1u << i;
        }
    }
    return 0;
}

static unsigned read_efforts(const struct json *list)
{
    unsigned efforts = 0;

    for (const struct json *value = json_type(list) == JSON_ARRAY ? json_first(list) : NULL;
         value != NULL; value = json_next(value)) {
        const char *name = json_string(value);

        efforts |= name != NULL ? chat_effort_from_name(name) : 0;
    }
    return efforts;
}

static int64_t first_limit(const struct json *entry, const char *const paths[], size_t count)
{
    int64_t value;

    for (size_t i = 0; i < count; i++) {
        if (json_integer(json_at(entry, paths[i]), &value) && value > 0) {
            return value;
        }
    }
    return 0;
}

/* A name that does not fit, or that holds a NUL, is no name that could be asked for. */
static bool take_model(struct chat_model *model, const struct json *entry)
{
    const char *id = json_string(json_member(entry, "id"));

    if (id == NULL) {
        id = json_string(json_member(entry, "name"));
    }
    if (id == NULL || id[0] == '\0' || strlen(id) >= sizeof model->id ||
        strchr(id, JSON_NUL_BYTE) != NULL) {
        return false;
    }
    memset(model, 0, sizeof *model);
    strcpy(model->id, id);
    model->context_length =
        first_limit(entry, context_paths, sizeof context_paths / sizeof context_paths[0]);
    model->max_output =
        first_limit(entry, output_paths, sizeof output_paths / sizeof output_paths[0]);
    model->max_input =
        first_limit(entry, input_paths, sizeof input_paths / sizeof input_paths[0]);
    model->efforts = read_efforts(json_at(entry, "reasoning.supported_efforts"));
    return true;
}

static const struct json *find_list(const struct json *root)
{
    const struct json *const places[] = {
        root, json_member(root, "data"), json_member(root, "models")};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (json_type(places[i]) == JSON_ARRAY) {
            return places[i];
        }
    }
    return NULL;
}

int chat_models_parse(const char *body, size_t length, struct chat_model **models, size_t *count)
{
    struct json *root CLEANUP(json_cleanup) = NULL;

    *models = NULL;
    *count = 0;
    int rc = json_parse(body, length, &root);
    if (rc != 0) {
        return rc;
    }
    const struct json *list = find_list(root);
    if (list == NULL) {
        return -EBADMSG;
    }
    size_t room = json_count(list) < CHAT_MODELS_MAX ? json_count(list) : CHAT_MODELS_MAX;
    *models = calloc(room + 1, sizeof **models);
    if (*models == NULL) {
        return -ENOMEM;
    }
    for (const struct json *entry = json_first(list); entry != NULL && *count < room;
         entry = json_next(entry)) {
        if (take_model(&(*models)[*count], entry)) {
            (*count)++;
        }
    }
    return 0;
}
