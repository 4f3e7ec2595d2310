/*
 * A library for LD_PRELOAD whose allocations fail on request:
 *
 *     FAIL_ALLOCATION=N       the Nth one fails, from 1
 *     FAIL_ALLOCATIONS=M      so many in a row do (1)
 *     TRACE_ALLOCATION=1      says on stderr where that was
 *     LIST_ALLOCATIONS=FILE   a line for each is written there: its site, which is a number made of the
 *                             calls that led to it and is the same in each run of the program
 *     FAIL_SITE=SITE          the first one of this site is the Nth
 *
 * Those of the first thread count that the program itself, cJSON and libcurl ask for: libuv aborts
 * where it has no memory for its table of descriptors, and so does glibc here and there. It stands
 * before the runtime of the address sanitizer (verify_asan_link_order=0), which still owns all memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define RANGES_MAX 16
#define FRAMES_MAX 40
#define SITE_DEPTH 24

static void *(*next_malloc)(size_t size);
static void *(*next_calloc)(size_t count, size_t size);
static void *(*next_realloc)(void *memory, size_t size);
static char *(*next_strdup)(const char *string);
static char *(*next_strndup)(const char *string, size_t length);

static struct {
    uintptr_t start, end;
    uint64_t kind; /* of the file that it was mapped from; the order of files is another each time */
} ranges[RANGES_MAX]; /* of code */
static size_t range_count;
static pid_t first_thread; /* 0: nothing counts yet */
static unsigned long calls, first, last, row;
static uint64_t fatal_site; /* 0: none, or it has come */
static FILE *list;
static bool traces;

/* What dlsym() itself asks for has to come from somewhere; it is never given back. */
static void *early_memory(size_t size)
{
    static _Alignas(16) char memory[16384];
    static size_t used;
    void *piece = memory + used;
    used += (size + 15) / 16 * 16;
    if (used > sizeof(memory))
        _exit(97);
    return piece;
}

static void find_next(void)
{
    static bool searching;
    if (searching)
        return;
    searching = true;
    *(void **)&next_malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&next_calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&next_realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next_strdup = dlsym(RTLD_NEXT, "strdup");
    *(void **)&next_strndup = dlsym(RTLD_NEXT, "strndup");
    searching = false;
}

/* A line of /proc/self/maps: start-end rights offset device inode path */
static void take_mapping(const char *line, const char *program)
{
    char rights[8], path[4096] = "";
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %4095s", &start, &end, rights, path) < 4)
        return;
    if (rights[2] != 'x' || range_count == RANGES_MAX)
        return;
    uint64_t kind = strcmp(path, program) == 0 ? 1 : strstr(path, "/libcjson.") ? 2 :
                    strstr(path, "/libcurl.") ? 3 : 0;
    if (!kind)
        return;
    ranges[range_count].kind = kind;
    ranges[range_count].start = start;
    ranges[range_count++].end = end;
}

static void find_ranges(void)
{
    char program[4096];
    char line[4608];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    FILE *maps = fopen("/proc/self/maps", "re");
    if (length < 0 || !maps)
        _exit(97);
    program[length] = '\0';
    while (fgets(line, sizeof(line), maps))
        take_mapping(line, program);
    fclose(maps);
}

static unsigned long number(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static void fail_from(unsigned long call)
{
    first = call;
    last = call ? call + row - 1 : 0;
}

__attribute__((constructor)) static void begin(void)
{
    find_next();
    find_ranges();
    const char *site = getenv("FAIL_SITE"), *path = getenv("LIST_ALLOCATIONS");
    row = number("FAIL_ALLOCATIONS", 1);
    fail_from(number("FAIL_ALLOCATION", 0));
    fatal_site = site ? strtoull(site, NULL, 16) : 0;
    traces = number("TRACE_ALLOCATION", 0) != 0;
    list = path ? fopen(path, "we") : NULL;
    unsetenv("LD_PRELOAD"); /* children have memory */
    first_thread = gettid();
}

__attribute__((destructor)) static void end(void)
{
    if (list)
        fclose(list);
}

/* The range that an address is in, range_count for none. */
static size_t range_of(uintptr_t address)
{
    size_t i = 0;
    while (i < range_count && (address < ranges[i].start || address >= ranges[i].end))
        i++;
    return i;
}

struct walk {
    void *frames[FRAMES_MAX];
    int count;
};

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *context, void *data)
{
    struct walk *walk = data;
    walk->frames[walk->count++] = (void *)_Unwind_GetIP(context); /* NOLINT */
    return walk->count < FRAMES_MAX ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Made of the innermost calls; recursion counts once. What is no call of ours is left out. */
static uint64_t site_of(void *const *frames, int count)
{
    uint64_t site = 14695981039346656037u, last_place = 0;
    int taken = 0;
    for (int i = 0; i < count && taken < SITE_DEPTH; i++) {
        size_t range = range_of((uintptr_t)frames[i]);
        if (range == range_count)
            continue;
        uint64_t offset = (uintptr_t)frames[i] - ranges[range].start;
        uint64_t place = (ranges[range].kind << 48) | offset;
        if (place != last_place) {
            site = (site ^ place) * 1099511628211u;
            taken++;
        }
        last_place = place;
    }
    return site;
}

static void look_at_site(void)
{
    struct walk walk = {.count = 0};
    _Unwind_Backtrace(take_frame, &walk); /* backtrace() would leak a little */
    uint64_t site = site_of(walk.frames, walk.count);
    if (list)
        fprintf(list, "%016llx\n", (unsigned long long)site);
    if (site == fatal_site) {
        fatal_site = 0;
        fail_from(calls);
    }
}

static void tell(void)
{
    dprintf(STDERR_FILENO, "failing_malloc: allocation %lu has failed\n", calls);
    struct walk walk = {.count = 0};
    if (traces && _Unwind_Backtrace(take_frame, &walk) != _URC_FATAL_PHASE1_ERROR)
        backtrace_symbols_fd(walk.frames, walk.count, STDERR_FILENO);
}

static bool fails(const void *caller)
{
    pid_t thread = first_thread;
    if (!thread || gettid() != thread || range_of((uintptr_t)caller) == range_count)
        return false;
    calls++;
    first_thread = 0; /* what looking asks for itself does not count */
    if (list || fatal_site)
        look_at_site();
    bool result = calls >= first && calls <= last;
    if (result)
        tell();
    first_thread = thread;
    if (result)
        errno = ENOMEM;
    return result;
}

void *malloc(size_t size)
{
    if (!next_malloc)
        find_next();
    if (!next_malloc)
        return early_memory(size);
    return fails(__builtin_return_address(0)) ? NULL : next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (!next_calloc)
        find_next();
    if (!next_calloc)
        return early_memory(count * size);
    return fails(__builtin_return_address(0)) ? NULL : next_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    if (!next_realloc)
        find_next();
    return fails(__builtin_return_address(0)) ? NULL : next_realloc(memory, size);
}

char *strdup(const char *string)
{
    if (!next_strdup)
        find_next();
    return fails(__builtin_return_address(0)) ? NULL : next_strdup(string);
}

char *strndup(const char *string, size_t length)
{
    if (!next_strndup)
        find_next();
    return fails(__builtin_return_address(0)) ? NULL : next_strndup(string, length);
}
