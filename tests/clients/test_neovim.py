"""gridls under Neovim's own language client, with the settings of editors/README.md and real keys."""

import unittest

from tests.support import later_debian
from tests.support.editor_client import SOURCE, TURNED, EditorClientTest, snippet
from tests.support.terminal import Terminal, wait_until

DEADLINE = 20.0


class NeovimTest(EditorClientTest):
    PROGRAMS = ('tmux',)

    def test_inline_completion_rewrite_and_explanation(self):
        # Neovim leaves what it has shown for four seconds before it shows the mode, and does nothing then.
        settings = self.scratch.write(
            '~/.config/nvim/init.lua', 'vim.o.swapfile = false\nvim.o.showmode = false\n'
            + snippet('Neovim: vim.lsp', 'lua'))
        terminal = self.enterContext(Terminal(
            [later_debian.programs('forky') + '/nvim', '-u', settings, '-i', 'NONE', 'a.c'],
            self.environment, self.scratch.work))
        terminal.wait_for('return a + b;')
        wait_until(lambda: 'serving' in self.read_log(), 'Neovim starts the daemon', DEADLINE)
        terminal.type(':3s/ a + b;//\r')
        terminal.wait_for('return\n')
        terminal.type('A')
        terminal.wait_for('return a + b;', DEADLINE)
        terminal.keys('Tab')
        terminal.wait_cursor(17, 2)
        terminal.keys('Escape')
        self.save(terminal, SOURCE)

        self.act(terminal, 'Simplify')
        terminal.wait_for('return b + a;', DEADLINE)
        self.save(terminal, TURNED)

        self.act(terminal, 'Explain')
        terminal.wait_for('It adds.', DEADLINE)
        terminal.type(':qa!\r')
        terminal.wait_closed(DEADLINE)
        lsp_log = self.scratch.read('~/.state/nvim/lsp.log')
        self.assertEqual([line for line in lsp_log.splitlines() if '[ERROR]' in line], [])

    def act(self, terminal, title):
        """Chooses the action of that title from Neovim's numbered list, for the whole text."""
        terminal.type('ggVGgra')
        screen = terminal.wait_for('Type number', DEADLINE)
        number = next(line.split(':')[0] for line in screen.splitlines() if line.endswith(f': {title}'))
        terminal.type(f'{number}\r')

    def save(self, terminal, text):
        terminal.type(':write\r')
        wait_until(lambda: self.scratch.read('a.c') == text, 'the text is saved', DEADLINE)


if __name__ == '__main__':
    unittest.main()
