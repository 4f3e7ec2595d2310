/*
 * A library for LD_PRELOAD whose allocations fail on request:
 *
 *     FAIL_ALLOCATION=N       the Nth one fails, from 1
 *     FAIL_ALLOCATIONS=M      so many in a row do (1)
 *     TRACE_ALLOCATION=1      says on stderr where that was
 *     COUNT_ALLOCATIONS=FILE  how many there were is written there when the process ends
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

#define RANGES_MAX 16

static void *(*next_malloc)(size_t size);
static void *(*next_calloc)(size_t count, size_t size);
static void *(*next_realloc)(void *memory, size_t size);
static char *(*next_strdup)(const char *string);
static char *(*next_strndup)(const char *string, size_t length);

static struct {
    uintptr_t start, end;
} ranges[RANGES_MAX]; /* of code */
static size_t range_count;
static pid_t first_thread; /* 0: nothing counts yet */
static unsigned long calls, first, last;
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
    if (strcmp(path, program) != 0 && !strstr(path, "/libcjson.") && !strstr(path, "/libcurl."))
        return;
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

__attribute__((constructor)) static void begin(void)
{
    find_next();
    find_ranges();
    first = number("FAIL_ALLOCATION", 0);
    last = first ? first + number("FAIL_ALLOCATIONS", 1) - 1 : 0;
    traces = number("TRACE_ALLOCATION", 0) != 0;
    unsetenv("LD_PRELOAD"); /* children have memory */
    first_thread = gettid();
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("COUNT_ALLOCATIONS");
    FILE *file = path ? fopen(path, "we") : NULL;
    if (!file)
        return;
    fprintf(file, "%lu\n", calls);
    fclose(file);
}

static bool counts(uintptr_t caller)
{
    if (!first_thread || gettid() != first_thread)
        return false;
    for (size_t i = 0; i < range_count; i++)
        if (caller >= ranges[i].start && caller < ranges[i].end)
            return true;
    return false;
}

static void trace(void)
{
    void *frames[24];
    pid_t thread = first_thread;
    first_thread = 0; /* what it asks for itself does not count */
    backtrace_symbols_fd(frames, backtrace(frames, 24), STDERR_FILENO);
    first_thread = thread;
}

static bool fails(const void *caller)
{
    if (!counts((uintptr_t)caller))
        return false;
    calls++;
    if (calls < first || calls > last)
        return false;
    if (traces)
        trace();
    errno = ENOMEM;
    return true;
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
