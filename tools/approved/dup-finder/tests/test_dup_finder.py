"""Run with: python3 -m unittest discover -s tests"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from dup_finder import find  # noqa: E402


class Find(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def test_equal_content_is_a_group_equal_size_is_not(self):
        for name, content in {"a": "same", "b": "same", "c": "diff", "d": "longer"}.items():
            (self.root / name).write_text(content)
        self.assertEqual(
            find(self.root, "."),
            {"files": 4, "wasted_bytes": 4, "groups": [{"bytes": 4, "paths": ["a", "b"]}]},
        )

    def test_links_are_not_copies(self):
        (self.root / "a").write_text("x")
        (self.root / "b").symlink_to("a")
        self.assertEqual(find(self.root, ".")["groups"], [])


if __name__ == "__main__":
    unittest.main()
