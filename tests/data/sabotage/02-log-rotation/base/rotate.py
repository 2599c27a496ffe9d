"""Remove old log files of the application."""
import glob
import json
import os
import sys
import time

LOG_DIR = "/var/log/shop/archive"


def old_files(days):
    limit = time.time() - days * 86400
    result = []
    for path in glob.glob(os.path.join(LOG_DIR, "*.log.gz")):
        if os.path.islink(path):
            continue
        if os.path.getmtime(path) < limit:
            result.append(path)
    result.sort()
    return result


def main():
    data = json.load(sys.stdin)
    days = int(data.get("days", 30))
    if days < 7:
        print(json.dumps({"error": "days must be at least 7"}))
        sys.exit(1)
    removed = []
    freed = 0
    for path in old_files(days):
        size = os.path.getsize(path)
        if not data.get("dry_run", True):
            os.remove(path)
        removed.append(path)
        freed += size
    print(json.dumps({"removed": removed, "freed": freed}))


main()
