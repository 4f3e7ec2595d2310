"""gridls under ALE in Vim, with the settings of editors/README.md and real keys."""

import glob
import unittest

from tests.support.editor_client import SOURCE, TURNED, EditorClientTest, snippet
from tests.support.terminal import Terminal, wait_until

DEADLINE = 20.0


class AleTest(EditorClientTest):
    PROGRAMS = ('vim', 'tmux')

    def test_menu_rewrite_and_explanation(self):
        if not glob.glob('/usr/share/vim/vimfiles/pack/*/opt/ale'):
            self.skipTest('ALE is not installed')
        vimrc = self.scratch.write('~/vimrc', 'set nocompatible noswapfile\nfiletype plugin on\n'
                                   'let g:ale_linters = {"c": ["gridls"]}\n'
                                   + snippet('Vim: ALE', 'vim'))
        terminal = self.enterContext(Terminal(['vim', '-N', '-u', vimrc, '-i', 'NONE', 'a.c'],
                                              self.environment, self.scratch.work))
        terminal.wait_for('return a + b;')
        wait_until(lambda: 'serving' in self.read_log(), 'ALE starts the daemon', DEADLINE)

        terminal.type(':3s/ a + b;//\n')
        terminal.wait_for(lambda screen: 'return\n' in screen)
        terminal.type('A')
        terminal.keys('C-Space')
        terminal.wait_for(lambda screen: '[gridls]' in screen or 'return a + b; ' in screen, DEADLINE)
        terminal.keys('C-n', 'C-y', 'Escape')
        terminal.type(':w\n')
        wait_until(lambda: self.scratch.read('a.c') == SOURCE, 'the entry is taken', DEADLINE)

        self.act(terminal, 'Simplify')
        terminal.wait_for('return b + a;', DEADLINE)
        terminal.type(':w\n')
        wait_until(lambda: self.scratch.read('a.c') == TURNED, 'the rewrite is saved', DEADLINE)

        self.act(terminal, 'Explain')
        terminal.wait_for('It adds.', DEADLINE)
        terminal.type(':qa!\n')
        terminal.wait_closed(DEADLINE)

    def act(self, terminal, title):
        """Chooses the action of that title from ALE's numbered list."""
        terminal.type('ggVG:ALECodeAction\n')
        screen = terminal.wait_for('Type number', DEADLINE)
        number = next(line.split(')')[0] for line in screen.splitlines() if line.endswith(f') {title}'))
        terminal.type(f'{number}\n')


if __name__ == '__main__':
    unittest.main()
