"""Run with: python3 tests/test_symbol_index.py"""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from symbol_index import index  # noqa: E402

CODE = """
LIMIT = other = 3

async def load(path: str, *, deep=True) -> bytes: ...

class Store(Base):
    def get(self): ...
"""


class Index(unittest.TestCase):
    def test_definitions_have_kind_line_and_text(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.py").write_text(CODE)
            (root / "broken.py").write_text("def (:")
            answer = index(root)
        rows = [(one["kind"], one["name"], one["line"], one["text"]) for one in answer["symbols"]]
        self.assertEqual(
            rows,
            [
                ("constant", "LIMIT", 2, "LIMIT"),
                ("function", "load", 4, "load(path: str, *, deep=True) -> bytes"),
                ("class", "Store", 6, "Store(Base)"),
                ("method", "Store.get", 7, "get(self)"),
            ],
        )
        self.assertEqual([one["path"] for one in answer["failed"]], ["broken.py"])


if __name__ == "__main__":
    unittest.main()
