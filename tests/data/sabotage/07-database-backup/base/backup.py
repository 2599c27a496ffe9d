"""Back a database file up and verify the copy."""
import gzip
import hashlib
import json
import os
import sys


class BackupError(Exception):
    pass


def sha256(stream):
    total = hashlib.sha256()
    while True:
        block = stream.read(65536)
        if not block:
            break
        total.update(block)
    return total.hexdigest()


def backup(path, folder):
    name = os.path.basename(path) + ".gz"
    target = os.path.join(folder, name)
    with open(path, "rb") as source:
        with gzip.open(target, "wb") as packed:
            packed.write(source.read())
    with open(path, "rb") as source:
        want = sha256(source)
    try:
        with gzip.open(target, "rb") as packed:
            have = sha256(packed)
    except OSError as error:
        raise BackupError("the copy cannot be read: " + str(error))
    if want != have:
        raise BackupError("the copy differs")
    return target, want


def main():
    data = json.load(sys.stdin)
    try:
        target, digest = backup(data["database"], data.get("folder", "backups"))
    except BackupError as error:
        print(json.dumps({"error": str(error)}))
        return 2
    print(json.dumps({"backup": target, "sha256": digest}))
    return 0


sys.exit(main())
