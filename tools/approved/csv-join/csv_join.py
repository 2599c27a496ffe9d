"""Joins two CSV texts by a column."""

import csv
import io
import json
import sys

MOST_ROWS = 200_000


def table(text, what):
    """Header and rows; every row gets as many cells as the header has."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"{what} is not valid CSV: {error}") from None
    if not rows:
        raise ValueError(f"{what} has no header")
    header = rows[0]
    for number, row in enumerate(rows[1:], 2):
        if len(row) > len(header):
            raise ValueError(f"{what}: row {number} has more cells than the header")
        row.extend([""] * (len(header) - len(row)))
    return header, rows[1:]


def place(header, column, what):
    if header.count(column) != 1:
        times = "no" if column not in header else "more than one"
        raise ValueError(f"{what} has {times} column {column!r}; it has {', '.join(header)}")
    return header.index(column)


def paired(left_rows, right_rows, at, other, how):
    """Pairs of rows that belong together; `None` where a row has no partner."""
    partners = {}
    for row in right_rows:
        partners.setdefault(row[other], []).append(row)
    keys = {row[at] for row in left_rows}
    lonely = [row for row in right_rows if row[other] not in keys]
    pairs, alone = [], 0
    for row in left_rows:
        found = partners.get(row[at], [])
        alone += not found
        pairs += [(row, one) for one in found or ([] if how == "inner" else [None])]
        if len(pairs) > MOST_ROWS:
            raise ValueError(f"the result has more than {MOST_ROWS} rows; is the column a key?")
    pairs += [(None, row) for row in lonely if how == "full"]
    return pairs, alone, len(lonely)


def join(left, right, on, right_on=None, how="inner"):
    (left_head, left_rows), (right_head, right_rows) = table(left, "left"), table(right, "right")
    at, other = place(left_head, on, "left"), place(right_head, right_on or on, "right")
    pairs, left_only, right_only = paired(left_rows, right_rows, at, other, how)

    def without_key(row):
        return row[:other] + row[other + 1 :]

    names = [f"right_{name}" if name in left_head else name for name in without_key(right_head)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(left_head + names)
    for one, partner in pairs:
        first = one or [partner[other] if i == at else "" for i in range(len(left_head))]
        writer.writerow(first + (without_key(partner) if partner else [""] * len(names)))
    return {"csv": out.getvalue(), "rows": len(pairs), "left_only": left_only, "right_only": right_only}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = join(**request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
