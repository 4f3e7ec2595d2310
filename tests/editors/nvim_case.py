"""What the tests of the Neovim plugin share: Neovim of a later Debian, in a terminal."""

import unittest

from vim_case import VimTest, children
from support import later_debian

VIMRC = """
set background=dark nomodeline shortmess=filnxtToOI laststatus=2 noruler noshowcmd shiftwidth=4
set expandtab nosmarttab backspace=indent,eol,start
set notimeout ttimeout ttimeoutlen=50 noswapfile
set statusline=%f\\ %{v:lua.require'gridls'.statusline()}
let g:gridls_command = [$GRIDLS]
let g:gridls_settings = {'completion': {'debounce_ms': 0}}
set runtimepath^=$GRIDLS_PLUGIN
"""


class Nvim(VimTest):
    """To be put before a class of test_vim; with a `suite` it runs in that one's Neovim."""

    suite = None

    def vim_command(self, extra='', after=''):
        vimrc = self.folder / 'vimrc'
        vimrc.write_text(VIMRC + extra + '\nfiletype plugin indent on\n')
        program = later_debian.programs(self.suite) + '/nvim' if self.suite else 'nvim'
        command = [program, '-u', str(vimrc), '-i', 'NONE', '-n']
        return command + (['-c', after] if after else [])

    def daemons(self, terminal):
        """From 0.10 on the editor is a child of what the terminal shows."""
        if not self.suite:
            return super().daemons(terminal)
        return [daemon for editor in children(terminal.process_id()) for daemon in children(editor)]


class Absent(unittest.TestCase):
    """The only test where there is no such Neovim."""

    suite = None

    def test_neovim_is_there(self):
        later_debian.programs(self.suite)


def load(loader, suite, cases):
    """The tests of `cases` in the Neovim of a suite."""
    if later_debian.missing(suite):
        cases = [Absent]
    tests = unittest.TestSuite()
    for case in cases:
        own = type(f'{case.__name__}_{suite}', (case,), {'suite': suite, '__module__': case.__module__})
        tests.addTests(loader.loadTestsFromTestCase(own))
    return tests
