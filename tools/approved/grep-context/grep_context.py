"""Searches the text files of a folder of the workspace."""

import fnmatch
import json
import os
import pathlib
import re
import sys

LEFT_OUT = {".git", "node_modules", "target", "__pycache__"}
MOST_BYTES = 2_000_000
MOST_CHARACTERS = 400


def pattern_of(text, regex, ignore_case):
    try:
        return re.compile(text if regex else re.escape(text), re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


def lines_of(path):
    """Lines of a text file; none of one that is binary, huge or unreadable."""
    try:
        if path.is_symlink() or path.stat().st_size > MOST_BYTES:
            return []
        content = path.read_bytes()
    except OSError:
        return []
    return [] if b"\0" in content[:8_000] else content.decode("utf-8", "replace").splitlines()


def text_files(top, name):
    for place, folders, names in os.walk(top):
        folders[:] = sorted(one for one in folders if one not in LEFT_OUT)
        yield from (pathlib.Path(place, one) for one in sorted(names) if fnmatch.fnmatch(one, name))


def search(root, text, folder=".", name="*", regex=False, ignore_case=False, context=2, limit=50):
    base = pathlib.Path(root).resolve()
    top = (base / folder).resolve()
    if not top.is_relative_to(base):
        raise ValueError(f"{folder!r} is outside of the workspace")
    if not top.is_dir():
        raise ValueError(f"there is no folder {folder!r} in the workspace")
    pattern, matches, searched = pattern_of(text, regex, ignore_case), [], 0
    for path in text_files(top, name):
        lines = lines_of(path)
        searched += 1
        for index, line in enumerate(lines):
            if not pattern.search(line):
                continue
            if len(matches) == limit:
                return {"searched": searched, "matches": matches, "complete": False}
            around = lines[max(0, index - context) : index + context + 1]
            cut = [one[:MOST_CHARACTERS] for one in around]
            matches.append({"path": str(path.relative_to(base)), "line": index + 1, "text": "\n".join(cut)})
    return {"searched": searched, "matches": matches, "complete": True}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = search(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
