#!/usr/bin/env python3
"""Makes the README's pictures: real editors on the sandbox, in a terminal, drawn as SVG.

    tests/pictures/make.py GRIDLS [vim|nvim|emacs]…

GRIDLS is the daemon. Writes vim.svg, nvim.svg and emacs.svg, or those that are named, beside this file.
Needs tmux and the editors; of Neovim 0.10 or newer, which editors/later_debian can get.
"""

import html
import os
import pathlib
import re
import sys
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.scratch import Scratch  # noqa: E402
from tests.support.terminal import Terminal  # noqa: E402

WIDTH, HEIGHT = 92, 30
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 12
BACKGROUND, FOREGROUND = '#1d1f21', '#d8dad6'
COLOURS = ['#1d1f21', '#cc6666', '#b5bd68', '#f0c674', '#81a2be', '#b294bb', '#8abeb7', '#c5c8c6',
           '#7f8487', '#d54e53', '#b9ca4a', '#e7c547', '#7aa6da', '#c397d8', '#70c0b1', '#eaeaea']


class Style:
    """What the escape sequences (ECMA-48, SGR) have set."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.foreground = self.background = None
        self.bold = self.inverse = False

    def take(self, parameters):
        codes = [int(code or 0) for code in parameters.split(';')]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 7:
                self.inverse = True
            elif code == 27:
                self.inverse = False
            elif code in (38, 48) and codes[:1] == [5]:
                self.set(code == 38, self.indexed(codes[1]))
                del codes[:2]
            elif code in (38, 48) and codes[:1] == [2]:
                self.set(code == 38, '#%02x%02x%02x' % tuple(codes[1:4]))
                del codes[:4]
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.set(True, COLOURS[code - 30 if code < 90 else code - 82])
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.set(False, COLOURS[code - 40 if code < 100 else code - 92])
            elif code in (39, 49):
                self.set(code == 39, None)

    def set(self, is_foreground, colour):
        if is_foreground:
            self.foreground = colour
        else:
            self.background = colour

    @staticmethod
    def indexed(number):
        if number < 16:
            return COLOURS[number]
        if number >= 232:
            return '#' + f'{8 + (number - 232) * 10:02x}' * 3
        number -= 16
        levels = [0, 95, 135, 175, 215, 255]
        return '#' + ''.join(f'{levels[number // step % 6]:02x}' for step in (36, 6, 1))

    def colours(self):
        foreground, background = self.foreground or FOREGROUND, self.background or BACKGROUND
        return (background, foreground) if self.inverse else (foreground, background)


def cells(line, style):
    """(text, foreground, background, bold) for each run of a line of the screen."""
    for part in re.split(r'(\x1b\[[0-9;]*m|\x1b\([A-Z])', line):
        if part.startswith('\x1b['):
            style.take(part[2:-1])
        elif part and not part.startswith('\x1b'):
            yield part, *style.colours(), style.bold


def width_of(text):
    return sum(2 if unicodedata.east_asian_width(character) in 'WF' else 1 for character in text)


def draw(screen):
    style = Style()
    parts = []
    for row, line in enumerate(screen.split('\n')[:HEIGHT]):
        column = 0
        for text, foreground, background, bold in cells(line, style):
            x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
            width = width_of(text) * CELL_WIDTH
            if background != BACKGROUND:
                parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" '
                             f'fill="{background}"/>')
            if text.strip():
                weight = ' font-weight="bold"' if bold else ''
                parts.append(f'<text x="{x:.1f}" y="{y + 13}" fill="{foreground}"{weight} '
                             f'textLength="{width:.1f}" xml:space="preserve">'
                             f'{html.escape(text)}</text>')
            column += width_of(text)
    width, height = WIDTH * CELL_WIDTH + 2 * MARGIN, HEIGHT * CELL_HEIGHT + 2 * MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
            f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">\n'
            f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>\n'
            + '\n'.join(parts) + '\n</svg>\n')


ADD = 'static struct conversation *add('


def picture(gridls, command, play):
    """What `play` leaves on the screen of an editor, which `command` starts with a source of ours."""
    with Scratch() as scratch:
        environment = scratch.env(GRIDLS_TRY_PROGRAM=gridls, GRIDLS_TRY_OPTION='--sandbox',
                                  GRIDLS_TRY_SOURCE='', GRIDLS_TRY_QUIET='1',
                                  TERM='screen-256color')
        source = (ROOT / 'daemon' / 'conversation.c').read_text()
        scratch.write('conversation.c', source)
        first = source[:source.index(ADD)].count('\n') + 1
        with Terminal([*command, 'conversation.c'], environment, scratch.work, WIDTH,
                      HEIGHT) as terminal:
            terminal.wait_for('conversation.c', 20)
            play(terminal, first)
            return draw(terminal.screen(colours=True).rstrip('\n') + '\n')


def play_vim(terminal, first):
    terminal.type(f':{first},{first + 8}GridlsExplain\r')
    terminal.wait_for('(i asks on', 20)
    terminal.type(':/^    free(conversations);/\rzz')
    terminal.type('Oconversations->first = ')
    terminal.wait_for('// gridls sandbox', 20)
    terminal.wait_for('-- INSERT --')


def play_nvim(terminal, first):
    terminal.type(f':{first},{first + 8}GridlsRefactor! say why it is so\r')
    terminal.wait_for('A takes all', 20)
    terminal.keys('C-w', 'k')
    terminal.type(':/^    free(conversations);/\rzz')
    terminal.type('Oconversations->first = ')
    terminal.wait_for(lambda screen: screen.count('// gridls sandbox') == 2, 20)
    terminal.wait_for('-- INSERT --')


def play_emacs(terminal, first):
    terminal.keys('M-g', 'M-g')
    terminal.type(f'{first}\r')
    terminal.keys('C-@', *['C-n'] * 9)
    terminal.keys('M-x')
    terminal.type('gridls-explain\r')
    terminal.wait_for('asks on', 20)
    terminal.keys('C-s')
    terminal.type('free(conversations);\r')
    terminal.keys('C-a', 'C-o', 'Tab')
    terminal.type('conversations->first = ')
    terminal.wait_for('// gridls sandbox', 20)


TRY_VIM = ['-i', 'NONE', '-n', '-u', str(ROOT / 'editors/vim/try.vim'), '--cmd', 'set background=dark']
EDITORS = {
    'vim': (['vim', '-N', *TRY_VIM], play_vim),
    'nvim': (['nvim', *TRY_VIM, '--cmd', 'set termguicolors nohlsearch',
              '-c', 'highlight Normal guibg=NONE'], play_nvim),
    'emacs': (['emacs', '-nw', '-Q', '--eval', '(setq frame-background-mode (quote dark))',
               '-l', str(ROOT / 'editors/emacs/try/init.el')], play_emacs),
}


def main():
    gridls = os.path.abspath(sys.argv[1])
    for name in sys.argv[2:] or EDITORS:
        (HERE / f'{name}.svg').write_text(picture(gridls, *EDITORS[name]))
    return 0


if __name__ == '__main__':
    sys.exit(main())
