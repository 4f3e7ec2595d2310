/* A library for LD_PRELOAD that, like some, prints what nobody asked for: to stdout, and often. */
#include <dlfcn.h>
#include <stdio.h>

struct timer;
struct loop;
int uv_timer_init(struct loop *loop, struct timer *timer);

int uv_timer_init(struct loop *loop, struct timer *timer)
{
    int (*original)(struct loop *, struct timer *);
    *(void **)&original = dlsym(RTLD_NEXT, "uv_timer_init");
    puts("a library prints to stdout");
    fflush(stdout);
    return original(loop, timer);
}
