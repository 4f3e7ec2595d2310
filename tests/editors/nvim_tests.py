"""The tests of Neovim, for the files that run them: those of Vim, and what is Neovim's own."""

import test_vim
from nvim_case import Nvim
from test_vim import SOURCE, stream


class GhostTextTest(Nvim, test_vim.GhostTextTest):
    def test_tab_expands_an_abbreviation_where_nothing_is_shown(self):
        """From 0.11 on, Neovim itself has a map for Tab, which expands none."""
        self.complete_with_nothing_more()
        terminal = self.vim(extra='iabbrev teh the')
        terminal.type('Oteh')
        terminal.keys('Tab')
        expected = 'the' if self.suite == 'trixie' else 'teh'
        self.assertEqual(self.save(terminal), f'{expected}     \n' + SOURCE)


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



CASES = [GhostTextTest, ExplainTest, RefactorTest, PreviewTest, ProjectTest, CommitTest, DaemonTest,
         FixTest]
