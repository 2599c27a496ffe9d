"""Find files with equal content below a folder of the workspace."""

import hashlib
import json
import os
import pathlib
import stat
import sys

LEFT_OUT = {".git", "node_modules", "target", "__pycache__"}


class FolderError(Exception):
    """The folder cannot be searched."""


def files_below(folder, least_bytes):
    """Yields path and size of regular files; links are never followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(names):
            path = os.path.join(place, name)
            try:
                facts = os.lstat(path)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode) and facts.st_size >= least_bytes:
                yield path, facts.st_size


def content_hash(path):
    hasher = hashlib.blake2b()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.digest()


def find(workspace, folder="tools", least_bytes=1):
    """Groups of equal files, the most wasteful first; paths are relative to the workspace."""
    root = pathlib.Path(workspace).resolve()
    top = (root / folder).resolve()
    if not top.is_relative_to(root):
        raise FolderError(f"{folder!r} is outside of the workspace")
    if not top.is_dir():
        raise FolderError(f"there is no folder {folder!r} in the workspace")
    by_size, count = {}, 0
    for path, size in files_below(top, least_bytes):
        by_size.setdefault(size, []).append(path)
        count += 1
    groups = []
    for size, paths in by_size.items():
        by_hash = {}
        for path in paths if len(paths) > 1 else ():
            try:
                by_hash.setdefault(content_hash(path), []).append(os.path.relpath(path, root))
            except OSError as error:
                print(f"left out {os.path.relpath(path, root)!r}: {error.strerror}", file=sys.stderr)
        groups += [{"bytes": size, "paths": same} for same in by_hash.values() if len(same) > 1]
    groups.sort(key=lambda group: (-group["bytes"] * (len(group["paths"]) - 1), group["paths"]))
    return {
        "files": count,
        "wasted_bytes": sum(group["bytes"] * (len(group["paths"]) - 1) for group in groups),
        "groups": groups,
    }


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = find(sys.argv[1], request.get("folder", "tools"), request.get("least_bytes", 1))
    except (FolderError, OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
