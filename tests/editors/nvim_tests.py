"""The tests of Neovim, for the files that run them: those of Vim, and what is Neovim's own."""

import test_vim
from nvim_case import Nvim
from test_vim import SOURCE, Wait, stream


class GhostTextTest(Nvim, test_vim.GhostTextTest):
    def test_tab_expands_an_abbreviation_where_nothing_is_shown(self):
        """From 0.11 on, Neovim itself has a map for Tab, which expands none."""
        self.complete_with_nothing_more()
        terminal = self.vim(extra='iabbrev teh the')
        terminal.type('Oteh')
        terminal.keys('Tab')
        expected = 'the' if self.suite == 'trixie' else 'teh'
        self.assertEqual(self.save(terminal), f'{expected}     \n' + SOURCE)


    def test_tabs_and_wide_characters_are_shown_as_they_will_stand(self):
        terminal = self.asked('a,\tb', text='\tint\tf(漢);\tx\n', place='漢')
        shown = terminal.wait_for('a,').split('\n')[0]
        terminal.keys('Tab')
        terminal.wait_cursor(25, 0)
        self.assertEqual(terminal.screen().split('\n')[0], shown)
        self.assertEqual(self.save(terminal), '\tint\tf(a,\tb漢);\tx\n')

    def test_beside_the_menu_of_completion(self):
        self.complete_with('total = first();')
        self.complete_with_nothing_more()
        terminal = self.vim(extra='set completeopt=menu,menuone,noselect', after='let b:gridls_enabled = 0')
        self.new_line(terminal)
        terminal.keys('C-n')
        terminal.wait_for('Back at original')
        self.ask_now(terminal)
        terminal.wait_for('    total = first();')
        terminal.keys('C-n')
        terminal.wait_for(lambda screen: '    return\n' in screen and 'total' not in screen)
        terminal.keys('C-y', 'Tab')
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('{\n', '{\n    return      x\n'))

    def test_what_is_repeated_is_what_was_typed(self):
        terminal = self.offered('otal = first();')
        terminal.type('t')
        terminal.wait_for('total = first();')
        terminal.keys('Tab')
        terminal.wait_cursor(20, 2)
        terminal.keys('Escape')
        terminal.type(':GridlsToggle\r')
        terminal.wait_for('ghost text is off')
        terminal.type('qaolast();\x1bq@a')
        terminal.wait_for('    last();\n    last();')
        terminal.type('.')
        terminal.wait_for('    last();\n    last();\n    last();')
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    total = first();\n' + 3 * '    last();\n'))


class SwitchTest(Nvim):
    def test_off_for_a_filetype_and_in_a_buffer(self):
        self.write('b.c', SOURCE)
        terminal = self.vim(extra="let g:gridls_disabled_filetypes = ['c']\nset hidden")

        def nothing_comes():
            terminal.type('ox\x1b')
            self.status(terminal)
            terminal.wait_for('gridls: ready')
            self.assertEqual(self.upstream.count(method='POST'), 0)

        nothing_comes()
        terminal.type(':GridlsToggle filetype\r')
        terminal.wait_for('ghost text is on in c texts')
        terminal.type(':GridlsToggle buffer\r')
        terminal.wait_for('ghost text is off in this buffer')
        nothing_comes()
        self.complete_with('int shown;')
        terminal.type(':edit b.c\r')
        terminal.type('O')
        terminal.wait_for('int shown;')


class NameTest(Nvim):
    def test_another_name_another_filetype_and_none(self):
        self.upstream.answer(stream('It explains.'), times=None, model='code-prime')
        terminal = self.vim()

        def explained():
            terminal.type(':only\r:%GridlsExplain\r')
            terminal.wait_for('It explains.')
            return self.upstream.expect(method='POST').prompt

        self.assertIn('path="a.c" language="c"', explained())
        terminal.type(':file b.py\r')
        self.assertIn('path="b.py" language="c"', explained())
        terminal.type(':set filetype=python\r')
        self.assertIn('path="b.py" language="python"', explained())
        terminal.type(':only\r:enew!\r:GridlsExplain\r')
        terminal.wait_for('this buffer has no name yet')

    def test_stopped_by_a_person(self):
        terminal = self.vim()
        self.status(terminal)
        terminal.wait_for('gridls: ready')
        stop = 'c.stop()' if self.suite == 'trixie' else 'c:stop()'
        terminal.type(f':lua local c = vim.lsp.get_clients()[1] {stop}\r')
        terminal.wait_for(lambda screen: 'a.c gridls' not in screen)
        self.assertEqual(self.daemons(terminal), [])
        self.status(terminal)
        terminal.wait_for('gridls: ready')
        terminal.type(':messages\r')
        terminal.wait_for(lambda screen: ':messages' not in screen and 'gridls: ready' in screen)
        self.assertNotIn('has ended', terminal.screen())


class GoneTest(Nvim):
    def test_a_text_that_goes_away_ends_what_is_about_it(self):
        self.write('b.c', 'int b;\n')
        self.upstream.answer(stream('It returns ', Wait('go'), 'one.'), model='code-prime')
        self.upstream.answer(stream('long a;\n', Wait('go'), 'long b;\n'), model='code-prime')
        self.upstream.answer(stream('total', Wait('go'), ' = 1;\n'), model='code-standard')
        terminal = self.vim(height=30)
        self.explain(terminal, 4)
        terminal.wait_for('It returns')
        self.rewrite(terminal, 2, 'make them long')
        self.new_line(terminal)
        self.upstream.expect(method='POST', model='code-standard')
        terminal.keys('Escape')
        terminal.type(':edit! b.c\r:bwipeout! a.c\r')
        terminal.wait_for('b.c gridls')
        self.upstream.release('go')
        terminal.wait_for('It returns one.')
        terminal.wait_for('the text has changed meanwhile')
        self.assertEqual(self.save(terminal, 'b.c'), 'int b;\n')


class ExplainTest(Nvim, test_vim.ExplainTest):
    pass


class RefactorTest(Nvim, test_vim.RefactorTest):
    pass


class PreviewTest(Nvim, test_vim.PreviewTest):
    pass


class ProjectTest(Nvim, test_vim.ProjectTest):
    pass


class CommitTest(Nvim, test_vim.CommitTest):
    pass


class DaemonTest(Nvim, test_vim.DaemonTest):
    pass


class FixTest(Nvim):
    TEXT = 'int a\nint b;\n'

    def test_what_a_diagnostic_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT, after=(
            "lua vim.diagnostic.set(vim.api.nvim_create_namespace('test'), 0, {{lnum=0, col=5, "
            "end_lnum=0, end_col=5, severity=1, message='expected a semicolon', source='cc', code='E7'}})"))
        terminal.type(':GridlsFix\r')
        terminal.wait_for('int a;')
        self.assertEqual(self.save(terminal), 'int a;\nint b;\n')
        self.assertIn('expected a semicolon', self.upstream.expect(method='POST').prompt)

    def test_nothing_is_wrong(self):
        terminal = self.vim(text=self.TEXT)
        terminal.type(':GridlsFix\r')
        terminal.wait_for('there is no diagnostic on this line')



class HealthTest(Nvim):
    def test_health(self):
        self.upstream.answer(stream('ready'), times=None, method='POST')
        terminal = self.vim(height=40, width=120)
        terminal.type('jox\x1b:1,4GridlsExplain\r')
        terminal.wait_for('i asks on')
        terminal.type(':only\r:checkhealth gridls\r')
        terminal.wait_for('OK The daemon is gridls ')
        terminal.wait_for('OK key: accepted')
        if self.suite != 'trixie':
            terminal.type(':quit\r:checkhealth vim.deprecated\r')
            terminal.wait_for('No deprecated functions detected')

    def test_without_a_daemon(self):
        terminal = self.vim(after='let g:gridls_command = ["/nowhere/gridls"]', width=120)
        terminal.type(':checkhealth gridls\r')
        terminal.wait_for("There is no program '/nowhere/gridls'")
        terminal.wait_for('see :help gridls-install')


class OwnInlineCompletionTest(Nvim):
    """Neovim's own (0.12), where a person has turned it on: it asks the daemon, and ours stands aside."""

    EXTRA = """
lua vim.lsp.inline_completion.enable()
inoremap <expr> <Tab> v:lua.vim.lsp.inline_completion.get() ? '' : '<Tab>'
"""

    def test_it_shows_and_accepts_and_ours_does_not(self):
        self.complete_with('otal = first();\n    last();')
        self.complete_with_nothing_more()
        terminal = self.vim(extra=self.EXTRA)
        self.status(terminal)
        terminal.wait_for('gridls: ready')
        terminal.type('jot')
        terminal.wait_for('    total = first();\n    last();\n    return 1;')
        self.assertNotIn(self.GHOST_COLOUR, terminal.screen(colours=True))
        terminal.keys('Tab')
        terminal.wait_cursor(11, 3)
        self.assertEqual(self.save(terminal), SOURCE.replace(
            '{\n', '{\n    total = first();\n    last();\n', 1))

    def test_ours_shows_where_it_is_off_for_gridls(self):
        self.complete_with('otal = first();')
        self.complete_with_nothing_more()
        terminal = self.vim(extra=self.EXTRA)
        self.status(terminal)
        terminal.wait_for('gridls: ready')
        terminal.type(':lua vim.lsp.inline_completion.enable(false, '
                      '{ client_id = vim.lsp.get_clients()[1].id })\r')
        terminal.type('jot')
        terminal.wait_for(self.GHOST_COLOUR + 'otal = first();', colours=True)


CASES = [GhostTextTest, SwitchTest, NameTest, GoneTest, ExplainTest, RefactorTest, PreviewTest, ProjectTest,
         CommitTest, DaemonTest, FixTest, HealthTest]
