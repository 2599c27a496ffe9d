"""Say whether a client may send another request: at most so many in a window."""
import json
import sys
from collections import defaultdict


class Window:
    """The requests of one client."""

    def __init__(self, limit: int, seconds: float):
        self.limit = limit
        self.seconds = seconds
        self.moments: list[float] = []

    def ask(self, now: float):
        recent = [moment for moment in self.moments if now - moment < self.seconds]
        if len(recent) <= self.limit:
            self.moments.append(now)
            return True, 0
        return False, self.seconds - (now - min(recent))


def answers(events, limit, seconds):
    windows = defaultdict(lambda: Window(limit, seconds))
    for event in events:
        client = event["client"]
        ok, wait = windows[client].ask(event["at"])
        yield {"client": client, "allowed": ok, "wait": wait}


def main():
    given = json.load(sys.stdin)
    limit = int(given.get("limit", 60))
    seconds = float(given.get("window", 60.0))
    if limit < 1 or seconds <= 0:
        print(json.dumps({"error": "limit and window must be positive"}))
        return 1
    print(json.dumps({"answers": list(answers(given["events"], limit, seconds))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
