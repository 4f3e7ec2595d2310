"""Rewrites of the whole workspace against files on disk: links, changes behind the editor's back."""

import json
import os
import unittest

from tests.support.fake_upstream import FakeUpstream, Wait, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 30
OWN = 'int total(int x);\n'
OTHER = 'int twice(int x) { return 2 * total(x); }\n'


class WorkspaceRewritesTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None,
                             method='GET')
        self.scratch.write('a.c', OWN)
        self.scratch.write('src/b.c', OTHER)
        self.client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key'), self.scratch.work,
            deadline=DEADLINE)
        self.addCleanup(self.client.kill)
        self.client.initialize(self.scratch.root, capabilities={'workspace': {'workspaceEdit': {
            'documentChanges': True, 'resourceOperations': ['create']}}})
        self.uri = self.scratch.root + '/a.c'
        self.client.open(self.uri, OWN)

    def tearDown(self):
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()
        self.assertEqual(self.upstream.faults, [])
        self.assertEqual(self.scratch.read('a.c'), OWN)  # gridls itself writes nothing

    def ask(self, number):
        self.client.request(number, 'gridls/refactor', {
            'textDocument': {'uri': self.uri}, 'scope': 'workspace',
            'instruction': 'rename total to sum'})

    def answer(self, number):
        return self.client.find(lambda message: 'method' not in message
                                and message['id'] == number, 'the rewrite')

    def say(self, *edits, new_files=()):
        return json.dumps({'summary': '', 'new_files': list(new_files), 'edits': [
            {'path': path, 'search': 'total', 'replace': 'sum'} for path in edits]})

    def rewrite(self, number, *edits, new_files=()):
        self.upstream.answer(stream(self.say(*edits, new_files=new_files)), method='POST')
        self.ask(number)
        return self.upstream.expect(method='POST').body, self.answer(number)

    def test_a_file_is_changed_behind_the_editors_back(self):
        said = self.say('a.c', 'src/b.c')
        for number, change in enumerate((lambda: self.scratch.write('src/b.c', OTHER + '\n'),
                                         lambda: os.remove(self.scratch.path('src/b.c'))), 1):
            with self.subTest(number=number):
                self.scratch.write('src/b.c', OTHER)
                mark = f'changed {number}'
                self.upstream.answer(stream(said[:20], Wait(mark), said[20:]), method='POST')
                self.ask(number)
                self.upstream.expect(method='POST')
                change()
                self.upstream.release(mark)
                self.assertEqual(self.answer(number)['error']['code'], -32801)

    def test_nothing_leads_out_by_a_link(self):
        outside = self.scratch.path('../outside')
        os.mkdir(outside)
        with open(os.path.join(outside, 'c.c'), 'w', encoding='utf-8') as file:
            file.write('int total(int x) { return 1; }\n')
        os.symlink(outside, self.scratch.path('link'))
        os.symlink(os.path.join(outside, 'c.c'), self.scratch.path('c.c'))
        os.symlink('src', self.scratch.path('inside'))
        body, message = self.rewrite(1, 'a.c', new_files=[{'path': 'link/new.c', 'text': 'x'}])
        self.assertNotIn(b'return 1', body)
        self.assertEqual(message['error']['data']['kind'], 'ignored')
        _, message = self.rewrite(2, new_files=[{'path': 'link/more/new.c', 'text': 'x'}])
        self.assertEqual(message['error']['data']['kind'], 'ignored')
        _, message = self.rewrite(3, new_files=[{'path': 'inside/new/new.c', 'text': 'x'}])
        creation, _ = message['result']['edit']['documentChanges']
        self.assertEqual(creation, {'kind': 'create',
                                    'uri': self.scratch.root + '/inside/new/new.c'})
        self.assertEqual(os.listdir(outside), ['c.c'])

    def test_odd_files_are_passed_over(self):
        with open(self.scratch.path('binary.c'), 'wb') as file:
            file.write(b'total\0')
        with open(self.scratch.path('latin.c'), 'wb') as file:
            file.write(b'total \xe9\n')
        self.scratch.write('large.c', 'total\n' * 100000)
        os.mkfifo(self.scratch.path('pipe.c'))
        body, message = self.rewrite(1, 'a.c', 'src/b.c')
        for name in (b'binary.c', b'latin.c', b'large.c', b'pipe.c'):
            self.assertNotIn(b'<file path=\\"' + name, body)
        self.assertEqual([change['textDocument']['uri'][len(self.scratch.root):]
                          for change in message['result']['edit']['documentChanges']],
                         ['/a.c', '/src/b.c'])


if __name__ == '__main__':
    unittest.main()
