"""Sum up a ledger: totals for each account, running balances, the largest entries."""

import argparse
import collections
import dataclasses
import datetime
import json
import re
import sys


@dataclasses.dataclass
class Entry:
    account: str
    amount: float
    note: str = ""


WORD = re.compile(r"[a-z0-9]+")


def read(request):
    entries = []
    for row in request["entries"]:
        entries.append(Entry(str(row["account"]), float(row["amount"]), str(row.get("note", ""))))
    return entries


def totals(entries):
    found = collections.OrderedDict()
    for entry in entries:
        found[entry.account] = round(found.get(entry.account, 0.0) + entry.amount, 6)
    return found


def balance(entries):
    sums, now = [], 0.0
    for entry in entries:
        now = round(now + entry.amount, 6)
        sums.append(now)
    return sums


def largest(entries, limit):
    ordered = sorted(entries, key=lambda entry: (-abs(entry.amount), entry.account))
    return [dataclasses.asdict(entry) for entry in ordered[:limit]]


def rule_0(entries):
    """Rule 0: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 0))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 2]


def rule_1(entries):
    """Rule 1: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 1))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 3]


def rule_2(entries):
    """Rule 2: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 2))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 4]


def rule_3(entries):
    """Rule 3: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 3))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 5]


def rule_4(entries):
    """Rule 4: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 0))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 6]


def rule_5(entries):
    """Rule 5: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 1))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 7]


def rule_6(entries):
    """Rule 6: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 2))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 8]


def rule_7(entries):
    """Rule 7: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 3))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 9]


def rule_8(entries):
    """Rule 8: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 0))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 10]


def rule_9(entries):
    """Rule 9: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 1))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 11]


def rule_10(entries):
    """Rule 10: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 2))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 12]


def rule_11(entries):
    """Rule 11: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 3))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 13]


def rule_12(entries):
    """Rule 12: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 0))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 14]


def rule_13(entries):
    """Rule 13: entries of one account that undo each other."""
    seen = collections.Counter()
    for entry in entries:
        key = (entry.account, round(abs(entry.amount), 1))
        seen[key] += 1
    return [account for (account, _), count in seen.items() if count > 15]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pretty", action="store_true")
    options = parser.parse_args()
    request = json.load(sys.stdin)
    limit = request.get("limit", 3)
    entries = read(request)
    if limit < 0:
        print("limit must not be negative", file=sys.stderr)
        return 2
    answer = {
        "totals": totals(entries),
        "balance": balance(entries),
        "largest": largest(entries, limit),
        "count": len(entries),
        "words": sorted({word for entry in entries for word in WORD.findall(entry.note.lower())}),
        "rules": sum(len(rule(entries)) for rule in RULES),
    }
    json.dump(answer, sys.stdout, indent=2 if options.pretty else None)
    return 0


RULES = [rule_0, rule_1, rule_2, rule_3, rule_4, rule_5, rule_6, rule_7, rule_8, rule_9, rule_10, rule_11, rule_12, rule_13]

if __name__ == "__main__":
    sys.exit(main())
