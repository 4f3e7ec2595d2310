"""gridls under Helix of later Debians, with the settings of editors/README.md and real keys."""

import os
import unittest

from tests.support import later_debian
from tests.support.editor_client import SOURCE, TURNED, EditorClientTest, snippet
from tests.support.terminal import Terminal, wait_until

DEADLINE = 20.0
TITLES = ['Simplify', 'Document', 'Handle errors', 'Write tests', 'Fix', 'Explain']


class HelixTest(EditorClientTest):
    PROGRAMS = ('tmux',)

    def start(self, suite):
        for file in (self.log, self.scratch.path('~/.cache/helix/helix.log')):
            if os.path.exists(file):
                os.unlink(file)
        # The settings name clangd first, which has no part in this.
        os.chmod(self.scratch.write('~/bin/clangd', '#!/bin/sh\nexit 1\n'), 0o755)
        self.scratch.write('~/.config/helix/languages.toml', snippet('Helix', 'toml'))
        terminal = self.enterContext(Terminal([later_debian.programs(suite) + '/hx', 'a.c'],
                                              self.environment, self.scratch.work))
        terminal.wait_for('return a + b;')
        wait_until(lambda: 'serving' in self.read_log(), 'Helix starts the daemon', DEADLINE)
        return terminal

    def test_menu_rewrite_and_explanation(self):
        for suite in later_debian.SUITES:
            with self.subTest(suite=suite):
                self.use(self.start(suite))

    def use(self, terminal):
        terminal.type('3ggA')
        terminal.keys('C-u')
        terminal.type('return')
        terminal.wait_for('    return\n')
        terminal.keys('C-x')
        terminal.wait_for('return a + b; text', DEADLINE)
        terminal.keys('C-n')
        terminal.wait_for('    return a + b;\n')
        terminal.keys('Enter', 'Escape')
        terminal.wait_for(' NOR ', DEADLINE)  # Escape and a key in one read would be the key with Alt
        self.save(terminal, SOURCE)

        self.act(terminal, 'Simplify')
        terminal.wait_for('return b + a;', DEADLINE)
        self.save(terminal, TURNED)

        self.act(terminal, 'Explain')
        terminal.wait_for('It adds.', DEADLINE)
        log = self.scratch.read('~/.cache/helix/helix.log')
        self.assertEqual([line for line in log.splitlines() if 'ERROR' in line and 'gridls' in line], [])
        terminal.type(':qa!\r')
        terminal.wait_closed(DEADLINE)
        self.scratch.write('a.c', SOURCE)

    def act(self, terminal, title):
        """Chooses the action of that title from Helix's list, for the whole text."""
        terminal.type('% a')
        terminal.wait_for(lambda screen: all(title in screen for title in TITLES), DEADLINE)
        terminal.keys(*['Down'] * TITLES.index(title), 'Enter')

    def save(self, terminal, text):
        terminal.type(':write\r')
        wait_until(lambda: self.scratch.read('a.c') == text, 'the text is saved', DEADLINE)


if __name__ == '__main__':
    unittest.main()
