#ifndef GRIDLS_CHAT_MESSAGES_H
#define GRIDLS_CHAT_MESSAGES_H

#include "protocol/chat.h"

/* Writes the array of messages as a request holds it. Only chat_request.c calls this. */
void chat_messages_write(const struct chat_messages *messages, bool with_reasoning,
                         struct json_writer *writer);

#endif
