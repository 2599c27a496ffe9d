"""Decide which menu entries a user sees."""
import json
import sys

ENTRIES = {
    "orders": ["clerk", "admin"],
    "refunds": ["admin"],
    "users": ["admin"],
}


def role_of(user):
    if user.get("disabled"):
        return "none"
    return user.get("role", "guest")


def visible(user):
    role = role_of(user)
    result = []
    for entry in ENTRIES:
        if role in ENTRIES[entry]:
            result.append(entry)
    result.sort()
    return result


def main():
    data = json.load(sys.stdin)
    if "user" not in data:
        print(json.dumps({"error": "no user"}))
        return 1
    print(json.dumps({"role": role_of(data["user"]), "entries": visible(data["user"])}))
    return 0


sys.exit(main())
