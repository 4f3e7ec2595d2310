"""Secure connections: a real TLS server with a certificate authority of the moment, and a real proxy."""

import json
import os
import shutil
import subprocess
import unittest
from contextlib import closing

from tests.support.fake_upstream import (
    Close, FakeUpstream, delta, redirect, response, sse_head, stream)
from tests.support.scratch import Scratch, gridls
from tests.support.tls import DEADLINE, HttpProxy, SocksProxy, make_authority, tls_server


@unittest.skipUnless(shutil.which('openssl'), 'needs the openssl program')
class TlsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.scratch.write('a.c', 'int x;\n')
        make_authority(self.scratch.home)
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.server = tls_server(self.scratch.home, self.upstream.port)
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

    def test_a_date_that_is_past(self):
        self.server = self.enterContext(closing(tls_server(self.scratch.home, self.upstream.port,
                                                           'expired')))
        self.assert_refused(self.explain(), 'clock')

    def test_an_end_without_a_goodbye(self):
        """The server closes without TLS's own end, as many do: the answer itself says whether it is whole."""
        self.upstream.answer(stream('An int.', length_by='close'))
        done = self.explain()
        self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)
        self.upstream.answer([sse_head('close'), delta('An'), Close()])
        done = self.explain()
        self.assertEqual(done.returncode, 1)
        self.assertIn('broke off', done.stderr)

    def test_a_handshake_that_is_never_answered(self):
        plain = FakeUpstream()  # It waits for the end of a line that TLS does not have.
        self.addCleanup(plain.close)
        self.server = plain
        done = self.explain(network='"connect_timeout_ms": 300')
        self.assert_refused(done, 'No connection')

    def test_no_newer_protocol_is_spoken_than_streams_are_safe_with(self):
        self.upstream.answer(stream('An int.'))
        self.assertEqual(self.explain().returncode, 0)
        self.assertLessEqual(set(self.server.protocols), {'http/1.1', None})

    def test_the_secrets_of_a_connection_are_not_written_down(self):
        self.upstream.answer(stream('An int.'))
        log = self.scratch.path('~/secrets')
        self.assertEqual(self.explain(SSLKEYLOGFILE=log).returncode, 0)
        self.assertFalse(os.path.exists(log))

    # -- redirects

    def test_the_key_goes_to_hosts_that_the_person_named(self):
        other = tls_server(self.scratch.home, self.upstream.port)
        self.addCleanup(other.close)
        place = f'https://localhost:{other.port}/r?token=redirect-canary'
        self.upstream.answer(redirect(place))
        done = self.explain()
        self.assertEqual(done.returncode, 1)
        self.assertIn('where the key must not go', done.stderr)
        self.assertEqual(self.upstream.count(), 1)
        self.upstream.answer(redirect(place, 308))
        self.upstream.answer(stream('An int.'))
        done = self.explain(network='"redirect_hosts": ["localhost"]')
        self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)
        asked, followed = self.upstream.requests[1:]
        self.assertEqual(followed.path, '/r?token=redirect-canary')
        self.assertEqual(followed.headers['authorization'], 'Bearer key-of-the-test')
        self.assertEqual(followed.body, asked.body)
        self.assertNotIn('canary', done.stderr)

    def test_no_redirect_leads_out_of_a_secure_connection(self):
        """Not even to a host that was named, where plain http is allowed."""
        self.upstream.answer(redirect(f'http://localhost:{self.upstream.port}/r'))
        done = self.explain(network='"redirect_hosts": ["localhost"], "allow_http": true')
        self.assertEqual(done.returncode, 1)
        self.assertIn('http://localhost, where the key must not go', done.stderr)
        self.assertEqual(self.upstream.count(), 1)

    def test_the_grid_may_lead_to_hosts_of_its_own_and_to_no_other(self):
        proxy = self.http_proxy()  # Whatever the name, it is our server that answers.

        def explain():
            ca = self.scratch.path('~/ca.pem')
            self.scratch.write('~/.config/gridls/config.json', json.dumps(
                {'network': {'ca_file': ca, 'retries': 0, 'proxy': proxy.url}}))
            return subprocess.run([gridls(), 'explain', 'a.c'], cwd=self.scratch.work, text=True,
                                  capture_output=True, timeout=DEADLINE,
                                  env=self.scratch.env(THEGRID_API_KEY='key-of-the-test'))

        self.upstream.answer(redirect('https://supplier.thegrid.ai/r/v1?token=redirect-canary'))
        self.upstream.answer(stream('An int.'))
        done = explain()
        self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)
        self.assertEqual(proxy.asked, ['CONNECT api.thegrid.ai:443 HTTP/1.1',
                                       'CONNECT supplier.thegrid.ai:443 HTTP/1.1'])
        first, second = self.upstream.requests
        self.assertEqual((first.path, second.path),
                         ('/v1/chat/completions', '/r/v1?token=redirect-canary'))
        self.assertEqual(second.headers['authorization'], 'Bearer key-of-the-test')
        self.upstream.answer(redirect('https://thegrid.ai.example.org/r?token=redirect-canary'))
        done = explain()
        self.assertEqual(done.returncode, 1)
        self.assertIn('https://thegrid.ai.example.org', done.stderr)
        self.assertEqual(len(proxy.asked), 3)
        self.assertNotIn('canary', done.stderr)

    # -- gridls check

    def check(self, host='localhost', **environment):
        done = subprocess.run([gridls(), 'check'], cwd=self.scratch.work, text=True,
                              capture_output=True, timeout=DEADLINE, env=self.scratch.env(
                                  THEGRID_BASE_URL=f'https://{host}:{self.server.port}/v1',
                                  THEGRID_API_KEY='key-of-the-test', **environment))
        self.assertEqual(done.stderr, '')
        return done

    def trust(self):
        ca = self.scratch.path('~/ca.pem')
        self.scratch.write('~/.config/gridls/config.json', f'{{"network": {{"ca_file": "{ca}"}}}}')

    def assert_blamed(self, done, *words):
        self.assertEqual(done.returncode, 1)
        blamed = [line for line in done.stdout.splitlines() if line.startswith('problem')]
        self.assertEqual(len(blamed), 1, done.stdout)
        for word in words:
            self.assertIn(word, blamed[0])
        self.assertEqual(self.upstream.count(), 0)

    def test_check_tells_who_signed_what_is_not_believed(self):
        self.assert_blamed(self.check(), 'TLS: ', 'signed by "CN = An authority of the moment" and '
                           'good until ', 'network.ca_file')
        self.trust()
        self.assert_blamed(self.check(host='127.0.0.1'), 'TLS: ', 'the certificate is for another',
                           'An authority of the moment')
        self.server = self.enterContext(closing(tls_server(self.scratch.home, self.upstream.port,
                                                           'expired')))
        self.assert_blamed(self.check(), 'TLS: ', 'expired', 'good until ', 'clock')
        self.scratch.write('~/.config/gridls/config.json', '{}')
        self.server = self.enterContext(closing(tls_server(self.scratch.home, self.upstream.port,
                                                           'ca', 'ca')))
        self.assert_blamed(self.check(), 'TLS: ', 'self-signed', 'An authority of the moment')

    def test_check_needs_a_file_of_authorities_that_can_be_read(self):
        self.scratch.write('~/.config/gridls/config.json', '{"network": {"ca_file": "/nowhere"}}')
        self.assert_blamed(self.check(), 'network.ca_file')

    # -- proxies

    def http_proxy(self, *answer):
        proxy = HttpProxy(self.server.port, *answer)
        self.addCleanup(proxy.close)
        return proxy

    def socks_proxy(self, **options):
        proxy = SocksProxy(self.server.port, **options)
        self.addCleanup(proxy.close)
        return proxy

    def assert_answered(self, **settings):
        self.upstream.answer(stream('An int.'))
        done = self.explain(**settings)
        self.assertEqual((done.returncode, done.stdout), (0, 'An int.\n'), done.stderr)

    def test_a_proxy_of_the_settings_and_of_the_environment(self):
        proxy = self.http_proxy()
        self.assert_answered(network=f'"proxy": "{proxy.url}"')
        self.assert_answered(HTTPS_PROXY=proxy.url)
        self.assertEqual(proxy.asked, [f'CONNECT localhost:{self.server.port} HTTP/1.1'] * 2)

    def test_socks_proxies(self):
        """Who looks the name up tells the four apart."""
        for scheme, version, kind in (('socks5h', 5, 'name'), ('socks5', 5, 'address'),
                                      ('socks4a', 4, 'name'), ('socks4', 4, 'address')):
            proxy = self.socks_proxy()
            url = f'{scheme}://{proxy.place}'
            self.assert_answered(network=f'"proxy": "{url}"')
            self.assert_answered(ALL_PROXY=url)
            self.assert_answered(https_proxy=url, ALL_PROXY='http://127.0.0.1:1')
            self.assertEqual([asked[:2] for asked in proxy.asked], [(version, kind)] * 3)
            self.assertEqual({asked[3] for asked in proxy.asked}, {self.server.port})
            hosts = {asked[2] for asked in proxy.asked}
            self.assertLessEqual(hosts, {'localhost'} if kind == 'name' else {'127.0.0.1', '::1'})

    def test_a_socks_proxy_that_asks_who_it_is(self):
        proxy = self.socks_proxy(user='me:a-proxy-canary')
        self.assert_answered(network=f'"proxy": "socks5h://me:a-proxy-canary@{proxy.place}"')
        self.assertEqual(proxy.asked[0][4], 'me:a-proxy-canary')
        done = self.explain(network=f'"proxy": "socks5h://me:other-canary@{proxy.place}"')
        self.assert_proxy_blamed(done)
        self.assertNotIn('canary', done.stderr)

    def test_a_host_without_a_proxy(self):
        http, socks = self.http_proxy('407 No'), self.socks_proxy(refuses=True)
        self.assert_answered(HTTPS_PROXY=http.url, NO_PROXY='localhost')
        self.assert_answered(ALL_PROXY=f'socks5h://{socks.place}', no_proxy='*')
        self.assert_answered(network=f'"proxy": "socks5://{socks.place}"', NO_PROXY='localhost')
        self.assertEqual(http.asked + socks.asked, [])

    def assert_proxy_blamed(self, done):
        self.assertEqual(done.returncode, 1)
        self.assertIn('The proxy', done.stderr)
        self.assertIn('network.proxy', done.stderr)

    def test_a_proxy_that_refuses(self):
        proxy = self.http_proxy('407 Proxy Authentication Required')
        done = self.explain(network=f'"proxy": "{proxy.url}"')
        self.assert_proxy_blamed(done)
        self.assertIn('407', done.stderr)
        for scheme in ('socks5h', 'socks5', 'socks4a', 'socks4'):
            place = self.socks_proxy(refuses=True).place
            self.assert_proxy_blamed(self.explain(network=f'"proxy": "{scheme}://{place}"'))
            self.assert_proxy_blamed(self.explain(network=f'"proxy": "{scheme}://127.0.0.1:1"'))
        self.assertEqual(self.upstream.count(), 0)

    def test_check_names_the_proxy(self):
        proxy = self.socks_proxy(user='me:a-proxy-canary')
        self.upstream.answer(response(200, {'data': []}), method='GET')
        self.upstream.answer(stream('ok'), times=None)
        self.trust()
        done = self.check(ALL_PROXY=f'socks5h://me:a-proxy-canary@{proxy.place}')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f'ok       proxy: socks5h://{proxy.place} (ALL_PROXY)', done.stdout)
        self.assertIn(f'connection: the proxy 127.0.0.1 port {proxy.port}', done.stdout)
        self.assertNotIn('canary', done.stdout)
        self.assertEqual({asked[:3] for asked in proxy.asked}, {(5, 'name', 'localhost')})

    def test_check_names_what_excepts_the_host(self):
        self.upstream.answer(response(200, {'data': []}), method='GET')
        self.upstream.answer(stream('ok'), times=None)
        self.trust()
        done = self.check(HTTPS_PROXY='http://127.0.0.1:1', NO_PROXY='a.b,localhost')
        self.assertIn('ok       proxy: none for localhost (NO_PROXY excepts it)', done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_check_blames_the_proxy(self):
        proxy = self.socks_proxy(refuses=True)
        for url in (self.http_proxy('403 No').url, f'socks5h://{proxy.place}',
                    f'socks4a://{proxy.place}'):
            done = self.check(HTTPS_PROXY=url)
            self.assertEqual(done.returncode, 1)
            self.assertIn('problem  proxy: The proxy', done.stdout)


if __name__ == '__main__':
    unittest.main()
