"""What the tests of the Emacs plugin share: Emacs in a terminal."""

import pathlib

from editor_case import SOURCE, TESTS, EditorCase
from support.fake_upstream import DONE, chunked, event, sse_head
from support.terminal import wait_until

PLUGIN = TESTS.parent / 'editors' / 'emacs'

INIT = """
(setq inhibit-startup-screen t initial-scratch-message nil make-backup-files nil
      auto-save-default nil create-lockfiles nil ring-bell-function #'ignore
      frame-background-mode 'dark vc-handled-backends '(Git) use-dialog-box nil
      native-comp-deferred-compilation nil load-prefer-newer t)
(setq-default indent-tabs-mode nil c-basic-offset 4)
(menu-bar-mode -1)
(blink-cursor-mode -1)
(add-to-list 'load-path (getenv "GRIDLS_PLUGIN"))
(require 'gridls)
(setq gridls-command (list (getenv "GRIDLS"))
      gridls-settings '(:completion (:debounce_ms 0)))
(defalias 'yes-or-no-p #'y-or-n-p)
"""


class EmacsCase(EditorCase):
    plugin = 'emacs'

    def emacs_command(self, extra='', mode=True):
        """Emacs's argv; `extra` is Lisp that is run at the start; without `mode` the mode is off."""
        init = self.folder / 'init.el'
        init.write_text(INIT + extra + ('\n(global-gridls-mode)\n' if mode else ''))
        return ['emacs', '-nw', '-Q', '-l', str(init)]

    def emacs(self, name='a.c', text=SOURCE, extra='', mode=True, **size):
        self.write(name, text)
        terminal = self.run_in_terminal(self.emacs_command(extra, mode) + [name], **size)
        terminal.wait_for(name + ' ', 20)
        return terminal

    def meta_x(self, terminal, command):
        terminal.keys('M-x')
        terminal.wait_for('M-x')
        terminal.type(command + '\r')

    def evaluate(self, terminal, form):
        """Evaluates Lisp in the buffer at hand."""
        terminal.keys('M-:')
        terminal.wait_for('Eval:')
        terminal.type(form + '\r')
        terminal.wait_for(lambda screen: 'Eval:' not in screen)

    def save(self, terminal, name='a.c'):
        """Writes the buffer and returns what is in the file."""
        path = self.work / name
        path.unlink(missing_ok=True)
        self.evaluate(terminal, '(progn (set-buffer-modified-p t) (save-buffer))')
        wait_until(lambda: path.exists() and path.read_text(), f'{name} is written')
        return path.read_text()

    def daemons(self, terminal):
        """The process ids of the daemons that Emacs has started."""
        parent = terminal.process_id()
        children = pathlib.Path(f'/proc/{parent}/task/{parent}/children').read_text().split()
        return [int(child) for child in children if self.is_daemon(child)]

    @staticmethod
    def is_daemon(process):
        try:
            return pathlib.Path(f'/proc/{process}/comm').read_text() == 'gridls\n'
        except OSError:
            return False

    # -- the upstream

    def complete_with_choices(self, *texts):
        """One answer with several choices, as a person who asks gets them."""
        choices = [{'index': index, 'delta': {'content': text}, 'finish_reason': 'stop'}
                   for index, text in enumerate(texts)]
        self.upstream.answer([sse_head('chunked'), chunked(event({'choices': choices}), DONE)],
                             model='code-standard')
