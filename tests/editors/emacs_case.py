"""What the tests of the Emacs plugin share: Emacs in a terminal, and what a person does there."""

import pathlib

from editor_case import SOURCE, TESTS, EditorCase
from support.terminal import wait_until

PLUGIN = TESTS.parent / 'editors' / 'emacs'

INIT = """
(setq inhibit-startup-screen t initial-scratch-message nil make-backup-files nil
      auto-save-default nil create-lockfiles nil ring-bell-function #'ignore
      frame-background-mode 'dark vc-handled-backends '(Git) use-dialog-box nil use-short-answers t
      native-comp-deferred-compilation nil load-prefer-newer t)
(setq-default indent-tabs-mode nil c-basic-offset 4)
(menu-bar-mode -1)
(blink-cursor-mode -1)
(add-to-list 'load-path (getenv "GRIDLS_PLUGIN"))
(require 'gridls)
(setq gridls-command (list (getenv "GRIDLS"))
      gridls-settings '(:completion (:debounce_ms 0)))
"""


class EmacsCase(EditorCase):
    plugin = 'emacs'
    GHOST_COLOUR = '\x1b[38;5;243m'
    WORD, LINE, DISMISS, LEAVE = 'M-f', 'C-e', 'C-g', 'C-p'
    NEXT, PREVIOUS = 'M-n', 'M-p'

    def emacs_command(self, extra='', mode=True):
        """Emacs's argv; `extra` is Lisp that is run at the start; without `mode` the mode is off."""
        init = self.folder / 'init.el'
        init.write_text(INIT + extra + ('\n(global-gridls-mode)\n' if mode else ''))
        return ['emacs', '-nw', '-Q', '-l', str(init)]

    def emacs(self, name='a.c', text=SOURCE, extra='', mode=True, **size):
        self.write(name, text)
        terminal = self.run_in_terminal(self.emacs_command(extra, mode) + [name], **size)
        terminal.wait_for(name + ' ')
        return terminal

    def open(self, text=SOURCE, by_itself=True, preview=False, **size):
        return self.emacs(text=text, mode=by_itself,
                          extra='' if preview else '(setq gridls-preview nil)', **size)

    def editor_command(self):
        return self.emacs_command(mode=False)

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

    # -- what a person does

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

    def new_line(self, terminal):
        terminal.keys('C-n', 'C-e', 'Enter')

    def go_before(self, terminal, text):
        self.evaluate(terminal, f'(progn (goto-char 1) (search-forward "{text}")'
                      ' (goto-char (match-beginning 0)))')

    def go_to_end(self, terminal):
        terminal.keys('C-e')

    def type_above(self, terminal, text):
        terminal.keys('M-<')
        terminal.type(text + '\r')

    def ask_now(self, terminal):
        self.meta_x(terminal, 'gridls-complete')

    def select_lines(self, terminal, count):
        terminal.keys('M-<', 'C-@', *['C-n'] * count)

    def explain(self, terminal, lines, question=''):
        self.select_lines(terminal, lines)
        if question:
            terminal.keys('C-u')
        self.meta_x(terminal, 'gridls-explain')
        if question:
            terminal.wait_for('Question:')
            terminal.type(question + '\r')

    def ask_on(self, terminal, question):
        self.meta_x(terminal, 'gridls-ask')
        terminal.wait_for('Ask:')
        terminal.type(question + '\r')

    def close_answer(self, terminal):
        terminal.keys('C-x', 'o')
        terminal.type('q')

    def rewrite(self, terminal, lines, instruction):
        self.select_lines(terminal, lines)
        self.meta_x(terminal, 'gridls-refactor')
        terminal.wait_for(f'Rewrite lines 1 to {lines}:')
        terminal.type(instruction + '\r')

    def in_text(self, terminal):
        terminal.keys('C-x', 'o')

    def in_diff(self, terminal):
        terminal.keys('C-x', 'o')

    def cancel(self, terminal):
        self.meta_x(terminal, 'gridls-cancel')

    def status(self, terminal):
        self.meta_x(terminal, 'gridls-status')

    def type_message(self, terminal, text):
        terminal.type(text)

    def write_message(self, terminal):
        self.meta_x(terminal, 'gridls-commit-message')

    def undo(self, terminal):
        terminal.keys('C-_')

    def redo(self, terminal):
        terminal.keys('C-f', 'C-_')

    def save(self, terminal, name='a.c'):
        """Writes the buffer and returns what is in the file."""
        path = self.work / name
        path.unlink(missing_ok=True)
        self.evaluate(terminal, '(progn (set-buffer-modified-p t) (save-buffer))')
        wait_until(lambda: path.exists() and path.read_text(), f'{name} is written')
        return path.read_text()

    def save_and_quit(self, terminal):
        terminal.keys('C-x', 'C-s', 'C-x', 'C-c')

    def quit(self, terminal):
        terminal.keys('C-x', 'C-c')
