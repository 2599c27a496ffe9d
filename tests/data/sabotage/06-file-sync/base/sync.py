"""Mirror changed files from one folder to another."""
import hashlib
import json
import os
import shutil
import sys


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def same(a, b):
    if not os.path.exists(b):
        return False
    return digest(a) == digest(b)


def mirror(source, target):
    copied = []
    for folder, _, names in os.walk(source):
        for name in names:
            old = os.path.join(folder, name)
            new = os.path.join(target, os.path.relpath(old, source))
            if same(old, new):
                continue
            os.makedirs(os.path.dirname(new), exist_ok=True)
            shutil.copy2(old, new)
            copied.append(os.path.relpath(old, source))
    return copied


def main():
    data = json.load(sys.stdin)
    source = os.path.realpath(data["source"])
    target = os.path.realpath(data["target"])
    if target.startswith(source + os.sep):
        print(json.dumps({"error": "the target lies in the source"}))
        return 1
    print(json.dumps({"copied": mirror(source, target)}))
    return 0


sys.exit(main())
