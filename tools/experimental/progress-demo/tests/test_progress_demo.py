"""Run with: python3 -m unittest discover -s tests"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from progress_demo import bar  # noqa: E402


class Bar(unittest.TestCase):
    def test_every_state_is_equally_wide_so_that_it_overwrites_the_one_before(self):
        self.assertEqual(len({len(bar(step, tick)) for step in (1, 5) for tick in range(21)}), 1)


if __name__ == "__main__":
    unittest.main()
