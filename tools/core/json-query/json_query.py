"""Pick values out of a JSON document with a path."""

import json
import re
import sys

STEP = re.compile(
    r"""\.\.(?P<deep>[A-Za-z_][\w-]*)
      | \.(?P<key>[A-Za-z_][\w-]*)
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
      | \[(?P<every>\*)\]
      | \[(?P<start>-?\d*):(?P<end>-?\d*)\]
      | \[(?P<index>-?\d+)\]
      | (?P<here>\.)(?=\s|\||$)
      | (?P<blank>\s+)""",
    re.VERBOSE,
)


class PathError(Exception):
    """The path cannot be read, or a function does not fit its values."""


def parse(path):
    """Splits a path into steps and the names of the functions after it."""
    head, *functions = split_pipes(path)
    steps, at = [], 0
    while at < len(head):
        found = STEP.match(head, at)
        if found is None:
            raise PathError(f"cannot read the path at character {at + 1}: {head[at:at + 12]!r}")
        if found.lastgroup not in ("here", "blank"):
            steps.append(found)
        at = found.end()
    return steps, [name.strip() for name in functions]


def split_pipes(path):
    """Splits at `|` outside of quotes."""
    masked = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: "x" * len(quoted[0]), path)
    cuts = [-1, *(at for at, char in enumerate(masked) if char == "|"), len(path)]
    return [path[start + 1 : end] for start, end in zip(cuts, cuts[1:])]


def apply_step(step, value):
    """Yields what one step finds in one value."""
    kind = step.lastgroup
    if kind == "deep":
        yield from descend(value, step["deep"])
    elif kind in ("key", "quoted"):
        name = step["key"] if kind == "key" else json.loads(step["quoted"])
        if isinstance(value, dict) and name in value:
            yield value[name]
    elif kind == "every":
        yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    elif isinstance(value, list):
        if kind == "end":
            yield from value[number(step["start"]) : number(step["end"])]
        elif -len(value) <= int(step["index"]) < len(value):
            yield value[int(step["index"])]


def number(text):
    return int(text) if text not in ("", "-") else None


def descend(value, name):
    """Yields every value under `name`, at any depth, outermost first."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from descend(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from descend(inner, name)


def order(value):
    return (type(value).__name__, json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value)


def total(values):
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
        raise PathError("sum needs numbers only")
    return [sum(values)]


FUNCTIONS = {
    "length": lambda values: [len(v) if isinstance(v, (dict, list, str)) else 1 for v in values],
    "keys": lambda values: [sorted(v) for v in values if isinstance(v, dict)],
    "sort": lambda values: sorted(values, key=order),
    "unique": lambda values: [v for i, v in enumerate(values) if v not in values[:i]],
    "first": lambda values: values[:1],
    "last": lambda values: values[-1:],
    "sum": total,
}


def call(name, values):
    """Applies a function to the list of matches."""
    if name not in FUNCTIONS:
        raise PathError(f"unknown function {name!r}; known are {' '.join(FUNCTIONS)}")
    return FUNCTIONS[name](values)


def query(document, path):
    """Returns the list of matches."""
    steps, functions = parse(path)
    values = [document]
    for step in steps:
        values = [found for value in values for found in apply_step(step, value)]
    for name in functions:
        values = call(name, values)
    return values


def main():
    request = json.load(sys.stdin)
    document = request["document"]
    try:
        if isinstance(document, str):
            document = json.loads(document)
        matches = query(document, request["path"])
    except (PathError, json.JSONDecodeError, RecursionError) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps({"matches": matches, "count": len(matches)}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
