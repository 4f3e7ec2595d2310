#!/usr/bin/env python3
"""Fails when an include or a symbol crosses a layer.

    tests/layers.py BUILD_DIR

protocol/ turns bytes into values and back and does nothing else; some files of daemon/ are as pure,
others know neither libuv nor libcurl; libcurl is known to two. What a file includes, also
through other headers of ours, is read from the sources; what it calls, from the objects in the
build's static libraries. The daemon/README.md says why the layers are what they are.
"""

import fnmatch
import functools
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Everything of the C library that a file may call which only turns values into other values.
PURE_LIBC = set('''
    abort calloc free malloc realloc reallocarray
    memchr memcmp memcpy memmem memmove memrchr memset explicit_bzero
    stpcpy strcasecmp strcasestr strchr strchrnul strcmp strcpy strcspn strdup strlen strncasecmp
    strncmp strncpy strndup strnlen strpbrk strrchr strspn strstr
    strtod strtol strtoll strtoul strtoull snprintf vsnprintf
    qsort bsearch timegm gmtime_r strptime inet_ntop inet_pton htonl htons ntohl ntohs
    __errno_location __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc tolower toupper
'''.split())

# What compilers and sanitizers add by themselves.
COMPILER = re.compile(
    r'^(__asan_|__ubsan_|__sanitizer_|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__gcov|__isoc\d+_|'
    r'__(\w+)_chk$|__start_|__stop_)')

PURE = [
    'protocol/*.c',
    'daemon/answer/*.c', 'daemon/prompt/*.c',
    'daemon/config.c', 'daemon/config_[!w]*.c', 'daemon/failure.c', 'daemon/ignore.c',
    'daemon/language.c',
    'daemon/offers.c', 'daemon/redact*.c', 'daemon/text.c', 'daemon/sandbox_*.c',
]

KNOWS_CURL = ['daemon/transport.c', 'daemon/transport_result.*']
NO_UV_NO_CURL = PURE + ['daemon/document.c', 'daemon/log.c']

# Who may include what: a header, as a pattern, and the files to which it is open.
HEADERS = [
    ('cjson/*', ['protocol/json*.c']),
    ('curl/*', KNOWS_CURL),
    ('daemon/*', ['daemon/*', 'tests/*']),
    ('tests/*', ['tests/*']),
]

# Writable data that lives as long as the process does: who may have some, and why.
GLOBALS = {
    'daemon/main.c': 'signal handlers have no other way to reach the loop',
}


def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def sources(*endings):
    """The C files of the two layers, from the top of the checkout."""
    found = []
    for layer in ('protocol', 'daemon'):
        for folder, _, names in os.walk(os.path.join(ROOT, layer)):
            found += [os.path.relpath(os.path.join(folder, name), ROOT)
                      for name in names if name.endswith(endings)]
    return sorted(found)


@functools.lru_cache(maxsize=None)
def includes(path):
    """What a file includes by itself: (name, line number), both forms."""
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return [(match[1], number) for number, line in enumerate(file, 1)
                if (match := re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line))]


@functools.lru_cache(maxsize=None)
def reaches(path):
    """All that a file includes, also through our own headers, with the way: {name: [path, …]}."""
    found = {}
    waiting = [(path, [path])]
    while waiting:
        current, way = waiting.pop()
        for name, _ in includes(current):
            if name in found:
                continue
            found[name] = way
            if os.path.exists(os.path.join(ROOT, name)):
                waiting.append((name, way + [name]))
    return found


def check_includes():
    faults = []
    for path in sources('.c', '.h'):
        for name, line in includes(path):
            for pattern, open_to in HEADERS:
                if fnmatch.fnmatchcase(name, pattern) and not matches(path, open_to):
                    faults.append(f'{path}:{line}: includes {name}, which is open to '
                                  f'{", ".join(open_to)} only')
    for path in sources('.c'):
        if matches(path, NO_UV_NO_CURL):
            for name, way in reaches(path).items():
                if name == 'uv.h' or name.startswith(('uv/', 'curl/')):
                    faults.append(f'{path}: knows <{name}>, by way of {" -> ".join(way)}')
    return faults


def object_name(path):
    """Meson's name of the object of a source: what is below the layer's folder, parted by `_`."""
    return path.split('/', 1)[1].replace('/', '_') + '.o'


class Objects:
    """The symbols of every object in the build, by source file."""

    def __init__(self, build):
        self.undefined = {}
        self.data = {}
        self.defined = {}
        for layer in ('protocol', 'daemon'):
            archive = os.path.join(build, layer, f'lib{layer}.a')
            by_object = {object_name(path): path for path in sources('.c')
                         if path.startswith(layer + '/')}
            self._read(archive, by_object)

    def _read(self, archive, by_object):
        """nm's sysv format: name|value|class|type|size|line|section, with each object's name before."""
        output = subprocess.run(['nm', '--format=sysv', archive], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        path = None
        for line in output.splitlines():
            if heading := re.match(r'(?:Undefined s|S)ymbols from (?:.*\[)?([^\]]+?)\]?:$', line):
                path = by_object.get(os.path.basename(heading[1]))
                if path:
                    self.undefined[path], self.data[path] = set(), set()
            elif path and line.count('|') == 6:
                self._add(path, [field.strip() for field in line.split('|')])

    def _add(self, path, fields):
        name, kind, section = fields[0], fields[2], fields[6]
        if kind == 'U':
            self.undefined[path].add(name)
        elif kind in 'TDBRCVW':
            self.defined.setdefault(name, path)
        if kind in 'dDbBC' and not section.startswith('.data.rel.ro'):
            self.data[path].add(name)


def check_symbols(build):
    faults = []
    objects = Objects(build)
    for path in sources('.c'):
        if path not in objects.undefined:
            if path not in UNBUILT:
                faults.append(f'{path}: is in no library of {build}')
            continue
        for name in sorted(objects.undefined[path]):
            if fault := judge_call(path, name, objects.defined.get(name)):
                faults.append(f'{path}: {fault}')
        if path not in GLOBALS:
            for name in sorted(objects.data[path]):
                if not COMPILER.match(name) and not name.startswith(('.L', '__')):
                    faults.append(f'{path}: {name} is writable data of the whole process')
    return faults


# Sources of the executable itself, which no library holds.
UNBUILT = {'daemon/main.c'}


def judge_call(path, name, home):
    """Why a file may not refer to a symbol; None where it may. `home`: our file that defines it."""
    if COMPILER.match(name):
        return None
    if home:
        if path.startswith('protocol/') and not home.startswith('protocol/'):
            return f'refers to {name} of {home}, a layer above'
        if matches(path, PURE) and not matches(home, PURE):
            return f'refers to {name} of {home}, which is not pure'
        if matches(path, NO_UV_NO_CURL) and not matches(home, NO_UV_NO_CURL):
            return f'refers to {name} of {home}, which knows libuv'
        return None
    if name.startswith('cJSON'):
        return None if matches(path, ['protocol/json*.c']) else f'refers to {name}'
    if name.startswith('curl_'):
        return None if matches(path, KNOWS_CURL) else f'refers to {name}'
    if name.startswith('uv_'):
        return f'refers to {name}' if matches(path, NO_UV_NO_CURL) else None
    if matches(path, PURE) and name not in PURE_LIBC:
        return f'refers to {name}; if that only turns values into values, add it to PURE_LIBC'
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: tests/layers.py BUILD_DIR')
    faults = 0
    parts = [('includes', check_includes), ('symbols', lambda: check_symbols(sys.argv[1]))]
    for name, check in parts:
        found = check()
        faults += bool(found)
        print(f'{"FAIL" if found else "ok  "} layers: {name}')
        for fault in found:
            print(f'     {fault}')
    print(f'{len(parts) - faults} passed, {faults} failed')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
