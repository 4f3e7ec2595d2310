#!/usr/bin/python3
"""Drives real Vim in a terminal, with real keys, against the real daemon and a scripted upstream.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_vim.py
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from vim_case import GHOST_COLOUR, PLUGIN, SOURCE, VimTest  # noqa: E402
from support.fake_upstream import Wait, delta, error, stream  # noqa: E402
from support.terminal import wait_until  # noqa: E402


class GhostTextTest(VimTest):
    def test_tab_accepts_what_is_shown(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        screen = terminal.wait_for('total = first();', colours=True)
        self.assertIn(GHOST_COLOUR + 'total = first();', screen)
        self.assertEqual(terminal.cursor(), (4, 2), 'the cursor stays before the ghost text')
        self.assertIn('POST', self.upstream.expect(path='/v1/chat/completions').method)
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (20, 2))
        self.assertEqual(self.save(terminal),
                         SOURCE.replace('{\n', '{\n    total = first();\n'))

    def test_accepted_text_is_undone_without_what_was_typed(self):
        self.complete_with('otal = 1;')
        self.complete_with_nothing_more()
        terminal = self.vim(after='let g:gridls_enabled = 0')
        terminal.type('jo')
        terminal.type('t')
        terminal.keys('C-o')
        terminal.type(':GridlsToggle\r')
        terminal.wait_for('ghost text is on')
        terminal.wait_for('total = 1;')
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (14, 2))
        terminal.keys('Escape', 'u')
        terminal.wait_for('change')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    t\n'))

    def test_tab_is_a_tab_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('O')
        terminal.keys('Tab')
        terminal.type('x')
        self.assertEqual(self.save(terminal), '        x\n' + SOURCE)

    def test_tab_expands_an_abbreviation_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.vim(extra='iabbrev teh the')
        terminal.type('Oteh')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'the     \n' + SOURCE)

    def test_tab_does_what_another_map_did(self):
        self.complete_with('int shown;')
        self.complete_with_nothing_more()
        terminal = self.vim(extra='inoremap <expr> <Tab> pumvisible() ? "\\<C-n>" : "<mapped>"')
        terminal.type('O')
        terminal.wait_for('int shown;')
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (10, 0))
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'int shown;<mapped>\n' + SOURCE)

    def test_typing_through_keeps_it_without_another_call(self):
        self.complete_with('total = first();')
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('total = first();')
        for count, letter in enumerate('total', 1):
            terminal.type(letter)
            terminal.wait_for(lambda screen, count=count: terminal.cursor() == (4 + count, 2))
            self.assertIn('    total = first();', terminal.screen())
        self.assertEqual(self.upstream.count(method='POST'), 1)
        screen = terminal.screen(colours=True)
        self.assertIn('total' + GHOST_COLOUR + ' = first();', screen)

    def test_a_call_in_flight_is_kept_while_typing(self):
        self.upstream.answer(stream(Wait('go'), 'total = first();'), model='code-standard')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        self.upstream.expect(method='POST')
        for typed in ('t', 'to', 'tot'):
            terminal.type(typed[-1])
            terminal.wait_for(lambda screen, typed=typed: f'    {typed}\n' in screen)
        self.upstream.release('go')
        terminal.wait_for('    total = first();')
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_typing_something_else_removes_it(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('total = first();')
        terminal.type('x')
        terminal.wait_for(lambda screen: 'total' not in screen and '    x' in screen)
        self.upstream.expect(method='POST')
        self.upstream.expect(method='POST')

    def test_more_lines_are_shown_below_and_leave_the_rest_in_place(self):
        self.complete_with('if (first()) {\n', '        last();\n', '    }')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for(lambda screen: screen.startswith(
            'int first(void)\n{\n    if (first()) {\n        last();\n    }\n'
            '    return 1;\n}\n\nint last(void);\n~'))
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (5, 4))
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    if (first()) {\n        last();\n    }\n', 1))

    def test_it_is_shown_while_it_is_being_written(self):
        self.complete_with('if (first()) {\n', '        last();\n', Wait('rest'), '    }')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('    if (first()) {')
        self.upstream.release('rest')
        terminal.wait_for('    if (first()) {\n        last();\n    }\n    return 1;')

    def test_words_and_lines_are_accepted_one_by_one(self):
        self.complete_with('total = first();\n    last();')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('last();\n    return')
        terminal.keys('M-Right')
        terminal.wait_for(lambda screen: terminal.cursor() == (9, 2))
        terminal.keys('M-C-Right')
        terminal.wait_for(lambda screen: terminal.cursor() == (20, 2))
        self.assertIn('last();\n    return', terminal.screen())
        terminal.keys('M-Right')
        terminal.wait_for(lambda screen: terminal.cursor() == (8, 3))
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    total = first();\n    last\n'))

    def test_dismissing_leaves_the_text_alone_and_falls_back(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('total = first();')
        terminal.keys('C-]')
        terminal.wait_for(lambda screen: 'total' not in screen)
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    x\n'))

    def test_leaving_insert_mode_removes_it_and_ends_the_call(self):
        self.complete_with('if (first()) {\n', '        last();\n', Wait('never'), '    }')
        terminal = self.vim()
        terminal.type('jo')
        terminal.wait_for('if (first()) {')
        terminal.keys('Escape')
        terminal.wait_for(lambda screen: 'if (' not in screen)
        self.upstream.expect(method='POST').wait_gone()

    def test_ghost_text_before_the_rest_of_a_line(self):
        self.complete_with('int a, int b')
        self.complete_with_nothing_more()
        terminal = self.vim(text='int f();\n')
        terminal.type('f)i')
        terminal.wait_for('int f(int a, int b);')
        self.assertEqual(terminal.cursor(), (6, 0))
        terminal.keys('Tab')
        terminal.wait_for(lambda screen: terminal.cursor() == (18, 0))
        self.assertEqual(self.save(terminal), 'int f(int a, int b);\n')

    def test_an_umlaut_is_not_a_key_of_ours(self):
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('O// ÜÝÛ')
        self.assertEqual(self.save(terminal), '// ÜÝÛ\n' + SOURCE)

    def test_asking_now(self):
        self.complete_with('int now;')
        self.complete_with_nothing_more()
        terminal = self.vim(after='let b:gridls_enabled = 0')
        terminal.type('O')
        terminal.keys('M-\\')
        terminal.wait_for('int now;')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'int now;\n' + SOURCE)

    def test_choosing_among_candidates(self):
        # As terminals send them that tell keys apart (modifyOtherKeys): escape and a bracket alone
        # begin too much else.
        alt_right_bracket, alt_left_bracket = '\x1b[27;3;93~', '\x1b[27;3;91~'
        self.complete_with('int one;', delta('int two;', index=1), delta('int three;', index=2))
        self.complete_with_nothing_more()
        terminal = self.vim(after='let b:gridls_enabled = 0')
        terminal.type('O')
        terminal.keys('M-\\')
        terminal.wait_for('int one;')
        terminal.type(alt_right_bracket)
        terminal.wait_for(lambda screen: 'int two;' in screen and 'one' not in screen)
        terminal.type(alt_right_bracket)
        terminal.wait_for('int three;')
        terminal.type(alt_right_bracket)
        terminal.wait_for('int one;')
        terminal.type(alt_left_bracket)
        terminal.wait_for('int three;')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'int three;\n' + SOURCE)

    def test_off_means_no_call(self):
        terminal = self.vim()
        terminal.type(':GridlsToggle\r')
        terminal.wait_for('ghost text is off')
        terminal.type('Oint x;')
        self.assertEqual(self.save(terminal), 'int x;\n' + SOURCE)
        self.assertEqual(self.upstream.count(method='POST'), 0)

    def test_a_failing_upstream_is_no_message(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.vim()
        terminal.type('jo')
        self.upstream.expect(method='POST').wait_ended()
        terminal.type('x')
        terminal.wait_for('    x')
        self.assertIn('-- INSERT --', terminal.screen())


class ExplainTest(VimTest):
    def test_it_streams_into_a_window_and_can_be_asked_about(self):
        self.upstream.answer(stream('It returns ', Wait('more'), 'one.'), model='code-prime')
        self.upstream.answer(stream('Because **one** is enough.'), model='code-prime')
        terminal = self.vim()
        terminal.type(':1,4GridlsExplain why so short\r')
        terminal.wait_for(lambda screen: 'It returns' in screen and 'one.' not in screen)
        request = self.upstream.expect(method='POST')
        self.assertIn('return 1;', request.prompt)
        self.assertIn('why so short', request.prompt)
        self.assertEqual(request.headers['authorization'], 'Bearer key-of-the-test')
        self.upstream.release('more')
        terminal.wait_for('It returns one.')
        terminal.wait_for('i asks on')
        terminal.type(':GridlsAsk is it enough\r')
        terminal.wait_for('Because **one** is enough.')
        self.assertIn('is it enough', self.upstream.expect(method='POST').prompt)
        terminal.keys('C-w', 'j')
        terminal.type('q')
        terminal.wait_for(lambda screen: 'Because' not in screen)
        self.assertEqual(self.save(terminal), SOURCE)

    def test_places_in_an_answer_lead_there(self):
        self.upstream.answer(stream('See a.c:6 for the end.'), model='code-prime')
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('See a.c:6')
        terminal.keys('C-w', 'j')
        terminal.type('/a.c:6\rgf')
        terminal.wait_for(
            lambda screen: screen.split('\n')[terminal.cursor()[1]] == 'int last(void);')
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('int last', 'nt last'))

    def test_closing_the_window_ends_the_call(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.vim()
        terminal.type(':%GridlsExplain\r')
        terminal.wait_for('It returns')
        terminal.keys('C-w', 'j')
        terminal.type('q')
        self.upstream.expect(method='POST').wait_gone()

    def test_a_refused_key_is_said_in_the_window(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for(lambda screen: 'key' in screen.split('# a.c:1')[-1])


class RefactorTest(VimTest):
    TEXT = 'int a;\nint b;\n\nint tail;\n'

    def test_it_is_one_undo_step(self):
        self.upstream.answer(stream('long a;\nlong b;\nlong c;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type('G:1,2GridlsRefactor make them long\r')
        terminal.wait_for('long a;\nlong b;\nlong c;\n\nint tail;')
        terminal.wait_for(lambda screen: terminal.cursor() == (0, 4))
        request = self.upstream.expect(method='POST')
        self.assertIn('make them long', request.prompt)
        self.assertEqual(self.save(terminal), 'long a;\nlong b;\nlong c;\n\nint tail;\n')
        terminal.type('u')
        terminal.wait_for('int a;\nint b;\n\nint tail;')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_cancelling_ends_the_call_and_changes_nothing(self):
        self.upstream.answer(stream('long a;\n', Wait('never'), 'long b;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':1,2GridlsRefactor make them long\r')
        request = self.upstream.expect(method='POST')
        terminal.wait_for('rewriting…')
        terminal.type(':GridlsCancel\r')
        request.wait_gone()
        terminal.wait_for('cancelled')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_a_change_inside_ends_it(self):
        self.upstream.answer(stream('long a;\n', Wait('more'), 'long b;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':1,2GridlsRefactor make them long\r')
        self.upstream.expect(method='POST')
        terminal.type('ggdw')
        terminal.wait_for(lambda screen: screen.startswith('a;'))
        self.upstream.release('more')
        terminal.wait_for('the text has changed meanwhile')
        self.assertEqual(self.save(terminal), 'a;\nint b;\n\nint tail;\n')


    def test_without_an_instruction_it_asks_for_one(self):
        self.upstream.answer(stream('long a;\n'), times=2, model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':1GridlsRefactor\r')
        terminal.wait_for('Rewrite:')
        terminal.type('make it long\r')
        terminal.wait_for('long a;\nint b;')
        self.assertIn('make it long', self.upstream.expect(method='POST').prompt)
        terminal.type('u:1GridlsRefactor\r')
        terminal.keys('Up')
        terminal.wait_for('Rewrite: make it long')
        terminal.keys('Escape')
        terminal.wait_for(lambda screen: 'Rewrite:' not in screen)
        self.assertEqual(self.upstream.count(method='POST'), 1)


class PreviewTest(VimTest):
    TEXT = 'int a;\nint b;\n\n\n\n\n\n\n\nint c;\nint tail;\n'
    REWRITE = 'long a;\nint b;\n\n\n\n\n\n\n\nlong c;\nlong d;\nint tail;\n'

    def preview(self):
        self.complete_with_nothing_more()
        self.upstream.answer(stream(self.REWRITE), model='code-prime')
        terminal = self.vim(text=self.TEXT, height=40)
        terminal.type(':%GridlsRefactor! make them long\r')
        terminal.wait_for('+long c;')
        self.assertIn('-int a;', terminal.screen())
        return terminal

    def test_all_is_taken_in_one_undo_step(self):
        terminal = self.preview()
        terminal.type('A')
        terminal.wait_for(lambda screen: screen.startswith('long a;') and '@@' not in screen)
        self.assertEqual(self.save(terminal), self.REWRITE)
        terminal.type('u')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_hunks_are_taken_and_left_one_by_one(self):
        terminal = self.preview()
        terminal.type('r')
        terminal.wait_for(lambda screen: '-int a;' not in screen and '+long c;' in screen)
        terminal.type('a')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), self.REWRITE.replace('long a', 'int a'))

    def test_hunks_move_with_what_is_typed_above(self):
        terminal = self.preview()
        terminal.keys('C-w', 'k')
        terminal.type('ggOtyped\x1b')
        terminal.keys('C-w', 'j')
        terminal.type('A')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), 'typed\n' + self.REWRITE)

    def test_a_hunk_whose_lines_have_changed_is_not_taken(self):
        terminal = self.preview()
        terminal.keys('C-w', 'k')
        terminal.type('ggAx\x1b')
        terminal.keys('C-w', 'j')
        terminal.type('gga')
        terminal.wait_for('cannot be taken')
        terminal.type('q')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), self.TEXT.replace('int a;', 'int a;x'))

    def test_closing_leaves_the_text_alone(self):
        terminal = self.preview()
        terminal.type('q')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_lines_at_the_end(self):
        self.upstream.answer(stream('int a;\nint b;\nint c;\n'), model='code-prime')
        terminal = self.vim(text='int a;\nint b;\n', extra='let g:gridls_preview = 1')
        terminal.type(':%GridlsRefactor add one\r')
        terminal.wait_for('+int c;')
        terminal.type('a')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), 'int a;\nint b;\nint c;\n')


class ProjectTest(VimTest):
    def test_several_files_are_shown_and_taken(self):
        self.complete_with_nothing_more()
        self.write('b.c', 'int b(void)\r\n{\r\n    return total(1);\r\n}\r\n')
        self.upstream.answer(stream(json.dumps({
            'summary': 'Renamed.',
            'edits': [
                {'path': 'a.c', 'search': 'int total(int x)\n', 'replace': 'int sum(int x)\n'},
                {'path': 'b.c', 'search': '    return total(1);\n',
                 'replace': '    return\n        sum(1);\n'},
            ],
            'new_files': []})), model='code-prime')
        terminal = self.vim(text='int total(int x)\n{\n    return x;\n}\n', height=40)
        terminal.type(':GridlsProject rename total to sum\r')
        terminal.wait_for('+int sum(int x)')
        terminal.wait_for('+        sum(1);')
        self.assertNotIn('^M', terminal.screen())
        terminal.type('A')
        terminal.wait_for(lambda screen: screen.startswith('int sum(') and '@@' not in screen)
        terminal.type(':wall\r')
        wait_until(lambda: b'sum' in (self.work / 'b.c').read_bytes(), 'b.c is written')
        self.assertEqual((self.work / 'b.c').read_bytes(),
                         b'int b(void)\r\n{\r\n    return\r\n        sum(1);\r\n}\r\n')
        self.assertEqual(self.save(terminal), 'int sum(int x)\n{\n    return x;\n}\n')


class FixTest(VimTest):
    TEXT = 'int a\nint b;\n'

    def fixed(self, terminal):
        terminal.wait_for('int a;')
        self.assertEqual(self.save(terminal), 'int a;\nint b;\n')
        return self.upstream.expect(method='POST').prompt

    def test_what_the_quickfix_list_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        entry = "[{'bufnr': bufnr(), 'lnum': 1, 'col': 6, 'text': \"expected ';'\", 'type': 'E'}]"
        terminal = self.vim(text=self.TEXT, after=f'call setqflist({entry})')
        terminal.type(':GridlsFix\r')
        self.assertIn("expected ';'", self.fixed(terminal))

    def test_what_ale_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        item = "{'lnum': 1, 'col': 6, 'text': 'no semicolon', 'type': 'E', 'linter_name': 'cc', 'code': 'E7'}"
        terminal = self.vim(text=self.TEXT,
                            after=f"let g:ale_buffer_info = {{bufnr(): {{'loclist': [{item}]}}}}")
        terminal.type(':GridlsFix\r')
        prompt = self.fixed(terminal)
        self.assertIn('no semicolon', prompt)

    def test_what_a_function_of_the_person_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT, extra="let g:Gridls_diagnostics = "
                            "{bufnr -> [{'lnum': 1, 'text': 'half a line'}]}\n")
        terminal.type(':GridlsFix\r')
        self.assertIn('half a line', self.fixed(terminal))

    def test_what_a_person_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':GridlsFix a semicolon is missing\r')
        self.assertIn('a semicolon is missing', self.fixed(terminal))

    def test_nothing_is_wrong(self):
        terminal = self.vim(text=self.TEXT)
        terminal.type(':GridlsFix\r')
        terminal.wait_for('there is no diagnostic on this line')
        self.assertEqual(self.upstream.count(method='POST'), 0)


class CommitTest(VimTest):
    def setUp(self):
        super().setUp()
        self.home.joinpath('.gitconfig').write_text(
            '[user]\n  name = A Tester\n  email = tester@example.org\n')
        self.git('init', '-q', '-b', 'main')
        self.write('a.c', SOURCE)
        self.git('add', 'a.c')

    def git(self, *arguments):
        return subprocess.run(['git', *arguments], cwd=self.work, env={
            **self.environment, 'PATH': os.environ['PATH']}, check=True, capture_output=True,
            text=True).stdout

    def commit(self):
        editor = ' '.join(self.vim_command())
        terminal = self.run_in_terminal(['git', '-c', f'core.editor={editor}', 'commit', '-v'])
        terminal.wait_for('# Please enter the commit message')
        return terminal

    def finish(self, terminal):
        terminal.keys('Escape')
        terminal.type(':wq\r')
        terminal.wait_closed()
        return self.git('log', '-1', '--format=%B').rstrip('\n')

    def test_it_is_streamed_above_the_comments_in_one_undo_step(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns one.\n\n', Wait('more'),
                                    'It is the only one.'))
        terminal = self.commit()
        terminal.type(':GridlsCommit\r')
        terminal.wait_for(lambda screen: screen.startswith('Add a first function'))
        self.assertNotIn('the only one', terminal.screen())
        self.upstream.release('more')
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\nIt is the only one.\n\n# Please enter'))
        self.assertIn('return 1;', self.upstream.expect(method='POST').prompt)
        terminal.type('u')
        terminal.wait_for(lambda screen: screen.startswith('\n# Please enter'))
        terminal.keys('C-r')
        terminal.wait_for('It returns one.')
        self.assertEqual(self.finish(terminal),
                         'Add a first function\n\nIt returns one.\n\nIt is the only one.')

    def test_what_is_typed_is_kept(self):
        self.upstream.answer(stream('Add a first function'))
        self.complete_with_nothing_more()
        terminal = self.commit()
        terminal.type(':GridlsToggle\r')
        terminal.type('iFor the release')
        terminal.keys('Escape')
        terminal.type(':GridlsCommit\r')
        terminal.wait_for(lambda screen: screen.startswith(
            'For the release\n\nAdd a first function\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'For the release\n\nAdd a first function')


    def test_what_is_typed_is_gone_on_with(self):
        self.upstream.answer(stream('Add a first', ' function\n\nIt returns one.'))
        terminal = self.commit()
        terminal.type(':GridlsToggle\r')
        terminal.type('iAdd a')
        terminal.keys('Escape')
        terminal.type(':GridlsCommit\r')
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'Add a first function\n\nIt returns one.')


class DaemonTest(VimTest):
    def test_status(self):
        terminal = self.vim()
        terminal.type(':GridlsStatus\r')
        terminal.wait_for('gridls: ready')

    def test_a_missing_daemon_is_one_message(self):
        terminal = self.vim(after='let g:gridls_command = ["/nowhere/gridls"]')
        terminal.type('Ox')
        terminal.wait_for("there is no program '/nowhere/gridls'")
        self.assertEqual(self.save(terminal), 'x\n' + SOURCE)
        terminal.type('oy')
        terminal.keys('Escape')
        terminal.type(':messages\r')
        screen = terminal.wait_for('there is no program')
        self.assertEqual(screen.count('there is no program'), 1)

    def test_a_killed_daemon_is_started_again(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        self.upstream.answer(stream('It works.'))
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('It returns')
        daemon, = self.daemons(terminal)
        os.kill(daemon, signal.SIGKILL)
        terminal.wait_for('the daemon has ended')
        wait_until(lambda: self.daemons(terminal) not in ([], [daemon]), 'another daemon runs')
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('It works.')
        terminal.type(':only\r:messages\r')
        screen = terminal.wait_for('started again')
        self.assertEqual(screen.count('gridls:'), 1)

    def test_quitting_leaves_no_daemon(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('It returns')
        daemon, = self.daemons(terminal)
        terminal.type(':qa!\r')
        terminal.wait_closed()
        wait_until(lambda: not os.path.exists(f'/proc/{daemon}'), 'the daemon ends')
        self.upstream.expect(method='POST').wait_gone()


if __name__ == '__main__':
    unittest.main()
