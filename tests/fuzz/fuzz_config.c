/* Settings in every layer, and what a project may not say. */
#include "daemon/config.h"

#include <errno.h>
#include <string.h>

#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

static void holds_snapshot(struct config_store *store, bool is_project)
{
    struct buffer printed CLEANUP(buffer_finish);
    struct config *config = config_store_snapshot(store);
    buffer_init(&printed, BUFFER_CAP);
    FUZZ_HOLDS(config);
    FUZZ_HOLDS(config->base_url || config->base_url_fault);
    if (is_project) { /* opening a repository sends nothing anywhere new */
        FUZZ_HOLDS(strcmp(config->base_url, "https://api.thegrid.ai/v1") == 0);
        FUZZ_HOLDS(config->key_kind == CONFIG_KEY_NONE && !config->proxy && !config->ca_file);
        FUZZ_HOLDS(!config->allow_http && config->redirect_hosts.count == 1);
        FUZZ_HOLDS(config->redact_secrets);
    }
    FUZZ_HOLDS(config_store_print(store, &printed) == 0);
    config_unref(config);
}

void fuzz_one(const char *data, size_t length)
{
    struct buffer warnings CLEANUP(buffer_finish);
    buffer_init(&warnings, BUFFER_CAP);
    for (int layer = CONFIG_COMMAND_LINE; layer < CONFIG_BUILT_IN; layer++) {
        struct config_store *store;
        FUZZ_HOLDS(config_store_create(&store) == 0);
        int status = config_store_set_text(store, (enum config_layer)layer, "the file", data,
                                           length, &warnings);
        FUZZ_HOLDS(status == 0 || status == -EBADMSG);
        holds_snapshot(store, layer == CONFIG_PROJECT_FILE);
        config_store_destroy(store);
    }
    FUZZ_HOLDS(buffer_error(&warnings) == 0);
}
