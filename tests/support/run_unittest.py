#!/usr/bin/env python3
"""Runs unittest files, one line for each test, and counts.

    tests/support/run_unittest.py [--parallel N] FILE…

With --parallel each file is a process of its own and N of them run at a time; their output is shown
file by file.
"""

import importlib.util
import os
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Result(unittest.TestResult):
    """Prints a line when a test is over, with what went wrong below it."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.bad = 0
        self._bad_now = False

    def _name(self, test):
        return test.id().split('.', 1)[-1] if hasattr(test, 'id') else str(test)

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        self._bad_now = False

    def _line(self, word, test, more=''):
        took = time.monotonic() - getattr(self, '_began', time.monotonic())
        print(f'{word} {self._name(test)} ({took:.1f} s){more}', flush=True)

    def _failed(self, test, error):
        self.bad += not self._bad_now
        self._bad_now = True
        self._line('FAIL', test)
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f'     {line}')

    def addSuccess(self, test):
        self.passed += 1
        self._line('ok  ', test)

    def addFailure(self, test, error):
        self._failed(test, error)

    addError = addFailure

    def addSubTest(self, test, subtest, error):
        if error:
            self._failed(subtest, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line('skip', test, f': {reason}')

    def addUnexpectedSuccess(self, test):
        self.bad += 1
        self._line('FAIL', test, ': expected to fail and did not')

    def addExpectedFailure(self, test, error):
        self.addSuccess(test)


def run_file(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    result = Result()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return result.passed, result.bad, len(result.skipped)


def run_in_processes(files, parallel):
    """Each file by this same script; its closing line gives the counts, the rest is shown."""
    def run(path):
        return subprocess.run([sys.executable, __file__, path], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout

    total = [0, 0, 0]
    with ThreadPoolExecutor(parallel) as pool:
        for path, output in zip(files, pool.map(run, files)):
            lines = output.splitlines() or ['']
            words = lines[-1].replace(',', '').split()
            if words[1::2] == ['passed', 'failed', 'skipped']:
                counts = [int(word) for word in words[::2]]
                lines.pop()
            else:
                counts = [0, 1, 0]
                lines.append(f'FAIL {path} did not come to its end')
            print('\n'.join(lines), flush=True)
            total = [a + b for a, b in zip(total, counts)]
    return total


def main():
    files = sys.argv[1:]
    parallel = 1
    if files[:1] == ['--parallel']:
        parallel, files = int(files[1]), files[2:]
    if not files:
        sys.exit(f'usage: {sys.argv[0]} [--twice] [--parallel N] FILE…')
    sys.path.insert(0, ROOT)
    if len(files) == 1:
        total = run_file(files[0])
    else:
        total = run_in_processes(files, parallel)
    print('{} passed, {} failed, {} skipped'.format(*total))
    sys.exit(1 if total[1] else 0)


if __name__ == '__main__':
    main()
