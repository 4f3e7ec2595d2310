#!/usr/bin/python3
"""Runs the tests of emacs_tests.el in a batch Emacs, with the real daemon on its sandbox.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_emacs_lisp.py
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from support.scratch import Scratch, gridls  # noqa: E402

FILE = TESTS / 'editors' / 'emacs_tests.el'
NAMES = re.findall(r'\(ert-deftest emacs-tests-([\w-]+)', FILE.read_text())


class LispTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Scratch() as scratch:
            cls.output = subprocess.run(
                ['emacs', '--batch', '-Q', '-l', str(FILE), '-f', 'ert-run-tests-batch-and-exit'],
                env=scratch.env(GRIDLS=gridls(), GRIDLS_PLUGIN=str(TESTS.parent / 'editors/emacs')),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd=scratch.work, timeout=240, check=False).stdout.decode(errors='replace')

    def check(self, name):
        self.assertRegex(self.output, rf'(?m)^ +passed +\d+/\d+ +emacs-tests-{name} ')


def add_test(name):
    setattr(LispTest, 'test_' + name.replace('-', '_'), lambda self: self.check(name))


for each in NAMES:
    add_test(each)


if __name__ == '__main__':
    unittest.main()
