/* What else an upstream says: bodies of errors, lists of models, times to wait. */
#include "protocol/chat.h"
#include "protocol/oneline.h"
#include "protocol/retry_after.h"
#include "protocol/utf8.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void holds_is_line(const char *text, size_t size)
{
    FUZZ_HOLDS(memchr(text, '\0', size));
    FUZZ_HOLDS(utf8_is_valid(text, strlen(text)));
    for (; *text; text++)
        FUZZ_HOLDS((unsigned char)*text >= 0x20 && *text != 0x7F);
}

static void read_models(const char *data, size_t length)
{
    struct chat_model *models = NULL;
    size_t count = 0;
    if (chat_models_parse(data, length, &models, &count) != 0)
        return;
    FUZZ_HOLDS(count <= CHAT_MODELS_MAX);
    for (size_t i = 0; i < count; i++)
        FUZZ_HOLDS(memchr(models[i].id, '\0', sizeof(models[i].id)));
    free(models);
}

void fuzz_one(const char *data, size_t length)
{
    struct chat_error error;
    char line[64];
    chat_error_parse(&error, data, length);
    FUZZ_HOLDS(error.set);
    holds_is_line(error.message, sizeof(error.message));
    holds_is_line(error.type, sizeof(error.type));
    holds_is_line(error.code, sizeof(error.code));
    holds_is_line(error.param, sizeof(error.param));
    chat_refused_field(&error);
    read_models(data, length);
    oneline_copy(line, sizeof(line), data, length);
    holds_is_line(line, sizeof(line));

    char *text CLEANUP(cleanup_free) = fuzz_string((struct fuzz_input){data, length});
    int64_t wait = retry_after_parse(text, NULL, 1700000000);
    FUZZ_HOLDS(wait >= -1 && wait <= 86400000);
    wait = retry_after_parse(NULL, text, 1700000000);
    FUZZ_HOLDS(wait >= -1 && wait <= 86400000);
}
