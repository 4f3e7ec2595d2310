#ifndef GRIDLS_TRANSPORT_FAILURE_H
#define GRIDLS_TRANSPORT_FAILURE_H

#include "daemon/failure.h"
#include "daemon/transport.h"

/* Whether it was the proxy that could not be reached. libcurl tells this only by the name in its message
 * (`detail`), "Failed to connect to NAME port …". */
bool transport_blames_proxy(const char *detail, const char *url);

/* Takes the user and the password of a URL out of libcurl's message, in place: it quotes a proxy that it
 * does not understand whole. */
void transport_hide_user(char *detail);

/* What a transfer to `url` that got no response is for a person. Of the URL only host and port are
 * told: after a redirect it holds a token. */
void failure_from_transport(struct failure *failure, const char *url,
                            const struct transport_result *result);

#endif
