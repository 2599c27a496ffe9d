"""Import a table of customers and report rows that do not fit."""
import json
import sys
from typing import Any, Iterator

import pandas as pd

COLUMNS = ["mail", "age"]
YOUNGEST, OLDEST = 16, 120


def complaints(row: Any) -> Iterator[str]:
    if "@" not in str(row["mail"]):
        yield "no mail address"
    if not YOUNGEST <= row["age"] <= OLDEST:
        yield "age out of range"


def problems(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"row": int(index), "problem": complaint}
        for index, row in table.iterrows()
        for complaint in complaints(row)
    ]


def main() -> int:
    path = json.load(sys.stdin)["path"]
    table = pd.read_csv(path, dtype={"mail": "string"})
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        print(json.dumps({"error": f"columns are missing: {', '.join(missing)}"}))
        return 1
    print(json.dumps({"rows": len(table), "problems": problems(table)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
