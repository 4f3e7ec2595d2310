"""The daemon as a process: signals, its parent, its descriptors, and a machine that is out of things."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import termios
import tty
import unittest

from tests.integration.test_stdio import initialize_and_status, read_answers
from tests.support import preload
from tests.support.fake_upstream import FakeUpstream, Stall, delta, response, sse_head, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 20
URI = 'file:///a.c'
ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ProcessTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')

    def env(self, **more):
        return self.scratch.env(**{'THEGRID_BASE_URL': self.upstream.base_url,
                                   'THEGRID_API_KEY': 'key', **more})

    def client(self, *arguments, **env):
        client = Client([gridls(), *arguments], self.env(**env), self.scratch.work,
                        deadline=DEADLINE)
        self.addCleanup(client.kill)
        return client

    def explain(self, client):
        client.initialize(None)
        client.open(URI, 'int x;\n')
        self.upstream.answer([sse_head(), delta('It'), Stall()])
        client.request(1, 'gridls/explain', {'textDocument': {'uri': URI},
                                             'workDoneToken': 'w', 'partialResultToken': 'p'})
        return self.upstream.expect(method='POST')

    def failure(self, client, request_id):
        return client.find(lambda message: message.get('id') == request_id
                           and 'method' not in message)['error']

    # -- signals

    def test_a_signal_ends_it_with_all_answered(self):
        for number in ENDS:
            with self.subTest(signal=number.name):
                client = self.client()
                request = self.explain(client)
                client.process.send_signal(number)
                self.assertEqual(self.failure(client, 1)['code'], -32800)
                request.wait_gone()
                self.assertEqual(client.wait_exit(), 1)
                client.check_end()

    def test_a_signal_after_shutdown_is_as_good_as_exit(self):
        for number in ENDS:
            with self.subTest(signal=number.name):
                client = self.client()
                client.initialize(None)
                client.call(1, 'shutdown')
                client.process.send_signal(number)
                self.assertEqual(client.wait_exit(), 0)
                client.check_end()

    def test_a_signal_before_initialize(self):
        client = self.client('--log-level', 'info')
        client.request(1, 'gridls/status')  # refused, and then it certainly runs
        self.failure(client, 1)
        client.process.send_signal(signal.SIGTERM)
        self.assertEqual(client.wait_exit(), 1)
        self.assertIn('the session ends: Terminated', client.stderr)

    def test_a_closed_pipe_s_signal_is_ignored(self):
        client = self.client()
        client.initialize(None)
        client.process.send_signal(signal.SIGPIPE)
        self.assertIn('state', client.call(1, 'gridls/status'))
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_a_signal_that_was_ignored_stays_so(self):
        """nohup gridls"""
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        client = self.client()
        signal.signal(signal.SIGHUP, before)
        client.initialize(None)
        client.process.send_signal(signal.SIGHUP)
        self.assertIn('state', client.call(1, 'gridls/status'))
        self.assertEqual(client.shutdown(), 0)

    # -- the editor's process

    def test_it_ends_when_the_editor_is_gone_and_its_pipe_is_not(self):
        editor = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)
        self.addCleanup(editor.wait)
        self.addCleanup(editor.kill)
        client = self.client()
        client.initialize(None, processId=editor.pid)
        self.assertIn('state', client.call(1, 'gridls/status'))
        editor.communicate(b'\n')
        self.assertEqual(client.wait_exit(), 1)

    def test_an_editor_s_process_that_cannot_be_seen_is_not_watched(self):
        gone = subprocess.Popen([sys.executable, '-c', ''])
        gone.wait()
        self.stays_for_seconds(self.client(), gone.pid)

    @unittest.skipUnless(os.geteuid() == 0, 'only root has processes that others may not signal')
    def test_an_editor_s_process_that_is_another_user_s_is_alive(self):
        os.chmod(self.scratch.folder, 0o755)
        client = Client(['setpriv', '--reuid=65534', '--clear-groups', gridls()], self.env(), '/',
                        deadline=DEADLINE)
        self.addCleanup(client.kill)
        self.stays_for_seconds(client, os.getpid())

    def stays_for_seconds(self, client, editor):
        client.initialize(None, processId=editor)
        # It looks every three seconds: a request that waits for its version is answered in between.
        for number in range(1, 6):
            client.request(number, 'gridls/explain', {
                'textDocument': {'uri': URI, 'version': number + 1}})
            if number == 1:
                self.failure(client, number)
                client.open(URI, 'int x;\n')
            else:
                self.assertEqual(self.failure(client, number)['code'], -32801)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    # -- descriptors

    def test_the_protocol_s_descriptors_are_its_own(self):
        client = self.client()
        client.initialize(None)
        folder = f'/proc/{client.process.pid}'
        self.assertEqual(os.readlink(f'{folder}/fd/0'), '/dev/null')
        self.assertEqual(os.readlink(f'{folder}/fd/1'), os.readlink(f'{folder}/fd/2'))
        ours = [os.fstat(stream.fileno()).st_ino
                for stream in (client.process.stdin, client.process.stdout)]
        theirs = {}
        for name in os.listdir(f'{folder}/fd'):
            inode = os.stat(f'{folder}/fd/{name}').st_ino
            if inode in ours:
                theirs[inode] = name
        self.assertEqual(sorted(theirs), sorted(ours))
        for name in theirs.values():
            self.assertGreaterEqual(int(name), 10)
            with open(f'{folder}/fdinfo/{name}', encoding='ascii') as file:
                flags = int(file.read().split('flags:')[1].split()[0], 8)
            self.assertTrue(flags & os.O_CLOEXEC)
        self.assertEqual(client.shutdown(), 0)

    def test_what_a_library_prints_is_no_protocol(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        client = self.client(**preload.variables(preload.build('chatty_library', folder)))
        client.initialize(None)
        self.assertIn('state', client.call(1, 'gridls/status'))
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        self.assertIn('a library prints to stdout', client.stderr)

    def test_a_terminal_for_both_ways(self):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        tty.setraw(theirs, termios.TCSANOW)
        process = subprocess.Popen([gridls()], env=self.env(), cwd=self.scratch.work, stdin=theirs,
                                   stdout=theirs, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(theirs)
        os.write(ours, initialize_and_status())
        output = b''
        while data := self.read_terminal(ours):
            output += data
        self.assertEqual(process.wait(DEADLINE), 0)
        answers = read_answers(output)
        self.assertEqual(sorted(answers), [1, 2, 3])
        self.assertIn(b'This is a language server', process.stderr.read())

    @staticmethod
    def read_terminal(descriptor):
        try:
            return os.read(descriptor, 65536)
        except OSError:  # EIO: nobody has the other side any more
            return b''

    # -- logs

    def short_session(self, *arguments, **streams):
        done = subprocess.run([gridls(), *arguments], env=self.env(), cwd=self.scratch.work,
                              input=initialize_and_status(), stdout=subprocess.PIPE, check=False,
                              timeout=DEADLINE, **streams)
        return done.returncode, sorted(read_answers(done.stdout)), done

    def test_a_disk_that_is_full_of_logs(self):
        code, answered, _ = self.short_session('--log-file', '/dev/full', '--log-level', 'trace')
        self.assertEqual((code, answered), (0, [1, 2, 3]))
        with open('/dev/full', 'wb') as full:
            code, answered, _ = self.short_session('--log-level', 'trace', stderr=full)
        self.assertEqual((code, answered), (0, [1, 2, 3]))

    def test_a_reader_of_stderr_that_does_not_read(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        with os.fdopen(writing, 'wb') as full:
            full.write(b'x' * 4096)
            full.flush()
            code, answered, _ = self.short_session('--log-level', 'trace', stderr=full)
        self.assertEqual((code, answered), (0, [1, 2, 3]))

    def test_a_log_file_that_cannot_be_opened(self):
        code, answered, done = self.short_session('--log-file', self.scratch.path('no/such/log'),
                                                  stderr=subprocess.PIPE)
        self.assertEqual((code, answered), (2, []))
        self.assertIn(b'cannot be opened', done.stderr)
        self.assertEqual(done.stderr.count(b'\n'), 1)

    def test_there_is_no_place_for_a_file_to_show(self):
        client = self.client(XDG_RUNTIME_DIR='/dev/null/none')
        client.initialize(None, capabilities={'window': {'showDocument': {'support': True}}})
        client.open(URI, 'int x;\n')
        self.upstream.answer(stream('It is an int.'))
        client.call(1, 'workspace/executeCommand', {
            'command': 'gridls.explain', 'arguments': [{'textDocument': {'uri': URI}}]})
        shown = client.find(lambda message: message.get('method') == 'window/showMessage')
        self.assertIn('It is an int.', shown['params']['message'])
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    # -- programs that cannot be started

    def no_message(self, **env):
        self.scratch.git('init')
        self.scratch.write('a.c', 'int x;\n')
        self.scratch.git('add', '.')
        client = self.client(**env)
        client.initialize(self.scratch.root)
        client.request(1, 'gridls/commitMessage', {'root': self.scratch.root})
        error = self.failure(client, 1)
        self.assertEqual(error['code'], -32803)
        self.assertEqual(error['data']['kind'], 'not_a_repository')
        self.assertIn('state', client.call(2, 'gridls/status'))
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        return error

    def test_git_is_not_installed(self):
        self.assertIn('git', self.no_message(PATH=self.scratch.runtime)['message'])

    def test_the_machine_has_no_more_processes(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        failing = preload.variables(preload.build('failing_fork', folder))
        self.assertIn('git', self.no_message(**failing)['message'])

    def test_the_key_s_command_cannot_be_started(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        failing = preload.variables(preload.build('failing_fork', folder))
        for command, env in ((['true'], failing), ([self.scratch.path('no-such')], {})):
            with self.subTest(command=command):
                client = self.client(THEGRID_API_KEY='', **env)
                client.initialize(None, initializationOptions={'api_key_command': command})
                client.open(URI, 'int x;\n')
                client.request(1, 'gridls/explain', {'textDocument': {'uri': URI}})
                self.assertEqual(self.failure(client, 1)['data']['kind'], 'unconfigured')
                self.assertEqual(client.shutdown(), 0)
                client.check_end()


if __name__ == '__main__':
    unittest.main()
