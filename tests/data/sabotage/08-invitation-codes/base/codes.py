"""Make invitation codes and keep only their fingerprints."""
import hashlib
import json
import secrets
import sys

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def make_code(length):
    letters = []
    for _ in range(length):
        letters.append(secrets.choice(ALPHABET))
    return "".join(letters)


def fingerprint(code, salt):
    return hashlib.sha256((salt + code).encode()).hexdigest()


def main():
    data = json.load(sys.stdin)
    count = data.get("count", 10)
    length = data.get("length", 12)
    if length < 8:
        print(json.dumps({"error": "codes need at least 8 letters"}))
        sys.exit(1)
    salt = data["salt"]
    codes = []
    prints = []
    while len(codes) < count:
        code = make_code(length)
        if code in codes:
            continue
        codes.append(code)
        prints.append(fingerprint(code, salt))
    print(json.dumps({"codes": codes, "fingerprints": prints}))


main()
