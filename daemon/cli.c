#include "daemon/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/cli_client.h"
#include "daemon/cli_edit.h"
#include "daemon/cli_file.h"
#include "daemon/cli_hook.h"
#include "daemon/cli_install.h"
#include "daemon/cli_output.h"
#include "daemon/language.h"
#include "protocol/diff.h"
#include "protocol/lsp.h"
#include "protocol/uri.h"

struct cli;

/* What a subcommand asks the server for. */
struct cli_task {
    const char *method;
    bool has_file;
    bool streams; /* the answer's text is the result */
    void (*write_params)(struct cli *cli, struct json_writer *writer);
    int (*finish)(struct cli *cli, const struct json *result); /* the exit code */
};

struct cli {
    struct setup *setup;
    const struct options *options;
    const struct cli_task *task;
    struct cli_client *client;
    struct cli_output output;
    struct setup_signals signals;
    bool has_terminal; /* someone sees stderr */
    int interrupted;   /* the signal, 0: none */
    uv_timer_t deadline; /* of a hook: whoever commits waits for it */
    bool is_late;
    int code;

    const char *name;   /* of the file, as the person calls it */
    bool has_lines;     /* the place names some */
    struct buffer text; /* of the file, or of the hook's */
    char *uri;          /* of the file, or of the folder */
    char *root;
};

/* ---- what is asked --------------------------------------------------------------------------- */

static void write_document(struct cli *cli, struct json_writer *writer)
{
    json_write_key(writer, "textDocument");
    json_begin_object(writer);
    json_put_string(writer, "uri", cli->uri);
    json_put_integer(writer, "version", 1);
    json_end_object(writer);
}

/* From the start of the first line to the start of the one behind the last. */
static void write_range(struct cli *cli, struct json_writer *writer)
{
    const struct options_place *place = &cli->options->place;

    if (!cli->has_lines)
        return;
    json_write_key(writer, "range");
    lsp_write_range(writer, (struct range){.start.line = place->first - 1,
                                           .end.line = place->last});
}

static void write_explain(struct cli *cli, struct json_writer *writer)
{
    write_document(cli, writer);
    write_range(cli, writer);
    if (cli->options->question)
        json_put_string(writer, "question", cli->options->question);
}

static void write_refactor(struct cli *cli, struct json_writer *writer)
{
    write_document(cli, writer);
    write_range(cli, writer);
    json_put_string(writer, "instruction", cli->options->instruction);
}

static void write_complete(struct cli *cli, struct json_writer *writer)
{
    const struct options_place *place = &cli->options->place;

    write_document(cli, writer);
    json_write_key(writer, "position");
    lsp_write_position(writer, (struct position){place->first - 1, place->column - 1});
    json_write_key(writer, "context");
    json_begin_object(writer);
    json_put_integer(writer, "triggerKind", 1); /* invoked */
    json_end_object(writer);
    json_put_integer(writer, "candidates", 1); /* as many as are printed */
}

static void write_commit_message(struct cli *cli, struct json_writer *writer)
{
    json_put_string(writer, "root", cli->uri);
}

/* ---- what becomes of the answer -------------------------------------------------------------- */

static int finish_text(struct cli *cli, const struct json *result)
{
    const char *finish = json_string(json_member(result, "finishReason"));

    cli_output_end_line(&cli->output);
    if (finish && strcmp(finish, "length") == 0)
        setup_complain("The answer was cut off by the token limit; raise max_tokens in your "
                       "settings.");
    return SETUP_DONE;
}

static int print_diff(struct cli *cli, const struct buffer *after)
{
    struct buffer diff CLEANUP(buffer_finish);

    buffer_init(&diff, BUFFER_CAP);
    if (diff_append_unified(&diff, cli->name, cli->text.data, cli->text.length, after->data,
                            after->length) != 0) {
        setup_complain("There is not enough memory for the patch.");
        return SETUP_FAILED;
    }
    cli_output_text(&cli->output, diff.data, diff.length);
    return SETUP_DONE;
}

static int finish_refactor(struct cli *cli, const struct json *result)
{
    struct buffer after CLEANUP(buffer_finish);
    struct cli_fault fault;

    buffer_init(&after, BUFFER_CAP);
    if (cli_edit_apply(json_member(result, "edit"), &cli->text, &after) != 0) {
        setup_complain("The rewrite of %s cannot be applied; it is left as it is.", cli->name);
        return SETUP_FAILED;
    }
    if (after.length == cli->text.length &&
        memcmp(after.data, cli->text.data, after.length) == 0) {
        setup_complain("The rewrite changes nothing.");
        return SETUP_DONE;
    }
    if (!cli->options->write)
        return print_diff(cli, &after);
    if (cli_file_replace(cli->name, &cli->text, after.data, after.length, &fault) != 0) {
        setup_complain("%s", fault.text);
        return SETUP_FAILED;
    }
    return SETUP_DONE;
}

static int finish_complete(struct cli *cli, const struct json *result)
{
    const struct json *items =
        json_type(result) == JSON_ARRAY ? result : json_member(result, "items");
    const char *text = json_string(json_member(json_first(items), "insertText"));

    if (text)
        cli_output_text(&cli->output, text, strlen(text));
    cli_output_end_line(&cli->output);
    return SETUP_DONE;
}

static int finish_hook(struct cli *cli, const struct json *result)
{
    struct cli_hook hook = {
        .file = cli->options->hook_file,
        .source = cli->options->hook_source,
        .before = &cli->text,
        .message = json_string(json_member(result, "text")),
        .template = json_string(json_member(result, "template")),
    };
    struct cli_fault fault;

    if (!hook.message || cli_hook_write(&hook, &fault) == 0)
        return SETUP_DONE;
    setup_complain("%s", fault.text);
    return SETUP_FAILED;
}

static const struct cli_task tasks[] = {
    [COMMAND_EXPLAIN] = {"gridls/explain", true, true, write_explain, finish_text},
    [COMMAND_REFACTOR] = {"gridls/refactor", true, false, write_refactor, finish_refactor},
    [COMMAND_COMPLETE] = {"textDocument/inlineCompletion", true, false, write_complete,
                          finish_complete},
    [COMMAND_COMMIT_MESSAGE] = {"gridls/commitMessage", false, true, write_commit_message,
                                finish_text},
};

/* The message goes into a file as a whole, not to stdout as it comes. */
static const struct cli_task hook_task = {"gridls/commitMessage", false, false,
                                          write_commit_message, finish_hook};

/* ---- while it runs --------------------------------------------------------------------------- */

static void end(struct cli *cli, int code)
{
    cli->code = code;
    cli_client_close(cli->client);
    cli->client = NULL;
    setup_signals_stop(&cli->signals);
    if (cli->options->hook_file)
        uv_close((uv_handle_t *)&cli->deadline, NULL);
    setup_stop(cli->setup);
    /* Whoever interrupts does not wait for a reader that does not read. */
    if (cli->interrupted && cli->output.is_busy)
        _exit(code);
}

static void on_signal(void *context, int number)
{
    struct cli *cli = context;

    if (cli->interrupted)
        _exit(128 + number);
    cli->interrupted = number;
    cli_output_drop(&cli->output);
    cli_client_cancel(cli->client);
}

static void on_deadline(uv_timer_t *timer)
{
    struct cli *cli = timer->data;

    cli->is_late = true;
    cli_client_cancel(cli->client);
}

/* A commit waits no longer than an answer may be silent, retries and all. */
static void start_deadline(struct cli *cli)
{
    struct config *config = config_store_snapshot(cli->setup->store);

    uv_timer_init(&cli->setup->loop, &cli->deadline);
    cli->deadline.data = cli;
    if (config)
        uv_timer_start(&cli->deadline, on_deadline, config->idle_timeout_ms, 0);
    config_unref(config);
}

static void on_output_error(void *context)
{
    struct cli *cli = context;

    cli->code = SETUP_FAILED;
    if (cli->output.error != -EPIPE)
        setup_complain("The result cannot be written: %s.", uv_strerror(cli->output.error));
    if (cli->client)
        cli_client_cancel(cli->client);
}

static void on_text(void *context, const char *text, size_t length)
{
    struct cli *cli = context;

    if (!cli->interrupted)
        cli_output_text(&cli->output, text, length);
}

static void on_note(void *context, const char *note)
{
    struct cli *cli = context;

    if (cli->has_terminal)
        setup_complain("%s", note);
}

static void on_message(void *context, const char *message)
{
    (void)context;
    while (*message) {
        size_t length = strcspn(message, "\n");

        setup_complain("%.*s", (int)length, message);
        message += length;
        message += strspn(message, "\n");
    }
}

static void tell_usage(struct cli *cli, const struct json *result)
{
    int64_t prompt;
    int64_t completion;

    if (cli->has_terminal && json_integer(json_at(result, "usage.promptTokens"), &prompt) &&
        json_integer(json_at(result, "usage.completionTokens"), &completion))
        setup_complain("%lld tokens read, %lld written.", (long long)prompt,
                       (long long)completion);
}

static int fail(struct cli *cli, const struct cli_answer *answer)
{
    size_t length = strlen(answer->message);
    bool has_end = length > 0 && strchr(".!?", answer->message[length - 1]);

    cli_output_end_line(&cli->output);
    setup_complain("%s%s %s", answer->message, has_end ? "" : ".", answer->hint);
    return strcmp(answer->kind, "unconfigured") == 0 ? SETUP_WRONG : SETUP_FAILED;
}

static void on_end(void *context, const struct cli_answer *answer)
{
    struct cli *cli = context;
    int code;

    if (cli->interrupted) {
        code = 128 + cli->interrupted;
    } else if (cli->output.error) {
        code = SETUP_FAILED;
    } else if (cli->is_late && answer->failed) {
        setup_complain("The commit message took too long; write it by hand, or raise "
                       "network.idle_timeout_ms in your settings.");
        code = SETUP_FAILED;
    } else if (answer->failed) {
        code = fail(cli, answer);
    } else {
        code = cli->task->finish(cli, answer->result);
        tell_usage(cli, answer->result);
    }
    end(cli, code);
}

/* ---- before it runs -------------------------------------------------------------------------- */

static int refuse(const char *name, const char *what)
{
    setup_complain("%s %s.", name, what);
    return SETUP_FAILED;
}

static size_t count_lines(const struct buffer *text)
{
    size_t count = 0;

    for (size_t at = 0; at < text->length; count++)
        at = position_next_line(text->data, text->length, at, NULL);
    return count;
}

/* An empty line behind the last line end is one for a cursor, none for a range. */
static int check_place(struct cli *cli)
{
    const struct options_place *place = &cli->options->place;
    bool is_cursor = cli->options->command == COMMAND_COMPLETE;
    const struct buffer *text = &cli->text;
    size_t count = count_lines(text);

    if (!is_cursor && text->length == 0)
        return refuse(cli->name, "is empty");
    if (is_cursor && (count == 0 || text->data[text->length - 1] == '\n' ||
                      text->data[text->length - 1] == '\r'))
        count++;
    if (!cli->has_lines || place->first <= count)
        return 0;
    setup_complain("%s has no line %u: it has %zu.", cli->name, place->first, count);
    return SETUP_FAILED;
}

static int load_file(struct cli *cli)
{
    const struct options_place *place = &cli->options->place;
    struct cli_fault fault;
    char *path CLEANUP(cleanup_free) = NULL;

    /* "a:7" is line 7 of `a`, but where there is a file of that name. */
    cli->has_lines = place->first > 0;
    cli->name = place->file;
    if (cli->has_lines && !place->column && access(place->argument, F_OK) == 0) {
        cli->has_lines = false;
        cli->name = place->argument;
    }
    if (cli_file_read_text(cli->name, &cli->text, &fault) != 0) {
        setup_complain("%s", fault.text);
        return SETUP_FAILED;
    }
    path = cli_file_absolute(cli->name);
    cli->root = path ? cli_file_root(path) : NULL;
    cli->uri = path ? uri_from_path(path) : NULL;
    if (!cli->root || !cli->uri)
        return refuse(cli->name, "cannot be found");
    return check_place(cli);
}

static int load_folder(struct cli *cli)
{
    const char *hook_file = cli->options->hook_file;
    struct cli_fault fault;

    if (hook_file && cli_file_read(hook_file, &cli->text, &fault) != 0) {
        setup_complain("%s", fault.text);
        return SETUP_FAILED;
    }
    cli->root = realpath(".", NULL);
    cli->uri = cli->root ? uri_from_path(cli->root) : NULL;
    return cli->uri ? 0 : refuse("The current folder", "cannot be found");
}

static void ask(struct cli *cli)
{
    struct json_writer *writer;

    if (cli->task->has_file)
        cli_client_open(cli->client, cli->uri, language_of_path(cli->name), &cli->text);
    writer = cli_client_begin(cli->client, cli->task->method, cli->task->streams);
    cli->task->write_params(cli, writer);
    cli_client_send(cli->client);
}

static int start(struct cli *cli)
{
    static const struct cli_client_callbacks callbacks = {
        .on_text = on_text,
        .on_note = on_note,
        .on_message = on_message,
        .on_end = on_end,
    };
    int error = cli_client_start(&cli->client, cli->setup, cli->root, &callbacks, cli);

    if (error) {
        setup_complain("The request cannot be started: %s.", uv_strerror(error));
        return SETUP_FAILED;
    }
    setup_signals_start(&cli->signals, &cli->setup->loop, on_signal, cli);
    if (cli->options->hook_file)
        start_deadline(cli);
    ask(cli);
    return 0;
}

static int run_task(struct cli *cli)
{
    const struct options *options = cli->options;
    int code;

    if (options->hook_file && !cli_hook_is_wanted(options->hook_file, options->hook_source))
        return SETUP_DONE;
    cli->task = options->hook_file ? &hook_task : &tasks[options->command];
    code = cli->task->has_file ? load_file(cli) : load_folder(cli);
    return code ? code : start(cli);
}

static int print_config(struct cli *cli)
{
    struct buffer text CLEANUP(buffer_finish);

    buffer_init(&text, BUFFER_CAP);
    if ((cli->options->table ? config_table_json(&text)
                             : config_store_print(cli->setup->store, &text)) != 0) {
        setup_complain("There is not enough memory for the settings.");
        return SETUP_FAILED;
    }
    cli_output_text(&cli->output, text.data, text.length);
    setup_stop(cli->setup);
    return SETUP_DONE;
}

int cli_run(struct setup *setup, const struct options *options)
{
    struct cli cli = {
        .setup = setup,
        .options = options,
        .has_terminal = isatty(STDERR_FILENO),
    };
    int code;

    buffer_init(&cli.text, BUFFER_CAP);
    cli_output_init(&cli.output, &setup->loop, on_output_error, &cli);
    if (options->command == COMMAND_CONFIG)
        code = print_config(&cli);
    else if (options->command == COMMAND_CHECK)
        code = check_run(setup, &cli.output);
    else if (options->install_hook)
        code = cli_install_hook(setup, &cli.output, &cli.code);
    else
        code = run_task(&cli);
    if (code)
        setup_stop(setup);
    uv_run(&setup->loop, UV_RUN_DEFAULT);
    if (!code)
        code = cli.code;
    cli_output_finish(&cli.output);
    buffer_finish(&cli.text);
    free(cli.uri);
    free(cli.root);
    return code;
}
