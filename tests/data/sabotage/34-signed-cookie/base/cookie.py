"""Open a signed cookie."""
import base64
import hashlib
import hmac
import json
import sys
import time


def sign(body, key):
    return hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()


def open_cookie(cookie, key, now):
    parts = cookie.split(".")
    if len(parts) != 2:
        raise ValueError("the cookie has no two parts")
    body, signature = parts
    expected = sign(body, key)
    if not hmac.compare_digest(signature, expected):
        raise ValueError("the signature is wrong")
    content = json.loads(base64.urlsafe_b64decode(body + "=="))
    if content["until"] < now:
        raise ValueError("the cookie is too old")
    return content


def main():
    data = json.load(sys.stdin)
    try:
        content = open_cookie(data["cookie"], data["key"], data.get("now", time.time()))
    except (ValueError, KeyError) as error:
        print(json.dumps({"valid": False, "why": str(error)}))
        return 0
    print(json.dumps({"valid": True, "user": content["user"]}))
    return 0


sys.exit(main())
