"""gridls under Kate, with the settings of editors/README.md, real keys and a display that nobody sees."""

import hashlib
import os
import subprocess
import unittest

from tests.support.editor_client import SOURCE, TURNED, EditorClientTest, snippet
from tests.support.scratch import ROOT
from tests.support.terminal import wait_until

DEADLINE = 30.0
# What was on the screen when a test failed.
PICTURE = os.path.join(ROOT, 'tests', 'output', 'kate.png')


class KateTest(EditorClientTest):
    PROGRAMS = ('kate', 'Xvfb', 'xdotool', 'import', 'dbus-run-session')

    def setUp(self):
        super().setUp()
        reading, writing = os.pipe()
        self.start('Xvfb', '-displayfd', str(writing), '-screen', '0', '800x600x24',
                   '-nolisten', 'tcp', pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as pipe:
            self.environment['DISPLAY'] = ':' + pipe.readline().strip()

    def start(self, *argv, **more):
        """A session of its own, which is ended with all that is in it."""
        process = subprocess.Popen(argv, env=self.environment, cwd=self.scratch.work,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True, **more)

        def end():
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
            process.wait()

        self.addCleanup(end)

    def x(self, *arguments):
        return subprocess.run(['xdotool', *arguments], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, timeout=DEADLINE).stdout

    def keys(self, *names):
        self.x('key', '--clearmodifiers', *names)

    def picture(self):
        """What is on the screen, as a value that changes with it."""
        return hashlib.sha256(subprocess.run(
            ['import', '-silent', '-window', 'root', 'rgb:-'], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout).hexdigest()

    def wait_picture(self, before, what):
        """Waits until the screen is another and has come to rest."""
        last = before

        def rests():
            nonlocal last
            now = self.picture()
            rested = now != before and now == last
            last = now
            return rested

        wait_until(rests, what, DEADLINE)

    def step(self, what, *names):
        """Keys that change what is on the screen: the next ones come when that is to be seen."""
        before = self.picture()
        self.keys(*names)
        self.wait_picture(before, what)

    def wait_saved(self, text):
        """Kate's Ctrl+S, again until the file is as it should be."""
        def saved():
            self.keys('ctrl+s')
            return self.scratch.read('a.c') == text

        wait_until(saved, f'this is saved: {text!r}', DEADLINE)

    def test_menu_and_rewrite(self):
        self.scratch.write('~/.config/kate/lspclient/settings.json', snippet('Kate', 'json'))
        self.scratch.write('~/.config/kdeglobals', '[KDE]\nCursorBlinkRate=0\n')
        # It would ask whether the server may be started.
        self.scratch.write('~/.config/katerc', '[General]\nShow welcome view for new window=false\n'
                           '[Kate Plugins]\nlspclientplugin=true\n[lspclient]\n'
                           f'AllowedServerCommandLines={self.scratch.home}/bin/gridls\n'
                           # The menu has nothing else in it.
                           '[KTextEditor View]\nWord Completion=false\n'
                           'Keyword Completion=false\n')
        self.start('dbus-run-session', '--', 'kate', '-n', 'a.c')
        wait_until(lambda: 'serving' in self.read_log(), 'Kate starts the daemon', DEADLINE)
        try:
            self.work()
        except AssertionError:
            subprocess.run(['import', '-silent', '-window', 'root', PICTURE], env=self.environment,
                           stdin=subprocess.DEVNULL, check=False)
            raise

    def work(self):
        # Without a window manager it has no focus; a click gives it, and puts the cursor at the end.
        before = self.picture()
        self.x('mousemove', '300', '300', 'click', '1')
        self.wait_picture(before, 'the cursor is at the end')
        self.step('the cursor is in the line', 'Up', 'Up', 'End')
        self.step('the end of it is gone', *['BackSpace'] * len(' a + b;'))
        self.wait_saved(SOURCE.replace(' a + b;', ''))

        self.step('the menu is shown', 'ctrl+space')
        self.upstream.expect(model='completion')
        self.step('its entry is taken', 'Return')
        self.wait_saved(SOURCE)

        self.step('all is selected', 'ctrl+a')
        self.step('the code actions are shown', 'alt+Return')
        self.step('one is chosen', 'Down')
        self.step('it is done', 'Return')
        self.upstream.expect(model='refactor')
        self.wait_saved(TURNED)


if __name__ == '__main__':
    unittest.main()
