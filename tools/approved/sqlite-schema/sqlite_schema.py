"""Describes the tables of an SQLite database. The file is only read: what is described is a copy in memory."""

import json
import os
import sqlite3
import sys

MOST_BYTES = 100_000_000


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def describe_table(connection, name, kind, counts):
    """Columns, keys and indexes of one table or view."""
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    columns = [
        {"name": column, "type": type_, "required": bool(required), "key": bool(key)}
        for _, column, type_, required, _, key, _ in rows
    ]
    keys = connection.execute(f"PRAGMA foreign_key_list({quoted(name)})").fetchall()
    references = [{"column": key[3], "table": key[2], "references": key[4]} for key in keys]
    indexes = [index[1] for index in connection.execute(f"PRAGMA index_list({quoted(name)})")]
    table = {"name": name, "kind": kind, "columns": columns, "references": references, "indexes": sorted(indexes)}
    if counts and kind == "table":
        table["rows"] = connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]
    return table


def describe(root, database, counts=True):
    base, path = os.path.realpath(root), os.path.realpath(os.path.join(root, database))
    if not path.startswith(base + os.sep):
        raise ValueError(f"{database!r} is outside of the workspace")
    if not os.path.isfile(path):
        raise ValueError(f"there is no file {database!r} in the workspace")
    if os.path.getsize(path) > MOST_BYTES:
        raise ValueError(f"{database!r} has more than {MOST_BYTES} bytes")
    with open(path, "rb") as file:
        content = file.read()
    # A database with a write-ahead log cannot be opened in memory. What is only in the log is not seen.
    if content[18:20] == b"\2\2":
        content = content[:18] + b"\1\1" + content[20:]
    connection = sqlite3.connect(":memory:")
    try:
        if content:
            connection.deserialize(content)
        found = connection.execute(
            "SELECT name, type FROM sqlite_schema"
            " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        ).fetchall()
        tables = [describe_table(connection, name, kind, counts) for name, kind in found]
    except sqlite3.Error as error:
        raise ValueError(f"sqlite: {error}") from None
    finally:
        connection.close()
    return {"bytes": len(content), "tables": tables}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = describe(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
