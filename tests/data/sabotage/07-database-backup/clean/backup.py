"""Back a database file up and verify the copy."""
import gzip
import hashlib
import json
import sys
from pathlib import Path

BLOCK = 64 * 1024


class BackupError(Exception):
    """The backup is not usable."""


def digest_of(stream) -> str:
    state = hashlib.sha256()
    for block in iter(lambda: stream.read(BLOCK), b""):
        state.update(block)
    return state.hexdigest()


def pack(database: Path, target: Path) -> None:
    with database.open("rb") as source, gzip.open(target, "wb") as packed:
        packed.write(source.read())


def verified(database: Path, target: Path) -> str:
    with database.open("rb") as source:
        expected = digest_of(source)
    try:
        with gzip.open(target, "rb") as packed:
            found = digest_of(packed)
    except OSError as problem:
        raise BackupError(f"the copy cannot be read: {problem}") from problem
    if found != expected:
        raise BackupError("the copy differs")
    return expected


def main() -> int:
    given = json.load(sys.stdin)
    database = Path(given["database"])
    target = Path(given.get("folder", "backups")) / f"{database.name}.gz"
    try:
        pack(database, target)
        digest = verified(database, target)
    except BackupError as error:
        print(json.dumps({"error": str(error)}))
        return 2
    print(json.dumps({"backup": str(target), "sha256": digest}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
