#ifndef GRIDLS_CHAT_H
#define GRIDLS_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/chat_think.h"
#include "protocol/chat_tools.h"
#include "protocol/json.h"
#include "protocol/sse.h"

/* OpenAI's Chat Completions: the request out, the answer in, as servers in the wild speak it. */

/* ---- request ------------------------------------------------------------------------------- */

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT, CHAT_TOOL };

struct chat_message {
    enum chat_role role;
    char *content; /* this and all below are owned by the list that holds the message */
    size_t length;
    struct chat_tool_calls calls; /* of an assistant's turn */
    char *reasoning;              /* goes back with a turn that has calls; NULL: none */
    const char *reasoning_key;    /* the member that it came in; static */
    char *tool_call_id;           /* CHAT_TOOL: the call that this is the result of */
};

/* The messages of one request; owns their texts. */
struct chat_messages {
    struct chat_message *items;
    size_t count;
    int error; /* sticky: 0 or -ENOMEM */
};

void chat_messages_init(struct chat_messages *messages);
void chat_messages_finish(struct chat_messages *messages);
/* Each copies what it is given. Returns 0 or the sticky error. */
int chat_messages_add(struct chat_messages *messages, enum chat_role role, const char *content,
                      size_t length);
/* What a tool has answered to the call with that id. */
int chat_messages_add_result(struct chat_messages *messages, const char *tool_call_id,
                             const char *content, size_t length);
/* Copies all messages of the one list to the end of the other. */
int chat_messages_add_copies(struct chat_messages *messages, const struct chat_messages *from);
struct chat_decoder;
/* The turn that has ended in the decoder, with the calls of choice 0: results must follow, one for
 * each. `content` is its text. */
int chat_messages_add_turn(struct chat_messages *messages, const struct chat_decoder *decoder,
                           const char *content, size_t length);

/* Optional fields that some server refuses; see chat_refused_field(). */
enum chat_field {
    CHAT_FIELD_STREAM_OPTIONS = 1 << 0,
    CHAT_FIELD_REASONING_EFFORT = 1 << 1,
    CHAT_FIELD_RESPONSE_FORMAT = 1 << 2,
    CHAT_FIELD_TOOLS = 1 << 3,      /* with it go tool_choice and parallel_tool_calls */
    CHAT_FIELD_MAX_TOKENS = 1 << 4, /* omitting it sends max_completion_tokens instead */
    CHAT_FIELD_STOP = 1 << 5,
    CHAT_FIELD_TEMPERATURE = 1 << 6,
    CHAT_FIELD_REASONING = 1 << 7, /* of earlier turns; some servers want it, some refuse it */
    CHAT_FIELD_N = 1 << 8,
};

/* The bit of the field with that name; 0: none of ours. */
unsigned chat_field_from_name(const char *name, size_t length);

/* What the text of the answer must be. */
enum chat_format_kind {
    CHAT_FORMAT_ANY,
    CHAT_FORMAT_JSON,   /* some JSON object; servers want the word JSON in the messages, too */
    CHAT_FORMAT_SCHEMA, /* JSON that follows a schema */
};

/* All but the kind is for SCHEMA. */
struct chat_format {
    enum chat_format_kind kind;
    const char *name;   /* letters, digits, "_" and "-", at most 64 */
    const char *schema; /* JSON text of an object */
    bool strict;        /* the answer can be held to the schema while it is made */
};

struct chat_tool {
    const char *name;
    const char *description; /* NULL: none */
    const char *parameters;  /* JSON text of the arguments' schema, an object; NULL: there are none */
};

/* Everything unset is left out of the body. */
struct chat_request {
    const char *model;
    const struct chat_messages *messages;
    int64_t max_tokens;           /* 0: unset */
    double temperature;           /* < 0: unset */
    double top_p;                 /* < 0: unset */
    const char *stop[4];          /* NULL-terminated unless full; empty ones are left out */
    const char *reasoning_effort; /* NULL: unset */
    unsigned n;                   /* 0 or 1: unset */
    struct chat_format format;
    const struct chat_tool *tools;
    size_t tool_count;
    const char *tool_choice;      /* "auto", "none", "required", or the name of the tool to call;
                                     NULL: unset. Goes out with tools only, as does the next. */
    bool one_call;                /* parallel_tool_calls: false */
    const struct json *extra;     /* an object whose members are passed through as they are and win
                                     over the fields above; never model, messages or stream */
    unsigned omit;                /* enum chat_field bits to leave out, also from extra */
};

/* Appends the JSON body, with stream true and stream_options.include_usage true. Returns as
 * buffer_append(). */
int chat_request_append(struct buffer *out, const struct chat_request *request);

/* ---- answer -------------------------------------------------------------------------------- */

#define CHAT_TEXT_CAP ((size_t)16 << 20) /* the most text that one answer may have */

enum chat_finish {
    CHAT_FINISH_NONE,   /* no reason came */
    CHAT_FINISH_STOP,
    CHAT_FINISH_LENGTH, /* also model_length, MAX_TOKENS */
    CHAT_FINISH_TOOL_CALLS,
    CHAT_FINISH_FILTER, /* content_filter */
    CHAT_FINISH_ERROR,  /* error, network_error, insufficient_system_resource */
};

/* "stop", "length", "tool_calls", "content_filter", "error"; NULL for NONE. */
const char *chat_finish_name(enum chat_finish finish);

struct chat_usage {
    bool known;
    int64_t prompt_tokens;
    int64_t completion_tokens;
};

/* What a body that reports an error says. Texts are capped, without control characters. */
struct chat_error {
    bool set;
    char message[512]; /* UTF-8, one line; "" where the body has none */
    char type[64];     /* OpenAI's error.type, or "" */
    char code[64];     /* error.code as text, or "" */
    char param[64];    /* the field that was refused, or "" */
    int64_t status;    /* an HTTP status that the body itself names (code 500, "429"), else 0 */
    int64_t retry_delay_ms; /* how long to wait, by a detail of the error (Google's RetryInfo); else 0 */
};

/* Called for each piece of answer text of a choice (`index` from 0); never for reasoning. Pieces
 * are whole UTF-8 characters. Returns 0, or anything else to stop: feed then returns that. */
typedef int (*chat_text_cb)(void *context, unsigned index, const char *text, size_t length);

enum chat_body { CHAT_BODY_UNKNOWN, CHAT_BODY_SSE, CHAT_BODY_JSON, CHAT_BODY_HTML, CHAT_BODY_GZIP };

#define CHAT_CHOICES_MAX 4

/* One choice. think.answer_start tells where in the text that was handed out the answer begins:
 * above 0 when a </think> came without its opener, so that what precedes it was reasoning. */
struct chat_choice {
    bool seen;
    struct chat_think think;
    struct chat_tool_calls calls; /* none may be run unless the answer is CHAT_COMPLETE and `fault`
                                     is NULL then; chat_decoder_end() settles them */
    enum chat_finish finish;
};

/* Decodes one 2xx answer, whatever its form: SSE, or one JSON object for the stream asked for. */
struct chat_decoder {
    enum chat_body body;
    struct sse_parser sse;
    struct buffer whole; /* JSON or HTML body; the start of one whose kind is not known yet */
    struct chat_choice choices[CHAT_CHOICES_MAX];
    chat_text_cb on_text;
    void *context;
    size_t text_length;  /* answer text so far, all choices */
    bool reasoning_seen;
    bool keep_reasoning; /* set by the caller of a request with tools, whose next turn needs it */
    struct buffer reasoning;   /* of choice 0, where it is kept */
    const char *reasoning_key; /* the member that it came in: "reasoning_content" or "reasoning" */
    struct buffer refusal; /* what the model says where it declines (OpenAI's `refusal`), its start */
    bool tool_call_seen;
    bool answer_seen;    /* answer text other than blanks, or a tool call */
    bool done_seen;      /* [DONE], or the end of a body that is one whole JSON object */
    bool finished;       /* the stream itself said that it is complete: every choice that came has a
                            finish_reason, or [DONE] */
    enum chat_finish finish; /* of choice 0 */
    struct chat_usage usage;
    struct chat_error error;
    char model[128];     /* the model that answered, as the server names it */
    unsigned chunks;     /* JSON objects decoded */
    size_t events;       /* times a choice went on (text, reasoning, a call, its end): what a
                            server sends only to keep the connection is none */
    unsigned malformed;  /* events that were no JSON */
    uint16_t half;       /* the first half of a surrogate pair cut across deltas; 0: none */
    int stopped;         /* what feed has returned to stop: a callback's value or an error */
};

void chat_decoder_init(struct chat_decoder *decoder, chat_text_cb on_text, void *context);
void chat_decoder_finish(struct chat_decoder *decoder);

/* Takes body bytes in any cut. Returns 0, the callback's value, -EMSGSIZE or -ENOMEM. Bytes after
 * [DONE] are passed over. */
int chat_decoder_feed(struct chat_decoder *decoder, const char *data, size_t length);

enum chat_outcome {
    CHAT_COMPLETE,   /* finish_reason or [DONE] came */
    CHAT_CUT,        /* the stream ended without either: what came is a part */
    CHAT_FAILED,     /* the body reports an error: decoder->error */
    CHAT_NOT_CHAT,   /* HTML, gzip or something else that is no answer; error.message says what: a
                        noun phrase such as "an HTML page: 502 Bad Gateway" */
};

/* The body has ended, however the transfer did. Flushes held text through on_text; where that, or
 * the decoding of what was left, failed, decoder->stopped says so. */
enum chat_outcome chat_decoder_end(struct chat_decoder *decoder);

/* ---- errors -------------------------------------------------------------------------------- */

/*
 * Reads a body of any shape: {"error":{…}}, {"error":"…"}, {"errors":{"detail":…}}, {"detail":[…]},
 * {"message":…}, [{"error":…}], HTML (its title only), plain text, nothing. Always fills *error; a
 * body without words gives set = true and an empty message.
 */
void chat_error_parse(struct chat_error *error, const char *body, size_t length);

/* The same for a value that is parsed already. */
void chat_error_from_json(struct chat_error *error, const struct json *root);

/* The optional field that the error (of a 400 or 422) refuses, 0 where it names none of ours or
 * only objects to the field's value (too large, out of range). */
unsigned chat_refused_field(const struct chat_error *error);

/* ---- models -------------------------------------------------------------------------------- */

/* Bits for the values of reasoning_effort, from the least on. */
enum chat_effort {
    CHAT_EFFORT_NONE = 1 << 0,
    CHAT_EFFORT_MINIMAL = 1 << 1,
    CHAT_EFFORT_LOW = 1 << 2,
    CHAT_EFFORT_MEDIUM = 1 << 3,
    CHAT_EFFORT_HIGH = 1 << 4,
    CHAT_EFFORT_XHIGH = 1 << 5,
};

/* "none", … for one bit; NULL for anything else. */
const char *chat_effort_name(unsigned effort);
/* The bit of that name, 0: none of these. */
unsigned chat_effort_from_name(const char *name);

struct chat_model {
    char id[128];
    int64_t context_length;  /* tokens; 0: not told */
    int64_t max_output;      /* tokens; 0: not told */
    unsigned efforts;        /* enum chat_effort bits that it takes; 0: not told */
    int64_t max_input;       /* tokens of a prompt, where that is less than the context; 0: not told */
};

#define CHAT_MODELS_MAX 512

/* Reads the body of GET /models; *models is the caller's to free. Returns 0, -EBADMSG (no list of
 * models) or -ENOMEM. */
int chat_models_parse(const char *body, size_t length, struct chat_model **models, size_t *count);

#endif
