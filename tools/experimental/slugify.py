#!/usr/bin/env python3
"""
Turn titles into names that are safe in paths and links.

AI-Generated Tool
Created: 2026-11-21T09:00:00
Generator: ToolForge v1.0
Status: Experimental
Version: 0.1.0

One title a line on standard input, or as arguments; one slug a line on standard output.
"""

import re
import sys
import unicodedata


def slug(title):
    """Lower case ASCII letters, digits and dashes; `untitled` when nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "untitled"


def main():
    titles = sys.argv[1:] or ([] if sys.stdin.isatty() else sys.stdin.read().splitlines())
    for title in titles or ["An Example: Straße & Café"]:
        print(slug(title))


if __name__ == "__main__":
    main()
