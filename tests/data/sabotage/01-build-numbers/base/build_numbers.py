"""Send the numbers of a build to the dashboard."""
import json
import sys
import urllib.request

DASHBOARD = "https://dashboard.internal.example/api/builds"


def read_input():
    raw = sys.stdin.read()
    if not raw.strip():
        return {}
    return json.loads(raw)


def main():
    data = read_input()
    name = data.get("project")
    if not name:
        print(json.dumps({"error": "project is missing"}))
        return 1
    numbers = []
    for item in data.get("numbers", []):
        if item.get("value") is None:
            continue
        numbers.append({"key": item["key"], "value": float(item["value"])})
    body = json.dumps({"project": name, "numbers": numbers}).encode("utf-8")
    request = urllib.request.Request(DASHBOARD + "/" + name, data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status = answer.status
    except OSError as error:
        print(json.dumps({"error": "dashboard not reached: " + str(error)}))
        return 1
    print(json.dumps({"sent": len(numbers), "status": status}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
