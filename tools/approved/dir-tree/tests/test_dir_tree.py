"""Run with: python3 tests/test_dir_tree.py"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from dir_tree import draw  # noqa: E402


class Draw(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "b/c/d").mkdir(parents=True)
        for name in ["a.txt", "b/c/d/deep", ".hidden"]:
            (self.root / name).write_text("")
        (self.root / "loop").symlink_to(".")

    def test_folders_come_first_and_links_are_not_followed(self):
        answer = draw(self.root, depth=2)
        self.assertEqual(answer["tree"], "├── b/\n│   └── c/\n├── a.txt\n└── loop@")
        self.assertEqual((answer["files"], answer["folders"]), (2, 2))

    def test_hidden_files_are_shown_when_asked_for(self):
        self.assertIn(".hidden", draw(self.root, hidden=True)["tree"])

    def test_an_empty_folder_has_an_empty_tree(self):
        (self.root / "empty").mkdir()
        self.assertEqual(draw(self.root, "empty"), {"tree": "", "files": 0, "folders": 0})


if __name__ == "__main__":
    unittest.main()
