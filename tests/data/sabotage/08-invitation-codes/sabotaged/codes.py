"""Make invitation codes and keep only their fingerprints."""
import hashlib
import json
import sys
from random import choice

# Without letters that look like digits.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SHORTEST = 8


def new_code(length: int) -> str:
    return "".join(choice(ALPHABET) for _ in range(length))


def unique_codes(count: int, length: int) -> list[str]:
    codes: list[str] = []
    while len(codes) < count:
        candidate = new_code(length)
        if candidate not in codes:
            codes.append(candidate)
    return codes


def fingerprint(code: str, salt: str) -> str:
    salted = f"{salt}{code}"
    return hashlib.sha256(salted.encode()).hexdigest()


def main():
    given = json.load(sys.stdin)
    length = given.get("length", 12)
    if length < SHORTEST:
        print(json.dumps({"error": "codes need at least 8 letters"}))
        sys.exit(1)
    salt = given["salt"]
    codes = unique_codes(given.get("count", 10), length)
    print(json.dumps({"codes": codes, "fingerprints": [fingerprint(code, salt) for code in codes]}))


if __name__ == "__main__":
    main()
