"""What the tests of the plugins in a terminal share: a home, the daemon and a scripted upstream."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from support.fake_upstream import (DONE, FakeUpstream, chunked, event, response,  # noqa: E402
                                   sse_head, stream)
from support.terminal import Terminal  # noqa: E402

SOURCE = """\
int first(void)
{
    return 1;
}

int last(void);
"""


class EditorCase(unittest.TestCase):
    plugin = None  # its folder below editors/

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='gridls-editor-'))
        # What an editor has started may still write there.
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        # Asked once when typing begins, and of no matter here.
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.home = self.folder / 'home'
        self.work = self.folder / 'work'
        self.work.mkdir()
        settings = self.home / '.config' / 'gridls'
        settings.mkdir(parents=True)
        settings.joinpath('config.json').write_text(json.dumps({
            'base_url': self.upstream.base_url, 'api_key': 'key-of-the-test'}))
        runtime = self.folder / 'run'
        runtime.mkdir(mode=0o700)
        self.environment = {
            'HOME': str(self.home), 'LANG': 'C.UTF-8',
            'XDG_CONFIG_HOME': str(self.home / '.config'),
            'XDG_CACHE_HOME': str(self.home / '.cache'),
            'XDG_STATE_HOME': str(self.home / '.state'),
            'XDG_DATA_HOME': str(self.home / '.local'),
            'XDG_RUNTIME_DIR': str(runtime),
            'GRIDLS': os.path.abspath(os.environ['GRIDLS']),
            'GRIDLS_PLUGIN': str(TESTS.parent / 'editors' / self.plugin),
        }

    def tearDown(self):
        self.assertEqual(self.upstream.faults, [])

    # -- helpers

    def write(self, name, text):
        path = self.work / name
        path.write_text(text)
        return path

    def run_in_terminal(self, command, **size):
        terminal = Terminal(command, self.environment, str(self.work), **size)
        self.addCleanup(terminal.close)
        return terminal

    def press(self, terminal, key):
        """A key by its name, or by what terminals send for it."""
        if key.startswith('\x1b'):
            terminal.type(key)
        else:
            terminal.keys(key)

    def complete_with(self, *pieces, times=1):
        self.upstream.answer(stream(*pieces), times=times, model='code-standard')

    def complete_with_nothing_more(self):
        self.upstream.answer(stream(''), times=None, model='code-standard')

    def complete_with_choices(self, *texts):
        """One answer with several choices, as a person who asks gets them."""
        choices = [{'index': index, 'delta': {'content': text}, 'finish_reason': 'stop'}
                   for index, text in enumerate(texts)]
        self.upstream.answer([sse_head('chunked'), chunked(event({'choices': choices}), DONE)],
                             model='code-standard')
