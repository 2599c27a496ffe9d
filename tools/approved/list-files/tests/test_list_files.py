"""Run with: python3 tests/test_list_files.py"""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from list_files import find  # noqa: E402


class Find(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name, size in {"a.py": 1, "sub/b.py": 3, "sub/é.md": 2, ".git/config.py": 9}.items():
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text("x" * size)
        os.utime(self.root / "a.py", (0, 0))

    def paths(self, **request):
        return [file["path"] for file in find(self.root, **request)["files"]]

    def test_names_paths_sizes_and_ages_select(self):
        self.assertEqual(self.paths(name="*.py"), ["a.py", "sub/b.py"])
        self.assertEqual(self.paths(name="sub/*"), ["sub/b.py", "sub/é.md"])
        self.assertEqual(self.paths(min_bytes=2, sort="size"), ["sub/b.py", "sub/é.md"])
        self.assertEqual(self.paths(name="*.py", newer_than_days=1), ["sub/b.py"])

    def test_the_limit_cuts_the_list_and_not_the_count(self):
        answer = find(self.root, limit=1)
        self.assertEqual((answer["count"], len(answer["files"])), (3, 1))
        self.assertEqual(answer["files"][0], {"path": "a.py", "bytes": 1, "modified": "1970-01-01T00:00:00Z"})


if __name__ == "__main__":
    unittest.main()
