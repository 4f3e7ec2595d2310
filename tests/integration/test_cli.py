"""The command line: what each subcommand prints where, and how it ends."""

import json
import os
import subprocess
import unittest

from tests.support.fake_upstream import (Cut, FakeUpstream, Wait, delta, error, response, sse_head,
                                         stream)
from tests.support.scratch import Scratch, gridls

DEADLINE = 30
KEY = 'tg-cli-canary-77b1-never-shown'
INSTRUMENTS = [f'{kind}-{grade}' for kind in ('text', 'code', 'agent')
               for grade in ('standard', 'prime', 'max')]
ADD = 'int add(int a, int b)\n{\n    int sum = a + b;\n    return sum;\n}\n'
BETTER = 'int add(int a, int b)\n{\n    return a + b;\n}\n'


class CliTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        models = {'object': 'list', 'data': [{'id': name, 'object': 'model'}
                                             for name in INSTRUMENTS]}
        self.upstream.answer(response(200, models), times=None, method='GET')

    def env(self, **more):
        return self.scratch.env(**{'THEGRID_BASE_URL': self.upstream.base_url,
                                   'THEGRID_API_KEY': KEY, **more})

    def run_gridls(self, *arguments, env=None, cwd=None):
        done = subprocess.run([gridls(), *arguments], env=env or self.env(),
                              cwd=cwd or self.scratch.work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertNotIn(KEY, done.out + done.err)
        self.assertNotIn('Sanitizer', done.err)
        return done

    def assert_good(self, done, out=None):
        self.assertEqual(done.returncode, 0, done.err)
        if out is not None:
            self.assertEqual(done.out, out)

    def assert_failed(self, done, *words):
        """Exit code 1, nothing on stdout, one line on stderr that holds these words."""
        self.assertEqual(done.returncode, 1, done.err)
        self.assertEqual(done.out, '')
        self.assertRegex(done.err, r'\Agridls: [^\n]+\n\Z')
        for word in words:
            self.assertIn(word, done.err)

    def assert_wrong(self, done, *words):
        """Exit code 2, nothing on stdout, a word on stderr of what is wrong."""
        self.assertEqual(done.returncode, 2, done.err)
        self.assertEqual(done.out, '')
        self.assertRegex(done.err, r'\Agridls: [^\n]+\n')
        for word in words:
            self.assertIn(word, done.err)


class UsageTest(CliTest):
    def test_version(self):
        done = self.run_gridls('--version')
        self.assert_good(done)
        self.assertRegex(done.out, r'\Agridls \d+\.\d+\.\d+\n\Z')
        self.assertEqual(done.err, '')

    def test_help_names_everything(self):
        done = self.run_gridls('--help')
        self.assert_good(done)
        self.assertEqual(done.err, '')
        for word in ('explain', 'refactor', 'complete', 'commit-message', 'check', 'config',
                     '--question', '--instruction', '--write', '--hook', '--stdio', '--config',
                     '--sandbox', '--log-level', '--log-file', '--version', '--help'):
            self.assertIn(word, done.out)

    def test_unknown_option(self):
        self.assert_wrong(self.run_gridls('--no-such-option'), '--no-such-option')
        self.assert_wrong(self.run_gridls('explain', 'a.c', '--no-such-option'))

    def test_unknown_subcommand(self):
        self.assert_wrong(self.run_gridls('explode'), 'explode')

    def test_missing_arguments(self):
        self.scratch.write('a.c', ADD)
        for arguments in (['explain'], ['refactor', 'a.c'], ['refactor', '--instruction', 'x'],
                          ['complete'], ['complete', 'a.c'], ['complete', 'a.c:1'],
                          ['explain', 'a.c', '--question'], ['--config'], ['--log-level'],
                          ['explain', 'a.c', 'b.c'], ['check', 'x'], ['config', 'x'],
                          ['--log-level', 'loud', 'config'], ['explain', 'a.c', '--write'],
                          ['complete', 'a.c:0:1'], ['complete', 'a.c:1:0'], ['--stdio', 'check']):
            with self.subTest(arguments=arguments):
                self.assert_wrong(self.run_gridls(*arguments))

    def test_config_file_that_is_not_there(self):
        self.assert_wrong(self.run_gridls('--config', 'none.json', 'config'), 'none.json')

    def test_config_file_that_is_broken(self):
        self.scratch.write('bad.json', '{"instructions": ')
        self.assert_wrong(self.run_gridls('--config', 'bad.json', 'config'), 'bad.json')

    def test_global_options_before_and_behind(self):
        self.scratch.write('own.json', '{"instruments": {"explain": "text-max"}}')
        for arguments in (['--config', 'own.json', 'config'], ['config', '--config', 'own.json'],
                          ['config', '--config=own.json']):
            with self.subTest(arguments=arguments):
                done = self.run_gridls(*arguments)
                self.assert_good(done)
                self.assertIn('text-max', done.out)

    def test_log_file(self):
        self.scratch.write('a.c', ADD)
        self.upstream.answer(stream('It adds.'))
        done = self.run_gridls('--log-file', 'log', '--log-level', 'trace', 'explain', 'a.c')
        self.assert_good(done, 'It adds.\n')
        self.assertEqual(done.err, '')
        log = self.scratch.read('log')
        self.assertTrue(log)
        self.assertNotIn(KEY, log)


class ExplainTest(CliTest):
    def setUp(self):
        super().setUp()
        self.scratch.write('add.c', ADD)

    def test_whole_file(self):
        self.upstream.answer(stream('It ', 'adds.'))
        done = self.run_gridls('explain', 'add.c')
        self.assert_good(done, 'It adds.\n')
        self.assertEqual(done.err, '')
        request = self.upstream.expect(method='POST')
        self.assertEqual(request.model, 'code-prime')
        self.assertEqual(request.headers['authorization'], f'Bearer {KEY}')
        self.assertIn('1 | int add(int a, int b)\n', request.prompt)
        self.assertNotIn(self.scratch.work, request.prompt)

    def test_lines(self):
        self.upstream.answer(stream('It adds.'), times=None, method='POST')
        for place, wanted in (('add.c:3', '3 | '), ('add.c:3-4', '3 | '), ('add.c:4-99', '4 | ')):
            with self.subTest(place=place):
                self.assert_good(self.run_gridls('explain', place), 'It adds.\n')
                prompt = self.upstream.expect(method='POST').prompt
                self.assertIn(wanted, prompt)
                self.assertNotIn('2 | {', prompt)

    def test_question(self):
        self.upstream.answer(stream('No.'))
        self.assert_good(self.run_gridls('explain', 'add.c', '--question', 'Can it overflow?'),
                         'No.\n')
        self.assertIn('Can it overflow?', self.upstream.expect(method='POST').prompt)

    def test_streams(self):
        self.upstream.answer(stream('It adds', Wait('more'), ' two.'))
        process = subprocess.Popen([gridls(), 'explain', 'add.c'], env=self.env(),
                                   cwd=self.scratch.work, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        with process.stdout:
            self.addCleanup(process.kill)
            self.assertEqual(os.read(process.stdout.fileno(), 100), b'It adds')
            self.upstream.release('more')
            self.assertEqual(process.stdout.read(), b' two.\n')
        self.assertEqual(process.wait(DEADLINE), 0)

    def test_file_with_colons_and_blanks_in_its_name(self):
        self.scratch.write('a b:7', ADD)
        self.upstream.answer(stream('It adds.'), times=None, method='POST')
        for place in ('a b:7', 'a b:7:3'):
            with self.subTest(place=place):
                self.assert_good(self.run_gridls('explain', place), 'It adds.\n')

    def test_absolute_path_and_folder_elsewhere(self):
        self.upstream.answer(stream('It adds.'))
        done = self.run_gridls('explain', self.scratch.path('add.c'), cwd='/')
        self.assert_good(done, 'It adds.\n')

    def test_missing_file(self):
        self.assert_failed(self.run_gridls('explain', 'none.c'), 'none.c')

    def test_folder(self):
        self.assert_failed(self.run_gridls('explain', '.'))

    def test_binary_file(self):
        self.scratch.write('a.bin', b'\0\1\2\xff' * 100)
        self.assert_failed(self.run_gridls('explain', 'a.bin'), 'a.bin')

    def test_empty_file(self):
        self.scratch.write('empty.c', '')
        self.assert_failed(self.run_gridls('explain', 'empty.c'), 'empty.c')

    def test_ignored_file(self):
        self.scratch.write('.env', 'PASSWORD=canary\n')
        self.assert_failed(self.run_gridls('explain', '.env'), '.env')
        self.assertEqual(self.upstream.count(method='POST'), 0)

    def test_bad_key(self):
        self.upstream.answer(error(401, f'bad key {KEY}'))
        self.assert_failed(self.run_gridls('explain', 'add.c'), 'key')

    def test_no_key(self):
        env = self.env(THEGRID_API_KEY='', THEGRID_BASE_URL='', HTTPS_PROXY='http://127.0.0.1:1')
        done = self.run_gridls('explain', 'add.c', env=env)
        self.assert_wrong(done, 'THEGRID_API_KEY')
        self.assertEqual(done.err.count('\n'), 1)

    def test_unknown_instrument(self):
        self.upstream.answer(error(404, 'Unknown instrument'))
        self.assert_failed(self.run_gridls('explain', 'add.c'), 'code-prime')

    def test_unreachable(self):
        self.upstream.stop_listening()
        self.scratch.write('own.json', '{"network": {"retries": 0}}')
        self.assert_failed(self.run_gridls('--config', 'own.json', 'explain', 'add.c'), '127.0.0.1')

    def test_stream_that_breaks_off(self):
        self.upstream.answer([sse_head('chunked'), b'%x\r\n%s\r\n' % (len(delta('It adds')),
                                                                     delta('It adds')), Cut()])
        done = self.run_gridls('explain', 'add.c')
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.out.startswith('It adds'))
        self.assertRegex(done.err, r'\Agridls: [^\n]+\n\Z')

    def test_closed_output(self):
        self.upstream.answer(stream(*['word ' * 1000] * 2000))
        reading, writing = os.pipe()
        process = subprocess.Popen([gridls(), 'explain', 'add.c'], env=self.env(),
                                   cwd=self.scratch.work, stdin=subprocess.DEVNULL,
                                   stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        request = self.upstream.expect(method='POST')
        os.close(reading)
        err = process.communicate(timeout=DEADLINE)[1].decode()
        self.assertEqual(process.returncode, 1, err)
        self.assertNotIn('Sanitizer', err)
        request.wait_gone()


class RefactorTest(CliTest):
    def setUp(self):
        super().setUp()
        self.path = self.scratch.write('src/add.c', 'int before;\n' + ADD + 'int after;\n')
        self.wanted = 'int before;\n' + BETTER + 'int after;\n'
        self.upstream.answer(stream('```c\n', BETTER, '```\n'), times=None, method='POST')

    def refactor(self, *more):
        return self.run_gridls('refactor', 'src/add.c:2-6', '--instruction', 'inline the sum', *more)

    def test_diff(self):
        done = self.refactor()
        self.assert_good(done)
        self.assertEqual(done.err, '')
        self.assertIn('-    int sum = a + b;\n-    return sum;\n+    return a + b;\n', done.out)
        self.assertNotEqual(self.scratch.read('src/add.c'), self.wanted)
        self.assertIn('inline the sum', self.upstream.expect(method='POST').prompt)

    def test_patch_takes_it(self):
        patch = self.refactor().stdout
        subprocess.run(['patch', '-p0', '--quiet'], input=patch, cwd=self.scratch.work, check=True)
        self.assertEqual(self.scratch.read('src/add.c'), self.wanted)

    def test_git_apply_takes_it(self):
        self.scratch.git('init', '-q')
        patch = self.refactor().stdout
        subprocess.run(['git', 'apply', '-p0'], input=patch, cwd=self.scratch.work, check=True,
                       env=self.scratch.env())
        self.assertEqual(self.scratch.read('src/add.c'), self.wanted)

    def test_odd_line_ends(self):
        """CRLF, and no line end at the file's own end: the patch and --write keep both."""
        text = ('a\n' + ADD).replace('\n', '\r\n') + 'b'
        wanted = ('a\n' + BETTER).replace('\n', '\r\n') + 'b'
        self.scratch.write('src/add.c', text)
        patch = self.refactor().stdout
        subprocess.run(['patch', '-p0', '--quiet', '--binary'], input=patch,
                       cwd=self.scratch.work, check=True)
        with open(self.path, 'rb') as file:
            self.assertEqual(file.read(), wanted.encode())
        self.scratch.write('src/add.c', text)
        self.assert_good(self.refactor('--write'))
        with open(self.path, 'rb') as file:
            self.assertEqual(file.read(), wanted.encode())

    def test_write(self):
        os.chmod(self.path, 0o640)
        self.assert_good(self.refactor('--write'))
        self.assertEqual(self.scratch.read('src/add.c'), self.wanted)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o640)
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ['add.c'])

    def test_write_through_a_link(self):
        os.symlink('src/add.c', self.scratch.path('link.c'))
        self.assert_good(self.run_gridls('refactor', 'link.c:2-6', '--instruction', 'x', '--write'))
        self.assertTrue(os.path.islink(self.scratch.path('link.c')))
        self.assertEqual(self.scratch.read('src/add.c'), self.wanted)

    def test_nothing_to_change(self):
        self.upstream.forget_rules()
        self.upstream.answer(stream(ADD), method='POST')
        done = self.refactor()
        self.assert_good(done, '')

    def test_truncated(self):
        self.upstream.forget_rules()
        self.upstream.answer(stream('int add(', finish_reason='length'), times=4, method='POST')
        self.assert_failed(self.refactor('--write'), 'max_tokens')
        self.assertIn('int sum', self.scratch.read('src/add.c'))

    def test_changed_meanwhile(self):
        """The file is saved from an editor while the answer comes: it is not written over."""
        self.upstream.forget_rules()
        self.upstream.answer(stream(Wait('go'), BETTER), method='POST')
        process = subprocess.Popen(
            [gridls(), 'refactor', 'src/add.c:2-6', '--instruction', 'x', '--write'],
            env=self.env(), cwd=self.scratch.work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.upstream.expect(method='POST')
        self.scratch.write('src/add.c', 'saved by someone else\n')
        self.upstream.release('go')
        err = process.communicate(timeout=DEADLINE)[1]
        self.assertEqual(process.returncode, 1, err)
        self.assertEqual(self.scratch.read('src/add.c'), 'saved by someone else\n')


class CompleteTest(CliTest):
    def test_place(self):
        self.scratch.write('é.py', 'name = "é😀"; other = \n')
        self.upstream.answer(stream('1\n'))
        done = self.run_gridls('complete', 'é.py:1:22')
        self.assert_good(done, '1\n')
        self.assertEqual(done.err, '')
        request = self.upstream.expect(method='POST')
        self.assertEqual(request.model, 'code-standard')
        self.assertIn('other = <|cursor|>', request.prompt)

    def test_nothing_to_offer(self):
        self.scratch.write('a.c', ADD)
        self.upstream.answer(stream(''))
        self.assert_good(self.run_gridls('complete', 'a.c:6:1'), '')

    def test_upstream_fails(self):
        self.scratch.write('a.c', ADD)
        self.upstream.answer(error(402, 'Insufficient balance'))
        self.assert_failed(self.run_gridls('complete', 'a.c:3:5'), 'Insufficient balance')


class CommitMessageTest(CliTest):
    def repository(self):
        self.scratch.git('init', '-q')
        self.scratch.write('a.txt', 'one\n')
        self.scratch.git('add', 'a.txt')

    def test_staged(self):
        self.repository()
        self.upstream.answer(stream('Count to one\n\nSomebody has to begin.\n'))
        done = self.run_gridls('commit-message')
        self.assert_good(done, 'Count to one\n\nSomebody has to begin.\n')
        self.assertEqual(done.err, '')
        self.assertIn('A a.txt', self.upstream.expect(method='POST').prompt)

    def test_nothing_staged(self):
        self.scratch.git('init', '-q')
        self.assert_failed(self.run_gridls('commit-message'), 'git add')

    def test_no_repository(self):
        self.assert_failed(self.run_gridls('commit-message'), 'repository')

    def install_hook(self):
        hook = self.scratch.write('.git/hooks/prepare-commit-msg',
                                  f'#!/bin/sh\nexec "{gridls()}" commit-message --hook "$@"\n')
        os.chmod(hook, 0o755)

    def commit(self, *arguments, **env):
        done = subprocess.run(['git', 'commit', '-q', *arguments], cwd=self.scratch.work,
                              env=self.env(GIT_EDITOR='true', **env), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=DEADLINE)
        self.assertNotIn('Sanitizer', done.stdout)
        return done

    def test_hook_writes_the_message_of_a_commit(self):
        self.repository()
        self.install_hook()
        self.upstream.answer(stream('Count to one\n\nSomebody has to begin.\n'))
        done = self.commit()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.scratch.git('log', '-1', '--format=%B').strip(),
                         'Count to one\n\nSomebody has to begin.')

    def test_hook_sees_only_what_is_committed(self):
        """`git commit -a` stages into an index of its own, which the hook is told."""
        self.repository()
        self.scratch.git('commit', '-q', '-m', 'Begin')
        self.install_hook()
        self.scratch.write('a.txt', 'one\ntwo\n')
        self.upstream.answer(stream('Count to two'))
        done = self.commit('-a')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn('+two', self.upstream.expect(method='POST').prompt)
        self.assertEqual(self.scratch.git('log', '-1', '--format=%s').strip(), 'Count to two')

    def test_hook_leaves_a_given_message_alone(self):
        self.repository()
        self.install_hook()
        done = self.commit('-m', 'My own words')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.scratch.git('log', '-1', '--format=%s').strip(), 'My own words')
        self.assertEqual(self.upstream.count(method='POST'), 0)

    def test_hook_keeps_what_git_has_written(self):
        self.repository()
        self.upstream.answer(stream('Count to one'))
        comments = '\n# Please enter the commit message for your changes.\n# On branch main\n'
        self.scratch.write('.git/COMMIT_EDITMSG', comments)
        done = self.run_gridls('commit-message', '--hook', '.git/COMMIT_EDITMSG')
        self.assert_good(done, '')
        self.assertEqual(self.scratch.read('.git/COMMIT_EDITMSG'), 'Count to one\n' + comments)


class ConfigTest(CliTest):
    def test_values_with_their_places(self):
        self.scratch.write('~/.config/gridls/config.json', '{"instructions": "Be brief."}')
        done = self.run_gridls('config')
        self.assert_good(done)
        self.assertEqual(done.err, '')
        lines = {line.split()[0]: line for line in done.out.splitlines()}
        self.assertIn('set (from THEGRID_API_KEY)', lines['api_key'])
        self.assertIn(self.upstream.base_url, lines['base_url'])
        self.assertIn('THEGRID_BASE_URL', lines['base_url'])
        self.assertIn('Be brief.', lines['instructions'])
        self.assertIn('"code-prime"', lines['instruments.explain'])
        self.assertIn('built in', lines['instruments.explain'])

    def test_the_table_as_json(self):
        done = self.run_gridls('config', '--table')
        self.assert_good(done)
        rows = {row['name']: row for row in json.loads(done.out)}
        self.assertEqual(rows['network.retries'], {
            'name': 'network.retries', 'type': 'integer', 'minimum': 0, 'maximum': 10, 'default': 2,
            'description': rows['network.retries']['description'], 'secret': False, 'project': False})
        self.assertEqual(rows['commit.style']['enum'], ['auto', 'conventional', 'plain'])
        self.assertEqual(rows['ignore']['items'], {'type': 'string'})
        self.assertIn('.netrc', rows['ignore']['default'])
        self.assertEqual((rows['api_key']['secret'], rows['api_key']['default']), (True, None))
        self.assertNotIn(KEY, done.out)

    def test_never_shows_a_key(self):
        self.scratch.write('own.json', '{"api_key": "%s"}' % KEY)
        done = self.run_gridls('--config', 'own.json', 'config', env=self.env(THEGRID_API_KEY=''))
        self.assert_good(done)
        self.assertIn('set (from', done.out)

    def test_closed_output(self):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([gridls(), 'config'], env=self.env(), cwd=self.scratch.work,
                              stdout=writing, stderr=subprocess.PIPE, timeout=DEADLINE)
        os.close(writing)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn(b'Sanitizer', done.stderr)

    def test_full_disk(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([gridls(), 'config'], env=self.env(), cwd=self.scratch.work,
                                  stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)


class CheckTest(CliTest):
    def test_all_is_well(self):
        self.upstream.answer(stream('ok'), times=None, method='POST')
        done = self.run_gridls('check')
        self.assert_good(done)
        self.assertIn(self.upstream.base_url, done.out)
        for instrument in ('code-standard', 'code-prime'):
            self.assertIn(instrument, done.out)
        self.assertEqual(self.upstream.faults, [])

    def test_bad_key(self):
        self.upstream.forget_rules()
        self.upstream.answer(error(401, 'bad key'), times=None)
        done = self.run_gridls('check')
        self.assertEqual(done.returncode, 1)
        self.assertIn('key', done.out)

    def test_unreachable(self):
        self.upstream.stop_listening()
        done = self.run_gridls('check')
        self.assertEqual(done.returncode, 1)
        self.assertIn('127.0.0.1', done.out)

    def test_no_key(self):
        done = self.run_gridls('check', env=self.env(
            THEGRID_API_KEY='', THEGRID_BASE_URL='', HTTPS_PROXY='http://127.0.0.1:1'))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('THEGRID_API_KEY', done.out + done.err)


class SandboxTest(CliTest):
    """Everything works with no key and no network, and says where its words come from."""

    def run_sandbox(self, *arguments):
        done = self.run_gridls('--sandbox', *arguments, env=self.scratch.env(
            HTTPS_PROXY='http://127.0.0.1:1', HTTP_PROXY='http://127.0.0.1:1'))
        self.assert_good(done)
        return done

    def setUp(self):
        super().setUp()
        self.scratch.write('add.c', ADD)

    def test_explain(self):
        done = self.run_sandbox('explain', 'add.c')
        self.assertIn('andbox', done.out)
        self.assertIn('add', done.out)

    def test_refactor(self):
        self.scratch.write('add.c', ADD.replace(';\n', ';  \n'))
        done = self.run_sandbox('refactor', 'add.c', '--instruction', 'tidy')
        self.assertIn('andbox', done.out + done.err)
        self.assertIn('+    return sum;\n', done.out)

    def test_complete(self):
        self.scratch.write('add.c', 'int counter_of_things;\nint main(void)\n{\n    coun\n}\n')
        done = self.run_sandbox('complete', 'add.c:4:9')
        self.assertTrue(done.out.strip())

    def test_commit_message(self):
        self.scratch.git('init', '-q')
        self.scratch.git('add', '.')
        done = self.run_sandbox('commit-message')
        self.assertIn('add.c', done.out)
        self.assertIn('andbox', done.out)

    def test_check(self):
        done = self.run_sandbox('check')
        self.assertIn('andbox', done.out)

    def test_config(self):
        self.assertIn('andbox', self.run_sandbox('config').out)


if __name__ == '__main__':
    unittest.main()
