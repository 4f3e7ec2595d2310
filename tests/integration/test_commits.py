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

    def test_a_merge_under_way(self):
        self.git('init', '-q')
        self.scratch.write('a.c', 'int x;\n')
        self.commit()
        self.git('checkout', '-q', '-b', 'side')
        self.scratch.write('side.c', 'int side;\n')
        self.commit()
        self.git('checkout', '-q', 'main')
        self.git('merge', '-q', '--no-ff', '--no-commit', 'side')
        self.assertIn('A side.c', self.ask())
        self.end()

    def test_changes_of_blanks_alone(self):
        self.git('init', '-q')
        self.scratch.write('a.c', 'int x;\n')
        self.commit()
        self.scratch.write('a.c', 'int  x;\n')
        self.git('config', 'diff.ignoreSubmodules', 'all')
        self.git('add', '.')
        self.assertIn('+int  x;', self.ask())
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

    def test_a_huge_file_does_not_hide_the_others(self):
        """What stands behind it in git's order, and after the cap, is shown all the same."""
        self.git('init', '-q')
        self.scratch.write('a.txt', 'a line of a huge file, again and again\n' * 500000)
        self.scratch.write('b.c', 'int old_name;\n' * 20)
        self.commit()
        self.scratch.write('a.txt', 'another line of a huge file\n' * 500000)
        os.rename(self.scratch.path('b.c'), self.scratch.path('c.c'))
        self.scratch.write('z.c', 'int small;\n')
        self.git('add', '-A')
        prompt = self.ask()
        self.assertIn('+int small;', prompt)
        self.assertIn('rename to c.c', prompt)
        self.end()

    def test_what_nobody_wrote_is_one_line(self):
        self.git('init', '-q')
        for name in ('package-lock.json', 'vendor/lib.c', 'api.pb.go'):
            self.scratch.write(name, 'machine made\n')
        self.scratch.write('main.c', 'int main;\n')
        self.git('add', '.')
        prompt = self.ask()
        for line in ('A package-lock.json (lock file)', 'A vendor/lib.c (vendored)',
                     'A api.pb.go (generated)', 'A main.c', '+int main;'):
            self.assertIn(line, prompt)
        self.assertNotIn('machine made', prompt)
        self.git('reset', '-q', '--', 'main.c')
        self.assertIn('+machine made', self.ask())
        self.end()

    def test_large_files_are_summarised(self):
        self.git('init', '-q')
        for number in range(8):
            self.scratch.write(f'large-{number}.c', f'int number_{number};\n' * (2000 + number))
        token = 'ghp_' + 'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'
        self.scratch.write('large-7.c', f'"{token}";\n' + 'int number_7;\n' * 2007)
        self.scratch.write('small.c', 'int small;\n')
        self.git('add', '.')
        self.upstream.forget_rules()
        self.upstream.answer(stream('Numbers, again and again.'), times=None,
                             where=lambda request: 'Say what changes in this file' in request.prompt)
        self.upstream.answer(stream('Change it'), times=None)
        self.client.request(1, 'gridls/commitMessage', {'root': self.scratch.root})
        answer = self.client.answer(1)
        self.assertEqual(answer['text'], 'Change it')
        asked = [request for request in self.upstream.requests if request.method == 'POST']
        summaries, last = asked[:-1], asked[-1]
        self.assertGreater(len(summaries), 1)
        self.assertLessEqual(len(summaries), 6)
        for request in summaries:
            self.assertNotIn(token, request.prompt)
            self.assertEqual(request.prompt.count('diff --git'), 1)
            self.assertLess(len(request.prompt), 48 << 10)
        self.assertEqual(last.prompt.count('c: Numbers, again and again.'), len(summaries))
        self.assertEqual(last.prompt.count('diff --git'), 9 - len(summaries))
        self.assertIn('+int small;', last.prompt)
        self.assertEqual(answer['usage'], {'promptTokens': 7 * len(asked),
                                           'completionTokens': 5 * len(asked)})
        self.end()

    def test_a_summary_that_fails_is_done_without(self):
        self.git('init', '-q')
        for number in range(8):
            self.scratch.write(f'large-{number}.c', f'int number_{number};\n' * 2000)
        self.git('add', '.')
        self.upstream.forget_rules()
        self.upstream.answer(response(400, {'error': {'message': 'Too long'}}), times=None,
                             where=lambda request: 'Say what changes in this file' in request.prompt)
        self.upstream.answer(stream('Change it'), times=None)
        self.client.request(1, 'gridls/commitMessage', {'root': self.scratch.root})
        self.assertEqual(self.client.answer(1)['text'], 'Change it')
        last = [request for request in self.upstream.requests if request.method == 'POST'][-1]
        self.assertEqual(last.prompt.count('diff --git'), 8)
        self.end()

    def test_subjects_of_the_same_files(self):
        self.git('init', '-q')
        self.scratch.write('old.c', 'int old;\n')
        self.git('add', '-A')
        self.git('commit', '-q', '-m', 'old: begin')
        for number in range(21):
            self.git('commit', '-q', '--allow-empty', '-m', f'other: {number}')
        self.scratch.write('old.c', 'int older;\n')
        self.git('add', '.')
        prompt = self.ask()
        self.assertIn('other: 20', prompt)
        self.assertIn('old: begin', prompt)
        self.assertNotIn('other: 0\n', prompt)
        self.end()

    # ---- what the person's git says of messages ----

    def message(self, answer, text, params=None):
        """The `text` of the answer for a document with this text."""
        uri = self.scratch.root + '/.git/COMMIT_EDITMSG'
        self.upstream.forget_rules()
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.upstream.answer(stream(answer), times=None)
        self.client.open(uri, text, language='gitcommit')
        self.last_id += 1
        self.client.request(self.last_id, 'gridls/commitMessage', {'textDocument': {'uri': uri}})
        result = self.client.answer(self.last_id)
        self.client.notify('textDocument/didClose', {'textDocument': {'uri': uri}})
        return result['text']

    def staged(self, *settings):
        self.git('init', '-q')
        for name, value in settings:
            self.git('config', name, value)
        self.scratch.write('a.c', 'int x;\n')
        self.git('add', '.')

    def test_comments_of_another_sign(self):
        self.staged(('core.commentChar', ';'))
        text = self.message('#7: add x\n\n; x', '#7: add\n; Please enter the message\n')
        self.assertEqual(text, ' x\n\n ; x')
        self.assertIn('<typed>\n#7: add\n</typed>', self.upstream.expect(method='POST').prompt)
        self.end()

    def test_comments_of_a_longer_sign(self):
        self.staged(('core.commentString', '//'))
        text = self.message('/ Add x\n\n// x', '/ Add\n// Please enter the message\n')
        self.assertEqual(text, ' x\n\n // x')
        self.end()

    def test_comments_of_the_sign_that_git_chose(self):
        self.staged(('core.commentChar', 'auto'))
        text = self.message('# Add x', '# Add\n\n; Please enter the message\n; On branch main\n')
        self.assertIn('<typed>\n# Add\n</typed>', self.upstream.expect(method='POST').prompt)
        self.assertIn('Add x', text)
        self.end()

    def test_what_stands_below_the_scissors_is_not_typed(self):
        self.staged()
        self.message('Add x', 'Add\n# ------------------------ >8 ------------------------\n'
                              '# Do not modify or remove the line above.\ndiff --git a/q b/q\n+SECRET\n')
        prompt = self.upstream.expect(method='POST').prompt
        self.assertIn('<typed>\nAdd\n</typed>', prompt)
        self.assertNotIn('SECRET', prompt)
        self.end()

    def test_a_template_of_the_repository(self):
        self.staged(('commit.template', '.gitmessage'))
        self.scratch.write('.gitmessage', 'Subject\n\nTicket: \n# say why\n')
        prompt = self.ask()
        self.assertIn('<commit_template>\nSubject\n\nTicket: \n# say why\n', prompt)
        self.end()

    def test_a_template_of_the_person(self):
        self.staged()
        self.scratch.write('~/message', 'Why:\n')
        self.git('config', '--global', 'commit.template', '~/message')
        self.assertIn('<commit_template>\nWhy:\n', self.ask())
        self.end()

    def test_a_repository_does_not_lead_to_files_elsewhere(self):
        """Its own settings may have come with it."""
        self.scratch.write('~/private', 'PRIVATE\n')
        self.staged(('commit.template', self.scratch.path('~/private')))
        self.assertNotIn('PRIVATE', self.ask())
        os.symlink(self.scratch.path('~/private'), self.scratch.path('link'))
        self.git('config', 'commit.template', 'link')
        self.assertNotIn('PRIVATE', self.ask())
        self.scratch.write('.env', 'PRIVATE\n')
        self.git('config', 'commit.template', '.env')
        self.assertNotIn('PRIVATE', self.ask())
        self.end()

    def test_a_secret_is_told(self):
        self.staged()
        token = 'ghp_' + 'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'
        self.scratch.write('config.py', f'TOKEN = "{token}"\n')
        self.git('add', '.')
        prompt = self.ask()
        self.assertNotIn(token, prompt)
        told = self.client.find(lambda message: message.get('method') == 'window/showMessage')
        self.assertEqual(told['params']['type'], 2)
        self.assertIn('config.py adds what looks like a key or token', told['params']['message'])
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
