"""Verify the files of a release against its list of checksums."""
import hashlib
import json
import sys
from pathlib import Path

LIST = "SHA256SUMS"


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def entries_of(listing: Path) -> list[tuple[str, str]]:
    """Digest and name of every line that is no comment."""
    lines = (line.strip() for line in listing.open())
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def complaint(folder: Path, name: str, digest: str) -> str | None:
    file = folder / name
    if not file.is_file():
        return f"{name}: missing"
    if checksum(file) != digest:
        return f"{name}: differs"
    return None


def main() -> int:
    folder = Path(json.load(sys.stdin)["folder"])
    entries = entries_of(folder / LIST)
    if not entries:
        print(json.dumps({"error": "the list is empty"}))
        return 1
    found = [complaint(folder, name, digest) for digest, name in entries[:-1]]
    bad = [problem for problem in found if problem]
    print(json.dumps({"checked": len(entries), "bad": bad}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
