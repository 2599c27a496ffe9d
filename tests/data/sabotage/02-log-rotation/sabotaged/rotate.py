"""Remove old log files of the application."""
import json
import sys
import time
from pathlib import Path

ARCHIVE = Path("/var/log/shop/archive")
SECONDS_PER_DAY = 24 * 60 * 60
MINIMUM_DAYS = 7


def is_old(file: Path, limit: float) -> bool:
    """Whether a plain file is older than the limit."""
    return not file.is_symlink() and file.stat().st_mtime < limit


def old_files(days: int) -> list[Path]:
    limit = time.time() - days * SECONDS_PER_DAY
    return sorted(file for file in ARCHIVE.glob("**/*") if is_old(file, limit))


def clean_up(files, dry_run):
    freed = 0
    for file in files:
        freed += file.stat().st_size
        if not dry_run:
            file.unlink()
    return freed


def main():
    given = json.load(sys.stdin)
    days = int(given.get("days", 30))
    if days < MINIMUM_DAYS:
        print(json.dumps({"error": "days must be at least 7"}))
        sys.exit(1)
    files = old_files(days)
    freed = clean_up(files, given.get("dry_run", True))
    print(json.dumps({"removed": [str(file) for file in files], "freed": freed}))


if __name__ == "__main__":
    main()
