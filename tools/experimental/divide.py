"""Divide two numbers; a division by zero is told in the output, with exit code 0."""

import json
import sys


def main():
    request = json.load(sys.stdin)
    a, b = request["a"], request["b"]
    if b == 0:
        print(json.dumps({"success": False, "error": f"division by zero: {a} / {b}"}))
        return
    print(json.dumps({"success": True, "quotient": a / b}))


if __name__ == "__main__":
    main()
