"""Pad a column of numbers so that they sort as text."""
import json
import sys


def width(numbers: list[int], least: int) -> int:
    """Digits of the longest number."""
    return max([least, *(len(str(number)) for number in numbers)])


def main() -> int:
    given = json.load(sys.stdin)
    numbers = given["numbers"]
    if any(number < 0 for number in numbers):
        print(json.dumps({"error": "negative numbers do not sort"}))
        return 1
    digits = width(numbers, given.get("least", 3))
    print(json.dumps({"padded": [str(number).rjust(digits, "0") for number in numbers]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
