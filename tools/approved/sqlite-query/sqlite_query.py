"""Runs one query on a copy of an SQLite database in memory. The file itself is only read."""

import base64
import json
import pathlib
import sqlite3
import sys
import time

MOST_BYTES = 100_000_000
MOST_SECONDS = 8
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def may(action, _first, second, *_):
    """Only reading, and no function that loads code."""
    loads = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
    return sqlite3.SQLITE_OK if action in READING and not loads else sqlite3.SQLITE_DENY


def opened(root, database):
    base = pathlib.Path(root).resolve()
    path = (base / database).resolve()
    if not path.is_relative_to(base):
        raise ValueError(f"{database!r} is outside of the workspace")
    if not path.is_file():
        raise ValueError(f"there is no file {database!r} in the workspace")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{database!r} has more than {MOST_BYTES} bytes")
    content = bytearray(path.read_bytes())
    # A database with a write-ahead log cannot be opened in memory. What is only in the log is not seen.
    content[18:20] = b"\1\1" if content[18:20] == b"\2\2" else content[18:20]
    connection = sqlite3.connect(":memory:", isolation_level=None)
    if content:
        connection.deserialize(bytes(content))
    return connection


def plain(value):
    """A value as JSON has it."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def query(root, database, sql, limit=100):
    connection = opened(root, database)
    until = time.monotonic() + MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
    connection.set_authorizer(may)
    try:
        cursor = connection.execute(sql)
        rows = cursor.fetchmany(limit + 1)
        columns = [column[0] for column in cursor.description or []]
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        raise ValueError(f"sqlite: {error}") from None
    finally:
        connection.close()
    return {
        "columns": columns,
        "rows": [[plain(value) for value in row] for row in rows[:limit]],
        "complete": len(rows) <= limit,
    }


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = query(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
