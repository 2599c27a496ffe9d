"""List pictures of a folder that are larger than allowed."""
import json
import os
import sys

KINDS = (".png", ".jpg", ".jpeg", ".gif")


def main():
    data = json.load(sys.stdin)
    limit = data.get("limit", 500000)
    found = []
    for folder, _, names in os.walk(data["folder"]):
        for name in names:
            ending = os.path.splitext(name)[1].lower()
            if ending not in KINDS:
                continue
            path = os.path.join(folder, name)
            size = os.path.getsize(path)
            if size > limit:
                found.append({"path": path, "bytes": size})
    found.sort(key=lambda item: item["bytes"], reverse=True)
    print(json.dumps({"pictures": found, "count": len(found)}))


main()
