"""What the tests of editors that nobody here wrote share: a scripted upstream, a workspace with one file,
and the settings that editors/README.md tells its readers to use."""

import json
import os
import re
import shlex
import shutil
import unittest

from tests.support.fake_upstream import FakeUpstream, response, stream
from tests.support.scratch import ROOT, Scratch, gridls

SOURCE = 'int add(int a, int b)\n{\n    return a + b;\n}\n'
TURNED = SOURCE.replace('a + b', 'b + a')


def snippet(heading, language):
    """The first block of that language below the heading in editors/README.md."""
    with open(os.path.join(ROOT, 'editors', 'README.md'), encoding='utf-8') as file:
        section = file.read().split(f'\n## {heading}\n')[1].split('\n## ')[0]
    return re.search(rf'^```{language}\n(.*?)^```$', section, re.S | re.M)[1]


class EditorClientTest(unittest.TestCase):
    """The upstream completes `return` to ` a + b;`, says "It adds." of everything, and rewrites to
    TURNED. The daemon's own log is in self.log."""

    PROGRAMS = ()

    def setUp(self):
        missing = [name for name in self.PROGRAMS if not shutil.which(name)]
        if missing:
            self.skipTest(f'{", ".join(missing)} is not installed')
        self.scratch = self.enterContext(Scratch())
        self.path = self.scratch.write('a.c', SOURCE)
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        for task, text in (('completion', ' a + b;'), ('explain', 'It adds.'), ('refactor', TURNED)):
            self.upstream.answer(stream(text), times=None, model=task)
        self.scratch.write('~/.config/gridls/config.json', json.dumps({
            'base_url': self.upstream.base_url, 'api_key': 'key-of-the-test',
            'completion': {'debounce_ms': 0},
            'instruments': {task: task for task in ('completion', 'explain', 'refactor')}}))
        self.log = os.path.join(self.scratch.folder, 'log')
        program = self.scratch.write('~/bin/gridls', '#!/bin/sh\nexec {} --log-file {} "$@"\n'.format(
            shlex.quote(gridls()), shlex.quote(self.log)))
        os.chmod(program, 0o755)
        self.environment = self.scratch.env()
        self.environment['PATH'] = os.path.dirname(program) + ':' + self.environment['PATH']

    def tearDown(self):
        self.assertEqual(self.upstream.faults, [])
        self.assertNotIn('Sanitizer', self.read_log())

    def read_log(self):
        if not os.path.exists(self.log):
            return ''
        with open(self.log, encoding='utf-8') as file:
            return file.read()
