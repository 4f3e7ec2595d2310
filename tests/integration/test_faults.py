"""The transcripts once more, with one allocation that fails: each time another one.

The daemon may answer with an error or end the session; it may not crash, hang, leak, answer twice or not
at all, write what no client should have to read, or tell anyone what the transcript says it must not.

An allocation is known by its site, the calls that lead to it, and the first one of each site fails. Each
day some fifty of them, of a few transcripts. In the environment:

    GRIDLS_FAULTS=all         every site of every transcript, which takes most of an hour
    GRIDLS_FAULTS=NAME,…      every site of these transcripts
    GRIDLS_FAULTS_SITE=SITE   this one only
    GRIDLS_FAULTS_ROW=N       so many allocations in a row fail
    GRIDLS_FAULTS_TRACE=1     the daemon's stderr tells the place in the program
"""

import datetime
import glob
import os
import re
import tempfile
import time
import unittest

from tests.support import preload
from tests.support.lsp_client import Closed, Timeout
from tests.support.pattern import PatternError
from tests.transcripts.run import HERE, Mismatch, Player, describe, parse, stage, take_json, take_word

WHICH = os.environ.get('GRIDLS_FAULTS', 'some')
ONLY = os.environ.get('GRIDLS_FAULTS_SITE')
MORE = {'FAIL_ALLOCATIONS': os.environ.get('GRIDLS_FAULTS_ROW', '1')}
if os.environ.get('GRIDLS_FAULTS_TRACE'):
    MORE['TRACE_ALLOCATION'] = '1'
SHARE = 12       # transcripts of a day
RUNS = 50        # and sites
PATIENCE = (0.1, 0.2, 0.4, 0.8)  # between the questions whether more is to come
FAILED = 'failing_malloc: '      # what the library says on stderr


class FaultyPlayer(Player):
    """Says what the editor says, and takes what comes: a step that waits for something ends, too, once
    the daemon is gone, or says that it is at rest."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.is_over = False  # the daemon no longer reads
        self.asked = 0

    def run(self, step):
        if self.is_over:
            return
        try:
            super().run(step)
        except (BrokenPipeError, ValueError, Closed):  # ValueError: the pipe is closed on our side
            self.is_over = True
        except PatternError:
            pass  # it speaks of what an earlier step would have kept

    # -- waiting

    def wait(self, has_come):
        for patience in PATIENCE:
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if has_come() or self.client.process.poll() is not None:
                    return
                time.sleep(0.01)  # Two sides are looked at, of which either may move.
            if self.is_at_rest():
                has_come()
                return

    def take(self, fits):
        """Whether a message that fits has come, which is then looked at."""
        try:
            self.note(self.client.find(fits, timeout=0.001))
            return True
        except Timeout:
            return False

    def is_at_rest(self):
        self.asked += 1
        request_id = f'at rest? {self.asked}'
        self.client.request(request_id, 'gridls/status')
        answer = self.client.find(lambda message: message.get('id') == request_id, 'the status')
        return (answer.get('result', {}).get('state') != 'working'
                and not self.client.checker.open)

    # -- the steps that wait

    def editor_initialize(self, step, rest):
        params = {'processId': None, 'rootUri': self.scratch.root, 'capabilities': {},
                  'workspaceFolders': [{'uri': self.scratch.root, 'name': 'w'}]}
        self.client.request(0, 'initialize', {**params, **(take_json(rest)[0] if rest else {})})
        if 'error' in self.client.find(lambda message: message.get('id') == 0, 'initialize'):
            self.is_over = True
        else:
            self.client.notify('initialized', {})

    def editor_notify(self, step, rest):
        """No client goes on whose `initialize` has failed."""
        if take_word(rest)[0] == 'initialized' and not self.client.checker.answered_initialize:
            self.is_over = True
        else:
            super().editor_notify(step, rest)

    def editor_request(self, step, rest):
        """No client uses an id again before it is answered, which here may take longer."""
        request_id = take_json(rest)[0]
        key = (type(request_id).__name__, request_id)
        self.wait(lambda: key not in self.client.checker.open)
        if key not in self.client.checker.open:
            super().editor_request(step, rest)

    def editor_respond(self, step, rest):
        if self.last_request:
            super().editor_respond(step, rest)
            self.last_request = None

    def editor_refuse(self, step, rest):
        if self.last_request:
            super().editor_refuse(step, rest)
            self.last_request = None

    def expect_next(self, step):
        word, rest = take_word(step.text())
        if word == 'partial':
            self.expect_partials(rest)
            return
        pattern = self.pattern(step)

        def fits(message):
            if is_about(step.text(), message):
                pattern.differences(message, self.variables)
                return True
            return False

        self.wait(lambda: self.take(fits))

    expect_anywhere = expect_next

    def expect_partials(self, rest):
        token, rest = take_json(rest)
        left = len(take_json(rest)[0])

        def fits(message):
            nonlocal left
            params = message.get('params', {})
            if message.get('method') != '$/progress' or params['token'] != token:
                return False
            left -= len(params['value'].get('text', ''))
            return True

        def has_come():
            while left > 0 and self.take(fits):
                pass
            return left <= 0

        self.wait(has_come)

    def expect_none(self, step):
        pass

    def expect_upstream(self, step):
        if step.rest in ('gone', 'ended'):
            request = self.upstream_request
            self.wait(lambda: not request or request.ended)
            return
        step.rest = step.rest.partition(' ')[0] or 'POST'
        self.wait(lambda: self.upstream.unseen(method=step.rest))
        if self.upstream.unseen(method=step.rest):
            super().expect_upstream(step)

    def check_request(self, request, word, rest):
        if word == 'without':  # what a prompt hides may stand in one that is tried again
            super().check_request(request, word, rest)

    def add_not_in_stderr(self, step):
        pass  # what is said once may be said twice

    def expect_stderr(self, step):
        self.wait(lambda: re.search(step.rest, self.client.stderr))

    def expect_exit(self, step):
        self.wait(lambda: False)

    # -- the end

    def finish(self):
        """Whatever has happened, it ends when it is told to, or when there is no more to read."""
        answered = False
        try:
            self.client.request('the end', 'shutdown')
            self.client.find(lambda message: message.get('id') == 'the end', 'shutdown')
            answered = True
            self.client.notify('exit')
        except (BrokenPipeError, ValueError, Closed):
            pass
        self.client.close_input()
        code = self.client.wait_exit()
        said = [line for line in self.client.stderr.splitlines() if not line.startswith(FAILED)]
        if code not in (0, 1, 2) or (code and not answered and not said):
            raise Mismatch(f'at the end: exit code {code}')
        if not answered:
            self.client.checker.open.clear()
        self.client.check_end()
        self.check_secrets()


def is_about(text, message):
    """Whether a message is the one that a step waits for, or comes in its place."""
    word, rest = take_word(text)
    if word in ('notify', 'request'):
        return message.get('method') == take_word(rest)[0]
    wanted = (take_json(rest)[0] if word in ('result', 'error')
              else [take_json(value)[0] for value in re.findall(r'"id":(.*)', text)[:1]])
    return 'method' not in message and message.get('id') in (wanted, *(
        wanted if isinstance(wanted, list) else ()))


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.list = os.path.join(folder, 'list')
        cls.env = preload.variables(preload.build('failing_malloc', folder))

    def sites(self, path):
        """The transcript as it is, and the site of each of its allocations."""
        with stage() as player:
            player.env.update(self.env, LIST_ALLOCATIONS=self.list)
            player.play(parse(path))
        with open(self.list, encoding='ascii') as file:
            return list(dict.fromkeys(file.read().split()))

    def play(self, path, site):
        """Whether the allocation has come, and failed."""
        with stage(FaultyPlayer) as player:
            player.env.update(self.env, **MORE, FAIL_SITE=site)
            try:
                player.play(parse(path))
            except (AssertionError, PatternError) as error:
                self.fail(describe(error, player))
            return FAILED in player.client.stderr

    @staticmethod
    def chosen_transcripts():
        paths = sorted(glob.glob(os.path.join(HERE, '*.transcript')))
        if WHICH == 'all':
            return paths
        if WHICH == 'some':
            step = len(paths) // SHARE
            return paths[datetime.date.today().toordinal() % step::step]
        return [os.path.join(HERE, f'{name}.transcript') for name in WHICH.split(',')]

    def test_each_allocation_may_fail(self):
        found = {}
        for path in self.chosen_transcripts():
            for site in self.sites(path):
                found.setdefault(site, path)
        chosen = [(site, path) for site, path in found.items() if ONLY in (None, site)]
        self.assertTrue(chosen)
        if WHICH == 'some':
            step = max(1, len(chosen) // RUNS)
            chosen = chosen[datetime.date.today().toordinal() // SHARE % step::step]
        failed = 0
        for site, path in chosen:
            name = os.path.basename(path).removesuffix('.transcript')
            with self.subTest(GRIDLS_FAULTS=name, GRIDLS_FAULTS_SITE=site):
                failed += self.play(path, site)
        print(f'     {failed} of {len(chosen)} sites have come again, and failed')
        self.assertGreater(failed, 0 if ONLY else len(chosen) * 0.8)


if __name__ == '__main__':
    unittest.main()
