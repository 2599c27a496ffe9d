"""Check names of branches before they are created."""
import json
import re
import sys

NAME = re.compile(r"^(feature|fix|docs)/[a-z0-9][a-z0-9-]{2,40}$")
RESERVED = ("main", "master", "release")


def problems(name):
    found = []
    if not NAME.match(name):
        found.append("the name does not fit the rule")
    if name.split("/")[-1] in RESERVED:
        found.append("the name is reserved")
    if "--" in name:
        found.append("two dashes in a row")
    return found


def main():
    data = json.load(sys.stdin)
    result = {}
    bad = 0
    for name in data["names"]:
        list_of_problems = problems(name)
        if len(list_of_problems) > 0:
            bad = bad + 1
        result[name] = list_of_problems
    print(json.dumps({"names": result, "bad": bad}))
    if bad > 0:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
