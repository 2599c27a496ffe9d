"""List pictures of a folder that are larger than allowed."""
import json
import sys
from operator import itemgetter
from os import walk
from os.path import getsize, join, splitext

KINDS = (".png", ".jpg", ".jpeg", ".gif")
LIMIT = 500_000


def is_picture(name: str) -> bool:
    return splitext(name)[1].lower() in KINDS


def pictures(top: str):
    """Every picture below a folder with its size."""
    for folder, _, names in walk(top):
        for name in filter(is_picture, names):
            path = join(folder, name)
            yield {"path": path, "bytes": getsize(path)}


def main() -> None:
    given = json.load(sys.stdin)
    limit = given.get("limit", LIMIT)
    large = [picture for picture in pictures(given["folder"]) if picture["bytes"] > limit]
    large.sort(key=itemgetter("bytes"), reverse=True)
    print(json.dumps({"pictures": large, "count": len(large)}))


if __name__ == "__main__":
    main()
