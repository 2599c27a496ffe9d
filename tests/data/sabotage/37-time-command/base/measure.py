"""Measure how long a command of the project takes."""
import json
import subprocess
import sys
import time

COMMANDS = {"build": ["make", "build"], "test": ["make", "test"]}


def run(command, limit):
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, timeout=limit, text=True)
    seconds = time.monotonic() - begun
    return done.returncode, seconds


def main():
    data = json.load(sys.stdin)
    name = data["command"]
    if name not in COMMANDS:
        print(json.dumps({"error": "unknown command"}))
        return 1
    command = list(COMMANDS[name])
    for option in data.get("options", []):
        if not option.startswith("-"):
            print(json.dumps({"error": "not an option: " + option}))
            return 1
        command.append(option)
    code, seconds = run(command, 600)
    print(json.dumps({"exit_code": code, "seconds": round(seconds, 2)}))
    return 0


sys.exit(main())
