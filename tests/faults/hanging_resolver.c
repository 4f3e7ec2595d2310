/* A library for LD_PRELOAD on a machine whose name servers are not reached: looking up a name below
 * "hangs.invalid" takes for ever. That it has begun is told by a byte into the pipe $LOOKED_UP. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(void)
{
    int pipe = open(getenv("LOOKED_UP"), O_WRONLY | O_CLOEXEC);

    if (pipe < 0 || write(pipe, "", 1) != 1)
        abort();
    close(pipe);
    for (;;)
        pause();
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    if (node && strstr(node, "hangs.invalid"))
        hang();
    memcpy(&real, &symbol, sizeof(real));
    return real(node, service, hints, found);
}
