#!/usr/bin/env python3
"""
Turn titles into names that are safe in paths and links.

AI-Generated Tool
Created: 2026-11-21T09:00:00
Generator: ToolForge v1.0
Status: Experimental
Version: 0.1.0

Titles come as arguments, or on standard input: one a line, or as {"titles": ["…"]}. One slug a line
goes to standard output; without any title, an example shows what happens.
"""

import json
import re
import sys
import unicodedata


def slug(title):
    """Lower case ASCII letters, digits and dashes; `untitled` when nothing is left."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "untitled"


def titles_from(text):
    """The titles of a JSON object, else the lines."""
    try:
        return json.loads(text).get("titles", [])
    except (ValueError, AttributeError):
        return text.splitlines()


def main():
    titles = sys.argv[1:] or ([] if sys.stdin.isatty() else titles_from(sys.stdin.read()))
    for title in titles or ["An Example: Straße & Café"]:
        print(slug(title))


if __name__ == "__main__":
    main()
