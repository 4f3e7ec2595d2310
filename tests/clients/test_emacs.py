"""gridls under eglot and lsp-mode, with the settings of editors/README.md: the completion menu, a
rewrite, an explanation."""

import os
import subprocess
import unittest

from tests.support.editor_client import TURNED, EditorClientTest, snippet

DEADLINE = 120
DRIVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'driver.el')


class EmacsTest(EditorClientTest):
    PROGRAMS = ('emacs',)

    def run_emacs(self, client, driver):
        found = subprocess.run(['emacs', '--batch', '-q', '--eval', '(package-activate-all)', '--eval',
                                f"(unless (locate-library \"{client}\") (kill-emacs 3))"],
                               env=self.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if found.returncode:
            self.skipTest(f'{client} is not installed')
        settings = self.scratch.write('~/settings.el', snippet(f'Emacs: {client}', 'elisp'))
        done = subprocess.run(['emacs', '--batch', '-q', '--eval', '(package-activate-all)', '-l', settings,
                               '-l', DRIVER, '-f', driver], env=self.environment,
                              cwd=self.scratch.work, stdin=subprocess.DEVNULL, timeout=DEADLINE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout.decode()
        self.assertEqual(done.returncode, 0, f'{said[-4000:]}\n{self.read_log()}')
        self.assertEqual(self.scratch.read('a.c'), TURNED)
        self.assertNotIn('Warning (lsp-mode)', said)

    def test_eglot(self):
        self.run_emacs('eglot', 'driver-eglot')

    def test_lsp_mode(self):
        self.run_emacs('lsp-mode', 'driver-lsp-mode')


if __name__ == '__main__':
    unittest.main()
