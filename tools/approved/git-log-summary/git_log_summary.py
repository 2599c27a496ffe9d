"""Sums up the commits of a git repository."""

import collections
import json
import os
import re
import subprocess
import sys

KIND = re.compile(r"^([a-z]+)(\([^)]*\))?!?: ")


def git(folder, *args):
    """What git prints. The repository is somebody else's: its hooks and pagers are not used."""
    command = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", folder, *args]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise ValueError(lines[0] if lines else f"git ended with {done.returncode}")
    return done.stdout


def repository(root, folder):
    root = os.path.realpath(root)
    top = os.path.realpath(os.path.join(root, folder))
    if os.path.commonpath([root, top]) != root:
        raise ValueError(f"{folder!r} is outside of the workspace")
    return top


def summarize(commits, newest):
    """`commits` are (hash, author, day, subject), the newest first."""
    kinds = collections.Counter()
    for _, _, _, subject in commits:
        kind = KIND.match(subject)
        kinds[kind[1] if kind else "other"] += 1
    shown = [{"commit": c, "author": a, "day": d, "subject": s} for c, a, d, s in commits[:newest]]
    return {
        "commits": len(commits),
        "authors": dict(collections.Counter(author for _, author, _, _ in commits).most_common()),
        "days": dict(sorted(collections.Counter(day for _, _, day, _ in commits).items())),
        "kinds": dict(kinds.most_common()),
        "newest": shown,
    }


def log(root, folder=".", days=30, newest=10):
    top = repository(root, folder)
    out = git(top, "log", f"--since={days}.days", "--date=short", "--format=%h%x00%an%x00%ad%x00%s%x01")
    records = [record.strip("\n").split("\0") for record in out.split("\1") if record.strip("\n")]
    return summarize([tuple(record) for record in records if len(record) == 4], newest)


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = log(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
