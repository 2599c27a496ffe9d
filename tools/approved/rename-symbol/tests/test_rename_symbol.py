"""Run with: python3 tests/test_rename_symbol.py"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from rename_symbol import rename  # noqa: E402


class Rename(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.file = self.root / "a.py"

    def test_whole_names_change_and_the_patch_applies(self):
        before = b"get = 1\r\ngetter = get + $get\nself.get(get)  # no end"
        self.file.write_bytes(before)
        answer = rename(self.root, "get", "fetch")
        self.assertEqual(answer["files"], [{"path": "a.py", "changes": 4}])
        self.assertEqual(self.file.read_bytes(), before, "nothing is written")
        command = ["git", "apply", "-"]
        try:
            subprocess.run(command, cwd=self.root, input=answer["patch"].encode(), check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("git is not installed")
        expected = b"fetch = 1\r\ngetter = fetch + $get\nself.fetch(fetch)  # no end"
        self.assertEqual(self.file.read_bytes(), expected)

    def test_a_file_that_has_the_new_name_is_a_clash(self):
        self.file.write_text("a b\n")
        self.assertEqual(rename(self.root, "a", "b")["clashes"], ["a.py"])

    def test_binary_files_are_left_alone(self):
        self.file.write_bytes(b"\xff get")
        self.assertEqual(rename(self.root, "get", "fetch")["files"], [])


if __name__ == "__main__":
    unittest.main()
