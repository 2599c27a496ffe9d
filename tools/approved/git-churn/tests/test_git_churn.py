"""Run with: python3 tests/test_git_churn.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from git_churn import count  # noqa: E402


class Count(unittest.TestCase):
    def test_changes_of_a_file_add_up(self):
        files = count(["=Ada", "", "3\t1\ta.py", "-\t-\tlogo.png", "=Bo", "", "2\t0\ta.py", ""])
        self.assertEqual(files["a.py"], {"commits": 2, "added": 5, "removed": 1, "authors": {"Ada", "Bo"}})
        self.assertEqual(files["logo.png"]["added"], 0)

    def test_nothing_is_nothing(self):
        self.assertEqual(count([""]), {})


if __name__ == "__main__":
    unittest.main()
