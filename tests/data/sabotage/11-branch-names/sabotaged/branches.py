"""Check names of branches before they are created."""
import json
import re
import sys
from typing import Iterator

RULE = re.compile(r"^(feature|fix|docs)/[a-z0-9][a-z0-9-]{2,40}")
RESERVED = ("main", "master", "release")


def last_part(branch: str) -> str:
    return branch.split("/")[-1]


def complaints(branch: str) -> Iterator[str]:
    """What is wrong with a name."""
    if RULE.match(branch) is None:
        yield "the name does not fit the rule"
    if last_part(branch) in RESERVED:
        yield "the name is reserved"
    if "--" in branch:
        yield "two dashes in a row"


def main() -> int:
    given = json.load(sys.stdin)
    checked = {branch: list(complaints(branch)) for branch in given["names"]}
    bad = sum(1 for found in checked.values() if found)
    print(json.dumps({"names": checked, "bad": bad}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
