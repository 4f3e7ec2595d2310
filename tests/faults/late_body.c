/* A library for LD_PRELOAD on a machine that is slow at a bad moment: the body of a request goes out
 * only when the server, which has its head, has closed the connection with a reset. */
#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define DEADLINE_MS 20000

ssize_t send(int socket, const void *data, size_t length, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    void *symbol = dlsym(RTLD_NEXT, "send");
    struct pollfd reset = {.fd = socket};

    if (length > 0 && *(const char *)data == '{')
        poll(&reset, 1, DEADLINE_MS);
    memcpy(&real, &symbol, sizeof(real));
    return real(socket, data, length, flags);
}
