"""Commit messages in repositories of every kind: what is told of them, and that nothing fails."""

import os
import subprocess
import unittest

from tests.support.fake_upstream import FakeUpstream, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 30
HEAD_LIMIT = 512 << 10  # more than any prompt of a commit has


class CommitsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.upstream.answer(stream('Change it'), times=None)
        self.client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key'), self.scratch.work,
            deadline=DEADLINE)
        self.addCleanup(self.client.kill)
        self.client.initialize(self.scratch.root)
        self.last_id = 0

    def git(self, *arguments, cwd=None):
        return subprocess.run(
            ['git', '-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', *arguments],
            cwd=cwd or self.scratch.work, env=self.scratch.env(), check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout

    def commit(self, *arguments, cwd=None):
        self.git('add', '-A', cwd=cwd)
        self.git('commit', '-q', '-m', 'Before', *arguments, cwd=cwd)

    def ask(self, folder=None):
        """The prompt of a message for what is staged in a folder."""
        self.last_id += 1
        self.client.request(self.last_id, 'gridls/commitMessage', {
            'root': 'file://' + (folder or self.scratch.work)})
        request = self.upstream.expect(method='POST')
        self.assertEqual(self.client.answer(self.last_id)['text'], 'Change it')
        self.assertLess(len(request.body), HEAD_LIMIT)
        return request.prompt

    def refused(self, kind, folder=None):
        self.last_id += 1
        self.client.request(self.last_id, 'gridls/commitMessage', {
            'root': 'file://' + (folder or self.scratch.work)})
        message = self.client.find(lambda message: message.get('id') == self.last_id)
        self.assertEqual(message['error']['data']['kind'], kind)

    def end(self):
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()
        self.assertEqual(self.upstream.faults, [])

    def test_the_first_commit(self):
        self.git('init', '-q')
        self.refused('nothing_staged')
        self.scratch.write('a.c', 'int first;\n')
        self.git('add', '.')
        prompt = self.ask()
        self.assertIn('A a.c', prompt)
        self.assertIn('+int first;', prompt)
        self.end()

    def test_no_repository(self):
        self.refused('not_a_repository')
        self.refused('not_a_repository', self.scratch.work + '/nowhere')
        self.end()

    def test_a_detached_head(self):
        self.git('init', '-q')
        self.scratch.write('a.c', 'int x;\n')
        self.commit()
        self.git('checkout', '-q', '--detach')
        self.scratch.write('a.c', 'int y;\n')
        self.git('add', '.')
        prompt = self.ask()
        self.assertIn('M a.c', prompt)
        self.assertIn('-int x;', prompt)
        self.end()

    def test_a_linked_worktree_of_another_branch(self):
        self.git('init', '-q')
        self.scratch.write('a.c', 'int x;\n')
        self.commit()
        linked = self.scratch.folder + '/linked'
        self.git('worktree', 'add', '-q', '-b', 'topic-7', linked)
        with open(linked + '/only-there.c', 'w', encoding='ascii') as file:
            file.write('int there;\n')
        self.git('add', '.', cwd=linked)
        prompt = self.ask(linked)
        self.assertIn('A only-there.c', prompt)
        self.assertIn('topic-7', prompt)
        self.refused('nothing_staged')
        self.end()

    def test_a_submodule(self):
        self.git('init', '-q')
        inner = self.scratch.folder + '/inner'
        os.mkdir(inner)
        self.git('init', '-q', cwd=inner)
        with open(inner + '/inner.c', 'w', encoding='ascii') as file:
            file.write('int inner;\n')
        self.commit(cwd=inner)
        self.git('submodule', 'add', '-q', inner, 'module')
        self.assertIn('A module', self.ask())
        self.commit()
        self.scratch.write('module/inner.c', 'int changed;\n')
        self.git('add', '.', cwd=self.scratch.path('module'))
        prompt = self.ask(self.scratch.path('module'))
        self.assertIn('M inner.c', prompt)
        self.assertNotIn('.gitmodules', prompt)
        self.end()

    def test_renames_modes_links_and_deletions(self):
        self.git('init', '-q')
        for name in ('old name.c', 'gone.c', 'script', 'target'):
            self.scratch.write(name, f'int {name[:3]};\n' * 20)
        self.commit()
        os.rename(self.scratch.path('old name.c'), self.scratch.path('new name.c'))
        os.remove(self.scratch.path('gone.c'))
        os.chmod(self.scratch.path('script'), 0o755)
        os.symlink('target', self.scratch.path('link'))
        self.git('add', '-A')
        prompt = self.ask()
        for line in ('R new name.c (was old name.c)', 'D gone.c', 'M script', 'A link',
                     'new mode 100755', 'new file mode 120000'):
            self.assertIn(line, prompt)
        self.end()

    def test_binary_files_and_texts_that_are_not_utf8(self):
        self.git('init', '-q')
        self.scratch.write('image.png', bytes(range(256)) * 64)
        self.scratch.write('latin.txt', 'gr\xfc\xdfe\n'.encode('latin-1'))
        self.git('add', '.')
        prompt = self.ask()
        self.assertIn('A image.png', prompt)
        self.assertIn('Binary files', prompt)
        self.assertIn('+gr\ufffd\ufffde', prompt)
        self.end()

    def test_odd_names(self):
        self.git('init', '-q')
        names = ['-dash', ':(glob)**', 'a\nb', 'a"b', "it's", 'back\\slash', 'ta\tb', 'sp ace ',
                 '*', '[x]', 'ü', '😀', '#hash', 'a/b/c/d', 'very-' + 'long' * 60]
        folder = os.fsencode(self.scratch.work) + b'/'
        for number, name in enumerate([*map(os.fsencode, names), b'latin-\xfc', b'\x01\x7f']):
            os.makedirs(os.path.dirname(folder + name), exist_ok=True)
            with open(folder + name, 'wb') as file:
                file.write(b'content number %d.\n' % number)
        self.git('add', '.')
        prompt = self.ask()
        for number in range(len(names) + 2):
            self.assertIn(f'+content number {number}.', prompt)
        for name in names:
            shown = name.replace('\n', '\\012').replace('\t', '\\011')
            self.assertIn(f'A {shown}\n', prompt)
        self.end()

    def test_a_name_cannot_begin_a_line_of_its_own(self):
        """Lines of the list are files; one that is named so must not add another."""
        self.git('init', '-q')
        self.scratch.write('harmless\nD everything.c', 'x\n')
        self.git('add', '.')
        self.assertNotIn('\nD everything.c', self.ask())
        self.end()

    def test_ten_thousand_files(self):
        self.git('init', '-q')
        folder = self.scratch.path('many')
        os.mkdir(folder)
        for number in range(10000):
            with open(f'{folder}/file-{number:05}.txt', 'w', encoding='ascii') as file:
                file.write(f'{number}\n')
        self.git('add', '.')
        self.assertIn('A many/file-00000.txt', self.ask())
        self.end()

    def test_a_huge_difference(self):
        self.git('init', '-q')
        self.scratch.write('huge.txt', 'a line of a huge file, again and again\n' * 500000)
        self.scratch.write('long.txt', 'x' * (8 << 20))
        self.scratch.write('small.c', 'int small;\n')
        self.git('add', '.')
        prompt = self.ask()
        for line in ('A huge.txt', 'A long.txt', 'A small.c'):
            self.assertIn(line, prompt)
        self.end()

    def test_the_settings_of_a_person_do_not_show(self):
        self.git('init', '-q')
        self.scratch.write('a.c', 'int x;\n')
        self.commit()
        for name, value in (('color.ui', 'always'), ('diff.external', '/bin/false'),
                            ('core.pager', '/bin/false'), ('diff.noprefix', 'true'),
                            ('diff.mnemonicPrefix', 'true'), ('diff.renames', 'false'),
                            ('core.quotePath', 'true'), ('diff.wordRegex', '.'),
                            ('diff.algorithm', 'patience'), ('diff.orderFile', '/nowhere'),
                            ('core.fsmonitor', '/bin/false'), ('diff.submodule', 'log')):
            self.git('config', name, value)
        os.rename(self.scratch.path('a.c'), self.scratch.path('ü.c'))
        self.git('add', '-A')
        prompt = self.ask()
        self.assertIn('R ü.c (was a.c)', prompt)
        self.assertNotIn('\x1b', prompt)
        self.end()


if __name__ == '__main__':
    unittest.main()
