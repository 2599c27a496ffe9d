"""Work slowly in five steps with a moving bar and colours."""

import json
import sys
import time

STEPS = ["collect", "parse", "compare", "write", "check"]
TICKS = 20
GREEN, DIM, PLAIN = "\x1b[32m", "\x1b[2m", "\x1b[0m"


def bar(step, tick):
    """One state of the bar; the carriage return lets the next state overwrite it."""
    filled = "#" * tick + "." * (TICKS - tick)
    return f"\r[{step}/{len(STEPS)}] {STEPS[step - 1]:<8} {GREEN}{filled}{PLAIN} {100 * tick // TICKS:3d} %"


def work(step, seconds, fails):
    """Draws the bar of one step while time passes."""
    for tick in range(TICKS + 1):
        print(bar(step, tick), end="", file=sys.stderr, flush=True)
        if fails and tick == TICKS // 2:
            print(file=sys.stderr)
            raise RuntimeError(f"step {step} ({STEPS[step - 1]}) failed as asked")
        time.sleep(seconds / len(STEPS) / (TICKS + 1))
    print(f" {DIM}done{PLAIN}", file=sys.stderr, flush=True)


def main():
    request = json.load(sys.stdin)
    for step in range(1, len(STEPS) + 1):
        work(step, request.get("seconds", 5), request.get("fail_at", 0) == step)
    print(json.dumps({"steps": len(STEPS)}))


if __name__ == "__main__":
    main()
