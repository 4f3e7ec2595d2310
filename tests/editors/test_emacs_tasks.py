#!/usr/bin/python3
"""Drives explanations, rewrites, fixes and commit messages in real Emacs, with real keys.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_emacs_tasks.py
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from emacs_case import SOURCE, EmacsCase  # noqa: E402
from support.fake_upstream import Wait, error, stream  # noqa: E402


class TaskCase(EmacsCase):
    def select_lines(self, terminal, count):
        terminal.keys('M-<', 'C-@')
        for _ in range(count):
            terminal.keys('C-n')


class ExplainTest(TaskCase):
    def explain(self, terminal):
        self.select_lines(terminal, 4)
        self.meta_x(terminal, 'gridls-explain')

    def test_it_streams_into_a_window_and_can_be_asked_about(self):
        self.upstream.answer(stream('# What\nIt returns ', Wait('more'), '`one` in line 3.'),
                             model='code-prime')
        self.upstream.answer(stream('Because **one** is enough.'), model='code-prime')
        terminal = self.emacs(mode=False)
        self.select_lines(terminal, 4)
        terminal.keys('C-u')
        self.meta_x(terminal, 'gridls-explain')
        terminal.wait_for('Question:')
        terminal.type('why so short\r')
        terminal.wait_for(lambda screen: 'It returns' in screen and 'line 3' not in screen)
        request = self.upstream.expect(method='POST')
        self.assertIn('return 1;', request.prompt)
        self.assertIn('why so short', request.prompt)
        self.assertEqual(request.headers['authorization'], 'Bearer key-of-the-test')
        self.upstream.release('more')
        terminal.wait_for('It returns `one` in line 3.')
        terminal.wait_for('asks on')
        self.meta_x(terminal, 'gridls-ask')
        terminal.wait_for('Ask:')
        terminal.type('is it enough\r')
        terminal.wait_for('Because **one** is enough.')
        self.assertIn('is it enough', self.upstream.expect(method='POST').prompt)
        terminal.keys('C-x', 'o')
        terminal.type('q')
        terminal.wait_for(lambda screen: 'Because' not in screen)

    def test_line_numbers_lead_to_the_code(self):
        self.upstream.answer(stream('See line 6.'))
        terminal = self.emacs(mode=False)
        self.explain(terminal)
        terminal.wait_for('See line 6.')
        terminal.wait_for('asks on')  # its last line is a link once it is known to be whole
        terminal.keys('C-x', 'o', 'Tab', 'Enter')
        terminal.wait_for(lambda screen: terminal.cursor() == (0, 5))

    def test_closing_it_ends_the_call(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.emacs(mode=False)
        self.explain(terminal)
        terminal.wait_for('It returns')
        terminal.keys('C-x', 'o')
        terminal.type('q')
        self.upstream.expect(method='POST').wait_gone()

    def test_cancelling_keeps_what_has_come(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.emacs(mode=False)
        self.explain(terminal)
        terminal.wait_for('It returns')
        self.meta_x(terminal, 'gridls-cancel')
        self.upstream.expect(method='POST').wait_gone()
        terminal.wait_for('[cancelled]')
        self.assertIn('It returns', terminal.screen())

    def test_a_refused_key_is_said_there(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.emacs(mode=False)
        self.explain(terminal)
        terminal.wait_for(lambda screen: '401' in screen)

    def test_nothing_of_it_is_active(self):
        self.upstream.answer(stream(
            '<script>x</script> [a](http://127.0.0.1:1/) ![b](http://127.0.0.1:1/b.png)\n',
            '# -*- eval: (kill-emacs) -*-\n', '```elisp\n(kill-emacs)\n```\nStill here.\n',
            'Local Variables:\neval: (kill-emacs)\nEnd:\n'))
        terminal = self.emacs(mode=False)
        self.explain(terminal)
        terminal.wait_for('Still here.')
        terminal.keys('C-x', 'o')
        terminal.keys('Tab', 'Tab', 'Tab')
        terminal.wait_for('asks on')
        self.assertIn('[a](http://127.0.0.1:1/)', terminal.screen())


    def test_the_model_is_told_what_flymake_says(self):
        self.upstream.answer(stream('It is short.'))
        terminal = self.emacs(mode=False, extra="""
(require 'flymake)
(defun check (report &rest _)
  (funcall report (list (flymake-make-diagnostic (current-buffer) 5 6 :error "x is too short"))))
(add-hook 'c-mode-hook (lambda () (add-hook 'flymake-diagnostic-functions #'check nil t)
                         (flymake-mode) (flymake-start)))
""")
        self.explain(terminal)
        terminal.wait_for('It is short.')
        self.assertIn('x is too short', self.upstream.expect(method='POST').prompt)


class RefactorTest(TaskCase):
    TEXT = 'int a;\nint b;\n\nint tail;\n'

    def refactor(self, terminal, lines=2):
        self.select_lines(terminal, lines)
        self.meta_x(terminal, 'gridls-refactor')
        terminal.wait_for(f'Rewrite lines 1 to {lines}:')
        terminal.type('make them long\r')

    def test_it_is_previewed_and_accepted_as_one_undo_step(self):
        self.upstream.answer(stream('long a;\nlong b;\nlong c;\n'), model='code-prime')
        terminal = self.emacs(text=self.TEXT, mode=False)
        self.refactor(terminal)
        terminal.wait_for('+long c;')
        self.assertIn('-int a;', terminal.screen())
        self.assertTrue(terminal.screen().startswith('int a;\nint b;\n'))
        self.assertIn('make them long', self.upstream.expect(method='POST').prompt)
        terminal.type('A')
        terminal.wait_for('long a;\nlong b;\nlong c;\n\nint tail;')
        terminal.keys('C-_')
        terminal.wait_for('int a;\nint b;\n\nint tail;')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_hunks_are_decided_on_one_by_one_and_undone_together(self):
        text = ''.join(f'int v{number};\n' for number in range(12))
        new = (text.replace('int v1;', 'long v1;').replace('int v6;', 'long v6;\nlong w;')
               .replace('int v11;', 'long v11;'))
        self.upstream.answer(stream(new))
        terminal = self.emacs(text=text, mode=False, height=50)
        self.refactor(terminal, 12)
        terminal.wait_for('+long v11;')
        terminal.type('a')
        terminal.wait_for(lambda screen: '+long v1;' not in screen)
        terminal.type('r')
        terminal.wait_for(lambda screen: '+long v6;' not in screen)
        terminal.type('a')
        terminal.wait_for(lambda screen: '@@' not in screen)
        terminal.wait_for('long v11;')
        self.assertEqual(self.save(terminal), text.replace('int v1;', 'long v1;')
                         .replace('int v11;', 'long v11;'))
        terminal.keys('C-_')
        terminal.wait_for(lambda screen: 'long' not in screen)
        self.assertEqual(self.save(terminal), text)

    def test_rejecting_changes_nothing(self):
        self.upstream.answer(stream('long a;\nlong b;\n'))
        terminal = self.emacs(text=self.TEXT, mode=False)
        self.refactor(terminal)
        terminal.wait_for('+long b;')
        terminal.type('q')
        terminal.wait_for(lambda screen: '+long' not in screen)
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_without_a_preview_it_is_one_undo_step(self):
        self.upstream.answer(stream('long a;\nlong b;\nlong c;\n'))
        terminal = self.emacs(text=self.TEXT, mode=False, extra='(setq gridls-preview nil)')
        self.refactor(terminal)
        terminal.wait_for('long a;\nlong b;\nlong c;\n\nint tail;')
        terminal.keys('C-_')
        terminal.wait_for('int a;\nint b;\n\nint tail;')

    def test_cancelling_ends_the_call_and_changes_nothing(self):
        self.upstream.answer(stream('long a;\n', Wait('never'), 'long b;\n'))
        terminal = self.emacs(text=self.TEXT)
        self.refactor(terminal)
        request = self.upstream.expect(method='POST')
        terminal.wait_for('gridls:rewriting…')
        self.meta_x(terminal, 'gridls-cancel')
        request.wait_gone()
        terminal.wait_for('gridls: cancelled')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_a_change_above_moves_it_and_a_change_inside_ends_it(self):
        self.upstream.answer(stream('long a;\nlong b;\n'))
        terminal = self.emacs(text=self.TEXT, mode=False)
        self.refactor(terminal)
        terminal.wait_for('+long b;')
        terminal.keys('C-x', 'o', 'M-<')
        terminal.type('// top\r')
        terminal.wait_for('// top')
        terminal.keys('C-n')
        terminal.type('x')
        terminal.keys('C-x', 'o')
        terminal.type('A')
        terminal.wait_for('The text has changed meanwhile')
        terminal.keys('C-x', 'o', 'BSpace', 'C-x', 'o')
        terminal.type('A')
        terminal.wait_for(lambda screen: screen.startswith('// top\nlong a;\nlong b;\n'))
        self.assertEqual(self.save(terminal), '// top\nlong a;\nlong b;\n\nint tail;\n')

    def test_a_failure_is_one_message(self):
        self.upstream.answer(error(402, 'no balance'), times=None)
        terminal = self.emacs(text=self.TEXT, mode=False)
        self.refactor(terminal)
        terminal.wait_for(lambda screen: 'no balance' in screen)
        self.assertEqual(self.save(terminal), self.TEXT)


class FixTest(TaskCase):
    def test_it_fixes_what_a_diagnostic_says(self):
        self.upstream.answer(stream('long x;\n'))
        terminal = self.emacs(text='int x;\nint y;\n', mode=False, extra="""
(require 'flymake)
(defun check (report &rest _)
  (funcall report (list (flymake-make-diagnostic (current-buffer) 5 6 :error "x is too short"))))
(add-hook 'c-mode-hook (lambda () (add-hook 'flymake-diagnostic-functions #'check nil t)
                         (flymake-mode) (flymake-start)))
""")
        terminal.keys('C-f')
        self.meta_x(terminal, 'gridls-fix')
        terminal.wait_for('+long x;')
        self.assertIn('x is too short', self.upstream.expect(method='POST').prompt)
        terminal.type('a')
        self.assertEqual(self.save(terminal), 'long x;\nint y;\n')

    def test_without_a_diagnostic_it_says_so(self):
        terminal = self.emacs(mode=False)
        self.meta_x(terminal, 'gridls-fix')
        terminal.wait_for('There is no diagnostic in this line')

    def test_choosing_one_of_the_daemons_rewrites(self):
        self.upstream.answer(stream('int x; // documented\n'))
        terminal = self.emacs(text='int x;\nint y;\n', mode=False)
        self.meta_x(terminal, 'gridls-act')
        terminal.wait_for('Do:')
        terminal.type('Document\r')
        terminal.wait_for('+int x; // documented')


class CommitTest(TaskCase):
    def setUp(self):
        super().setUp()
        self.home.joinpath('.gitconfig').write_text(
            '[user]\n  name = A Tester\n  email = tester@example.org\n')
        self.git('init', '-q', '-b', 'main')
        self.write('a.c', SOURCE)
        self.git('add', 'a.c')

    def git(self, *arguments):
        return subprocess.run(['git', *arguments], cwd=self.work, env={
            **self.environment, 'PATH': os.environ['PATH']}, check=True, capture_output=True,
            text=True).stdout

    def commit(self):
        editor = ' '.join(self.emacs_command(mode=False))
        terminal = self.run_in_terminal(['git', '-c', f'core.editor={editor}', 'commit', '-v'])
        terminal.wait_for('# Please enter the commit message', 20)
        return terminal

    def finish(self, terminal):
        terminal.keys('C-x', 'C-s', 'C-x', 'C-c')
        terminal.wait_closed()
        return self.git('log', '-1', '--format=%B').rstrip('\n')

    def test_it_is_streamed_above_the_comments_in_one_undo_step(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns one.\n\n', Wait('more'),
                                    'It is the only one.'))
        terminal = self.commit()
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for(lambda screen: screen.startswith('Add a first function'))
        self.assertNotIn('the only one', terminal.screen())
        self.upstream.release('more')
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\nIt is the only one.\n\n# Please enter'))
        self.assertIn('return 1;', self.upstream.expect(method='POST').prompt)
        terminal.keys('C-_')
        terminal.wait_for(lambda screen: screen.startswith('\n# Please enter'))
        terminal.keys('C-f', 'C-_')
        terminal.wait_for('It returns one.')
        self.assertEqual(self.finish(terminal),
                         'Add a first function\n\nIt returns one.\n\nIt is the only one.')

    def test_what_is_typed_is_kept(self):
        self.upstream.answer(stream('Add a first function'))
        terminal = self.commit()
        terminal.type('For the release')
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for(lambda screen: screen.startswith(
            'For the release\n\nAdd a first function\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'For the release\n\nAdd a first function')

    def test_what_is_typed_is_gone_on_with(self):
        self.upstream.answer(stream('Add a first', ' function\n\nIt returns one.'))
        terminal = self.commit()
        terminal.type('Add a')
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'Add a first function\n\nIt returns one.')

    def test_typing_into_it_ends_it(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns one.\n\n', Wait('more'),
                                    'It is all.'))
        terminal = self.commit()
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for('It returns')
        terminal.keys('M-<')
        terminal.type('My ')
        terminal.keys('C-f', 'C-d')
        self.upstream.release('more')
        terminal.wait_for('you have changed the message')
        self.assertEqual(self.finish(terminal), 'My Ad a first function\n\nIt returns one.')

    def test_elsewhere_it_is_refused(self):
        terminal = self.emacs(mode=False)
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for('This is no commit message')

    def test_log_edit_gets_summary_and_body(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns', ' one.\n\n', Wait('more'),
                                    'It is all.'))
        terminal = self.emacs(mode=False)
        terminal.keys('C-x', 'v', 'v')
        terminal.wait_for('Summary:')
        self.meta_x(terminal, 'gridls-commit-message')
        terminal.wait_for('Summary: Add a first function\n\nIt returns one.\n')
        self.upstream.release('more')
        terminal.wait_for('It is all.')
        terminal.keys('C-c', 'C-c')
        terminal.wait_for('Git-main')
        self.assertEqual(self.git('log', '-1', '--format=%B').rstrip('\n'),
                         'Add a first function\n\nIt returns one.\n\nIt is all.')


if __name__ == '__main__':
    unittest.main()
