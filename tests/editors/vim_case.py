"""What the tests of the Vim plugin share: Vim in a terminal."""

import pathlib

from editor_case import SOURCE, TESTS, EditorCase
from support.terminal import wait_until

PLUGIN = TESTS.parent / 'editors' / 'vim'
GHOST_COLOUR = '\x1b[38;5;242m'

VIMRC = """
set nocompatible encoding=utf-8 background=dark nomodeline shortmess+=I
set laststatus=2 noruler noshowcmd shiftwidth=4 expandtab notimeout ttimeout ttimeoutlen=50
set statusline=%f\\ %{gridls#Statusline()}
let g:gridls_command = [$GRIDLS]
let g:gridls_settings = {'completion': {'debounce_ms': 0}}
set runtimepath^=$GRIDLS_PLUGIN
"""


class VimTest(EditorCase):
    plugin = 'vim'

    def vim_command(self, extra='', after=''):
        """Vim's argv; `extra` is script before plugins are loaded, `after` is run behind them."""
        vimrc = self.folder / 'vimrc'
        vimrc.write_text(VIMRC + extra + '\nfiletype plugin indent on\n')
        command = ['vim', '-u', str(vimrc), '-i', 'NONE', '-n']
        return command + (['-c', after] if after else [])

    def vim(self, name='a.c', text=SOURCE, extra='', after='', **size):
        self.write(name, text)
        terminal = self.run_in_terminal(self.vim_command(extra, after) + [name], **size)
        terminal.wait_for(f'"{name}" ')
        return terminal

    def save(self, terminal, name='a.c'):
        """Writes the buffer and returns what is in the file."""
        path = self.work / name
        path.unlink(missing_ok=True)
        terminal.keys('Escape')
        terminal.type(':write\r')
        wait_until(lambda: path.exists() and path.read_text(), f'{name} is written')
        return path.read_text()

    def daemons(self, terminal):
        """The process ids of the daemons that Vim has started."""
        parent = terminal.process_id()
        try:
            children = pathlib.Path(f'/proc/{parent}/task/{parent}/children').read_text().split()
        except OSError:
            return []
        return [int(child) for child in children]
