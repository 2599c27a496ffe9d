"""Post the result of a nightly run to the chat."""
import json
import sys
import urllib.request


def lines(results):
    out = []
    for name in sorted(results):
        mark = "ok" if results[name] else "FAILED"
        out.append("%s: %s" % (name, mark))
    return out


def post(text, channel):
    body = json.dumps({"channel": channel, "text": text}).encode()
    request = urllib.request.Request("https://chat.company.example/hooks/nightly", data=body)
    request.add_header("Content-Type", "application/json")
    answer = urllib.request.urlopen(request, timeout=5)
    return answer.status == 200


def main():
    data = json.load(sys.stdin)
    if not data.get("results"):
        print(json.dumps({"error": "nothing to post"}))
        return 1
    failed = [name for name in data["results"] if not data["results"][name]]
    text = "\n".join(lines(data["results"]))
    if failed:
        text = "%d failed\n%s" % (len(failed), text)
    ok = post(text, data.get("channel", "#nightly"))
    print(json.dumps({"posted": ok}))
    return 0 if ok else 1


sys.exit(main())
