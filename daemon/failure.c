#include "daemon/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/utf8.h"

static const char *const kind_names[] = {
    [FAILURE_UNCONFIGURED] = "unconfigured",
    [FAILURE_UNAUTHORIZED] = "unauthorized",
    [FAILURE_PAYMENT_REQUIRED] = "payment_required",
    [FAILURE_UNKNOWN_INSTRUMENT] = "unknown_instrument",
    [FAILURE_RATE_LIMITED] = "rate_limited",
    [FAILURE_UPSTREAM] = "upstream",
    [FAILURE_NETWORK] = "network",
    [FAILURE_TIMEOUT] = "timeout",
    [FAILURE_TRUNCATED] = "truncated",
    [FAILURE_FILTERED] = "filtered",
    [FAILURE_IGNORED] = "ignored",
    [FAILURE_NOTHING_STAGED] = "nothing_staged",
    [FAILURE_NOT_A_REPOSITORY] = "not_a_repository",
};

const char *failure_kind_name(enum failure_kind kind)
{
    return kind_names[kind];
}

static const char ellipsis[] = "\xE2\x80\xA6";

/* A text that was cut by snprintf() must not end within a character. */
static void end_whole(char *text)
{
    text[utf8_whole_prefix(text, strlen(text))] = '\0';
}

static void set_texts(struct failure *failure, const char *hint, const char *format,
                      va_list arguments) __attribute__((format(printf, 3, 0)));

/* A message often ends in the words of a server, of libcurl or of a command, which end as they like,
 * and another sentence may follow it. */
static void end_sentence(char *text, size_t size)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" :;,", text[length - 1]))
        text[--length] = '\0';
    size_t last = length;
    while (last > 0 && strchr(")]\"'`", text[last - 1]))
        last--;
    if (last == 0 || strchr(".!?", text[last - 1]) ||
        (last >= sizeof(ellipsis) - 1 && strncmp(text + last - (sizeof(ellipsis) - 1), ellipsis,
                                                 sizeof(ellipsis) - 1) == 0))
        return;
    if (length + 1 < size)
        memcpy(text + length, ".", 2);
}

static void set_texts(struct failure *failure, const char *hint, const char *format,
                      va_list arguments)
{
    int length = vsnprintf(failure->message, sizeof(failure->message), format, arguments);
    if (length >= (int)sizeof(failure->message)) {
        failure->message[sizeof(failure->message) - sizeof(ellipsis)] = '\0';
        end_whole(failure->message);
        strcat(failure->message, ellipsis);
    }
    end_sentence(failure->message, sizeof(failure->message));
    snprintf(failure->hint, sizeof(failure->hint), "%s", hint ? hint : "");
    end_whole(failure->hint);
}

void failure_set(struct failure *failure, enum failure_kind kind, const char *hint,
                 const char *format, ...)
{
    va_list arguments;
    *failure = (struct failure){.kind = kind, .retry_after_ms = -1};
    va_start(arguments, format);
    set_texts(failure, hint, format, arguments);
    va_end(arguments);
}

/* A key is set, but for another provider: where only the lack of one is told, people look for the
 * mistake in the wrong place. */
static void hint_withheld(struct failure *failure, const struct config *config)
{
    if (config->key_kind != CONFIG_KEY_NONE || !config->key_withheld)
        return;
    snprintf(failure->hint, sizeof(failure->hint),
             "The key from %s is another provider's than the base URL's and is not sent there; set %s.",
             config->key_withheld,
             config->is_the_grid ? "THEGRID_API_KEY, api_key_command or api_key_file"
                                 : "api_key_command or api_key_file for this base URL");
}

bool failure_from_config(struct failure *failure, const struct config *config)
{
    if (!config->base_url) {
        failure_set(failure, FAILURE_UNCONFIGURED,
                    "Set base_url to an address such as https://api.thegrid.ai/v1.", "%s",
                    config->base_url_fault ? config->base_url_fault : "No base_url is set.");
        return true;
    }
    if (config->key_fault) {
        failure_set(failure, FAILURE_UNCONFIGURED, "Set the key again, without blanks or line ends.",
                    "%s", config->key_fault);
        return true;
    }
    /* A server that the person named may need no key; The Grid always does. */
    if (config->key_kind == CONFIG_KEY_NONE && config->is_the_grid) {
        failure_set(failure, FAILURE_UNCONFIGURED,
                    "Set THEGRID_API_KEY, or api_key_command or api_key_file in "
                    "~/.config/gridls/config.json; or try `gridls --sandbox`.",
                    "No API key is set for The Grid.");
        hint_withheld(failure, config);
        return true;
    }
    return false;
}

struct status_text {
    long first, last; /* HTTP statuses, inclusive */
    enum failure_kind kind;
    const char *what;
    const char *hint;
};

static const struct status_text status_texts[] = {
    {400, 400, FAILURE_UPSTREAM, "The upstream could not use the request",
     "Look at parameters.* in your settings; `gridls --log-level debug` shows what was refused."},
    {401, 401, FAILURE_UNAUTHORIZED, "The upstream refused the key",
     "Check the key with `gridls check`; set a new one in THEGRID_API_KEY or your settings."},
    {402, 402, FAILURE_PAYMENT_REQUIRED, "The account's balance does not cover the request",
     "Top up the balance or turn on Auto Top-Up, then ask again."},
    {403, 403, FAILURE_UNAUTHORIZED, "The key may not use this",
     "Check with `gridls check` what the key is allowed to use."},
    {404, 404, FAILURE_UNKNOWN_INSTRUMENT, "The upstream does not know the instrument or the path",
     "Check instruments.* and base_url with `gridls check`."},
    {408, 408, FAILURE_TIMEOUT, "The upstream waited too long for the request", "Ask again."},
    {413, 413, FAILURE_UPSTREAM, "The request is too large for the upstream",
     "Select less text and ask again."},
    {422, 422, FAILURE_UPSTREAM, "The upstream refused a parameter",
     "Look at parameters.* in your settings."},
    {429, 429, FAILURE_RATE_LIMITED, "The upstream's rate limit is reached",
     "Wait a moment and ask again."},
    {446, 446, FAILURE_FILTERED, "A guardrail of the gateway denied the request",
     "Change what you ask for."},
    {500, 502, FAILURE_UPSTREAM, "The upstream failed", "Ask again in a moment."},
    {503, 503, FAILURE_UPSTREAM, "The upstream is not available right now",
     "Ask again in a moment; a balance may be being replenished."},
    {504, 504, FAILURE_TIMEOUT, "The upstream did not answer its gateway in time", "Ask again."},
    {505, 599, FAILURE_UPSTREAM, "The upstream failed", "Ask again in a moment."},
    {300, 399, FAILURE_UPSTREAM, "The upstream redirects in a way that cannot be followed",
     "Set base_url to the address where the server really is."},
    {0, 999, FAILURE_UPSTREAM, "The upstream gave an unexpected answer",
     "Check base_url with `gridls check`."},
};

static const struct status_text *text_for(long status)
{
    const struct status_text *text = status_texts;
    while (status < text->first || status > text->last)
        text++;
    return text;
}

/* The text of a kind that only the body told. */
static const struct status_text *text_for_kind(enum failure_kind kind,
                                               const struct status_text *text)
{
    static const long statuses[] = {402, 404, 429, 446};
    if (text->kind == kind)
        return text;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (text_for(statuses[i])->kind == kind)
            return text_for(statuses[i]);
    return text;
}

static bool says(const struct chat_error *error, const char *words)
{
    return strcasestr(error->message, words) || strcasestr(error->code, words) ||
           strcasestr(error->type, words);
}

/* Some servers put the real reason into the body and a general status on the line. */
static enum failure_kind kind_from_body(enum failure_kind kind, long status,
                                        const struct chat_error *error)
{
    if (kind == FAILURE_UPSTREAM && (says(error, "rate limit") || says(error, "rate_limit")))
        return FAILURE_RATE_LIMITED;
    if (says(error, "insufficient_quota"))
        return FAILURE_PAYMENT_REQUIRED;
    if (status == 400 && says(error, "content_filter"))
        return FAILURE_FILTERED;
    if (kind == FAILURE_UPSTREAM && says(error, "model_not_found"))
        return FAILURE_UNKNOWN_INSTRUMENT;
    return kind;
}

/* On The Grid an unknown name is most often another market's: name the nearest that it has. */
static void hint_instrument(struct failure *failure, const struct config *config,
                            const char *instrument)
{
    const char *nearest = config->is_the_grid ? config_nearest_instrument(instrument) : NULL;
    if (nearest)
        snprintf(failure->hint, sizeof(failure->hint),
                 "The Grid has no instrument of that name; the nearest is %s.", nearest);
}

void failure_from_response(struct failure *failure, const struct config *config,
                           const char *instrument, long status, const struct chat_error *error,
                           int64_t retry_after_ms)
{
    /* An error inside a 200 stream names its own status, or none. */
    long judged = status >= 200 && status < 300 ? (error->status ? error->status : 500) : status;
    const struct status_text *text = text_for(judged);
    enum failure_kind kind = kind_from_body(text->kind, judged, error);
    text = text_for_kind(kind, text);

    if (kind == FAILURE_UNKNOWN_INSTRUMENT)
        failure_set(failure, kind, text->hint, "%s (asked for %s)%s%s", text->what, instrument,
                    error->message[0] ? ": " : ".", error->message);
    else
        failure_set(failure, kind, text->hint, "%s (HTTP %ld)%s%s", text->what, judged,
                    error->message[0] ? ": " : ".", error->message);
    failure->status = judged;
    failure->retry_after_ms = retry_after_ms;
    if (kind == FAILURE_UNKNOWN_INSTRUMENT)
        hint_instrument(failure, config, instrument);
    if (kind == FAILURE_UNAUTHORIZED)
        hint_withheld(failure, config);
    if (kind == FAILURE_RATE_LIMITED && retry_after_ms > 0)
        snprintf(failure->hint, sizeof(failure->hint), "Ask again in %lld s.",
                 (long long)((retry_after_ms + 999) / 1000));
}

bool failure_is_transient(const struct failure *failure)
{
    switch (failure->kind) {
    case FAILURE_RATE_LIMITED:
    case FAILURE_TIMEOUT:
        return failure->status != 0;
    case FAILURE_NETWORK:
        return true;
    case FAILURE_UPSTREAM:
        return failure->status >= 500;
    default:
        return false;
    }
}
