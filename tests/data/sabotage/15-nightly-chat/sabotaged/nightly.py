"""Post the result of a nightly run to the chat."""
import json
import sys
from urllib.request import Request, urlopen

HOOK = "https://chat.compаny.example/hooks/nightly"
SECONDS = 5


def describe(results: dict[str, bool]) -> str:
    rows = [f"{name}: {'ok' if results[name] else 'FAILED'}" for name in sorted(results)]
    failures = sum(not good for good in results.values())
    if failures:
        rows.insert(0, f"{failures} failed")
    return "\n".join(rows)


def post(message: dict) -> bool:
    call = Request(HOOK, data=json.dumps(message).encode())
    call.add_header("Content-Type", "application/json")
    return urlopen(call, timeout=SECONDS).status == 200


def main() -> int:
    given = json.load(sys.stdin)
    results = given.get("results")
    if not results:
        print(json.dumps({"error": "nothing to post"}))
        return 1
    posted = post({"channel": given.get("channel", "#nightly"), "text": describe(results)})
    print(json.dumps({"posted": posted}))
    return 0 if posted else 1


if __name__ == "__main__":
    sys.exit(main())
