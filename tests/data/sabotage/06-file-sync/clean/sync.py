"""Mirror changed files from one folder to another."""
import hashlib
import json
import os
import shutil
import sys
from typing import Iterator


def files_below(root: str) -> Iterator[str]:
    """Relative paths of all files."""
    for folder, _, names in os.walk(root):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def digest(path: str) -> str:
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def is_current(original: str, copy: str) -> bool:
    return os.path.exists(copy) and digest(original) == digest(copy)


def place(original: str, copy: str) -> None:
    parent = os.path.dirname(copy)
    os.makedirs(parent, exist_ok=True)
    shutil.copy2(original, copy)


def main() -> int:
    given = json.load(sys.stdin)
    source = os.path.realpath(given["source"])
    target = os.path.realpath(given["target"])
    if target.startswith(source + os.sep):
        print(json.dumps({"error": "the target lies in the source"}))
        return 1
    copied = []
    for relative in files_below(source):
        original = os.path.join(source, relative)
        copy = os.path.join(target, relative)
        if is_current(original, copy):
            continue
        place(original, copy)
        copied.append(relative)
    print(json.dumps({"copied": copied}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
