"""Reads TOML as JSON."""

import datetime
import json
import math
import sys
import tomllib


def plain(value):
    """A value as JSON has it: dates and times are texts, and so are numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def pick(value, path):
    """The value at a path such as `package.authors.0`."""
    for step in path.split(".") if path else ():
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            raise ValueError(f"there is nothing at {step!r} of {path!r}")
    return value


def read(toml, path=""):
    try:
        document = tomllib.loads(toml)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"not valid TOML: {error}") from None
    return {"value": plain(pick(document, path))}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = read(**request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
