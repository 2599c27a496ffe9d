import http.client
import json
import sys
import urllib.parse
import urllib.request

BASE = "https://api.example.com"
MOST_BYTES = 1_000_000


class ToolError(Exception):
    """What the caller is told instead of an answer."""


def address(request):
    """The whole address; every part of it is quoted, so that no input can lead elsewhere."""
    path = urllib.parse.quote(request["path"].encode("utf-8", "replace"), safe="/")
    query = urllib.parse.urlencode({"q": request.get("query", "").encode("utf-8", "replace")})
    return f"{BASE}/{path.lstrip('/')}?{query}"


def fetch(url):
    """Asks once and reads no more than a megabyte. It knows no protocol but HTTPS and follows no redirect."""
    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.HTTPSHandler())
    asked = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with opener.open(asked, timeout=15) as answer:
            return answer.status, answer.read(MOST_BYTES).decode("utf-8", "replace")
    except (http.client.HTTPException, OSError) as error:
        raise ToolError(f"{BASE} cannot be reached: {error}") from None


def solve(request):
    """Asks the API, or only says what would be asked."""
    url = address(request)
    if request.get("dry_run", True):
        return {"url": url, "status": None, "body": None}
    status, body = fetch(url)
    return {"url": url, "status": status, "body": body}


def main():
    try:
        answer = solve(json.load(sys.stdin))
    except (ToolError, KeyError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}))
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
