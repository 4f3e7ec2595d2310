#!/usr/bin/python3
"""Drives explanations, rewrites, fixes and commit messages in real Emacs, with real keys.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_emacs_tasks.py
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from emacs_case import SOURCE, EmacsCase  # noqa: E402
from plugin_cases import CommitCases, ExplainCases, PreviewCases, RefactorCases  # noqa: E402
from support.fake_upstream import Wait, stream  # noqa: E402


FLYMAKE = """
(require 'flymake)
(defun check (report &rest _)
  (funcall report (list (flymake-make-diagnostic (current-buffer) 5 6 :error "x is too short"))))
(add-hook 'c-mode-hook (lambda () (add-hook 'flymake-diagnostic-functions #'check nil t)
                         (flymake-mode) (flymake-start)))
"""


class ExplainTest(ExplainCases, EmacsCase):
    def test_line_numbers_lead_to_the_code(self):
        self.upstream.answer(stream('See line 6.'))
        terminal = self.emacs(mode=False)
        self.explain(terminal, 4)
        terminal.wait_for('See line 6.')
        terminal.wait_for('asks on')  # its last line is a link once it is known to be whole
        terminal.keys('C-x', 'o', 'Tab', 'Enter')
        terminal.wait_cursor(0, 5)

    def test_nothing_of_it_is_active(self):
        self.upstream.answer(stream(
            '<script>x</script> [a](http://127.0.0.1:1/) ![b](http://127.0.0.1:1/b.png)\n',
            '# -*- eval: (kill-emacs) -*-\n', '```elisp\n(kill-emacs)\n```\nStill here.\n',
            'Local Variables:\neval: (kill-emacs)\nEnd:\n'))
        terminal = self.emacs(mode=False)
        self.explain(terminal, 4)
        terminal.wait_for('Still here.')
        terminal.keys('C-x', 'o')
        terminal.keys('Tab', 'Tab', 'Tab')
        terminal.wait_for('asks on')
        self.assertIn('[a](http://127.0.0.1:1/)', terminal.screen())

    def test_the_model_is_told_what_flymake_says(self):
        self.upstream.answer(stream('It is short.'))
        terminal = self.emacs(mode=False, extra=FLYMAKE)
        self.explain(terminal, 4)
        terminal.wait_for('It is short.')
        self.assertIn('x is too short', self.upstream.expect(method='POST').prompt)


class RefactorTest(RefactorCases, EmacsCase):
    pass


class PreviewTest(PreviewCases, EmacsCase):
    def test_hunks_are_decided_on_one_by_one_and_undone_together(self):
        text = ''.join(f'int v{number};\n' for number in range(12))
        new = (text.replace('int v1;', 'long v1;').replace('int v6;', 'long v6;\nlong w;')
               .replace('int v11;', 'long v11;'))
        self.upstream.answer(stream(new))
        terminal = self.emacs(text=text, mode=False, height=50)
        self.rewrite(terminal, 12, 'make them long')
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


class FixTest(EmacsCase):
    def test_it_fixes_what_a_diagnostic_says(self):
        self.upstream.answer(stream('long x;\n'))
        terminal = self.emacs(text='int x;\nint y;\n', mode=False, extra=FLYMAKE)
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


class CommitTest(CommitCases, EmacsCase):
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
        self.assertEqual(self.message(), 'Add a first function\n\nIt returns one.\n\nIt is all.')


if __name__ == '__main__':
    unittest.main()
