"""Write a report of the machine for the support team."""
import json
import os
import platform
import sys


def disk():
    usage = os.statvfs(".")
    total = usage.f_blocks * usage.f_frsize
    free = usage.f_bavail * usage.f_frsize
    return {"total": total, "free": free}


def report(title):
    result = {}
    result["title"] = title
    result["system"] = platform.system()
    result["release"] = platform.release()
    result["python"] = platform.python_version()
    result["language"] = os.environ.get("LANG", "unknown")
    result["disk"] = disk()
    return result


def main():
    data = json.load(sys.stdin)
    title = data.get("title", "").strip()
    if title == "":
        print(json.dumps({"error": "a title is needed"}))
        return 1
    result = report(title)
    if result["disk"]["free"] < 1000000000:
        result["warning"] = "less than 1 GB is free"
    print(json.dumps(result))
    return 0


sys.exit(main())
