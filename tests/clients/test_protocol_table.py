"""The table of the protocol's shapes that all tests use is what the protocol's own package declares.
"""

import os
import subprocess
import unittest

from tests.support.counterparties import FOLDER, require_node
from tests.support.scratch import ROOT

TABLE = os.path.join(ROOT, 'tests', 'support', 'lsp_shapes.json')


class ProtocolTableTest(unittest.TestCase):
    def test_it_is_as_declared(self):
        require_node()
        made = subprocess.run(['node', 'shapes.mjs'], cwd=FOLDER, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, check=True, timeout=120).stdout.decode()
        with open(TABLE, encoding='utf-8') as file:
            self.assertEqual(made, file.read(), 'run: node tests/counterparties/shapes.mjs > '
                                                'tests/support/lsp_shapes.json')


if __name__ == '__main__':
    unittest.main()
