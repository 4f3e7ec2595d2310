"""Programs that nobody of gridls wrote, installed by `tests/run clients` into tests/counterparties.

    with Program('upstreams.mjs') as upstreams:
        start what is tested with upstreams.told['mock']

A program is run by node. It prints one line of JSON when it is ready, which is `told`, and ends with
its input. Where something is missing the test is skipped.
"""

import json
import os
import re
import shutil
import subprocess
import unittest

from tests.support.scratch import ROOT

FOLDER = os.path.join(ROOT, 'tests', 'counterparties')
DEADLINE = 60.0
NODE_AT_LEAST = (20, 15)  # what aimock asks for


def require_node(at_least=(18, 0)):
    """Skips the test where there is no such node, or where the packages have not been installed."""
    if not os.path.isdir(os.path.join(FOLDER, 'node_modules')):
        raise unittest.SkipTest('its npm packages are not installed (tests/run clients does it)')
    node = shutil.which('node')
    told = subprocess.run([node, '--version'], stdout=subprocess.PIPE, text=True, check=True,
                          stdin=subprocess.DEVNULL).stdout if node else 'none'
    version = tuple(int(part) for part in re.findall(r'\d+', told)[:2])
    if version < at_least:
        raise unittest.SkipTest('it needs node {}.{} or newer; there is {}'.format(
            *at_least, told.strip()))


class Program:
    def __init__(self, name, at_least=NODE_AT_LEAST):
        require_node(at_least)
        self.process = subprocess.Popen(['node', name], cwd=FOLDER, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.stdin.close()
            raise AssertionError(f'{name} has not started:\n{self.process.stderr.read()[-2000:]}')
        self.told = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
