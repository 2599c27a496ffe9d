import json
import subprocess
import sys

PROGRAM = "sort"


class ToolError(Exception):
    """What the caller is told instead of an answer."""


def arguments(request):
    """The arguments of the program; the text itself goes through standard input."""
    flags = []
    if request.get("unique", False):
        flags.append("-u")
    if request.get("reverse", False):
        flags.append("-r")
    return [PROGRAM, *flags]


def solve(request):
    """Starts the program once and makes an object of what it writes."""
    text = request["text"]
    if text and not text.endswith("\n"):
        text += "\n"
    try:
        done = subprocess.run(
            arguments(request),
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=20,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise ToolError(f"{PROGRAM} is not installed") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"{PROGRAM} did not end within 20 seconds") from None
    if done.returncode != 0:
        message = done.stderr.decode("utf-8", "replace").strip()
        raise ToolError(f"{PROGRAM} failed with {done.returncode}: {message}")
    lines = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
    return {"lines": lines, "count": len(lines)}


def main():
    try:
        answer = solve(json.load(sys.stdin))
    except (ToolError, KeyError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
