#include "daemon/credentials.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/child.h"
#include "daemon/file.h"
#include "daemon/log.h"
#include "protocol/oneline.h"

#define COMMAND_TIMEOUT_S 10u
/* What failed is not tried again for a while: each keystroke may ask for the key. */
#define FAULT_LASTS_MS 10000u
#define ANSWER_CAP ((size_t)16 << 10)
/* Settings change by hand: more than a few commands and files in one session are not met. */
#define SOURCES_MAX 8u

enum source_state {
    SOURCE_UNASKED,
    SOURCE_ASKING, /* the child or the file is at work; waits are in the list */
    SOURCE_KEY,    /* `key` is known */
    SOURCE_FAULT,  /* `fault` holds until `fault_until` */
};

/* A command or a file that keys come from. */
struct source {
    struct source *next;
    struct credentials *credentials;
    enum config_key_kind kind;
    struct buffer identity; /* the path, or each argument, with its NUL */
    char name[256];         /* path or program, for people */
    enum source_state state;
    struct child *child;
    struct file_request *file;
    char *key;
    char fault[768];
    uint64_t fault_until; /* loop time */
    struct credentials_wait *waits;
};

struct credentials {
    uv_loop_t *loop;
    struct log *log;
    struct source *sources; /* the one made last first */
    struct credentials_wait *delivering; /* will be told in this turn, and are in no source */
    unsigned references; /* the owner's, and a delivery's while it runs */
};

/* ---- life ------------------------------------------------------------------------------------ */

static void forget_key(struct source *source)
{
    if (source->key)
        explicit_bzero(source->key, strlen(source->key));
    free(source->key);
    source->key = NULL;
}

static void source_destroy(struct source *source)
{
    child_cancel(source->child);
    file_request_cancel(source->file);
    forget_key(source);
    buffer_finish(&source->identity);
    free(source);
}

static void release(struct credentials *credentials)
{
    if (--credentials->references == 0)
        free(credentials);
}

int credentials_create(struct credentials **credentials, uv_loop_t *loop, struct log *log)
{
    struct credentials *created = calloc(1, sizeof(*created));

    *credentials = created;
    if (!created)
        return -ENOMEM;
    created->loop = loop;
    created->log = log;
    created->references = 1;
    return 0;
}

static void drop_waits(struct credentials_wait **list)
{
    while (*list) {
        struct credentials_wait *wait = *list;

        *list = wait->next;
        wait->waiting = false;
    }
}

void credentials_close(struct credentials *credentials)
{
    if (!credentials)
        return;
    drop_waits(&credentials->delivering);
    while (credentials->sources) {
        struct source *source = credentials->sources;

        credentials->sources = source->next;
        drop_waits(&source->waits);
        source_destroy(source);
    }
    release(credentials);
}

/* ---- telling --------------------------------------------------------------------------------- */

/* The callback may forget the source or close the credentials: it gets a copy. */
static char *copy_key(const struct source *source, const char **fault)
{
    char *key = source->state == SOURCE_KEY ? strdup(source->key) : NULL;

    if (source->state == SOURCE_KEY && !key)
        *fault = "There was not enough memory for the key.";
    return key;
}

static void wipe(char *key)
{
    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
}

static void tell_one(const struct source *source, struct credentials_wait *wait)
{
    char copy[sizeof(source->fault)];
    const char *fault = NULL;
    char *key = copy_key(source, &fault);

    if (source->state == SOURCE_FAULT)
        fault = memcpy(copy, source->fault, sizeof(copy));
    wait->on_key(wait->context, key, fault);
    wipe(key);
}

static void tell_all(struct source *source)
{
    struct credentials *credentials = source->credentials;
    char copy[sizeof(source->fault)];
    const char *fault = NULL;
    char *key = copy_key(source, &fault);

    if (source->state == SOURCE_FAULT)
        fault = memcpy(copy, source->fault, sizeof(copy));
    credentials->references++;
    credentials->delivering = source->waits;
    source->waits = NULL;
    while (credentials->delivering) {
        struct credentials_wait *wait = credentials->delivering;

        credentials->delivering = wait->next;
        wait->waiting = false;
        wait->on_key(wait->context, key, fault);
    }
    release(credentials);
    wipe(key);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void set_fault(struct source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_fault(struct source *source, const char *format, ...)
{
    va_list arguments;
    char sentence[1024];

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    oneline_copy(source->fault, sizeof(source->fault), sentence, strlen(sentence));
    source->state = SOURCE_FAULT;
    uv_update_time(source->credentials->loop);
    source->fault_until = uv_now(source->credentials->loop) + FAULT_LASTS_MS;
}

/* `text` with a NUL behind it becomes the key, or the source's fault. */
static void take_key(struct source *source, const char *text, size_t length)
{
    bool has_nul = memchr(text, '\0', length) != NULL;
    char *key = strndup(text, length);
    const char *fault;

    if (!key) {
        set_fault(source, "There was not enough memory for the key.");
        return;
    }
    fault = config_key_clean(key);
    if (has_nul)
        fault = "has a control character inside";
    if (!fault && key[0] != '\0') {
        log_add_secret(source->credentials->log, key);
        source->key = key;
        source->state = SOURCE_KEY;
        return;
    }
    wipe(key);
    if (source->kind == CONFIG_KEY_FILE && fault)
        set_fault(source, "The key in the file %s %s.", source->name, fault);
    else if (source->kind == CONFIG_KEY_FILE)
        set_fault(source, "The key file %s is empty.", source->name);
    else if (fault)
        set_fault(source, "The key that the command `%s` printed %s.", source->name, fault);
    else
        set_fault(source, "The key command `%s` printed nothing.", source->name);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void tell_failure(struct source *source, const struct child_result *result)
{
    char why[256];

    if (result->timed_out) {
        set_fault(source, "The key command `%s` took longer than %u s.", source->name,
                  COMMAND_TIMEOUT_S);
        return;
    }
    if (result->truncated) {
        set_fault(source, "The key command `%s` printed more than a key.", source->name);
        return;
    }
    oneline_copy(why, sizeof(why), result->errors.data, strcspn(result->errors.data, "\r\n"));
    if (result->error)
        set_fault(source, "The key command `%s` could not be read: %s.", source->name,
                  uv_strerror(result->error));
    else if (result->term_signal)
        set_fault(source, "The key command `%s` was ended by signal %d.", source->name,
                  result->term_signal);
    else
        set_fault(source, "The key command `%s` failed with exit status %d%s%s.", source->name,
                  (int)result->exit_status, why[0] ? ": " : "", why);
}

/* Password stores print further lines behind the password. */
static void take_first_line(struct source *source, const struct buffer *output)
{
    size_t start = strspn(output->data, " \t\r\n");
    size_t end = start;

    while (end < output->length && output->data[end] != '\n' && output->data[end] != '\r')
        end++;
    take_key(source, output->data + start, end - start);
}

static void on_command_done(void *context, struct child_result *result)
{
    struct source *source = context;

    source->child = NULL;
    if (child_succeeded(result)) {
        take_first_line(source, &result->output);
    } else {
        tell_failure(source, result);
    }
    explicit_bzero(result->output.data, result->output.length);
    tell_all(source);
}

static int start_command(struct source *source, const struct config *config)
{
    const struct config_strings *command = &config->api_key_command;
    const char **argv = calloc(command->count + 1, sizeof(*argv));
    struct child_options options = {
        .argv = argv,
        .output_cap = ANSWER_CAP,
        .timeout_ms = COMMAND_TIMEOUT_S * 1000,
    };
    int error = -ENOMEM;

    if (argv) {
        for (size_t i = 0; i < command->count; i++)
            argv[i] = command->items[i];
        error = child_start(&source->child, source->credentials->loop, &options, on_command_done,
                            source);
    }
    free(argv);
    if (error)
        set_fault(source, "The key command `%s` could not be started: %s.", source->name,
                  uv_strerror(error));
    return error;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void tell_file_error(struct source *source, int error)
{
    switch (error) {
    case -EPERM:
        set_fault(source, "The key file %s may be used by others than you; run `chmod 600` on it.",
                  source->name);
        break;
    case -EFBIG:
        set_fault(source, "The key file %s is too large to hold a key.", source->name);
        break;
    case -EINVAL:
        set_fault(source, "The key file %s is no regular file.", source->name);
        break;
    default:
        set_fault(source, "The key file %s cannot be read: %s.", source->name, uv_strerror(error));
        break;
    }
}

static void on_file_read(void *context, int error, const char *text, size_t length)
{
    struct source *source = context;

    source->file = NULL;
    if (error)
        tell_file_error(source, error);
    else
        take_key(source, text, length);
    tell_all(source);
}

static int start_file(struct source *source, const struct config *config)
{
    int error = file_read_private_start(&source->file, source->credentials->loop,
                                        config->api_key_file, ANSWER_CAP, on_file_read, source);

    if (error)
        tell_file_error(source, error);
    return error;
}

/* ---- sources --------------------------------------------------------------------------------- */

static int make_identity(struct buffer *identity, const struct config *config)
{
    const struct config_strings *command = &config->api_key_command;

    buffer_init(identity, BUFFER_CAP);
    if (config->key_kind == CONFIG_KEY_FILE)
        return buffer_append(identity, config->api_key_file, strlen(config->api_key_file) + 1);
    for (size_t i = 0; i < command->count; i++)
        buffer_append(identity, command->items[i], strlen(command->items[i]) + 1);
    return buffer_error(identity);
}

static struct source *find_source(const struct credentials *credentials,
                                  const struct config *config)
{
    struct buffer identity CLEANUP(buffer_finish);
    struct source *source = credentials->sources;

    if (make_identity(&identity, config) != 0)
        return NULL;
    while (source && (source->kind != config->key_kind ||
                      source->identity.length != identity.length ||
                      memcmp(source->identity.data, identity.data, identity.length) != 0))
        source = source->next;
    return source;
}

/* Makes room for one more: the oldest that nobody waits for goes. */
static void drop_oldest(struct credentials *credentials)
{
    struct source **oldest = NULL;
    unsigned count = 0;

    for (struct source **link = &credentials->sources; *link; link = &(*link)->next) {
        count++;
        if ((*link)->state != SOURCE_ASKING)
            oldest = link;
    }
    if (count >= SOURCES_MAX && oldest) {
        struct source *source = *oldest;

        *oldest = source->next;
        source_destroy(source);
    }
}

static struct source *make_source(struct credentials *credentials, const struct config *config)
{
    struct source *source = calloc(1, sizeof(*source));
    const char *name = config->key_kind == CONFIG_KEY_FILE ? config->api_key_file
                                                           : config->api_key_command.items[0];

    if (!source)
        return NULL;
    if (make_identity(&source->identity, config) != 0) {
        source_destroy(source);
        return NULL;
    }
    drop_oldest(credentials);
    source->credentials = credentials;
    source->kind = config->key_kind;
    oneline_copy(source->name, sizeof(source->name), name, strlen(name));
    source->next = credentials->sources;
    credentials->sources = source;
    return source;
}

static void add_wait(struct source *source, struct credentials_wait *wait)
{
    struct credentials_wait **end = &source->waits;

    while (*end)
        end = &(*end)->next;
    wait->next = NULL;
    wait->waiting = true;
    *end = wait;
}

static void get_from_source(struct credentials *credentials, const struct config *config,
                            struct credentials_wait *wait)
{
    struct source *source = find_source(credentials, config);
    int error;

    if (!source)
        source = make_source(credentials, config);
    if (!source) {
        wait->on_key(wait->context, NULL, "There was not enough memory for the key.");
        return;
    }
    if (source->state == SOURCE_FAULT && source->fault_until <= uv_now(credentials->loop))
        source->state = SOURCE_UNASKED;
    if (source->state == SOURCE_UNASKED) {
        error = source->kind == CONFIG_KEY_FILE ? start_file(source, config)
                                                : start_command(source, config);
        if (!error)
            source->state = SOURCE_ASKING;
    }
    if (source->state == SOURCE_ASKING)
        add_wait(source, wait);
    else
        tell_one(source, wait);
}

void credentials_get(struct credentials *credentials, struct config *config,
                     struct credentials_wait *wait)
{
    wait->waiting = false;
    config_ref(config);
    if (config->key_fault) {
        wait->on_key(wait->context, NULL, config->key_fault);
    } else if (config->key_kind == CONFIG_KEY_TEXT) {
        log_add_secret(credentials->log, config->api_key);
        wait->on_key(wait->context, config->api_key, NULL);
    } else if (config->key_kind == CONFIG_KEY_NONE) {
        wait->on_key(wait->context, NULL, NULL);
    } else {
        get_from_source(credentials, config, wait);
    }
    config_unref(config);
}

static bool remove_wait(struct credentials_wait **list, struct credentials_wait *wait)
{
    for (; *list; list = &(*list)->next) {
        if (*list == wait) {
            *list = wait->next;
            return true;
        }
    }
    return false;
}

void credentials_cancel(struct credentials *credentials, struct credentials_wait *wait)
{
    if (!wait->waiting)
        return;
    wait->waiting = false;
    if (remove_wait(&credentials->delivering, wait))
        return;
    for (struct source *source = credentials->sources; source; source = source->next) {
        if (remove_wait(&source->waits, wait))
            return;
    }
}

bool credentials_forget(struct credentials *credentials, const struct config *config)
{
    struct source *source;

    if (config->key_kind != CONFIG_KEY_COMMAND && config->key_kind != CONFIG_KEY_FILE)
        return false;
    source = find_source(credentials, config);
    if (source && source->state != SOURCE_ASKING) {
        forget_key(source);
        source->state = SOURCE_UNASKED;
    }
    return true;
}
