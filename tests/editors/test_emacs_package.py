#!/usr/bin/python3
"""Holds the Emacs plugin to the rules of packages: compilers, checkdoc, package-lint, installing.

    python3 tests/editors/test_emacs_package.py
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from support.scratch import Scratch  # noqa: E402

PLUGIN = TESTS.parent / 'editors' / 'emacs'
LEFT_OUT = 77


class PackageTest(unittest.TestCase):
    def setUp(self):
        scratch = Scratch()
        self.addCleanup(scratch.__exit__)
        self.environment = scratch.env()
        self.folder = os.path.join(scratch.work, 'gridls')
        shutil.copytree(PLUGIN, self.folder, ignore=shutil.ignore_patterns('*.elc'))

    def check(self, name):
        result = subprocess.run(
            ['emacs', '--batch', '-Q', '-l', str(TESTS / 'editors' / 'emacs_package.el'),
             '-f', f'emacs-package-{name}'],
            env={**self.environment, 'GRIDLS_PLUGIN': self.folder}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=180, check=False)
        if result.returncode == LEFT_OUT:
            self.skipTest('not in this Emacs')
        self.assertEqual((result.returncode, result.stdout), (0, ''),
                         result.stdout + result.stderr)

    def test_byte_compile(self):
        self.check('compile')

    def test_native_compile(self):
        self.check('native-compile')

    def test_checkdoc(self):
        self.check('checkdoc')

    def test_package_lint(self):
        self.check('lint')

    def test_install(self):
        self.check('install')
        self.check('autoloads')

    def test_lines_are_of_a_readable_width(self):
        for file in PLUGIN.glob('*.el'):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                self.assertLessEqual(len(line), 100, f'{file.name}:{number}')


if __name__ == '__main__':
    unittest.main()
