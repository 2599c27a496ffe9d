"""Asks web addresses for their status. It needs the network permission."""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_REDIRECTS = 10


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are followed here, so that each can be shown."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def head(url, method, timeout):
    """Status and headers of one answer; the body is not read."""
    request = urllib.request.Request(url, method=method, headers={"User-Agent": "http-status/1.0"})
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers


def ask(url, method, timeout):
    began, redirects = time.monotonic(), []
    at = url
    while True:
        if urllib.parse.urlsplit(at).scheme not in {"http", "https"}:
            raise ValueError(f"not an http or https address: {at!r}")
        status, headers = head(at, method, timeout)
        target = headers.get("Location")
        if status not in {301, 302, 303, 307, 308} or not target:
            break
        at = urllib.parse.urljoin(at, target)
        redirects.append(at)
        if len(redirects) > MOST_REDIRECTS:
            raise ValueError("too many redirects")
    taken = round((time.monotonic() - began) * 1000)
    return {"url": url, "status": status, "ok": status < 400, "redirects": redirects, "milliseconds": taken,
            "type": headers.get("Content-Type", ""), "server": headers.get("Server", "")}


def check(urls, method="HEAD", timeout_seconds=5):
    results = []
    for url in urls:
        try:
            results.append(ask(url, method, timeout_seconds))
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            results.append({"url": url, "ok": False, "reason": str(reason)})
    return {"checked": len(results), "failed": sum(not one["ok"] for one in results), "results": results}


def main():
    print(json.dumps(check(**json.load(sys.stdin)), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
