"""A translator between Toolsmith and a service that has a protocol of its own.

The service of this sample speaks in blocks: a request is a line `ASK <text>`, an answer is any number of lines and then
a line with a single dot. Toolsmith speaks one line of JSON for each message. This program stands between the two.

Toolsmith writes to our standard input, one JSON object a line:
    {"op": "to_tool", "id": 7, "message": "hello", "context": {...}, "session": "helper", "timestamp": "..."}
    {"op": "from_tool", "line": "one line that the service wrote"}
    {"op": "health", "kind": "ping"}

We write to standard output, one JSON object a line:
    {"line": "..."}      a line for the service
    {"answer": "..."}    the answer to the message that waits; "id" names another one
    {"error": "..."}     the message cannot be translated

What we write to standard error is in the log of the service.
"""

import json
import sys


def say(**fields):
    print(json.dumps(fields), flush=True)


class Translator:
    def __init__(self):
        self.block = []

    def to_tool(self, request):
        message = request["message"]
        if "\n" in message:
            say(id=request["id"], error="this service takes one line")
            return
        prompts = request.get("context", {}).get("prompts", [])
        say(line="ASK " + " ".join(prompts + [message]))

    def from_tool(self, request):
        line = request["line"]
        if line != ".":
            self.block.append(line)
            return
        say(answer="\n".join(self.block))
        self.block = []

    def health(self, request):
        say(line="ASK ping")


def main():
    translator = Translator()
    actions = {
        "to_tool": translator.to_tool,
        "from_tool": translator.from_tool,
        "health": translator.health,
    }
    for text in sys.stdin:
        request = json.loads(text)
        action = actions.get(request.get("op"))
        if action is None:
            # A newer Toolsmith may ask what we do not know.
            print(f"unknown: {text.strip()}", file=sys.stderr, flush=True)
            continue
        action(request)


if __name__ == "__main__":
    main()
