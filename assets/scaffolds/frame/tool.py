import json
import sys


class ToolError(Exception):
    """What the caller is told instead of an answer."""


def solve(request):
    """Makes the answer.

{{parameters}}
    """
    raise ToolError(f"not written yet, {len(request)} values were given")


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
