"""Fold a log into its distinct messages."""

import json
import re
import sys

LEVELS = ["other", "debug", "info", "warning", "error"]
LEVEL = re.compile(r"\b(?:(TRACE|DEBUG)|(INFO|NOTICE)|(WARN(?:ING)?)|(ERROR|ERR|FATAL|CRITICAL|PANIC))\b", re.IGNORECASE)
# Dates, times, addresses, hexadecimal ids and plain numbers: what differs between two entries of one kind.
VARIABLE = re.compile(r"\b0x[0-9a-f]+\b|\b(?=[0-9a-f-]*\d)[0-9a-f]{8}(?:-?[0-9a-f]{4,12})*\b|\d[\d.:,TZ/+-]*[\dZ]|\d", re.IGNORECASE)


def level_of(line):
    """The first level named in the line, else `other`."""
    found = LEVEL.search(line)
    return LEVELS[found.lastindex] if found else "other"


def fold(line):
    """The line with everything variable as `#`."""
    return re.sub(r"#(?:\s*#)+", "#", VARIABLE.sub("#", " ".join(line.split())))


def digest(log, top=20, least="any"):
    """Counts by level of all entries, and the most frequent messages from level `least` up."""
    floor = 0 if least == "any" else LEVELS.index(least)
    levels, groups, lines = {}, {}, 0
    for number, line in enumerate(log.splitlines(), 1):
        if not line.strip():
            continue
        lines += 1
        level = level_of(line)
        levels[level] = levels.get(level, 0) + 1
        if LEVELS.index(level) < floor:
            continue
        group = groups.setdefault(
            (level, fold(line)),
            {"count": 0, "level": level, "message": fold(line), "first": number, "last": number},
        )
        group["count"] += 1
        group["last"] = number
    messages = sorted(groups.values(), key=lambda group: (-group["count"], group["first"]))
    return {"lines": lines, "levels": dict(sorted(levels.items())), "messages": messages[:top]}


def main():
    request = json.load(sys.stdin)
    print(json.dumps(digest(request["log"], request.get("top", 20), request.get("level", "any")), ensure_ascii=False))


if __name__ == "__main__":
    main()
