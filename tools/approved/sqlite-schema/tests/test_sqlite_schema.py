"""Run with: python3 tests/test_sqlite_schema.py"""

import pathlib
import sqlite3
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from sqlite_schema import describe  # noqa: E402


class Describe(unittest.TestCase):
    def test_tables_have_columns_keys_indexes_and_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            made = sqlite3.connect(pathlib.Path(folder) / "a?b.db")
            made.executescript(
                'CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);'
                'CREATE TABLE "per son" (team INTEGER REFERENCES team(id));'
                'CREATE INDEX by_name ON team(name);'
                "INSERT INTO team VALUES (1, 'a'), (2, 'b');"
                'CREATE VIEW names AS SELECT name FROM team;'
            )
            made.close()
            names, person, team = describe(folder, "a?b.db")["tables"]
        self.assertEqual((names["kind"], "rows" in names), ("view", False))
        self.assertEqual(person["references"], [{"column": "team", "table": "team", "references": "id"}])
        self.assertEqual((team["rows"], team["indexes"]), (2, ["by_name"]))
        self.assertEqual(team["columns"][1], {"name": "name", "type": "TEXT", "required": True, "key": False})


if __name__ == "__main__":
    unittest.main()
