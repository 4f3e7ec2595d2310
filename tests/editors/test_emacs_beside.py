#!/usr/bin/python3
"""The Emacs plugin in one buffer with others: eglot, company.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_emacs_beside.py
"""

import glob
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from emacs_case import SOURCE, EmacsCase  # noqa: E402
from support.fake_upstream import Wait, stream  # noqa: E402
from support.terminal import wait_until  # noqa: E402


def load_path(*packages):
    """Lisp that makes Debian's packages loadable, without their own start-up files. A newer Emacs has some
    of them in itself."""
    folders = []
    for package in packages:
        found = glob.glob(f'/usr/share/emacs/site-lisp/elpa*/{package}-[0-9]*')
        if not found and not glob.glob(f'/usr/share/emacs/*/lisp/*/{package}.elc'):
            raise unittest.SkipTest(f'elpa-{package} is not installed')
        folders += found[:1]
    return ''.join(f'(add-to-list \'load-path "{folder}")\n' for folder in folders)


def version():
    """Of Emacs, without what is behind the point."""
    said = subprocess.run(['emacs', '--version'], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(said.split()[2].split('.')[0])


class EglotTest(EmacsCase):
    """Eglot with gridls as its server, so that two daemons have the same text."""

    def start(self):
        self.write('.git', '')
        terminal = self.emacs(extra=load_path('eglot', 'project', 'xref', 'seq') + """
(require 'eglot)
(setq eglot-server-programs `((c-mode . (,(getenv "GRIDLS")))) eglot-autoshutdown t
      eglot-confirm-server-initiated-edits nil eglot-confirm-server-edits nil
      flymake-indicator-type nil) ; A newer Flymake would move all by a margin.
(add-hook 'c-mode-hook #'eglot-ensure)
""")
        terminal.wait_for('Connected!')
        wait_until(lambda: len(self.daemons(terminal)) == 2, 'both daemons run')
        return terminal

    def test_both_have_the_text(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        # The jsonrpc.el of Emacs 28 leaves a message lying that comes in one piece with an answer that it
        # waits for: so the edit comes a little after that.
        self.upstream.answer(stream(Wait('edit'), 'int first(void);\n'), model='code-prime')
        terminal = self.start()
        terminal.keys('C-n', 'C-e', 'Enter')
        terminal.wait_for('total = first();')
        terminal.keys('Tab')
        terminal.wait_cursor(20, 2)
        terminal.keys('M-<', 'C-@', 'C-n', 'C-n', 'C-n')
        # Eglot's own daemon knows what was accepted.
        self.meta_x(terminal, 'eglot-code-actions')
        terminal.wait_for('Simplify')
        terminal.type('Simplify\r')
        request = self.upstream.expect(model='code-prime')
        self.assertIn('total = first();', request.prompt)
        if version() < 29:  # A newer eglot waits for the edit itself.
            self.evaluate(terminal, '(message "%s" (+ 40 2))')  # once it waits no more
            terminal.wait_for('42')
        self.upstream.release('edit')
        terminal.wait_for(lambda screen: screen.startswith('int first(void);\n'))
        terminal.keys('M->')
        terminal.type('x')
        self.assertTrue(self.save(terminal).startswith('int first(void);\n'))

    def test_turning_one_off_leaves_the_other(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.start()
        self.meta_x(terminal, 'eglot-shutdown')
        wait_until(lambda: len(self.daemons(terminal)) == 1, 'one daemon is left')
        terminal.keys('C-n', 'C-e', 'Enter')
        terminal.wait_for('total = first();')
        terminal.keys('C-g')
        self.meta_x(terminal, 'gridls-mode')
        terminal.wait_for(lambda screen: 'gridls' not in screen.split('F1')[-1].split('\n')[0])


class CompanyTest(EmacsCase):
    def test_its_popup_and_ghost_text_take_turns(self):
        self.complete_with('_of_all();')
        self.complete_with_nothing_more()
        terminal = self.emacs(text=SOURCE.replace('last', 'first_and_last'),
                              extra=load_path('company') + """
(require 'company)
(setq company-idle-delay nil company-backends '(company-dabbrev-code)
      company-dabbrev-code-everywhere t company-dabbrev-code-modes t)
(global-company-mode)
(global-set-key (kbd "C-t") #'company-manual-begin)
""")
        terminal.keys('M->')
        terminal.type('first')
        terminal.wait_for('first_of_all();')
        terminal.keys('C-t')
        terminal.wait_for(lambda screen: screen.count('first_and_last') == 2
                          and '_of_all' not in screen)
        # While it is open its keys are its own.
        terminal.keys('M-n', 'Enter')
        terminal.wait_for(lambda screen: screen.rstrip().count('first_and_last') == 2)
        self.assertEqual(self.save(terminal).split()[-1], 'first_and_last')


if __name__ == '__main__':
    unittest.main()
