"""What the upstream sees of the daemon: connections, waits, places, keys."""

import json
import os
import unittest

from tests.support.fake_upstream import (
    DONE, Close, Cut, FakeUpstream, Pause, Stall, Wait, chunked, delta, error, event, finish, redirect,
    response, sse_head, stream)
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

WHOLE = {'start': {'line': 0, 'character': 0}, 'end': {'line': 1, 'character': 0}}
URI = 'file:///a.c'


class UpstreamTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.last_id = 0

    def start(self, network=None, arguments=(), **environment):
        settings = {'network': network or {}, **environment.pop('settings', {})}
        client = Client([gridls(), *arguments], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url,
            **{'THEGRID_API_KEY': 'key-of-the-test', **environment}), self.scratch.work)
        self.addCleanup(client.kill)
        client.initialize('file://' + self.scratch.work, initializationOptions=settings)
        client.open(URI, 'int x;\n')
        return client

    def explain(self, client, **more):
        self.last_id += 1
        client.request(self.last_id, 'gridls/explain',
                       {'textDocument': {'uri': URI}, 'range': WHOLE, **more})
        return self.last_id

    def failure(self, client, request_id):
        message = client.find(lambda message: message.get('id') == request_id
                              and 'method' not in message, f'the answer to {request_id}')
        self.assertIn('error', message)
        return message['error']

    def posts(self):
        return [request for request in self.upstream.requests if request.method == 'POST']

    def end(self, client):
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        self.assertEqual(self.upstream.faults, [])

    def test_limits_of_the_list_of_models_hold(self):
        self.upstream.forget_rules()
        self.upstream.answer(response(200, {'data': [
            {'id': 'code-prime', 'max_completion_tokens': 500,
             'reasoning': {'supported_efforts': ['medium', 'high']}}]}), method='GET')
        self.upstream.answer(stream('An int.'), times=None)
        client = self.start(settings={'parameters': {'explain': {'reasoning_effort': 'low'}}})
        self.type(client, 'int y;\n', 2)
        self.upstream.expect(method='GET').wait_ended()
        client.answer(self.explain(client))  # The list may come in behind the first request.
        client.answer(self.explain(client))
        asked = self.posts()[-1].json
        self.assertEqual((asked['max_tokens'], asked['reasoning_effort']), (500, 'medium'))
        self.end(client)

    def type(self, client, text, version):
        client.notify('textDocument/didChange', {
            'textDocument': {'uri': URI, 'version': version}, 'contentChanges': [{'text': text}]})

    def test_prompts_fit_the_context_that_the_list_of_models_tells(self):
        self.upstream.forget_rules()
        self.upstream.answer(response(200, {'data': [
            {'id': 'code-prime', 'context_length': 8192, 'max_completion_tokens': 4096}]}),
            method='GET')
        self.check_prompts_fit()

    def test_prompts_fit_a_limit_of_their_own(self):
        self.upstream.forget_rules()
        self.upstream.answer(response(200, {'data': [
            {'id': 'code-prime', 'context_length': 196608, 'max_input_tokens': 4096}]}),
            method='GET')
        self.check_prompts_fit()

    def check_prompts_fit(self):
        self.upstream.answer(stream('An int.'), times=None)
        client = self.start()
        self.type(client, 'int y;\n' * 9000, 2)
        self.upstream.expect(method='GET').wait_ended()
        client.answer(self.explain(client))
        client.answer(self.explain(client))
        self.assertLess(len(self.posts()[-1].prompt), 16000)
        self.assertLess(len(self.posts()[-1].prompt), len(self.posts()[0].prompt) + 1)
        self.end(client)

    def test_the_list_of_models_is_never_waited_for_and_asked_for_again(self):
        self.upstream.forget_rules()
        self.upstream.answer([Wait('asked'), Cut()], method='GET')
        self.upstream.answer(response(200, {'data': [
            {'id': 'code-prime', 'max_completion_tokens': 500}]}), method='GET')
        self.upstream.answer(stream('An int.'), times=None)
        client = self.start()
        self.type(client, 'int y;\n', 2)
        first = self.upstream.expect(method='GET')
        client.answer(self.explain(client))
        self.type(client, 'int z;\n', 3)
        self.upstream.release('asked')
        first.wait_ended()
        client.answer(self.explain(client))  # The failure may come in behind this one,
        client.answer(self.explain(client))
        self.assertEqual(self.upstream.count(method='GET'), 1)
        self.type(client, 'int a;\n', 4)
        self.upstream.expect(method='GET').wait_ended()
        client.answer(self.explain(client))  # and the list behind this.
        client.answer(self.explain(client))
        self.assertEqual(self.posts()[-1].json['max_tokens'], 500)
        self.end(client)

    # -- connections

    def let_it_drain(self, client):
        """The answer's end, behind its [DONE], has been read: its connection is free again. What has
        arrived before a request of the editor's is read in the same turn, or earlier."""
        self.posts()[-1].wait_ended()
        self.last_id += 1
        client.call(self.last_id, 'gridls/status')

    def test_a_connection_is_kept(self):
        client = self.start()
        for _ in range(3):
            self.upstream.answer(stream('An int.'))
            client.answer(self.explain(client))
            self.let_it_drain(client)
        self.assertEqual({request.connection for request in self.posts()}, {1})
        self.end(client)

    def test_a_kept_connection_that_is_dead_costs_one_more_request_and_no_replay(self):
        client = self.start({'retries': 0})
        self.upstream.answer(stream('An int.'))
        client.answer(self.explain(client))
        self.let_it_drain(client)
        # The second request is read whole, and the kept connection closed without a word.
        self.upstream.answer([Close()])
        self.upstream.answer(stream('An int again.'))
        self.assertEqual(client.answer(self.explain(client))['text'], 'An int again.')
        self.let_it_drain(client)
        first, second, third = [request.connection for request in self.posts()]
        self.assertEqual(first, second)
        self.assertNotEqual(second, third)
        # On the new connection nothing is sent again: the first silence there is the answer.
        self.upstream.answer([Close()])
        self.upstream.answer([Close()])
        self.assertEqual(self.failure(client, self.explain(client))['data']['kind'], 'network')
        self.assertEqual(len(self.posts()), 5)
        self.end(client)

    def test_never_again_after_an_answer_has_begun(self):
        client = self.start({'retries': 3})
        self.upstream.answer([sse_head('close'), delta('An '), Cut()])
        self.assertEqual(self.failure(client, self.explain(client))['data']['kind'], 'truncated')
        self.assertEqual(len(self.posts()), 1)
        self.end(client)

    # -- waits

    def test_silence_is_a_timeout(self):
        client = self.start({'idle_timeout_ms': 200})
        for steps in ([Stall()], [sse_head('chunked'), Stall()],
                      [sse_head('chunked'), chunked(delta('An'), Stall())]):
            self.upstream.answer(steps)
            self.assertEqual(self.failure(client, self.explain(client))['data']['kind'], 'timeout')
            self.posts()[-1].wait_gone()
        self.end(client)

    def test_an_answer_may_take_longer_than_a_silence(self):
        client = self.start({'idle_timeout_ms': 1000, 'max_in_flight': 8})
        whole = json.dumps({'choices': [{'message': {'content': 'An int.'},
                                         'finish_reason': 'stop'}]}).encode()
        end = [delta('An int.'), finish(), DONE]
        for slow, rest in (
                # The answer goes on, in text or in reasoning.
                (delta('so '), end),
                (event({'choices': [{'delta': {'reasoning': 'hm'}}]}), end),
                # Before it begins any sign of life will do.
                (b': waiting\n\n', end),
                (event({'choices': []}), end),
                (b'\n', [whole])):
            self.upstream.answer([sse_head('close'), [slow, Pause(0.2)] * 8, rest, Close()])
        for asked in [self.explain(client) for _ in range(5)]:
            self.assertIn('An int.', client.answer(asked)['text'])
        self.end(client)

    def test_a_server_that_queues_is_not_taken_for_dead(self):
        """Its head may come later than a connection could."""
        client = self.start({'connect_timeout_ms': 100})
        self.upstream.answer([Pause(0.3), stream('An int.')])
        self.assertEqual(client.answer(self.explain(client))['text'], 'An int.')
        self.end(client)

    def test_signs_of_life_are_no_answer(self):
        client = self.start({'idle_timeout_ms': 300, 'max_in_flight': 8})
        for sign in (b': waiting\n\n', event({'choices': []}), event({'choices': [{'delta': {}}]})):
            for beginning in ([delta('An')], []):
                self.upstream.answer([sse_head('close'), beginning, [sign, Pause(0.05)] * 1000])
        for asked in [self.explain(client) for _ in range(6)]:
            self.assertEqual(self.failure(client, asked)['data']['kind'], 'timeout')
        for request in self.posts():
            request.wait_gone()
        self.end(client)

    def test_what_is_all_said_is_not_waited_on(self):
        client = self.start()
        self.upstream.answer([sse_head('close'), delta('An int.'), finish(), Stall()])
        self.assertEqual(client.answer(self.explain(client))['text'], 'An int.')
        self.end(client)

    def test_a_long_wait_is_told_and_not_slept(self):
        client = self.start()
        self.upstream.answer(error(429, 'slow down', {'Retry-After': '3600'}))
        data = self.failure(client, self.explain(client))['data']
        self.assertEqual(data['kind'], 'rate_limited')
        self.assertEqual(data['retryAfterMs'], 3600000)
        self.assertEqual(len(self.posts()), 1)
        self.end(client)

    def test_an_empty_quota_is_not_tried_again(self):
        client = self.start()
        self.upstream.answer(response(429, {'error': {
            'message': 'You exceeded your current quota.', 'code': 'insufficient_quota'}}))
        data = self.failure(client, self.explain(client))['data']
        self.assertEqual(data['kind'], 'payment_required')
        self.assertEqual(len(self.posts()), 1)
        self.end(client)

    def test_a_completion_pauses_after_a_limit_and_asks_nothing_meanwhile(self):
        client = self.start(settings={'completion': {'debounce_ms': 0}})
        self.upstream.answer(error(429, 'slow down', {'Retry-After': '600'}))
        place = {'textDocument': {'uri': URI}, 'position': {'line': 0, 'character': 6},
                 'context': {'triggerKind': 2}}
        self.assertIsNone(client.call(100, 'textDocument/inlineCompletion', place))
        self.assertIsNone(client.call(101, 'textDocument/inlineCompletion', place))
        self.assertEqual(client.call(102, 'gridls/status')['state'], 'limited')
        self.assertEqual(len(self.posts()), 1)
        self.end(client)

    def test_a_completion_comes_back_by_itself(self):
        client = self.start(settings={'completion': {'debounce_ms': 0}})
        self.upstream.answer(error(429, 'slow down', {'retry-after-ms': '200'}))
        self.upstream.answer(stream('y;'))
        place = {'textDocument': {'uri': URI}, 'position': {'line': 0, 'character': 6},
                 'context': {'triggerKind': 2}}
        self.assertIsNone(client.call(100, 'textDocument/inlineCompletion', place))
        for state in ('ready', 'limited', 'ready'):
            client.find(lambda message: message.get('method') == 'gridls/status'
                        and message['params']['state'] == state, state)
        self.assertTrue(client.call(101, 'textDocument/inlineCompletion', place)['items'])
        self.end(client)

    # -- places

    def test_no_more_run_at_once_than_allowed(self):
        client = self.start({'max_in_flight': 2})
        for _ in range(2):
            self.upstream.answer([sse_head('chunked'), chunked(delta('An int.'), Stall())])
        self.upstream.answer(stream('The third.'))
        first, _, third = [self.explain(client) for _ in range(3)]
        self.upstream.expect(method='POST')
        self.upstream.expect(method='POST')
        client.call(100, 'gridls/status')
        self.assertEqual(len(self.posts()), 2)
        client.notify('$/cancelRequest', {'id': first})
        self.assertEqual(self.failure(client, first)['code'], -32800)
        self.assertEqual(client.answer(third)['text'], 'The third.')
        self.end(client)

    def test_what_waits_for_a_place_can_be_cancelled(self):
        client = self.start({'max_in_flight': 1})
        self.upstream.answer([sse_head('chunked'), chunked(delta('An int.'), Stall())])
        self.explain(client)
        self.upstream.expect(method='POST')
        second = self.explain(client)
        client.notify('$/cancelRequest', {'id': second})
        self.assertEqual(self.failure(client, second)['code'], -32800)
        self.assertEqual(len(self.posts()), 1)
        self.end(client)

    def test_a_completion_gives_way_to_what_a_person_asked_for(self):
        client = self.start({'max_in_flight': 1}, settings={'completion': {'debounce_ms': 0}})
        self.upstream.answer([Stall()])
        self.upstream.answer(stream('An int.'))
        client.request(100, 'textDocument/inlineCompletion', {
            'textDocument': {'uri': URI}, 'position': {'line': 0, 'character': 6},
            'context': {'triggerKind': 2}})
        completion = self.upstream.expect(method='POST')
        self.assertEqual(client.answer(self.explain(client))['text'], 'An int.')
        completion.wait_gone()
        self.assertIsNone(client.answer(100))
        self.end(client)

    # -- redirects

    def test_the_token_of_a_redirect_is_never_seen(self):
        client = self.start(arguments=['--log-level', 'trace'])
        self.upstream.answer(redirect('/r/v1/chat/completions?token=capability-of-one-call'))
        self.upstream.answer(stream('An int.'))
        self.assertEqual(client.answer(self.explain(client))['text'], 'An int.')
        followed = self.posts()[1]
        self.assertEqual(followed.headers['authorization'], 'Bearer key-of-the-test')
        self.assertEqual(followed.json, self.posts()[0].json)
        self.end(client)
        self.assertNotIn('capability-of-one-call', client.stderr)
        self.assertNotIn('key-of-the-test', client.stderr)
        self.assertNotIn('capability-of-one-call', str(client.log))

    def test_where_the_key_must_not_go(self):
        client = self.start()
        for location in ('http://127.0.0.1:9/v1/chat/completions', 'file:///etc/hostname',
                         'https://thegrid.ai.example.org/v1', 'https://127.0.0.1:9/', 'gopher://x/'):
            self.upstream.answer(redirect(location))
            message = self.failure(client, self.explain(client))
            self.assertEqual(message['data']['kind'], 'upstream', location)
        self.assertEqual(len(self.posts()), 5)
        self.end(client)

    # -- keys

    def key_command(self, text):
        path = self.scratch.write('key.sh', text)
        os.chmod(path, 0o700)
        return {'api_key_command': [path, 'a b', '$HOME;x']}

    def test_a_command_gives_the_key_and_is_asked_again_once_after_a_refusal(self):
        log = self.scratch.path('asked')
        client = self.start(THEGRID_API_KEY='', settings=self.key_command(
            '#!/bin/sh\n'
            f'printf "%s|%s\\n" "$1" "$2" >> {log}\n'
            f'echo "  key-number-$(wc -l < {log})  "\n'))
        self.upstream.answer(error(401, 'no such key'))
        self.upstream.answer(stream('An int.'))
        self.upstream.answer(stream('An int.'))
        client.answer(self.explain(client))
        client.answer(self.explain(client))
        self.assertEqual([request.headers['authorization'] for request in self.posts()],
                         ['Bearer key-number-1', 'Bearer key-number-2', 'Bearer key-number-2'])
        # As argv, with no shell in between.
        self.assertEqual(self.scratch.read('asked'), 'a b|$HOME;x\n' * 2)
        self.end(client)

    def test_a_command_that_fails_is_told(self):
        client = self.start(THEGRID_API_KEY='',
                            settings=self.key_command('#!/bin/sh\necho locked >&2\nexit 3\n'))
        message = self.failure(client, self.explain(client))
        self.assertEqual(message['data']['kind'], 'unconfigured')
        self.assertEqual(self.posts(), [])
        self.end(client)

    def test_a_file_that_others_can_read_is_refused(self):
        path = self.scratch.write('key', 'key-of-the-file\n')
        os.chmod(path, 0o644)
        client = self.start(THEGRID_API_KEY='', settings={'api_key_file': path})
        self.assertEqual(self.failure(client, self.explain(client))['data']['kind'], 'unconfigured')
        self.assertEqual(self.posts(), [])
        self.end(client)


if __name__ == '__main__':
    unittest.main()
