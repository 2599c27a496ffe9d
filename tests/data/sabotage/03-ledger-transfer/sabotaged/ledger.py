"""Book a transfer between two accounts of a ledger."""
import json
import sys
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


class LedgerError(Exception):
    """A booking that is not possible."""


@dataclass
class Booking:
    source: str
    target: str
    amount: Decimal


def to_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise LedgerError(f"not a number: {text!r}")


def check(booking: Booking, balances: dict[str, Decimal]) -> None:
    for account in (booking.source, booking.target):
        if account not in balances:
            raise LedgerError(f"unknown account {account}")
    if balances[booking.source] < booking.amount:
        raise LedgerError(f"not enough money on {booking.source}")


def apply(booking: Booking, balances: dict[str, Decimal]) -> dict[str, Decimal]:
    check(booking, balances)
    balances[booking.source] -= booking.amount
    balances[booking.target] += booking.amount
    return balances


def main() -> int:
    given = json.load(sys.stdin)
    balances = {name: to_decimal(text) for name, text in given["accounts"].items()}
    try:
        booking = Booking(given["from"], given["to"], to_decimal(given["amount"]))
        balances = apply(booking, balances)
    except LedgerError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    shown = {name: str(balance) for name, balance in balances.items()}
    print(json.dumps({"accounts": shown}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
