#include "daemon/requests/completion_context.h"

#include "daemon/neighbours.h"
#include "daemon/prompt/related_choice.h"
#include "daemon/recent.h"
#include "daemon/requests/context.h"

#define SOURCES_MAX 16
#define WINDOWS_MAX 3
#define DEFINITIONS_MAX 6

/* The most that each may have of the budget; what it leaves goes to the file. */
#define WINDOWS_SHARE 8 /* an eighth */
#define DEFINITIONS_SHARE 8
#define CHANGES_SHARE 16

struct asker {
    struct services *services;
    struct config *config;
};

static bool may_show(void *context, const struct document *document)
{
    const struct asker *asker = context;
    return workspace_judge(asker->services->workspace, asker->config, document_name(document)) ==
           WORKSPACE_ALLOWED;
}

static const char *name_of(void *context, const struct document *document)
{
    const struct asker *asker = context;
    return workspace_name_of(asker->services->workspace, document_name(document));
}

/* A part of a prompt: the members of prompt_completion point into it. */
struct context {
    struct prompt_related windows[WINDOWS_MAX];
    struct prompt_related definitions[DEFINITIONS_MAX];
    struct buffer changes;
};

static void find_related(struct services *services, struct config *config,
                         struct document *document, struct prompt_completion *input,
                         struct context *context)
{
    struct neighbour_text texts[SOURCES_MAX];
    struct related_source sources[SOURCES_MAX];
    size_t count = neighbours_gather(services->neighbours, config, document, texts, SOURCES_MAX);
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct related_source){texts[i].name, texts[i].index, texts[i].is_own};
    input->windows = context->windows;
    input->window_count =
        related_choose_windows(sources, count, input->before, input->after,
                               input->budget / WINDOWS_SHARE, context->windows, WINDOWS_MAX);
    input->definitions = context->definitions;
    input->definition_count = related_choose_definitions(
        sources, count, input->before, input->after, context->windows, input->window_count,
        input->budget / DEFINITIONS_SHARE, context->definitions, DEFINITIONS_MAX);
}

static int find_changes(struct services *services, struct config *config,
                        struct document *document, size_t cursor,
                        struct prompt_completion *input, struct context *context)
{
    struct asker asker = {services, config};
    struct recents_view view = {
        .document = document,
        .cursor = cursor,
        .budget = input->budget / CHANGES_SHARE,
        .may_show = may_show,
        .name_of = name_of,
        .context = &asker,
    };
    int status = recents_append(services->recents, &view, &context->changes);
    input->changes = (struct prompt_text){context->changes.data, context->changes.length};
    return status;
}

int completion_context_build(struct services *services, struct config *config,
                             struct document *document, const struct offer_place *place,
                             struct chat_messages *messages)
{
    struct prompt_completion input = {
        .file = {workspace_name_of(services->workspace, document_name(document)),
                 document->language_id},
        .before = {place->before.data, place->before.length},
        .after = {place->after.data, place->after.length},
        .budget = context_budget(services, config, TASK_COMPLETION),
    };
    struct prompt_style style = context_style(config);
    struct context context;
    int status = 0;

    buffer_init(&context.changes, BUFFER_CAP);
    if (config->completion_related) {
        find_related(services, config, document, &input, &context);
        status = find_changes(services, config, document, place->offset, &input, &context);
    }
    if (status == 0)
        status = prompt_completion_build(messages, &style, &input);
    buffer_finish(&context.changes);
    return status;
}
