"""The settings in editors/README.md of editors that cannot be had here: their syntax."""

import json
import os
import re
import shutil
import subprocess
import tomllib
import unittest

from tests.support.editor_client import snippet
from tests.support.scratch import ROOT, Scratch

NOT_RUN = {'Vim: vim-lsp': 'vim', 'Vim and Neovim: coc.nvim': 'json', 'Kakoune: kakoune-lsp': 'kak',
           'Zed': 'json'}


class SettingsPageTest(unittest.TestCase):
    def test_every_section_says_what_was_tested(self):
        with open(os.path.join(ROOT, 'editors', 'README.md'), encoding='utf-8') as file:
            sections = file.read().split('\n## ')[1:]
        for section in sections:
            heading, text = section.split('\n', 1)
            with self.subTest(heading=heading):
                self.assertRegex(text, r'\A\nNot run\.' if heading in NOT_RUN else r'\A\nTested with ')
        self.assertLessEqual(set(NOT_RUN), {section.split('\n', 1)[0] for section in sections})

    def test_vim_lsp(self):
        """By Vim, with a vim-lsp that writes down what it is told."""
        if not shutil.which('vim'):
            self.skipTest('vim is not installed')
        with Scratch() as scratch:
            scratch.write('autoload/lsp.vim', 'function! lsp#register_server(it) abort\n'
                          f"  call writefile([json_encode(a:it)], '{scratch.work}/told')\nendfunction\n")
            settings = scratch.write('vimrc', snippet('Vim: vim-lsp', 'vim'))
            subprocess.run(['vim', '-N', '-u', 'NONE', '-i', 'NONE', '-n', '-es',
                            '-c', f'set runtimepath={scratch.work}', '-S', settings,
                            '-c', 'doautocmd User lsp_setup', '-c', 'qa!'],
                           env=scratch.env(), cwd=scratch.work, stdin=subprocess.DEVNULL, timeout=30,
                           check=True)
            told = json.loads(scratch.read('told'))
        self.assertEqual((told['cmd'], told['allowlist']), (['gridls'], ['*']))

    def test_json(self):
        coc = json.loads(snippet('Vim and Neovim: coc.nvim', 'json'))
        self.assertEqual(coc['languageserver']['gridls']['command'], 'gridls')
        zed = json.loads(snippet('Zed', 'json'))
        self.assertEqual(zed['lsp']['clangd']['binary']['path'], 'gridls')

    def test_kakoune(self):
        """Its braces, and the TOML within."""
        text = snippet('Kakoune: kakoune-lsp', 'kak')
        self.assertEqual(text.count('{'), text.count('}'))
        inner = re.search(r'lsp_servers %\{\n(.*?)\n    \}', text, re.S)[1]
        self.assertEqual(tomllib.loads(inner)['gridls']['command'], 'gridls')


if __name__ == '__main__':
    unittest.main()
