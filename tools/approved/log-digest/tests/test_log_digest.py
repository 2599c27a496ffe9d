"""Run with: python3 -m unittest discover -s tests"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from log_digest import digest, fold  # noqa: E402


class Digest(unittest.TestCase):
    def test_times_ids_and_addresses_are_folded(self):
        self.assertEqual(fold("2026-01-02T03:04:05Z job 0xdeadbeef at 10.0.0.1:80 took 17 ms"), "# job # at # took # ms")
        self.assertEqual(fold("request 550e8400-e29b-41d4-a716-446655440000 lost"), "request # lost")

    def test_words_are_not_folded(self):
        self.assertEqual(fold("feedback deadline"), "feedback deadline")

    def test_only_the_most_frequent_are_kept(self):
        self.assertEqual([m["count"] for m in digest("a\nb\nb\nc\n", top=1)["messages"]], [2])


if __name__ == "__main__":
    unittest.main()
