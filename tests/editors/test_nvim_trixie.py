#!/usr/bin/python3
"""The plugin in the Neovim of Debian trixie (0.10 or newer), in a terminal.

    editors/later_debian trixie build-test/later-debian/trixie neovim hx
    GRIDLS=build/daemon/gridls GRIDLS_LATER_DEBIAN=build-test/later-debian \
        python3 tests/editors/test_nvim_trixie.py
"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import nvim_case  # noqa: E402
import nvim_tests  # noqa: E402


def load_tests(loader, _tests, _pattern):
    return nvim_case.load(loader, 'trixie', nvim_tests.CASES)


if __name__ == '__main__':
    unittest.main()
