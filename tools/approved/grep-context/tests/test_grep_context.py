"""Run with: python3 tests/test_grep_context.py"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from grep_context import search  # noqa: E402


class Search(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "a.txt").write_text("one\ntwo\nthree (3)\nfour\n")
        (self.root / "b.bin").write_bytes(b"\0two")
        (self.root / "c.txt").write_bytes(b"T\xff two\n")

    def test_a_match_has_its_line_and_the_lines_around(self):
        answer = search(self.root, "two", context=1)
        expected = [
            {"path": "a.txt", "line": 2, "text": "one\ntwo\nthree (3)"},
            {"path": "c.txt", "line": 1, "text": "T\ufffd two"},
        ]
        self.assertEqual(answer, {"searched": 3, "matches": expected, "complete": True})

    def test_plain_text_is_no_pattern_and_a_pattern_is_one(self):
        self.assertEqual(len(search(self.root, "(3)")["matches"]), 1)
        self.assertEqual(len(search(self.root, "^T.*O$", regex=True, ignore_case=True)["matches"]), 2)
        with self.assertRaisesRegex(ValueError, "not a regular expression"):
            search(self.root, "(", regex=True)

    def test_the_limit_says_that_there_is_more(self):
        self.assertEqual(search(self.root, "o", limit=1)["complete"], False)


if __name__ == "__main__":
    unittest.main()
