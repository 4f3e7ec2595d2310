#!/usr/bin/python3
"""Drives real Emacs in a terminal, with real keys, against the real daemon and a scripted upstream.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_emacs.py
"""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from emacs_case import PLUGIN, SOURCE, EmacsCase  # noqa: E402
from plugin_cases import DaemonCases, GhostTextCases  # noqa: E402
from support.terminal import wait_until  # noqa: E402


class GhostTextTest(GhostTextCases, EmacsCase):
    def test_tab_is_what_it_was_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.emacs(text=SOURCE.replace('    return', 'return'))
        terminal.keys('C-n', 'C-n', 'Tab')
        terminal.wait_for('    return 1;')
        self.assertEqual(self.save(terminal), SOURCE)

    def test_keys_are_what_they_were_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.emacs()
        terminal.keys('M-f', 'M-f')
        terminal.wait_cursor(9, 0)
        terminal.keys('C-e')
        terminal.wait_cursor(15, 0)
        terminal.keys('C-g')
        terminal.wait_for('Quit')

    def test_more_candidates_than_came_by_themselves(self):
        self.complete_with('one();')
        self.complete_with_choices('two();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.new_line(terminal)
        terminal.wait_for('    one();')
        terminal.keys('M-n')
        terminal.wait_for('    two();')
        terminal.keys('M-n')
        terminal.wait_for('    one();')

    def test_it_gives_way_to_a_completion_popup(self):
        self.complete_with('_of_all();')
        self.complete_with_nothing_more()
        terminal = self.emacs(text='first_thing;\nfirst_other;\n', extra="""
(defun some () (list (line-beginning-position) (point) '("first_thing" "first_other")))
(add-hook 'c-mode-hook (lambda () (add-hook 'completion-at-point-functions #'some nil t)))
""")
        terminal.keys('M->')
        terminal.type('first')
        terminal.wait_for('first_of_all();')
        terminal.keys('C-M-i')
        terminal.wait_cursor(6, 2)
        terminal.keys('C-M-i')
        terminal.wait_for(lambda screen: '*Completions*' in screen and 'of_all' not in screen)
        terminal.type('t')
        terminal.wait_for('first_t\n')

    def test_off_means_no_call(self):
        terminal = self.emacs(mode=False)
        terminal.type('int x;\r')
        self.assertEqual(self.save(terminal), 'int x;\n' + SOURCE)
        self.assertEqual(self.upstream.count(method='POST'), 0)
        self.assertEqual(self.daemons(terminal), [])

    def test_off_by_mode(self):
        terminal = self.emacs(extra="(setq gridls-disabled-modes '(c-mode))")
        terminal.type('int x;\r')
        self.assertEqual(self.save(terminal), 'int x;\n' + SOURCE)
        self.assertEqual(self.upstream.count(method='POST'), 0)


class DaemonTest(DaemonCases, EmacsCase):
    def test_a_missing_daemon_is_one_message(self):
        terminal = self.emacs(extra='(setq gridls-command (list "nowhere-gridls"))')
        terminal.wait_for("there is no program")
        terminal.type('x\r')
        self.assertEqual(self.save(terminal), 'x\n' + SOURCE)
        terminal.keys('C-h', 'e')
        terminal.wait_for(lambda screen: '*Messages*' in screen
                          and screen.count('there is no program') == 1)

    def test_a_killed_daemon_is_started_again(self):
        self.complete_with('int now;')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        daemon, = wait_until(lambda: self.daemons(terminal), 'a daemon runs')
        self.meta_x(terminal, 'gridls-status')
        terminal.wait_for('gridls: ready')
        os.kill(daemon, 9)
        terminal.wait_for('the daemon has ended')
        wait_until(lambda: self.daemons(terminal) not in ([], [daemon]), 'another daemon runs')
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('int now;')


class TryTest(EmacsCase):
    """What editors/try starts."""

    def test_it_shows_its_keys_and_the_daemon_runs(self):
        self.environment |= {'GRIDLS_TRY_PROGRAM': self.environment['GRIDLS'],
                             'GRIDLS_TRY_OPTION': '--sandbox', 'GRIDLS_TRY_SOURCE': 'The sandbox.'}
        self.write('a.c', SOURCE)
        terminal = self.run_in_terminal(
            ['emacs', '-nw', '-Q', '-l', str(PLUGIN / 'try' / 'init.el'), 'a.c'])
        terminal.wait_for('The sandbox.')
        self.meta_x(terminal, 'gridls-status')
        terminal.wait_for('gridls: ready')


if __name__ == '__main__':
    unittest.main()
