import json
import sys

CASES = {"keep": str, "lower": str.lower, "upper": str.upper}


def solve(request):
    """Trims every line, leaves out empty ones and those seen before, and changes the case."""
    change = CASES[request.get("case", "keep")]
    unique = request.get("unique", False)
    lines, seen = [], set()
    given = request["text"].split("\n")
    for line in given:
        line = change(line.strip(" \t\r"))
        if not line or (unique and line in seen):
            continue
        seen.add(line)
        lines.append(line)
    return {"lines": lines, "dropped": len(given) - len(lines)}


def main():
    try:
        answer = solve(json.load(sys.stdin))
    except (KeyError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
