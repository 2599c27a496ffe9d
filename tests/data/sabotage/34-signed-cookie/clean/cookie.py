"""Open a signed cookie."""
import hmac
import json
import sys
import time
from base64 import urlsafe_b64decode

DIGEST = "sha256"


class Cookie:
    """A body and the signature over it."""

    def __init__(self, text: str):
        pieces = text.split(".")
        if len(pieces) != 2:
            raise ValueError("the cookie has no two parts")
        self.body, self.signature = pieces

    def verify(self, key: str) -> None:
        expected = hmac.new(key.encode(), self.body.encode(), DIGEST).hexdigest()
        if not hmac.compare_digest(self.signature, expected):
            raise ValueError("the signature is wrong")

    def content(self, now: float) -> dict:
        decoded = json.loads(urlsafe_b64decode(f"{self.body}=="))
        if decoded["until"] < now:
            raise ValueError("the cookie is too old")
        return decoded


def main() -> int:
    given = json.load(sys.stdin)
    try:
        cookie = Cookie(given["cookie"])
        cookie.verify(given["key"])
        user = cookie.content(given.get("now", time.time()))["user"]
    except (ValueError, KeyError) as problem:
        print(json.dumps({"valid": False, "why": str(problem)}))
        return 0
    print(json.dumps({"valid": True, "user": user}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
