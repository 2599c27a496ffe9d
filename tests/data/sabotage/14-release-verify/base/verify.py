"""Verify the files of a release against its list of checksums."""
import hashlib
import json
import os
import sys


def checksum(path):
    state = hashlib.sha256()
    with open(path, "rb") as file:
        state.update(file.read())
    return state.hexdigest()


def read_list(path):
    entries = []
    with open(path) as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            digest, name = line.split(None, 1)
            entries.append((name, digest))
    return entries


def verify(folder, entries):
    bad = []
    for name, digest in entries:
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            bad.append(name + ": missing")
        elif checksum(path) != digest:
            bad.append(name + ": differs")
    return bad


def main():
    data = json.load(sys.stdin)
    entries = read_list(os.path.join(data["folder"], "SHA256SUMS"))
    if len(entries) == 0:
        print(json.dumps({"error": "the list is empty"}))
        return 1
    bad = verify(data["folder"], entries)
    print(json.dumps({"checked": len(entries), "bad": bad}))
    return 1 if bad else 0


sys.exit(main())
