"""Draws a folder of the workspace as a tree."""

import json
import os
import sys

LEFT_OUT = {".git", "node_modules", "target", "__pycache__"}
MOST_LINES = 5_000


class Tree:
    """The lines of a tree, and how much it holds."""

    def __init__(self, depth, hidden):
        self.depth, self.hidden = depth, hidden
        self.lines, self.files, self.folders = [], 0, 0

    def entries(self, folder):
        """Entries of a folder that are shown, folders first."""
        with os.scandir(folder) as found:
            shown = [e for e in found if e.name not in LEFT_OUT and (self.hidden or e.name[0] != ".")]
        return sorted(shown, key=lambda entry: (not entry.is_dir(follow_symlinks=False), entry.name))

    def add(self, folder, indent="", level=1):
        try:
            entries = self.entries(folder)
        except OSError as error:
            self.lines.append(f"{indent}└── ({error.strerror})")
            return
        for number, entry in enumerate(entries, 1):
            if len(self.lines) >= MOST_LINES:
                return
            last = number == len(entries)
            is_folder = entry.is_dir(follow_symlinks=False)
            mark = "/" if is_folder else "@" if entry.is_symlink() else ""
            self.lines.append(f"{indent}{'└── ' if last else '├── '}{entry.name}{mark}")
            if not is_folder:
                self.files += 1
                continue
            self.folders += 1
            if level < self.depth:
                self.add(entry.path, indent + ("    " if last else "│   "), level + 1)


def draw(root, folder=".", depth=3, hidden=False):
    root = os.path.realpath(root)
    top = os.path.realpath(os.path.join(root, folder))
    if os.path.commonpath([root, top]) != root:
        raise ValueError(f"{folder!r} is outside of the workspace")
    if not os.path.isdir(top):
        raise ValueError(f"there is no folder {folder!r} in the workspace")
    tree = Tree(depth, hidden)
    tree.add(top)
    return {"tree": "\n".join(tree.lines), "files": tree.files, "folders": tree.folders}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = draw(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
