"""What the tests of the Vim plugin share: Vim in a terminal, and what a person does there."""

import pathlib

from editor_case import SOURCE, TESTS, EditorCase
from support.terminal import wait_until

PLUGIN = TESTS.parent / 'editors' / 'vim'

VIMRC = """
set nocompatible encoding=utf-8 background=dark nomodeline shortmess+=I backspace=indent,eol,start
set laststatus=2 noruler noshowcmd shiftwidth=4 expandtab notimeout ttimeout ttimeoutlen=50
set statusline=%f\\ %{gridls#Statusline()}
let g:gridls_command = [$GRIDLS]
let g:gridls_settings = {'completion': {'debounce_ms': 0}}
set runtimepath^=$GRIDLS_PLUGIN
"""


def children(process):
    try:
        found = pathlib.Path(f'/proc/{process}/task/{process}/children').read_text().split()
    except OSError:
        return []
    return [int(child) for child in found]


class VimTest(EditorCase):
    plugin = 'vim'
    GHOST_COLOUR = '\x1b[38;5;242m'
    WORD, LINE, DISMISS, LEAVE = 'M-Right', 'M-C-Right', 'C-]', 'Escape'
    # As terminals send them that tell keys apart (modifyOtherKeys): escape and a bracket alone begin
    # too much else.
    NEXT, PREVIOUS = '\x1b[27;3;93~', '\x1b[27;3;91~'

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

    def open(self, text=SOURCE, by_itself=True, preview=False, **size):
        extra = '' if by_itself else 'let g:gridls_enabled = 0\n'
        return self.vim(text=text, extra=extra + f'let g:gridls_preview = {int(preview)}', **size)

    def editor_command(self):
        return self.vim_command()

    def daemons(self, terminal):
        """The process ids of the daemons that Vim has started."""
        return children(terminal.process_id())

    # -- what a person does

    def new_line(self, terminal):
        terminal.type('jo')

    def go_before(self, terminal, text):
        terminal.type(f':call cursor(1, 1) | call search("{text}", "c")\ri')

    def go_to_end(self, terminal):
        terminal.type('A')

    def type_above(self, terminal, text):
        terminal.type(f'ggO{text}\x1b')

    def ask_now(self, terminal):
        terminal.keys('M-\\')

    def explain(self, terminal, lines, question=''):
        terminal.type(f':1,{lines}GridlsExplain {question}\r')

    def ask_on(self, terminal, question):
        terminal.type(f':GridlsAsk {question}\r')

    def close_answer(self, terminal):
        self.in_diff(terminal)
        terminal.type('q')

    def rewrite(self, terminal, lines, instruction):
        terminal.type(f':1,{lines}GridlsRefactor {instruction}\r')

    def in_text(self, terminal):
        terminal.keys('C-w', 'k')

    def in_diff(self, terminal):
        terminal.keys('Escape', 'C-w', 'j')

    def cancel(self, terminal):
        terminal.type(':GridlsCancel\r')

    def status(self, terminal):
        terminal.type(':GridlsStatus\r')

    def type_message(self, terminal, text):
        terminal.type(f':GridlsToggle\ri{text}\x1b')

    def write_message(self, terminal):
        terminal.type(':GridlsCommit\r')

    def undo(self, terminal):
        terminal.keys('Escape', 'u')

    def redo(self, terminal):
        terminal.keys('C-r')

    def save(self, terminal, name='a.c'):
        """Writes the buffer and returns what is in the file."""
        path = self.work / name
        path.unlink(missing_ok=True)
        terminal.keys('Escape')
        terminal.type(':write\r')
        wait_until(lambda: path.exists() and path.read_text(), f'{name} is written')
        return path.read_text()

    def save_and_quit(self, terminal):
        terminal.keys('Escape')
        terminal.type(':wq\r')

    def quit(self, terminal):
        terminal.type(':qa!\r')
