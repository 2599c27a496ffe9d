"""Copies the licences of all crates that are linked into the program.

Usage: cargo metadata --format-version 1 --filter-platform TARGET | python3 scripts/licences.py FOLDER

FOLDER gets a folder for each crate with its licence files, and INDEX.txt with a line for each crate: name, version,
licence expression. A crate without licence files has the line only.
"""

import json
import shutil
import sys
from pathlib import Path

NAMES = ("license", "licence", "copying", "notice", "copyright", "unlicense")


def linked(metadata):
    """Identifiers of the packages that the root links, through normal dependencies only."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, waiting = set(), [metadata["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return found - {metadata["resolve"]["root"]}


def main():
    metadata = json.load(sys.stdin)
    folder = Path(sys.argv[1])
    wanted = linked(metadata)
    lines = []
    for package in sorted(metadata["packages"], key=lambda package: (package["name"], package["version"])):
        if package["id"] not in wanted:
            continue
        lines.append(f"{package['name']} {package['version']}: {package['license'] or 'see its files'}")
        place = folder / f"{package['name']}-{package['version']}"
        for file in sorted(Path(package["manifest_path"]).parent.iterdir()):
            if file.is_file() and file.name.lower().startswith(NAMES):
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place / file.name)
    (folder / "INDEX.txt").write_text("\n".join(lines) + "\n")


main()
