#!/usr/bin/env python3
"""Cuts holes into source files, for tests/quality/holes/.

    tests/quality/cut.py OUTPUT FILE…

Each FILE's first part is written to the folder OUTPUT with its holes marked. Where they are is drawn
from the file's name, so that the same file gives the same holes: nobody chose them. A hole is one of

    rest     from somewhere in a line to its end
    inside   a part of a line, before what cannot be in a word
    line     what stands on a line, and now and then the next one or two lines
    body     the lines below one that opens a block, from its line end on
    block    a line that opens a block, with the block and what closes it

A hole holds no more lines than are offered by default, neither begins nor ends in blanks (but a body
begins with a line end), and is no comment or blank line alone.
"""

import os
import random
import re
import sys

OPEN, CLOSE = '⟦', '⟧'
PART_MAX = 8000
LINES_MAX = 12
KINDS = ('rest', 'inside', 'line', 'body', 'block')
EACH = 6  # holes in a file
OPENERS = re.compile(r'(?:[:{(\[]|\b(?:do|then|else)|\bfunction.*\)|^\s*(?:def|class|module|if|unless|'
                     r'while|case|begin|for)\b.*|.*\bdo(?: \|.*\|)?)$')


def first_part(text):
    """Whole lines, up to a blank one before a line without indentation."""
    if len(text) <= PART_MAX:
        return text
    ends = [found.start() + 1 for found in re.finditer(r'\n\n(?=\w)', text[:PART_MAX])]
    if ends and ends[-1] > PART_MAX // 2:
        return text[:ends[-1]]
    return text[:text.rindex('\n', 0, PART_MAX) + 1]


def indent_of(line):
    return len(line) - len(line.lstrip(' \t'))


class Cutter:
    def __init__(self, text, numbers):
        self.text = text
        self.numbers = numbers
        self.lines = []  # (start, end) of each
        at = 0
        for line in text.split('\n'):
            self.lines.append((at, at + len(line)))
            at += len(line) + 1

    def line(self, number):
        start, end = self.lines[number]
        return self.text[start:end]

    def is_code(self, number):
        line = self.line(number).strip()
        return len(line) >= 8 and not re.match(r'/\*|\*|//|#|--|"""', line)

    def block_end(self, number):
        """The last line that is indented deeper than a line, and the next; None where there is none."""
        indent = indent_of(self.line(number))
        last = None
        for below in range(number + 1, min(number + LINES_MAX + 2, len(self.lines))):
            line = self.line(below)
            if line.strip() and indent_of(line) <= indent:
                return (last, below) if last else None
            if line.strip():
                last = below
        return None

    def draw(self, kind):
        """A hole's start and end, or None where the draw has found none."""
        number = self.numbers.randrange(len(self.lines) - 1)
        if not self.is_code(number):
            return None
        start, end = self.lines[number]
        first = start + indent_of(self.line(number))
        if kind in ('rest', 'inside'):
            cursor = self.numbers.randrange(first + 1, end)
            if kind == 'inside':
                end = self.numbers.randrange(cursor, end)
            return cursor, end
        if kind == 'line':
            last = number + self.numbers.choice((0, 0, 1, 2))
            return first, self.lines[min(last, len(self.lines) - 1)][1]
        block = self.block_end(number) if OPENERS.search(self.line(number)) else None
        if not block:
            return None
        last, below = block
        if kind == 'body':
            return end, self.lines[last][1]
        closes = re.match(r'\s*(?:[})\]]+[;,]?|end|fi|done|esac)$', self.line(below))
        return first, self.lines[below if closes else last][1]

    def is_fair(self, hole):
        start, end = hole
        text = self.text[start:end]
        lines = text.strip('\n').split('\n')
        return (len(text.strip()) >= 3 and len(lines) <= LINES_MAX and text == text.rstrip()
                and re.search(r'\w', text) and not re.search(r'[ \t]\n', text)
                and (text[0] not in ' \t' or self.text[start - 1] not in ' \t')
                and not re.match(r'[\w]', self.text[end:end + 1])
                and self.text[end:end + 1] != '' and not re.search('\n[ \t]*\n[ \t]*\n', text))

    def holes(self):
        found = []
        for tries in range(100000):
            # A kind that has no place any more gives way to the next.
            kind = KINDS[(len(found) + self.first_kind + tries // 20000) % len(KINDS)]
            hole = self.draw(kind)
            if hole and self.is_fair(hole) and all(
                    hole[1] < start or end < hole[0] for start, end in found):
                found.append(hole)
                if len(found) == EACH:
                    return sorted(found)
        raise SystemExit('no place for as many holes')


def marked(text, holes):
    for start, end in reversed(holes):
        text = text[:start] + OPEN + text[start:end] + CLOSE + text[end:]
    return text


def main():
    folder = sys.argv[1]
    for count, path in enumerate(sys.argv[2:]):
        with open(path, encoding='utf-8', newline='\n') as file:
            text = first_part(file.read())
        if OPEN in text or CLOSE in text or '\r' in text:
            raise SystemExit(f'{path}: holds what marks a hole, or a carriage return')
        cutter = Cutter(text, random.Random(os.path.basename(path)))
        cutter.first_kind = count
        with open(os.path.join(folder, os.path.basename(path) + '.txt'), 'w', encoding='utf-8',
                  newline='\n') as file:
            file.write(marked(text, cutter.holes()))


if __name__ == '__main__':
    main()
