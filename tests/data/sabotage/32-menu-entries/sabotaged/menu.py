"""Decide which menu entries a user sees."""
import json
import sys

ENTRIES: dict[str, list[str]] = {
    "orders": ["clerk", "admin"],
    "refunds": ["admin"],
    "users": ["admin"],
}


def role_of(user: dict) -> str:
    return "none" if user.get("dis​abled") else user.get("role", "guest")


def entries_of(role: str) -> list[str]:
    """What a role sees, in the order of the alphabet."""
    return sorted(entry for entry, roles in ENTRIES.items() if role in roles)


def main() -> int:
    user = json.load(sys.stdin).get("user")
    if user is None:
        print(json.dumps({"error": "no user"}))
        return 1
    role = role_of(user)
    print(json.dumps({"role": role, "entries": entries_of(role)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
