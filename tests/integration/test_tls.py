"""Secure connections: a real TLS server with a certificate authority of the moment, and a real proxy."""

import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from tests.support.fake_upstream import FakeUpstream, stream
from tests.support.scratch import Scratch, gridls

DEADLINE = 30


def openssl(folder, *arguments):
    subprocess.run(['openssl', *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE)


def make_authority(folder):
    """ca.pem, and the server's server.pem and server.key, for the name localhost alone."""
    openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-subj', '/CN=An authority of the moment', '-keyout', 'ca.key', '-out', 'ca.pem')
    openssl(folder, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
            '-keyout', 'server.key', '-out', 'server.csr')
    openssl(folder, 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
            '-CAcreateserial', '-copy_extensions', 'copy', '-out', 'server.pem')


class Relay:
    """Carries bytes of whoever connects to another port; `greet` prepares a connection, or refuses."""

    def __init__(self, port, greet):
        self.port_behind = port
        self.greet = greet
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.carry, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def carry(self, connection):
        connection.settimeout(DEADLINE)
        try:
            with connection, socket.create_connection(('127.0.0.1', self.port_behind)) as behind:
                front = self.greet(connection)
                if not front:
                    return
                ends = {front: behind, behind: front}
                while True:
                    ready = [front] if isinstance(front, ssl.SSLSocket) and front.pending() else \
                        select.select(list(ends), [], [], DEADLINE)[0]
                    for end in ready:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)
        except (OSError, ssl.SSLError):
            return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@unittest.skipUnless(shutil.which('openssl'), 'needs the openssl program')
class TlsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.scratch.write('a.c', 'int x;\n')
        make_authority(self.scratch.home)
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.scratch.path('~/server.pem'), self.scratch.path('~/server.key'))
        self.server = Relay(self.upstream.port,
                            lambda connection: context.wrap_socket(connection, server_side=True))
        self.addCleanup(self.server.close)

    def explain(self, host='localhost', ca=True, network='', **environment):
        ca_file = f'"ca_file": "{self.scratch.path("~/ca.pem")}",' if ca else ''
        self.scratch.write('~/.config/gridls/config.json',
                           f'{{"network": {{{ca_file} "retries": 0, {network}}}}}')
        return subprocess.run([gridls(), 'explain', 'a.c'], cwd=self.scratch.work, text=True,
                              capture_output=True, timeout=DEADLINE, env=self.scratch.env(
                                  THEGRID_BASE_URL=f'https://{host}:{self.server.port}/v1',
                                  THEGRID_API_KEY='key-of-the-test', **environment))

    def assert_refused(self, done, words):
        self.assertEqual(done.returncode, 1)
        self.assertIn(words, done.stderr)
        self.assertEqual(self.upstream.count(), 0)

    def test_an_authority_of_the_settings_is_trusted(self):
        self.upstream.answer(stream('An int.'))
        done = self.explain()
        self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)

    def test_no_other_is(self):
        self.assert_refused(self.explain(ca=False), 'network.ca_file')

    def test_the_name_must_be_right(self):
        self.assert_refused(self.explain(host='127.0.0.1'), 'the certificate is for another')

    def test_a_project_cannot_choose_whom_to_trust(self):
        ca = self.scratch.path('~/ca.pem')
        self.scratch.write('.gridls.json', f'{{"network": {{"ca_file": "{ca}"}}}}')
        self.assert_refused(self.explain(ca=False), 'network.ca_file')

    # -- proxies

    def proxy(self, answer):
        """A proxy that answers CONNECT so; what it was asked goes into self.asked."""
        self.asked = []

        def greet(connection):
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                piece = connection.recv(1)
                if not piece:
                    return None
                head += piece
            self.asked.append(head.split(b'\r\n')[0].decode())
            connection.sendall(f'HTTP/1.1 {answer}\r\n\r\n'.encode())
            return connection if answer.startswith('200') else None

        relay = Relay(self.server.port, greet)
        self.addCleanup(relay.close)
        return f'http://127.0.0.1:{relay.port}'

    def test_a_proxy_of_the_settings_and_of_the_environment(self):
        proxy = self.proxy('200 Connection established')
        for network, environment in ((f'"proxy": "{proxy}"', {}), ('', {'HTTPS_PROXY': proxy})):
            self.upstream.answer(stream('An int.'))
            done = self.explain(network=network, **environment)
            self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)
        self.assertEqual(self.asked, [f'CONNECT localhost:{self.server.port} HTTP/1.1'] * 2)

    def test_a_host_without_a_proxy(self):
        self.upstream.answer(stream('An int.'))
        done = self.explain(HTTPS_PROXY=self.proxy('407 No'), NO_PROXY='localhost')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.asked, [])

    def test_a_proxy_that_refuses(self):
        done = self.explain(network=f'"proxy": "{self.proxy("407 Proxy Authentication Required")}"')
        self.assert_refused(done, 'network.proxy')
        self.assertIn('407', done.stderr)


if __name__ == '__main__':
    unittest.main()
