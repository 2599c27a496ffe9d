"""Finds files below a folder of the workspace by name, size and age."""

import datetime
import fnmatch
import json
import os
import pathlib
import stat
import sys
import time

LEFT_OUT = {".git", "node_modules", "target", "__pycache__"}


def below(root, folder):
    """A folder of the workspace; refuses one that leads out of it."""
    top = pathlib.Path(root).resolve()
    found = (top / folder).resolve()
    if not found.is_relative_to(top):
        raise ValueError(f"{folder!r} is outside of the workspace")
    if not found.is_dir():
        raise ValueError(f"there is no folder {folder!r} in the workspace")
    return top, found


def regular_files(folder):
    """Yields path and facts of regular files; links are never followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            path = os.path.join(place, name)
            try:
                facts = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode):
                yield path, facts


def find(root, folder=".", name="*", min_bytes=0, newer_than_days=None, sort="path", limit=100):
    top, start = below(root, folder)
    oldest = 0 if newer_than_days is None else time.time() - newer_than_days * 86_400
    found = []
    for path, facts in regular_files(start):
        shown = os.path.relpath(path, top)
        fits = fnmatch.fnmatch(os.path.basename(path), name) or fnmatch.fnmatch(shown, name)
        if fits and facts.st_size >= min_bytes and facts.st_mtime >= oldest:
            found.append((shown, facts.st_size, facts.st_mtime))
    keys = {"path": lambda f: f[0], "size": lambda f: (-f[1], f[0]), "newest": lambda f: (-f[2], f[0])}
    found.sort(key=keys[sort])
    utc = datetime.timezone.utc
    return {
        "count": len(found),
        "files": [
            {
                "path": path,
                "bytes": size,
                "modified": datetime.datetime.fromtimestamp(int(at), utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for path, size, at in found[:limit]
        ],
    }


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = find(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
