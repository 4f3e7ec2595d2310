"""What every plugin in a terminal has to do, whatever its keys are: the tests that Vim, Neovim and Emacs
share.

A class of cases stands before the case of an editor, whose methods are what a person does:

    class GhostTextTest(GhostTextCases, VimTest):
        ...

There:
    open            the editor with a text; ghost text only when asked for; a rewrite shown first
    new_line        begins an indented line in the function of SOURCE
    go_before, go_to_end, type_above    where typing goes on: before a text, behind the first line; a line
                    above all
    ask_now, explain, ask_on, close_answer, rewrite, cancel, status, type_message, write_message, undo,
    redo, save, save_and_quit, quit
    in_text, in_diff    from the preview into the text and back
and the names of keys: WORD, LINE, NEXT, PREVIOUS, DISMISS, LEAVE.
"""

import os
import subprocess

from editor_case import SOURCE
from support.fake_upstream import Wait, error, stream
from support.terminal import wait_until


class GhostTextCases:
    def offered(self, *pieces, more=True):
        """A new line for which `pieces` come; unless `more`, nothing else may be asked."""
        self.complete_with(*pieces)
        if more:
            self.complete_with_nothing_more()
        terminal = self.open()
        self.new_line(terminal)
        return terminal

    def asked(self, *pieces, text, place=None):
        """The same where it is asked for by hand, before `place` or at the end of the first line."""
        self.complete_with(*pieces)
        self.complete_with_nothing_more()
        terminal = self.open(text, by_itself=False)
        if place:
            self.go_before(terminal, place)
        else:
            self.go_to_end(terminal)
        self.ask_now(terminal)
        return terminal

    def test_tab_accepts_what_is_shown(self):
        terminal = self.offered('total = first();')
        screen = terminal.wait_for('total = first();', colours=True)
        self.assertIn(self.GHOST_COLOUR + 'total = first();', screen)
        self.assertEqual(terminal.cursor(), (4, 2), 'the cursor stays before the ghost text')
        self.assertIn('POST', self.upstream.expect(path='/v1/chat/completions').method)
        terminal.keys('Tab')
        terminal.wait_cursor(20, 2)
        self.assertEqual(self.save(terminal),
                         SOURCE.replace('{\n', '{\n    total = first();\n'))

    def test_accepted_text_is_undone_without_what_was_typed(self):
        self.complete_with('otal = 1;')
        self.complete_with_nothing_more()
        terminal = self.open(by_itself=False)
        self.new_line(terminal)
        terminal.type('t')
        self.ask_now(terminal)
        terminal.wait_for('total = 1;')
        terminal.keys('Tab')
        terminal.wait_cursor(14, 2)
        self.undo(terminal)
        terminal.wait_for(lambda screen: 'total' not in screen)
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    t\n'))

    def test_typing_through_keeps_it_without_another_call(self):
        terminal = self.offered('total = first();', more=False)
        terminal.wait_for('total = first();')
        for count, letter in enumerate('total', 1):
            terminal.type(letter)
            terminal.wait_cursor(4 + count, 2, '    total = first();')
        terminal.wait_for('total' + self.GHOST_COLOUR + ' = first();', colours=True)
        terminal.keys('BSpace')
        terminal.wait_cursor(8, 2, '    total = first();')
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_typing_something_else_removes_it(self):
        terminal = self.offered('total = first();')
        terminal.wait_for('total = first();')
        terminal.type('x')
        terminal.wait_for(lambda screen: 'total' not in screen and '    x' in screen)
        self.upstream.expect(method='POST')
        self.upstream.expect(method='POST')

    def test_more_lines_are_shown_below_and_leave_the_rest_in_place(self):
        terminal = self.offered('if (first()) {\n', '        last();\n', '    }')
        terminal.wait_for(lambda screen: screen.startswith(
            'int first(void)\n{\n    if (first()) {\n        last();\n    }\n'
            '    return 1;\n}\n\nint last(void);\n'))
        terminal.keys('Tab')
        terminal.wait_cursor(5, 4)
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    if (first()) {\n        last();\n    }\n', 1))

    def test_it_is_shown_while_it_is_being_written(self):
        terminal = self.offered('if (first()) {\n', '        last();\n', Wait('rest'), '    }')
        terminal.wait_for('    if (first()) {')
        self.upstream.release('rest')
        terminal.wait_for('    if (first()) {\n        last();\n    }\n    return 1;')

    def test_words_and_lines_are_accepted_one_by_one(self):
        terminal = self.offered('total = first();\n    last();')
        terminal.wait_for('last();\n    return')
        terminal.keys(self.WORD)
        terminal.wait_cursor(9, 2)
        terminal.keys(self.LINE)
        terminal.wait_cursor(20, 2, 'last();\n    return')
        terminal.keys(self.WORD)
        terminal.wait_cursor(8, 3, '    last();\n')
        terminal.keys(self.DISMISS)
        terminal.wait_for(lambda screen: '    last\n' in screen)
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    total = first();\n    last\n'))

    def test_dismissing_leaves_the_text_alone(self):
        terminal = self.offered('total = first();')
        terminal.wait_for('total = first();')
        terminal.keys(self.DISMISS)
        terminal.wait_for(lambda screen: 'total' not in screen)
        self.assertNotIn('Quit', terminal.screen())
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    x\n'))

    def test_leaving_removes_it_and_ends_the_call(self):
        terminal = self.offered('if (first()) {\n', '        last();\n', Wait('never'), '    }',
                                more=False)
        terminal.wait_for('if (first()) {')
        terminal.keys(self.LEAVE)
        terminal.wait_for(lambda screen: 'if (' not in screen)
        self.upstream.expect(method='POST').wait_gone()

    def test_ghost_text_before_the_rest_of_a_line(self):
        terminal = self.asked('int a, int b', text='int f();\n', place=')')
        terminal.wait_for('int f(int a, int b);')
        self.assertEqual(terminal.cursor(), (6, 0))
        terminal.keys('Tab')
        terminal.wait_cursor(18, 0)
        self.assertEqual(self.save(terminal), 'int f(int a, int b);\n')

    def test_ghost_text_that_begins_with_a_new_line(self):
        terminal = self.asked('\nint more(void);', text='int first(void);\nint last(void);\n')
        terminal.wait_for('int first(void);\nint more(void);\nint last(void);\n')
        self.assertEqual(terminal.cursor(), (16, 0))
        terminal.keys('Tab')
        terminal.wait_cursor(15, 1)
        self.assertEqual(self.save(terminal), 'int first(void);\nint more(void);\nint last(void);\n')

    def test_ghost_text_behind_wide_and_rare_characters(self):
        terminal = self.asked(' = 1;', text='// 日本 𝒳 é\nint x;\n')
        terminal.wait_for('é = 1;')
        terminal.keys('Tab')
        terminal.wait_cursor(16, 0)
        self.assertEqual(self.save(terminal), '// 日本 𝒳 é = 1;\nint x;\n')

    def test_candidates_are_gone_through(self):
        self.complete_with_choices('one();', 'two();', 'three();')
        self.complete_with_nothing_more()
        terminal = self.open(by_itself=False)
        self.new_line(terminal)
        self.ask_now(terminal)
        terminal.wait_for('    one();')
        for key, shown in ((self.NEXT, 'two'), (self.NEXT, 'three'), (self.NEXT, 'one'),
                           (self.PREVIOUS, 'three')):
            self.press(terminal, key)
            terminal.wait_for(f'    {shown}();')
        terminal.type('t')
        terminal.wait_cursor(5, 2, '    three();')
        self.press(terminal, self.NEXT)
        terminal.wait_for('    two();')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    two();\n'))

    def test_a_failing_upstream_is_no_message(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.open()
        self.new_line(terminal)
        self.upstream.expect(method='POST').wait_ended()
        terminal.wait_for(lambda screen: 'gridls:no key' in screen.replace(': ', ':'))
        terminal.type('x')
        terminal.wait_for('    x')
        self.assertNotIn('wrong', terminal.screen())


class ExplainCases:
    def test_it_streams_into_a_window_and_can_be_asked_about(self):
        self.upstream.answer(stream('It returns ', Wait('more'), '`one` in line 3.'),
                             model='code-prime')
        self.upstream.answer(stream('Because **one** is enough.'), model='code-prime')
        terminal = self.open(by_itself=False)
        self.explain(terminal, 4, 'why so short')
        terminal.wait_for(lambda screen: 'It returns' in screen and 'line 3' not in screen
                          and 'asks on' not in screen)
        request = self.upstream.expect(method='POST')
        self.assertIn('return 1;', request.prompt)
        self.assertIn('why so short', request.prompt)
        self.assertEqual(request.headers['authorization'], 'Bearer key-of-the-test')
        self.upstream.release('more')
        terminal.wait_for('It returns `one` in line 3.')
        terminal.wait_for('asks on')
        self.ask_on(terminal, 'is it enough')
        terminal.wait_for('Because **one** is enough.')
        self.assertIn('is it enough', self.upstream.expect(method='POST').prompt)
        self.close_answer(terminal)
        terminal.wait_for(lambda screen: 'Because' not in screen)
        self.assertEqual(self.save(terminal), SOURCE)

    def explained_in_part(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.open(by_itself=False)
        self.explain(terminal, 4)
        terminal.wait_for('It returns')
        return terminal

    def test_closing_it_ends_the_call(self):
        self.close_answer(self.explained_in_part())
        self.upstream.expect(method='POST').wait_gone()

    def test_cancelling_keeps_what_has_come(self):
        terminal = self.explained_in_part()
        self.cancel(terminal)
        self.upstream.expect(method='POST').wait_gone()
        terminal.wait_for('[cancelled]')
        self.assertIn('It returns', terminal.screen())

    def test_a_refused_key_is_said_there(self):
        self.upstream.answer(error(401, 'the key is wrong'), times=None)
        terminal = self.open(by_itself=False)
        self.explain(terminal, 4)
        terminal.wait_for(lambda screen: '401' in screen)


class RefactorCases:
    TEXT = 'int a;\nint b;\n\nint tail;\n'
    REWRITE = 'long a;\nlong b;\nlong c;\n'

    def rewritten(self, preview=False):
        """The first two lines are being rewritten."""
        self.upstream.answer(stream(self.REWRITE), model='code-prime')
        terminal = self.open(self.TEXT, preview=preview, by_itself=False)
        self.rewrite(terminal, 2, 'make them long')
        return terminal

    def test_without_a_preview_it_is_one_undo_step(self):
        terminal = self.rewritten()
        terminal.wait_for('long a;\nlong b;\nlong c;\n\nint tail;')
        self.assertIn('make them long', self.upstream.expect(method='POST').prompt)
        self.assertEqual(self.save(terminal), self.REWRITE + '\nint tail;\n')
        self.undo(terminal)
        terminal.wait_for('int a;\nint b;\n\nint tail;')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_with_a_preview_it_is_one_undo_step(self):
        terminal = self.rewritten(preview=True)
        terminal.wait_for('+long c;')
        self.assertIn('-int a;', terminal.screen())
        self.assertTrue(terminal.screen().startswith('int a;\nint b;\n'))
        terminal.type('A')
        terminal.wait_for(lambda screen: screen.startswith('long a;\nlong b;\nlong c;\n')
                          and '@@' not in screen)
        self.undo(terminal)
        terminal.wait_for('int a;\nint b;\n\nint tail;')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_cancelling_ends_the_call_and_changes_nothing(self):
        self.upstream.answer(stream('long a;\n', Wait('never'), 'long b;\n'), model='code-prime')
        terminal = self.open(self.TEXT, by_itself=False)
        self.rewrite(terminal, 2, 'make them long')
        request = self.upstream.expect(method='POST')
        terminal.wait_for('rewriting')
        self.cancel(terminal)
        request.wait_gone()
        terminal.wait_for('gridls: cancelled')
        self.assertEqual(self.save(terminal), self.TEXT)

    def test_a_failure_is_one_message(self):
        self.upstream.answer(error(402, 'no balance'), times=None)
        terminal = self.open(self.TEXT, by_itself=False)
        self.rewrite(terminal, 2, 'make them long')
        terminal.wait_for('(HTTP 402)')
        self.assertEqual(self.save(terminal), self.TEXT)


class PreviewCases:
    # Two hunks, far enough from each other to be shown as two.
    TEXT = 'int a;\nint b;\n\n\n\n\n\n\n\nint c;\nint tail;\n'
    REWRITE = 'long a;\nint b;\n\n\n\n\n\n\n\nlong c;\nlong d;\nint tail;\n'

    def previewed(self):
        self.upstream.answer(stream(self.REWRITE), model='code-prime')
        terminal = self.open(self.TEXT, preview=True, by_itself=False, height=50)
        self.rewrite(terminal, 11, 'make them long')
        terminal.wait_for(lambda screen: '-int a;' in screen and '+long d;' in screen)
        return terminal

    def wait_preview_closed(self, terminal):
        return terminal.wait_for(lambda screen: '@@' not in screen)

    def test_hunks_are_taken_and_left_one_by_one(self):
        terminal = self.previewed()
        terminal.type('r')
        terminal.wait_for(lambda screen: '-int a;' not in screen and '+long c;' in screen)
        terminal.type('a')
        self.wait_preview_closed(terminal)
        self.assertEqual(self.save(terminal), self.REWRITE.replace('long a', 'int a'))

    def test_hunks_move_with_what_is_typed_above(self):
        terminal = self.previewed()
        self.in_text(terminal)
        self.type_above(terminal, 'typed')
        self.in_diff(terminal)
        terminal.type('A')
        self.wait_preview_closed(terminal)
        self.assertEqual(self.save(terminal), 'typed\n' + self.REWRITE)

    def test_a_hunk_whose_lines_have_changed_is_not_taken(self):
        terminal = self.previewed()
        self.in_text(terminal)
        self.type_above(terminal, 'typed')
        self.go_before(terminal, 'nt a')
        terminal.type('x')
        terminal.wait_for('ixnt a;')
        self.in_diff(terminal)
        terminal.type('A')
        terminal.wait_for('changed meanwhile')
        terminal.type('q')
        self.wait_preview_closed(terminal)
        self.assertEqual(self.save(terminal), 'typed\n' + self.TEXT.replace('int a', 'ixnt a'))

    def test_rejecting_changes_nothing(self):
        terminal = self.previewed()
        terminal.type('q')
        self.wait_preview_closed(terminal)
        self.assertEqual(self.save(terminal), self.TEXT)


class CommitCases:
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

    def message(self):
        return self.git('log', '-1', '--format=%B').rstrip('\n')

    def commit(self, typed=''):
        """The editor as git opens it, with `typed` in the first line."""
        terminal = self.run_in_terminal(
            ['git', '-c', f'core.editor={" ".join(self.editor_command())}', 'commit', '-v'])
        terminal.wait_for('# Please enter the commit message', 20)
        if typed:
            self.type_message(terminal, typed)
        return terminal

    def finish(self, terminal):
        """The message that is committed."""
        self.save_and_quit(terminal)
        terminal.wait_closed()
        return self.message()

    def test_it_is_streamed_above_the_comments_in_one_undo_step(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns one.\n\n', Wait('more'),
                                    'It is the only one.'))
        terminal = self.commit()
        self.write_message(terminal)
        terminal.wait_for(lambda screen: screen.startswith('Add a first function'))
        self.assertNotIn('the only one', terminal.screen())
        self.upstream.release('more')
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\nIt is the only one.\n\n# Please enter'))
        self.assertIn('return 1;', self.upstream.expect(method='POST').prompt)
        self.undo(terminal)
        terminal.wait_for(lambda screen: screen.startswith('\n# Please enter'))
        self.redo(terminal)
        terminal.wait_for('It returns one.')
        self.assertEqual(self.finish(terminal),
                         'Add a first function\n\nIt returns one.\n\nIt is the only one.')

    def test_what_is_typed_is_kept(self):
        self.upstream.answer(stream('Add a first function'))
        terminal = self.commit('For the release')
        self.write_message(terminal)
        terminal.wait_for(lambda screen: screen.startswith(
            'For the release\n\nAdd a first function\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'For the release\n\nAdd a first function')

    def test_what_is_typed_is_gone_on_with(self):
        self.upstream.answer(stream('Add a first', ' function\n\nIt returns one.'))
        terminal = self.commit('Add a')
        self.write_message(terminal)
        terminal.wait_for(lambda screen: screen.startswith(
            'Add a first function\n\nIt returns one.\n\n# Please enter'))
        self.assertEqual(self.finish(terminal), 'Add a first function\n\nIt returns one.')

    def test_typing_into_it_ends_it(self):
        self.upstream.answer(stream('Add a first function\n\nIt returns one.\n\n', Wait('more'),
                                    'It is all.'))
        terminal = self.commit()
        self.write_message(terminal)
        terminal.wait_for('It returns')
        self.go_before(terminal, 'first')
        terminal.type('very ')
        terminal.wait_for('Add a very first')
        self.upstream.release('more')
        terminal.wait_for('you have changed the message')
        self.assertEqual(self.finish(terminal), 'Add a very first function\n\nIt returns one.')


class DaemonCases:
    def test_status(self):
        terminal = self.open(by_itself=False)
        self.status(terminal)
        terminal.wait_for('gridls: ready')

    def explaining(self):
        """The editor in the midst of an explanation, and its daemon's process id."""
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        terminal = self.open(by_itself=False)
        self.explain(terminal, 4)
        terminal.wait_for('It returns')
        daemon, = self.daemons(terminal)
        return terminal, daemon

    def assert_ended(self, daemon):
        wait_until(lambda: not os.path.exists(f'/proc/{daemon}'), 'the daemon ends')
        self.upstream.expect(method='POST').wait_gone()

    def test_quitting_leaves_no_daemon(self):
        terminal, daemon = self.explaining()
        self.quit(terminal)
        terminal.wait_closed()
        self.assert_ended(daemon)

    def test_a_terminal_that_goes_away_leaves_neither(self):
        terminal, daemon = self.explaining()
        terminal.close()  # This waits for the editor.
        self.assert_ended(daemon)
