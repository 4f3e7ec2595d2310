#!/usr/bin/python3
"""The plugin in the Neovim of Debian forky (0.12 or newer), in a terminal.

    editors/later_debian forky build-test/later-debian/forky neovim hx
    GRIDLS=build/daemon/gridls GRIDLS_LATER_DEBIAN=build-test/later-debian \
        python3 tests/editors/test_nvim_forky.py
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import nvim_case  # noqa: E402
import nvim_tests  # noqa: E402


def load_tests(loader, _tests, _pattern):
    return nvim_case.load(loader, 'forky',
                          [*nvim_tests.CASES, nvim_tests.OwnInlineCompletionTest])


if __name__ == '__main__':
    unittest.main()
