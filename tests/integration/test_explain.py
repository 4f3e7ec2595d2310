"""Explanations over real files: what the model may look at, what it is told, what is shown."""

import json
import os
import stat
import subprocess
import unittest

from tests.support.fake_upstream import (DONE, FakeUpstream, chunked, delta, finish, response,
                                         sse_head, stream)
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 30


def calls(*wanted):
    """An answer that calls tools: (name, arguments) each."""
    deltas = [delta(None, tool_calls=[{
        'id': f'call-{number}', 'type': 'function',
        'function': {'name': name, 'arguments': json.dumps(arguments)}}])
        for number, (name, arguments) in enumerate(wanted)]
    return [sse_head('chunked'), chunked(*deltas, finish('tool_calls'), DONE)]


def results(request):
    """What the tools said, in the order of their calls."""
    return [message['content'] for message in request.json['messages']
            if message['role'] == 'tool']


class ExplainTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None,
                             method='GET')
        self.env = self.scratch.env(THEGRID_BASE_URL=self.upstream.base_url,
                                    THEGRID_API_KEY='key-of-the-test')

    def start(self, **capabilities):
        client = Client([gridls()], self.env, self.scratch.work)
        self.addCleanup(client.kill)
        client.initialize(self.scratch.root, capabilities=capabilities)
        return client

    def end(self, client):
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def uri(self, name):
        return 'file://' + self.scratch.path(name)


class ToolsTest(ExplainTest):
    def looks(self, *wanted):
        """The results of these calls, made while a.c is explained."""
        client = self.start()
        client.open(self.uri('a.c'), 'int x;\n')
        self.upstream.answer(calls(*wanted), method='POST')
        self.upstream.answer(stream('An int.'), method='POST')
        client.request(1, 'gridls/explain', {'textDocument': {'uri': self.uri('a.c')}})
        self.upstream.expect(method='POST')
        request = self.upstream.expect(method='POST')
        self.assertEqual(client.answer(1)['text'], 'An int.')
        self.end(client)
        return results(request)

    def test_a_repository_with_links_and_ignored_files(self):
        scratch = self.scratch
        scratch.git('init', '-q')
        scratch.write('../outside.c', 'int outside;\n')
        scratch.write('src/b.c', 'int inside;\n')
        scratch.write('.gitignore', 'build/\n*.o\n!keep.o\n')
        scratch.write('build/made.c', 'int inside;\n')
        scratch.write('src/keep.o', 'inside\n')
        scratch.write('.gridlsignore', '/private/*\n!/private/shown.c\n')
        scratch.write('private/hidden.c', 'int inside;\n')
        scratch.write('private/shown.c', 'int inside;\n')
        scratch.write('id_rsa', 'inside\n')
        os.symlink('../outside.c', scratch.path('out.c'))
        os.symlink('src', scratch.path('linked'))
        os.symlink('../private/hidden.c', scratch.path('src/alias.c'))
        os.mkfifo(scratch.path('src/pipe.c'))
        found = self.looks(
            ('search_text', {'text': 'inside'}),
            ('list_files', {}),
            ('read_file', {'path': 'linked/b.c'}),
            ('read_file', {'path': 'out.c'}),
            ('read_file', {'path': 'src/alias.c'}),
            ('read_file', {'path': 'build/made.c'}),
            ('read_file', {'path': 'src/pipe.c'}),
            ('read_file', {'path': '.git/config'}))
        self.assertEqual(found[0], 'private/shown.c:1: int inside;\nsrc/b.c:1: int inside;\n'
                                   'src/keep.o:1: inside\n')
        self.assertEqual(found[1], '.gitignore\n.gridlsignore\nprivate/shown.c\nsrc/b.c\n'
                                   'src/keep.o\n')
        self.assertEqual(found[2], 'linked/b.c, 1 lines\n1 | int inside;\n')
        for text in found[3:]:
            self.assertTrue(text.startswith('Error: '), text)

    def test_a_large_workspace_is_looked_through_in_bounds(self):
        for folder in range(30):
            for file in range(50):
                self.scratch.write(f'd{folder}/f{file}.txt', 'a common line\n' * 40)
        found = self.looks(('list_files', {}), ('search_text', {'text': 'common'}))
        self.assertIn('d29/ (50 files)\n', found[0])
        self.assertIn('[there may be more lines', found[1])
        self.assertLess(sum(map(len, found)), 40 << 10)

    def test_results_of_all_rounds_are_bounded(self):
        self.scratch.write('large.txt', ('x' * 99 + '\n') * 10000)
        client = self.start()
        client.open(self.uri('a.c'), 'int x;\n')
        for _ in range(6):
            self.upstream.answer(calls(*[('read_file', {'path': 'large.txt'})] * 8), method='POST')
        self.upstream.answer(stream('An int.'), method='POST')
        client.request(1, 'gridls/explain', {'textDocument': {'uri': self.uri('a.c')}})
        requests = [self.upstream.expect(method='POST') for _ in range(7)]
        self.assertEqual(client.answer(1)['text'], 'An int.')
        said = results(requests[-1])
        self.assertEqual(len(said), 48)
        self.assertLess(sum(map(len, said)), 110 << 10)
        self.assertIn('answer with what you know', said[-1])
        self.end(client)

    def test_the_command_line_looks_in_the_whole_repository(self):
        self.scratch.git('init', '-q')
        self.scratch.write('lib/b.c', 'int b;\n')
        self.scratch.write('src/a.c', 'int a;\n')
        self.upstream.answer(calls(('read_file', {'path': 'lib/b.c'})), method='POST')
        self.upstream.answer(stream('An int.'), method='POST')
        done = subprocess.run([gridls(), 'explain', 'a.c'], env=self.env, timeout=DEADLINE,
                              cwd=self.scratch.path('src'), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout), (0, b'An int.\n'), done.stderr)
        self.upstream.expect(method='POST')
        self.assertEqual(results(self.upstream.expect(method='POST')),
                         ['lib/b.c, 1 lines\n1 | int b;\n'])


class PromptTest(ExplainTest):
    def test_what_is_far_away_in_a_large_file(self):
        lines = ['import far_module', '']
        lines += [f'value_{number} = {number}' for number in range(20000)]
        lines += ['', '# Why.', 'def enclosing(a):']
        lines += [f'    step({number})' for number in range(400)]
        lines += ['', 'def behind():', '    pass']
        lines += [f'other_{number} = {number}' for number in range(20000)]
        client = self.start()
        client.open(self.uri('a.py'), '\n'.join(lines) + '\n', language='python')
        self.upstream.answer(stream('Steps.'), method='POST')
        line = lines.index('    step(399)')
        client.request(1, 'gridls/explain', {
            'textDocument': {'uri': self.uri('a.py')},
            'range': {'start': {'line': line, 'character': 4}, 'end': {'line': line, 'character': 9}}})
        prompt = self.upstream.expect(method='POST').prompt
        self.assertEqual(client.answer(1)['text'], 'Steps.')
        self.assertIn('<imports>\nimport far_module\n</imports>\n', prompt)
        self.assertIn('# Why.\ndef enclosing(a):\n    step(0)\n', prompt)
        self.assertIn(f'<selection>\n{line + 1} | step(\n</selection>', prompt)
        self.assertLess(len(prompt), 64 << 10)
        self.end(client)


class ShownFilesTest(ExplainTest):
    def explain(self, client, request_id):
        client.call(request_id, 'workspace/executeCommand', {
            'command': 'gridls.explain', 'arguments': [{'textDocument': {'uri': self.uri('a.c')}}]})

    def shown(self, client):
        request = client.find(lambda message: message.get('method') == 'window/showDocument',
                              'a document to show')
        client.respond(request['id'], {'success': True})
        return request['params']['uri'].removeprefix('file://')

    def test_each_has_its_own_and_none_is_left(self):
        client = self.start(window={'showDocument': {'support': True}})
        client.open(self.uri('a.c'), 'int x;\n')
        for text in ('One.', 'Two.'):
            self.upstream.answer([*stream(text)], method='POST')
        self.explain(client, 1)
        self.explain(client, 2)
        paths = [self.shown(client), self.shown(client)]
        self.assertEqual({self.read(path) for path in paths}, {'One.', 'Two.'})
        folder = os.path.join(self.scratch.runtime, 'gridls')
        self.assertEqual({os.path.dirname(path) for path in paths}, {folder})
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        for path in paths:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        for _ in range(2):
            self.upstream.expect(method='POST')
        self.end(client)
        self.assertEqual(os.listdir(folder), [])

    def test_no_file_of_others_is_written_to(self):
        client = self.start(window={'showDocument': {'support': True}})
        client.open(self.uri('a.c'), 'int x;\n')
        folder = os.path.join(self.scratch.runtime, 'gridls')
        os.mkdir(folder)
        taken = os.path.join(folder, f'explanation-{client.process.pid}-1.md')
        os.symlink('/dev/null', taken)
        self.upstream.answer(stream('One.'), method='POST')
        self.explain(client, 1)
        path = self.shown(client)
        self.assertNotEqual(path, taken)
        self.assertEqual(self.read(path), 'One.')
        self.upstream.expect(method='POST')
        self.end(client)
        self.assertEqual(os.listdir(folder), [os.path.basename(taken)])

    def test_only_the_last_few_stay(self):
        client = self.start(window={'showDocument': {'support': True}})
        client.open(self.uri('a.c'), 'int x;\n')
        paths = []
        for number in range(1, 20):
            self.upstream.answer(stream('One.'), method='POST')
            self.explain(client, number)
            self.upstream.expect(method='POST')
            paths.append(self.shown(client))
        for number in range(100, 1000):  # it goes in the background
            if not os.path.exists(paths[2]):
                break
            client.call(number, 'gridls/status')
        self.assertFalse(os.path.exists(paths[2]))
        self.assertTrue(all(map(os.path.exists, paths[3:])))
        self.end(client)

    def read(self, path):
        with open(path, encoding='utf-8') as file:
            return file.read()


if __name__ == '__main__':
    unittest.main()
