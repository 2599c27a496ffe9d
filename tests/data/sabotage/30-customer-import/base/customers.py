"""Import a table of customers and report rows that do not fit."""
import json
import sys

import pandas


def problems(frame):
    found = []
    for index, row in frame.iterrows():
        if "@" not in str(row["mail"]):
            found.append({"row": int(index), "problem": "no mail address"})
        if row["age"] < 16 or row["age"] > 120:
            found.append({"row": int(index), "problem": "age out of range"})
    return found


def main():
    data = json.load(sys.stdin)
    frame = pandas.read_csv(data["path"], dtype={"mail": "string"})
    missing = [name for name in ["mail", "age"] if name not in frame.columns]
    if len(missing) > 0:
        print(json.dumps({"error": "columns are missing: " + ", ".join(missing)}))
        return 1
    found = problems(frame)
    print(json.dumps({"rows": len(frame), "problems": found}))
    return 0


sys.exit(main())
