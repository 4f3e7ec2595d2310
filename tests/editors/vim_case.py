"""What the tests of the Vim plugin share: Vim in a terminal, the daemon and a scripted upstream."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from support.fake_upstream import FakeUpstream, response, stream  # noqa: E402
from support.terminal import Terminal, wait_until  # noqa: E402

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

SOURCE = """\
int first(void)
{
    return 1;
}

int last(void);
"""


class VimTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='gridls-vim-'))
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        # Asked once when typing begins, and of no matter here.
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.home = self.folder / 'home'
        self.work = self.folder / 'work'
        self.work.mkdir()
        settings = self.home / '.config' / 'gridls'
        settings.mkdir(parents=True)
        settings.joinpath('config.json').write_text(json.dumps({
            'base_url': self.upstream.base_url, 'api_key': 'key-of-the-test'}))
        runtime = self.folder / 'run'
        runtime.mkdir(mode=0o700)
        self.environment = {
            'HOME': str(self.home), 'LANG': 'C.UTF-8',
            'XDG_CONFIG_HOME': str(self.home / '.config'),
            'XDG_CACHE_HOME': str(self.home / '.cache'),
            'XDG_STATE_HOME': str(self.home / '.state'),
            'XDG_DATA_HOME': str(self.home / '.local'),
            'XDG_RUNTIME_DIR': str(runtime),
            'GRIDLS': os.path.abspath(os.environ['GRIDLS']),
            'GRIDLS_PLUGIN': str(PLUGIN),
        }

    def tearDown(self):
        self.assertEqual(self.upstream.faults, [])

    # -- helpers

    def write(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def run_in_terminal(self, command, **size):
        terminal = Terminal(command, self.environment, str(self.work), **size)
        self.addCleanup(terminal.close)
        return terminal

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

    def complete_with(self, *pieces, times=1):
        self.upstream.answer(stream(*pieces), times=times, model='code-standard')

    def complete_with_nothing_more(self):
        self.upstream.answer(stream(''), times=None, model='code-standard')
