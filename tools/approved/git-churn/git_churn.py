"""Finds the files that change most often in a git repository."""

import json
import os
import subprocess
import sys


def run_git(folder, args):
    """Lines that git prints; it is told to trust the folder and to start nothing that the folder names."""
    flags = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    done = subprocess.run(["git", *flags, "-C", folder, *args], capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise ValueError(reason or "git failed")
    return done.stdout.decode("utf-8", "replace").split("\n")


def count(lines):
    """Changes by path, from `git log --numstat` with a line `=AUTHOR` before each commit."""
    files, author = {}, ""
    for line in lines:
        parts = line.split("\t")
        if line.startswith("="):
            author = line[1:]
        elif len(parts) == 3:
            added, removed, path = parts
            facts = files.setdefault(path, {"commits": 0, "added": 0, "removed": 0, "authors": set()})
            facts["commits"] += 1
            # A dash stands for a binary file.
            facts["added"] += int(added) if added.isdigit() else 0
            facts["removed"] += int(removed) if removed.isdigit() else 0
            facts["authors"].add(author)
    return files


def churn(root, folder=".", days=90, limit=20):
    base = os.path.realpath(root)
    top = os.path.realpath(os.path.join(base, folder))
    if top != base and not top.startswith(base + os.sep):
        raise ValueError(f"{folder!r} is outside of the workspace")
    args = ["log", f"--since={days}.days", "--no-renames", "--numstat", "--format==%an", "--", "."]
    files = count(run_git(top, args))
    ranked = sorted(files.items(), key=lambda item: (-item[1]["commits"], -item[1]["added"], item[0]))
    return {
        "files": len(files),
        "top": [{"path": path, **facts, "authors": sorted(facts["authors"])} for path, facts in ranked[:limit]],
    }


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = churn(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
