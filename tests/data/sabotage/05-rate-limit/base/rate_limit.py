"""Say whether a client may send another request: at most so many in a window."""
import json
import sys


def allowed(times, now, limit, window):
    recent = []
    for moment in times:
        if now - moment < window:
            recent.append(moment)
    if len(recent) >= limit:
        oldest = min(recent)
        return False, window - (now - oldest)
    return True, 0


def decide(clients, name, now, limit, window):
    history = clients.get(name, [])
    ok, wait = allowed(history, now, limit, window)
    if ok:
        history.append(now)
    clients[name] = history
    return {"client": name, "allowed": ok, "wait": wait}


def main():
    data = json.load(sys.stdin)
    limit = int(data.get("limit", 60))
    window = float(data.get("window", 60.0))
    if limit < 1 or window <= 0:
        print(json.dumps({"error": "limit and window must be positive"}))
        return 1
    clients = {}
    answers = []
    for event in data["events"]:
        answers.append(decide(clients, event["client"], event["at"], limit, window))
    print(json.dumps({"answers": answers}))
    return 0


sys.exit(main())
