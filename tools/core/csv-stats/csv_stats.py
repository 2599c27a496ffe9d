"""Describe every column of a CSV text."""

import csv
import io
import json
import math
import sys


def delimiter_of(text, wanted):
    """The wanted delimiter, or the one that occurs most often in the first line."""
    if wanted != "auto":
        return wanted
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def as_number(cell):
    """The cell as int or float, or None."""
    for convert in (int, float):
        try:
            value = convert(cell)
        except ValueError:
            continue
        return value if math.isfinite(value) else None
    return None


def describe(name, cells):
    """The facts about one column."""
    filled = [cell for cell in cells if cell.strip()]
    facts = {"name": name, "type": "empty", "empty": len(cells) - len(filled), "distinct": len(set(filled))}
    numbers = [as_number(cell) for cell in filled]
    if filled and None not in numbers:
        facts["type"] = "integer" if all(isinstance(n, int) for n in numbers) else "number"
        facts.update(min=min(numbers), max=max(numbers), mean=math.fsum(numbers) / len(numbers))
    elif filled:
        facts.update(type="text", longest=max(map(len, filled)))
    return facts


def stats(text, wanted="auto"):
    """Rows and columns of the table.

    Raises ValueError, with the line, when a row does not have as many cells as the header.
    """
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter_of(text, wanted))
    header = next(reader, [])
    rows = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise ValueError(f"line {reader.line_num} has {len(row)} cells, the header has {len(header)}")
        rows.append(row)
    columns = [describe(name, [row[i] for row in rows]) for i, name in enumerate(header)]
    return {"rows": len(rows), "columns": columns}


def main():
    request = json.load(sys.stdin)
    try:
        answer = stats(request["csv"], request.get("delimiter", "auto"))
    except (ValueError, OverflowError, csv.Error) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
