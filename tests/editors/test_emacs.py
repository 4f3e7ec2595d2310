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
from support.fake_upstream import Wait, error, stream  # noqa: E402
from support.terminal import wait_until  # noqa: E402

GHOST_COLOUR = '\x1b[38;5;243m'


class GhostTextTest(EmacsCase):
    def opened_line(self, terminal):
        """A new line below the first brace, indented, with the cursor at its end."""
        terminal.keys('C-n', 'C-e', 'Enter')

    def test_tab_accepts_what_is_shown(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        screen = terminal.wait_for('total = first();', colours=True)
        self.assertIn(GHOST_COLOUR + 'total = first();', screen)
        self.assertEqual(terminal.cursor(), (4, 2), 'the cursor stays before the ghost text')
        self.assertIn('POST', self.upstream.expect(path='/v1/chat/completions').method)
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (20, 2))
        self.assertEqual(self.save(terminal),
                         SOURCE.replace('{\n', '{\n    total = first();\n'))

    def test_accepted_text_is_undone_without_what_was_typed(self):
        self.complete_with('otal = 1;')
        self.complete_with_nothing_more()
        terminal = self.emacs(mode=False)
        self.opened_line(terminal)
        terminal.type('t')
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('total = 1;')
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (14, 2))
        terminal.keys('C-_')
        terminal.wait_for(lambda screen: 'total' not in screen)
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    t\n'))

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
        terminal.wait_for(lambda screen: terminal.cursor() == (9, 0))
        terminal.keys('C-e')
        terminal.wait_for(lambda screen: terminal.cursor() == (15, 0))
        terminal.keys('C-g')
        terminal.wait_for('Quit')

    def test_typing_through_keeps_it_without_another_call(self):
        self.complete_with('total = first();')
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('total = first();')
        for count, letter in enumerate('total', 1):
            terminal.type(letter)
            terminal.wait_for(lambda screen, count=count: terminal.cursor() == (4 + count, 2)
                              and '    total = first();' in screen)
        terminal.keys('BSpace')
        terminal.wait_for(lambda screen: terminal.cursor() == (8, 2)
                          and '    total = first();' in screen)
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_typing_something_else_removes_it(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('total = first();')
        terminal.type('x')
        terminal.wait_for(lambda screen: 'total' not in screen and '    x' in screen)
        self.upstream.expect(method='POST')
        self.upstream.expect(method='POST')

    def test_moving_away_removes_it_and_ends_the_call(self):
        self.complete_with('if (first()) {\n', '        last();\n', Wait('never'), '    }')
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('if (first()) {')
        terminal.keys('C-p')
        terminal.wait_for(lambda screen: 'if (' not in screen)
        self.upstream.expect(method='POST').wait_gone()

    def test_more_lines_are_shown_below_and_leave_the_rest_in_place(self):
        self.complete_with('if (first()) {\n', '        last();\n', '    }')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for(lambda screen: screen.startswith(
            'int first(void)\n{\n    if (first()) {\n        last();\n    }\n'
            '    return 1;\n}\n\nint last(void);\n'))
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (5, 4))
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    if (first()) {\n        last();\n    }\n', 1))

    def test_it_is_shown_while_it_is_being_written(self):
        self.complete_with('if (first()) {\n', '        last();\n', Wait('rest'), '    }')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('    if (first()) {')
        self.upstream.release('rest')
        terminal.wait_for('    if (first()) {\n        last();\n    }\n    return 1;')

    def test_words_and_lines_are_accepted_one_by_one(self):
        self.complete_with('total = first();\n    last();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('last();\n    return')
        terminal.keys('M-f')
        terminal.wait_for(lambda screen: terminal.cursor() == (9, 2))
        terminal.keys('C-e')
        terminal.wait_for(lambda screen: terminal.cursor() == (20, 2))
        self.assertIn('last();\n    return', terminal.screen())
        terminal.keys('M-f')
        terminal.wait_for(lambda screen: terminal.cursor() == (8, 3)
                          and '    last();\n' in screen)
        terminal.keys('C-g')
        terminal.wait_for(lambda screen: '    last\n' in screen)
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    total = first();\n    last\n'))

    def test_candidates_are_gone_through(self):
        self.complete_with_choices('one();', 'two();', 'three();')
        self.complete_with_nothing_more()
        terminal = self.emacs(mode=False)
        self.opened_line(terminal)
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('    one();')
        terminal.keys('M-n')
        terminal.wait_for('    two();')
        terminal.keys('M-n')
        terminal.wait_for('    three();')
        terminal.keys('M-n')
        terminal.wait_for('    one();')
        terminal.keys('M-p')
        terminal.wait_for('    three();')
        terminal.type('t')
        terminal.wait_for(lambda screen: '    three();' in screen and terminal.cursor() == (5, 2))
        terminal.keys('M-n')
        terminal.wait_for('    two();')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    two();\n'))

    def test_more_candidates_than_came_by_themselves(self):
        self.complete_with('one();')
        self.complete_with_choices('two();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('    one();')
        terminal.keys('M-n')
        terminal.wait_for('    two();')
        terminal.keys('M-n')
        terminal.wait_for('    one();')

    def test_dismissing_leaves_the_text_alone(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.emacs()
        self.opened_line(terminal)
        terminal.wait_for('total = first();')
        terminal.keys('C-g')
        terminal.wait_for(lambda screen: 'total' not in screen)
        self.assertNotIn('Quit', terminal.screen())
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    x\n'))

    def test_ghost_text_before_the_rest_of_a_line(self):
        self.complete_with('int a, int b')
        self.complete_with_nothing_more()
        terminal = self.emacs(text='int f();\n')
        terminal.keys('C-e', 'C-b', 'C-b')
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('int f(int a, int b);')
        self.assertEqual(terminal.cursor(), (6, 0))
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (18, 0))
        self.assertEqual(self.save(terminal), 'int f(int a, int b);\n')

    def test_ghost_text_that_begins_with_a_new_line(self):
        self.complete_with('\nint more(void);')
        self.complete_with_nothing_more()
        terminal = self.emacs(text='int first(void);\nint last(void);\n')
        terminal.keys('C-e')
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('int first(void);\nint more(void);\nint last(void);\n')
        self.assertEqual(terminal.cursor(), (16, 0))
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (15, 1))

    def test_ghost_text_behind_wide_and_rare_characters(self):
        self.complete_with(' = 1;')
        self.complete_with_nothing_more()
        terminal = self.emacs(text='// 日本 𝒳 é\nint x;\n')
        terminal.keys('C-e')
        self.meta_x(terminal, 'gridls-complete')
        terminal.wait_for('é = 1;')
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (16, 0))
        self.assertEqual(self.save(terminal), '// 日本 𝒳 é = 1;\nint x;\n')

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
        terminal.wait_for('first_\n')
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

    def test_a_failing_upstream_is_no_message(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.emacs()
        self.meta_x(terminal, 'gridls-status')
        terminal.wait_for('gridls: ready')
        self.opened_line(terminal)
        self.upstream.expect(method='POST').wait_ended()
        terminal.wait_for('gridls:no key')
        terminal.type('x')
        terminal.wait_for('    x')
        self.assertNotIn('wrong', terminal.screen())


class DaemonTest(EmacsCase):
    def test_status(self):
        terminal = self.emacs(mode=False)
        self.meta_x(terminal, 'gridls-status')
        terminal.wait_for('gridls: ready')

    def test_a_missing_daemon_is_one_message(self):
        terminal = self.emacs(extra='(setq gridls-command (list "nowhere-gridls"))')
        terminal.wait_for("there is no program")
        terminal.type('x\r')
        self.assertEqual(self.save(terminal), 'x\n' + SOURCE)
        terminal.keys('C-h', 'e')
        screen = terminal.wait_for('*Messages*')
        self.assertEqual(screen.count('there is no program'), 1)

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

    def test_quitting_leaves_no_daemon(self):
        self.complete_with('if (first()) {\n', '        last();\n', Wait('never'), '    }')
        terminal = self.emacs()
        terminal.keys('C-n', 'C-e', 'Enter')
        terminal.wait_for('if (first()) {')
        daemon, = self.daemons(terminal)
        terminal.keys('C-x', 'C-c')
        terminal.wait_for('Save file')
        terminal.type('n')
        terminal.wait_for('Modified buffers exist')
        terminal.type('y')
        terminal.wait_closed()
        wait_until(lambda: not os.path.exists(f'/proc/{daemon}'), 'the daemon ends')
        self.upstream.expect(method='POST').wait_gone()


class TryTest(EmacsCase):
    """What editors/try starts."""

    def test_it_shows_its_keys_and_the_daemon_runs(self):
        self.environment |= {'GRIDLS_TRY_PROGRAM': self.environment['GRIDLS'],
                             'GRIDLS_TRY_OPTION': '--sandbox', 'GRIDLS_TRY_SOURCE': 'The sandbox.'}
        self.write('a.c', SOURCE)
        terminal = self.run_in_terminal(
            ['emacs', '-nw', '-Q', '-l', str(PLUGIN / 'try' / 'init.el'), 'a.c'])
        terminal.wait_for('The sandbox.', 20)
        self.meta_x(terminal, 'gridls-status')
        terminal.wait_for('gridls: ready')


if __name__ == '__main__':
    unittest.main()
