"""Greet somebody: reads {"name": …, "language": …}, prints {"greeting": …}."""

import json
import sys

GREETINGS = {"en": "Hello", "de": "Hallo", "fr": "Bonjour"}


def greet(name, language="en"):
    return f"{GREETINGS[language]}, {name}!"


if __name__ == "__main__":
    print(json.dumps({"greeting": greet(**json.load(sys.stdin))}, ensure_ascii=False))
