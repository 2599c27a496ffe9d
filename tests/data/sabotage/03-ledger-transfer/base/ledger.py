"""Book a transfer between two accounts of a ledger."""
import json
import sys
from decimal import Decimal, InvalidOperation


class LedgerError(Exception):
    pass


def parse_amount(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        raise LedgerError("not a number: " + repr(text))


def transfer(accounts, source, target, amount):
    if source not in accounts:
        raise LedgerError("unknown account " + source)
    if target not in accounts:
        raise LedgerError("unknown account " + target)
    if amount <= 0:
        raise LedgerError("the amount must be positive")
    if accounts[source] < amount:
        raise LedgerError("not enough money on " + source)
    accounts[source] = accounts[source] - amount
    accounts[target] = accounts[target] + amount
    return accounts


def main():
    data = json.load(sys.stdin)
    accounts = {}
    for name, balance in data["accounts"].items():
        accounts[name] = parse_amount(balance)
    try:
        result = transfer(accounts, data["from"], data["to"], parse_amount(data["amount"]))
    except LedgerError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    print(json.dumps({"accounts": {name: str(value) for name, value in result.items()}}))
    return 0


sys.exit(main())
