#!/usr/bin/env python3
"""The manual page's list of settings, made from the README's table, which a unit test holds against the code.

    tests/manual.py            fails where the manual page is not up to date, or leaves an option out
    tests/manual.py --write    brings the list up to date
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join(ROOT, 'daemon', 'gridls.1')
LIST = re.compile(r'(?<=\.\\" BEGIN settings\n).*(?=\.\\" END settings\n)', re.S)


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def roff(text):
    """Markdown of a cell as roff: code in bold; nothing that begins a request or an escape."""
    text = text.replace('\\', r'\e').replace('-', r'\-')
    text = re.sub(r'`([^`]*)`', r'\\fB\1\\fR', text)
    return text if not text.startswith(('.', "'")) else r'\&' + text


def settings():
    section = read('README.md').split('\n## Settings\n')[1].split('\n## ')[0]
    entries = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip('|').split(' | ')]
        if len(cells) == 3 and cells[0].startswith('`'):
            name, meaning, built_in = map(roff, cells)
            meaning = meaning[0].upper() + meaning[1:]
            entries.append(f'.TP\n{name}\n{meaning}.\nBuilt in: {built_in}.\n')
    return ''.join(entries)


def missing(page):
    """Subcommands and options that the command line has and the page has not."""
    known = re.findall(r'\.name = "([\w-]+)"', read('daemon/options.c').split('subcommands[]')[1])
    known += [name for name in re.findall(r'\{"(--[\w-]+)"', read('daemon/options.c'))
              if name != '--clientProcessId']
    plain = page.replace(r'\-', '-')
    return [f'daemon/gridls.1 does not name {name}' for name in known if name not in plain]


def faults():
    page = read('daemon/gridls.1')
    found = [] if LIST.search(page)[0] == settings() else [
        'daemon/gridls.1 has other settings than the README; run tests/manual.py --write']
    return found + missing(page)


def main():
    if sys.argv[1:] == ['--write']:
        page = read('daemon/gridls.1')
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(LIST.sub(lambda _: settings(), page))
        return 0
    for fault in faults():
        print(fault)
    return 1 if faults() else 0


if __name__ == '__main__':
    sys.exit(main())
