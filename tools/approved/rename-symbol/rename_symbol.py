"""Makes a patch that renames an identifier. It writes no file: apply the patch with `git apply`."""

import difflib
import fnmatch
import json
import os
import pathlib
import re
import sys

LEFT_OUT = {".git", "node_modules", "target", "__pycache__"}
MOST_BYTES = 1_000_000


def candidates(top, name):
    """Text files below a folder, in order; links are never followed."""
    for place, folders, names in os.walk(top):
        folders[:] = sorted(one for one in folders if one not in LEFT_OUT)
        for one in sorted(names):
            path = pathlib.Path(place, one)
            if fnmatch.fnmatch(one, name) and not path.is_symlink():
                yield path


def read(path):
    """Text of a file exactly as it is; `None` of one that is huge, unreadable or no text."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeError):
        return None


def patch(shown, before, after):
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{shown}", f"b/{shown}"
    )
    whole = (line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
    return "".join(whole)


def rename(root, old, new, folder=".", name="*"):
    base = pathlib.Path(root).resolve()
    top = (base / folder).resolve()
    if not top.is_relative_to(base):
        raise ValueError(f"{folder!r} is outside of the workspace")
    if not top.is_dir():
        raise ValueError(f"there is no folder {folder!r} in the workspace")
    if old == new:
        raise ValueError("both names are the same")
    pattern = re.compile(rf"(?<![\w$]){re.escape(old)}(?![\w$])")
    taken = re.compile(rf"(?<![\w$]){re.escape(new)}(?![\w$])")
    patches, files, clashes = [], [], []
    for path in candidates(top, name):
        text = read(path)
        if text is None or old not in text:
            continue
        changed, count = pattern.subn(new, text)
        shown = str(path.relative_to(base))
        if count:
            patches.append(patch(shown, text, changed))
            files.append({"path": shown, "changes": count})
        if count and taken.search(text):
            clashes.append(shown)
    return {"files": files, "clashes": clashes, "patch": "".join(patches)}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = rename(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
