"""A program in a terminal that tests type into and look at: tmux with a server of its own.

    with Terminal(['vim', 'a.c'], environment, folder) as terminal:
        terminal.wait_for('a.c')
        terminal.type('ihello')
        terminal.keys('Escape', 'Tab')
        assert 'hello' in terminal.screen()

`type` sends text as it is; `keys` sends tmux's names of keys. `screen` is what a person sees, lines
parted by newlines; with colours=True it holds the escape sequences that colour it. `wait_for` takes
a text or a function of the screen and returns the screen that satisfies it, or fails with
AssertionError and the last screen after `deadline` seconds. That is for what never comes: a machine that
is busy with other things may take long for all of it.
"""

import itertools
import os
import subprocess
import threading
import time

DEADLINE = 20.0
POLL = 0.02
_numbers = itertools.count()


def wait_until(condition, what, deadline=DEADLINE):
    """Waits until condition() is true, and returns what it returned."""
    pause = threading.Event()
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'this has not happened: {what}')
        pause.wait(POLL)


class Terminal:
    def __init__(self, command, environment, folder, width=80, height=24):
        self._tmux_command = ['tmux', '-L', f'gridls-{os.getpid()}-{next(_numbers)}',
                              '-f', '/dev/null']
        settings = [f'{name}={value}' for name, value in environment.items()]
        self._tmux('new-session', '-d', '-x', str(width), '-y', str(height), '-c', folder,
                   'env', '-i', 'TERM=screen-256color', f'PATH={os.environ["PATH"]}', *settings,
                   *command)
        self._tmux('set-option', '-g', 'escape-time', '0')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def type(self, text):
        if text.endswith(';'):  # To tmux it would be the end of the command.
            text = text[:-1] + '\\;'
        self._tmux('send-keys', '-l', '--', text)

    def keys(self, *names):
        self._tmux('send-keys', '--', *names)

    def screen(self, colours=False):
        return self._tmux('capture-pane', '-p', *(['-e'] if colours else []))

    def cursor(self):
        """The column and the row of the cursor, counted from 0."""
        x, y = self._tmux('display-message', '-p', '#{cursor_x} #{cursor_y}').split()
        return int(x), int(y)

    def process_id(self):
        return int(self._tmux('display-message', '-p', '#{pane_pid}'))

    def wait_for(self, wanted, deadline=DEADLINE, colours=False):
        seen = ''

        def holds():
            nonlocal seen
            seen = self.screen(colours)
            return wanted in seen if isinstance(wanted, str) else wanted(seen)

        try:
            wait_until(holds, wanted, deadline)
        except AssertionError as failure:
            raise AssertionError(f'{failure}; the screen shows:\n{seen}') from None
        return seen

    def wait_cursor(self, column, row, wanted=''):
        """Waits until the cursor is there and `wanted` is on the screen."""
        at = f'the cursor is at {column}, {row}' + (f', and {wanted!r} is shown' if wanted else '')
        try:
            wait_until(lambda: wanted in self.screen() and self.cursor() == (column, row), at)
        except AssertionError as failure:
            raise AssertionError(
                f'{failure}; it is at {self.cursor()} of:\n{self.screen()}') from None

    def wait_closed(self, deadline=DEADLINE):
        """Waits until the program has ended."""
        wait_until(lambda: not self._is_running(), 'the program ends', deadline)

    def close(self):
        """Ends the program, and waits until it has ended: it may write to its folders until then."""
        process = self._run('display-message', '-p', '#{pane_pid}').stdout.strip()
        self._run('kill-server')
        if process:
            wait_until(lambda: not os.path.exists(f'/proc/{process}'), 'the program has ended')

    def _is_running(self):
        return self._run('has-session').returncode == 0

    def _tmux(self, *arguments):
        result = self._run(*arguments)
        if result.returncode != 0:
            raise AssertionError(f'tmux {arguments[0]}: {result.stderr.strip()}')
        return result.stdout

    def _run(self, *arguments):
        return subprocess.run([*self._tmux_command, *arguments], capture_output=True, text=True,
                              encoding='utf-8', check=False)
