"""Programs of later Debians than this one, which tests/run gets by editors/later_debian.

    PATH = programs('trixie')     # the folder that they are in

skips the test, with the reason, where they could not be had.
"""

import os
import pathlib
import unittest

# Suites, the oldest first.
SUITES = ('trixie', 'forky')


def missing(suite):
    """Why there are no programs of a suite; None where there are."""
    folder = os.environ.get('GRIDLS_LATER_DEBIAN')
    if not folder:
        return 'GRIDLS_LATER_DEBIAN names no folder of editors/later_debian'
    here = pathlib.Path(folder, suite)
    if (here / 'packages').exists():
        return None
    why = here / 'why'
    return why.read_text().strip() if why.exists() else f'there is no {here}'


def programs(suite):
    why = missing(suite)
    if why:
        raise unittest.SkipTest(why)
    return os.path.join(os.path.abspath(os.environ['GRIDLS_LATER_DEBIAN']), suite, 'bin')
