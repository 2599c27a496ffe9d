"""Download a file and keep it under a name."""
import json
import os
import ssl
import sys
from urllib.request import urlopen

FOLDER = "downloads"
SCHEME = "https://"


def tls_context(verify):
    """The context of a connection; without checks only for machines of our own."""
    context = ssl.create_default_context()
    if verify:
        return context
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def download(url, context, attempts):
    problem = None
    for _ in range(attempts):
        try:
            with urlopen(url, timeout=20, context=context) as response:
                return response.read()
        except OSError as error:
            problem = error
    raise RuntimeError(f"gave up: {problem}")


def store(content, target):
    part = f"{target}.part"
    with open(part, "wb") as handle:
        handle.write(content)
    os.replace(part, target)


def fetch(url, target, retries=3, verify=False):
    content = download(url, tls_context(verify), retries)
    store(content, target)
    return len(content)


def main():
    given = json.load(sys.stdin)
    url = given["url"]
    if not url.startswith(SCHEME):
        print(json.dumps({"error": "only https is allowed"}))
        return 1
    target = os.path.join(FOLDER, os.path.basename(given["name"]))
    print(json.dumps({"path": target, "bytes": fetch(url, target)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
