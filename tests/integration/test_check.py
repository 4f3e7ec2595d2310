"""gridls check: a line for each finding, and what to do about it."""

import http.server
import json
import re
import signal
import socket
import subprocess
import threading
import unittest

from tests.support.fake_upstream import FakeUpstream, Wait, error, response, stream
from tests.support.scratch import Scratch, gridls

DEADLINE = 30
KEY = 'tg-check-canary-51c0-never-shown'
LINE = re.compile(r'(ok|problem|offer) +(\S[^:]*): (.+)')
LOCAL_PORTS = (8080, 11434, 1234)


class LocalServer:
    """What llama.cpp, Ollama or LM Studio would be, on the port that it is known for."""

    def __init__(self, port, models=('tiny',), answers=True):
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append((self.command, self.path, dict(self.headers)))
                if not answers:
                    server.closing.wait(DEADLINE)
                    return
                body = json.dumps({'data': [{'id': model} for model in models]}).encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.closing = threading.Event()
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(DEADLINE)


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.models = {'data': [{'id': 'code-standard'}, {'id': 'code-prime'}, {'id': 'text-max'}]}

    def listen(self, *ports, **options):
        """Local servers there; the test is skipped where this machine has one of its own."""
        servers = []
        for port in ports:
            try:
                servers.append(LocalServer(port, **options))
            except OSError:
                self.skipTest(f'port {port} is taken')
            self.addCleanup(servers[-1].close)
        return servers

    def speak(self, port, data):
        """Says this to the first that says something. Returns the port."""
        try:
            listener = socket.create_server(('127.0.0.1', port))
        except OSError:
            self.skipTest(f'port {port} is taken')

        def run():
            listener.settimeout(DEADLINE)
            with listener:
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        if connection.recv(65536):
                            connection.sendall(data)
                            return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, DEADLINE)
        return listener.getsockname()[1]

    def answer(self, *pieces):
        self.upstream.answer(response(200, self.models), times=None, method='GET')
        self.upstream.answer(stream(*pieces), times=None, method='POST')

    def env(self, **more):
        return self.scratch.env(**{'THEGRID_BASE_URL': self.upstream.base_url,
                                   'THEGRID_API_KEY': KEY, **more})

    def check(self, code, **environment):
        """Runs it and returns its lines as (mark, subject, text)."""
        done = subprocess.run([gridls(), 'check'], env=self.env(**environment), text=True,
                              cwd=self.scratch.work, capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stderr, '')
        self.assertNotIn(KEY, done.stdout)
        lines = []
        for line in done.stdout.splitlines():
            self.assertRegex(line, LINE)
            lines.append(LINE.fullmatch(line).groups())
        self.assertTrue(all(mark == 'problem' for mark, _, text in lines if ' – ' in text), lines)
        return lines

    def find(self, lines, subject, mark=None):
        found = [text for its_mark, its_subject, text in lines
                 if its_subject == subject and mark in (None, its_mark)]
        self.assertEqual(len(found), 1, lines)
        return found[0]

    def only_problem(self, lines):
        problems = [(subject, text) for mark, subject, text in lines if mark == 'problem']
        self.assertEqual(len(problems), 1, lines)
        return problems[0]


class GoodTest(CheckTest):
    def test_all_is_well(self):
        self.answer('ok')
        lines = [line for line in self.check(0) if line[0] != 'offer']
        self.assertEqual([(mark, subject) for mark, subject, _ in lines],
                         [('ok', subject) for subject in (
                             'settings', 'base URL', 'proxy', 'key', 'instruments', 'connection',
                             'models', 'key', 'code-standard (completion, commit)',
                             'code-prime (explain, refactor)')])
        self.assertEqual(self.find(lines, 'base URL'),
                         f'{self.upstream.base_url} (environment THEGRID_BASE_URL)')
        self.assertIn(f'127.0.0.1 port {self.upstream.port}, after ',
                      self.find(lines, 'connection'))
        self.assertIn('3 offered', self.find(lines, 'models'))
        self.assertEqual([text for _, subject, text in lines if subject == 'key'],
                         ['set (from THEGRID_API_KEY)', 'accepted'])
        self.assertRegex(lines[-1][2], r'answers, the first text after \d+ ms')
        self.assertEqual(self.upstream.count(method='POST'), 2)
        self.assertEqual(self.upstream.faults, [])

    def test_the_list_of_models_is_asked_for_without_the_key(self):
        self.answer('ok')
        self.check(0)
        self.assertNotIn('authorization', self.upstream.expect(method='GET').headers)

    def test_where_settings_come_from(self):
        self.answer('ok')
        self.scratch.write('~/.config/gridls/config.json', json.dumps({
            'base_url': f' {self.upstream.base_url}/chat/completions',
            'instruments': {'explain': 'text-max'}}))
        lines = self.check(0, THEGRID_BASE_URL='')
        self.assertIn('gridls/config.json', self.find(lines, 'settings'))
        self.assertRegex(self.find(lines, 'base URL'), r'/v1 \(user file; repaired: .*completions')
        self.assertIn('explain text-max (user file), refactor code-prime (built in)',
                      self.find(lines, 'instruments'))
        self.find(lines, 'text-max (explain)', 'ok')

    def test_the_name_is_looked_up(self):
        self.answer('ok')
        lines = self.check(0, THEGRID_BASE_URL=f'http://localhost:{self.upstream.port}/v1')
        self.assertIn('localhost is ', self.find(lines, 'name'))

    def test_no_list_of_models(self):
        self.upstream.answer(error(404, 'no such path'), method='GET')
        self.upstream.answer(stream('ok'), times=None, method='POST')
        self.assertIn('none listed (HTTP 404)', self.find(self.check(0), 'models'))

    def test_answers_with_no_text(self):
        self.answer()
        self.assertIn('with no text',
                      self.find(self.check(0), 'code-prime (explain, refactor)', 'ok'))

    def test_a_signal_ends_it(self):
        self.upstream.answer(response(200, self.models), method='GET')
        self.upstream.answer(stream(Wait('never')), method='POST')
        process = subprocess.Popen([gridls(), 'check'], env=self.env(), cwd=self.scratch.work,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        request = self.upstream.expect(method='POST')
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 128 + signal.SIGINT, err)
        request.wait_gone()


class BadTest(CheckTest):
    def test_base_url(self):
        subject, text = self.only_problem(self.check(1, THEGRID_BASE_URL='ftp://x'))
        self.assertEqual(subject, 'base URL')
        self.assertIn(' – set base_url to', text)

    def test_no_key(self):
        """What can be found out without one is found out, through a proxy that is not there."""
        lines = self.check(1, THEGRID_API_KEY='', THEGRID_BASE_URL='',
                           https_proxy='http://me:canary@127.0.0.1:1')
        self.assertIn('THEGRID_API_KEY', self.find(lines, 'key', 'problem'))
        self.assertIn('the proxy 127.0.0.1 port 1: connection refused – check https_proxy',
                      self.find(lines, 'connection', 'problem'))
        self.assertIn('http://127.0.0.1:1 (https_proxy)', self.find(lines, 'proxy'))
        self.assertNotIn('canary', str(lines))

    def test_no_key_where_none_is_needed(self):
        self.answer('ok')
        lines = self.check(0, THEGRID_API_KEY='')
        self.assertEqual(self.find(lines, 'key'), 'none')

    def test_refused_key(self):
        self.upstream.answer(response(200, self.models), method='GET')
        self.upstream.answer(error(401, f'bad key {KEY}'), times=None, method='POST')
        subject, _ = self.only_problem(self.check(1))
        self.assertEqual(subject, 'key')
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_unknown_name(self):
        """Too long a label for the DNS: no server is asked."""
        subject, text = self.only_problem(
            self.check(1, THEGRID_BASE_URL=f'https://{"a" * 64}.invalid/v1', no_proxy='*'))
        self.assertEqual(subject, 'name')
        self.assertIn(' – check the network connection and base_url', text)

    def test_nothing_listens(self):
        self.upstream.stop_listening()
        subject, text = self.only_problem(self.check(1))
        self.assertEqual(subject, 'connection')
        self.assertIn(f'127.0.0.1 port {self.upstream.port}: connection refused – start', text)

    def test_no_tls(self):
        port = self.speak(0, b'HTTP/1.1 400 Bad Request\r\n\r\n')
        subject, text = self.only_problem(
            self.check(1, THEGRID_BASE_URL=f'https://127.0.0.1:{port}/v1'))
        self.assertEqual(subject, 'TLS')
        self.assertIn(' – Check', text)

    def test_a_handshake_without_an_answer(self):
        self.scratch.write('~/.config/gridls/config.json',
                           '{"network": {"connect_timeout_ms": 300}}')
        lines = self.check(1, THEGRID_BASE_URL=f'https://127.0.0.1:{self.upstream.port}/v1')
        self.find(lines, 'connection', 'ok')
        self.assertEqual(self.only_problem(lines)[0], 'TLS')

    def test_no_http(self):
        self.upstream.answer([b'SSH-2.0-OpenSSH_9.2\r\n'], times=None)
        subject, text = self.only_problem(self.check(1))
        self.assertEqual(subject, 'connection')
        self.assertIn('does not speak HTTP', text)

    def test_pages_for_people(self):
        page = '<html><head><title>Sign in</title></head><body>never-shown</body></html>'
        self.upstream.answer(response(200, page, content_type='text/html'), times=None)
        lines = self.check(1)
        self.assertIn('none listed', self.find(lines, 'models'))
        for subject in ('code-standard (completion, commit)', 'code-prime (explain, refactor)'):
            text = self.find(lines, subject, 'problem')
            self.assertIn('Sign in', text)
            self.assertIn('base_url', text)
        self.assertNotIn('never-shown', str(lines))

    def test_one_instrument(self):
        self.upstream.answer(response(200, self.models), method='GET')
        self.upstream.answer(error(404, 'no such model'), model='code-prime')
        self.upstream.answer(stream('ok'), model='code-standard')
        lines = self.check(1)
        subject, text = self.only_problem(lines)
        self.assertEqual(subject, 'code-prime (explain, refactor)')
        self.assertIn(' – ', text)
        self.find(lines, 'code-standard (completion, commit)', 'ok')

    def test_a_proxy_that_names_nothing(self):
        self.scratch.write('~/.config/gridls/config.json', '{"network": {"proxy": "http://:8"}}')
        subject, text = self.only_problem(self.check(1, THEGRID_BASE_URL='https://127.0.0.1:1'))
        self.assertEqual(subject, 'proxy')
        self.assertIn(' – check network.proxy', text)

    def test_what_stays_on_this_machine_goes_through_no_proxy(self):
        self.answer('ok')
        lines = self.check(0, http_proxy='http://127.0.0.1:1', ALL_PROXY='socks5://127.0.0.1:1')
        self.assertEqual(self.find(lines, 'proxy', 'ok'), 'none')


class LocalTest(CheckTest):
    def offers(self, lines):
        return [text for mark, subject, text in lines
                if (mark, subject) == ('offer', 'local server')]

    def test_servers_are_offered_and_not_used(self):
        self.answer('ok')
        servers = self.listen(*LOCAL_PORTS, models=['tiny', 'small'])
        # The proxy of the environment must not be told, nor be needed.
        lines = self.check(0, http_proxy='http://127.0.0.1:1')
        for name, port, text in zip(('llama.cpp', 'Ollama', 'LM Studio'), LOCAL_PORTS,
                                    self.offers(lines), strict=True):
            self.assertIn(name, text)
            self.assertIn('2 models', text)
            self.assertIn(f'base_url to "http://127.0.0.1:{port}/v1"', text)
            self.assertIn('"tiny"', text)
        self.assertEqual([mark for mark, _, _ in lines[-3:]], ['offer'] * 3)
        for server in servers:
            self.assertEqual([request[:2] for request in server.requests], [('GET', '/v1/models')])
            self.assertNotIn(KEY, str(server.requests))

    def test_a_server_is_offered_where_there_is_no_key(self):
        self.listen(11434)
        lines = self.check(1, THEGRID_API_KEY='', THEGRID_BASE_URL='',
                           https_proxy='http://127.0.0.1:1')
        self.assertTrue(any('Ollama' in text and '1 model;' in text
                            for text in self.offers(lines)))

    def test_the_one_in_use_is_no_offer(self):
        server, = self.listen(11434)
        lines = self.check(1, THEGRID_BASE_URL='http://127.0.0.1:11434/v1')
        self.assertFalse(any('11434' in text for text in self.offers(lines)))
        self.assertIn('1 offered', self.find(lines, 'models'))
        self.assertIn(('POST', '/v1/chat/completions'), [each[:2] for each in server.requests])

    def test_one_that_says_nothing_is_not_waited_for(self):
        self.answer('ok')
        self.listen(1234, answers=False)
        self.assertFalse(any('1234' in text for text in self.offers(self.check(0))))

    def test_other_services_are_no_offer(self):
        self.answer('ok')
        self.speak(8080, b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>hi\n')
        self.assertFalse(any('8080' in text for text in self.offers(self.check(0))))

    def test_the_sandbox_looks_for_none(self):
        servers = self.listen(11434)
        done = subprocess.run([gridls(), '--sandbox', 'check'], env=self.scratch.env(), text=True,
                              cwd=self.scratch.work, capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn('offer', done.stdout.split('models')[0])
        self.assertEqual(servers[0].requests, [])


if __name__ == '__main__':
    unittest.main()
