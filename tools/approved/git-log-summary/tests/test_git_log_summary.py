"""Run with: python3 tests/test_git_log_summary.py"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from git_log_summary import summarize  # noqa: E402


class Summarize(unittest.TestCase):
    def test_commits_are_counted_by_author_day_and_kind(self):
        commits = [
            ("c3", "Ada", "2026-01-02", "feat(x): more"),
            ("c2", "Ada", "2026-01-02", "fix!: less"),
            ("c1", "Bo", "2026-01-01", "Begin"),
        ]
        answer = summarize(commits, 1)
        self.assertEqual(answer["authors"], {"Ada": 2, "Bo": 1})
        self.assertEqual(answer["days"], {"2026-01-01": 1, "2026-01-02": 2})
        self.assertEqual(answer["kinds"], {"feat": 1, "fix": 1, "other": 1})
        self.assertEqual([one["commit"] for one in answer["newest"]], ["c3"])

    def test_no_commits_are_no_error(self):
        self.assertEqual(summarize([], 5)["commits"], 0)


if __name__ == "__main__":
    unittest.main()
