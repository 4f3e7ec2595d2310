"""gridls under client libraries that nobody here wrote, in plain node: on a scripted upstream and on
the sandbox."""

import json
import os
import subprocess
import unittest

from tests.support.counterparties import FOLDER, require_node
from tests.support.fake_upstream import FakeUpstream, Stall, delta, response, sse_head, stream
from tests.support.scratch import Scratch, gridls

DEADLINE = 60
SOURCE = '/* 😀 */ int add(int a, int b)\n{\n    return a + b;\n}\n'


class LibraryTest(unittest.TestCase):
    def setUp(self):
        require_node()
        self.scratch = self.enterContext(Scratch())
        self.path = self.scratch.write('a.c', SOURCE)

    def run_client(self, script, env, *arguments):
        told = json.dumps({'argv': [gridls(), *arguments], 'root': self.scratch.root,
                           'path': self.path, 'sandbox': '--sandbox' in arguments})
        # A session of its own: where the client fails, the daemon must not outlive it.
        process = subprocess.Popen(['node', os.path.join(FOLDER, script), told], env=env,
                                   cwd=self.scratch.work, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            output, errors = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            self.fail(f'{script} has not come to its end:\n{errors.decode()[-4000:]}')
        self.assertEqual((process.returncode, output), (0, b'"done"\n'), errors.decode()[-4000:])
        self.assertNotIn('Sanitizer', errors.decode())

    def run_scripted(self, script):
        with FakeUpstream() as upstream:
            upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
            upstream.answer([sse_head('close'), delta('It '), Stall()],
                            times=None, where=lambda request: 'ENDLESS' in request.prompt)
            for model, text in (('completion', [' a + b;', ' // 😀']),
                                ('explain', ['It adds', '. 😀']),
                                ('refactor', [SOURCE.replace('a + b', 'b + a')])):
                upstream.answer(stream(*text), times=None, model=model)
            env = self.scratch.env(THEGRID_BASE_URL=upstream.base_url,
                                   THEGRID_API_KEY='key-of-the-test')
            self.scratch.write('~/.config/gridls/config.json', json.dumps({
                'instruments': {task: task for task in ('completion', 'explain', 'refactor')}}))
            self.run_client(script, env)
            # A command that was cancelled at its beginning may not have come to ask.
            endless = [request for request in upstream.requests if 'ENDLESS' in request.prompt]
            self.assertGreater(len(endless), 0)
            for request in endless:
                request.wait_gone()

    def test_vscode_on_a_scripted_upstream(self):
        self.run_scripted('vscode_client.mjs')

    def test_vscode_on_the_sandbox(self):
        self.run_client('vscode_client.mjs', self.scratch.env(), '--sandbox')

    def test_codemirror_on_a_scripted_upstream(self):
        self.run_scripted('codemirror_client.mjs')

    def test_codemirror_on_the_sandbox(self):
        self.run_client('codemirror_client.mjs', self.scratch.env(), '--sandbox')


if __name__ == '__main__':
    unittest.main()
