"""editors/try, which people run first: without a terminal, and in one."""

import os
import shutil
import subprocess
import unittest

from tests.support.scratch import ROOT, Scratch
from tests.support.terminal import Terminal

TRY = os.path.join(ROOT, 'editors', 'try')
DEADLINE = 300  # It builds, on a machine that may be busy.


def environment(scratch):
    """No key, and no answer to give but the sandbox's."""
    return scratch.env(TERM='xterm-256color')


class TryTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())

    def play(self, *arguments):
        return subprocess.run([TRY, *arguments], env=environment(self.scratch), cwd=self.scratch.work,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE)

    def test_without_a_terminal_all_four_tasks_are_played(self):
        played = self.play()
        self.assertEqual(played.returncode, 0, played.stderr)
        for part in ('An explanation of daemon/offers.c', '- function `offers_find`',
                     'A completion', 'buffer_init(&place->⟦', 'A rewrite, as a diff',
                     '--- daemon/offers.c', '+    return a < b ? a : b;', 'A commit message',
                     'Add README and 1 other file'):
            self.assertIn(part, played.stdout)
        self.assertIn('no model was asked', played.stdout)

    def test_wrong_usage(self):
        self.assertEqual(self.play('emacsen').returncode, 2)
        self.assertEqual(self.play('--help').returncode, 0)

    @unittest.skipUnless(shutil.which('tmux') and shutil.which('vim'), 'needs tmux and Vim')
    def test_in_a_terminal_it_opens_vim_on_its_own_source(self):
        terminal = Terminal([TRY, 'vim'], environment(self.scratch), self.scratch.work, 100, 32)
        self.addCleanup(terminal.close)
        terminal.wait_for('Press Enter to begin', DEADLINE)
        self.assertIn('the sandbox answers', terminal.screen())
        terminal.keys('Enter')
        terminal.wait_for('struct offer_place')
        terminal.type(':39\ro    return offer_')
        terminal.wait_for('gridls sandbox')
        terminal.keys('Tab', 'Escape')
        terminal.type(':Keys\r')
        terminal.wait_for('what is offered stands in grey')
        terminal.keys('Escape')
        terminal.type(':qa!\r')
        terminal.wait_closed()


if __name__ == '__main__':
    unittest.main()
