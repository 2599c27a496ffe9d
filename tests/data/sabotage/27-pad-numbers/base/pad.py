"""Pad a column of numbers so that they sort as text."""
import json
import sys


def width(numbers):
    longest = 0
    for number in numbers:
        if len(str(number)) > longest:
            longest = len(str(number))
    return longest


def main():
    data = json.load(sys.stdin)
    numbers = data["numbers"]
    least = data.get("least", 3)
    size = width(numbers)
    if size < least:
        size = least
    padded = []
    for number in numbers:
        if number < 0:
            print(json.dumps({"error": "negative numbers do not sort"}))
            return 1
        padded.append(str(number).rjust(size, "0"))
    print(json.dumps({"padded": padded}))
    return 0


sys.exit(main())
