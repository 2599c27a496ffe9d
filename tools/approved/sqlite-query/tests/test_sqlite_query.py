"""Run with: python3 tests/test_sqlite_query.py"""

import pathlib
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from sqlite_query import query  # noqa: E402


class Query(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        with sqlite3.connect(pathlib.Path(self.root) / "a.db") as made:
            made.execute("CREATE TABLE t (n INTEGER, b BLOB)")
            made.executemany("INSERT INTO t VALUES (?, ?)", [(1, b"\xff"), (2, None)])
        made.close()

    def test_rows_have_columns_and_bytes_are_base64(self):
        answer = query(self.root, "a.db", "SELECT n, b FROM t ORDER BY n", limit=1)
        self.assertEqual(answer, {"columns": ["n", "b"], "rows": [[1, {"base64": "/w=="}]], "complete": False})

    def test_nothing_but_reading_is_done(self):
        for sql in ["DELETE FROM t", "DROP TABLE t", "ATTACH '/tmp/x' AS x", "PRAGMA journal_mode=WAL", "SELECT 1; SELECT 2",
                    "SELECT load_extension('x')"]:
            with self.assertRaises(ValueError, msg=sql):
                query(self.root, "a.db", sql)
        self.assertEqual(query(self.root, "a.db", "SELECT count(*) FROM t")["rows"], [[2]])
        self.assertEqual([one.name for one in pathlib.Path(self.root).iterdir()], ["a.db"])

    def test_a_file_that_is_no_database_is_refused(self):
        (pathlib.Path(self.root) / "b.db").write_text("not a database, but longer than its header " * 20)
        with self.assertRaisesRegex(ValueError, "not a database"):
            query(self.root, "b.db", "SELECT * FROM t")

    def test_a_database_with_a_write_ahead_log_and_an_empty_one_are_read(self):
        path = pathlib.Path(self.root) / "w.db"
        made = sqlite3.connect(path)
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE t (n)")
        made.commit()
        made.close()
        self.assertEqual(query(self.root, "w.db", "SELECT count(*) FROM t")["rows"], [[0]])
        (pathlib.Path(self.root) / "e.db").write_bytes(b"")
        self.assertEqual(query(self.root, "e.db", "SELECT 1")["rows"], [[1]])


if __name__ == "__main__":
    unittest.main()
