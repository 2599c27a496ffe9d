import json
import pathlib
import sys

MOST_BYTES = 8_000_000


class ToolError(Exception):
    """What the caller is told instead of an answer."""


def find(workspace, path):
    """The file that is meant: inside of the workspace, or the sample beside this tool."""
    if path == "":
        return pathlib.Path(__file__).with_name("sample.txt")
    root = pathlib.Path(workspace).resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root):
        raise ToolError("the file is outside of the workspace")
    return file


def solve(workspace, request):
    """Counts what is in a file."""
    try:
        file = find(workspace, request.get("path", ""))
        if not file.is_file():
            raise ToolError("there is no such file")
        with open(file, "rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError, RuntimeError):
        raise ToolError("the file cannot be read") from None
    if len(data) > MOST_BYTES:
        raise ToolError(f"the file has more than {MOST_BYTES} bytes")
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return {
        "bytes": len(data),
        "lines": len(lines),
        "words": len(data.split()),
        "longest": max((len(line) for line in lines), default=0),
    }


def main():
    try:
        answer = solve(sys.argv[1], json.load(sys.stdin))
    except (ToolError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
