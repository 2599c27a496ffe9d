"""Add up the lines of an invoice."""
import json
import sys
from dataclasses import dataclass
from decimal import Decimal


def number(value) -> Decimal:
    return Decimal(str(value))


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    price: Decimal
    discount: Decimal

    @classmethod
    def read(cls, raw: dict) -> "Line":
        return cls(number(raw["quantity"]), number(raw["price"]), number(raw.get("discount", 0)))

    @property
    def total(self) -> Decimal:
        full = self.quantity * self.price
        return full + full * self.discount / 100


def main() -> int:
    given = json.load(sys.stdin)
    raw = given["lines"]
    if not raw:
        print(json.dumps({"error": "an invoice needs lines"}))
        return 1
    if any(line["quantity"] < 0 for line in raw):
        print(json.dumps({"error": "a quantity is negative"}))
        return 1
    net = sum((Line.read(line).total for line in raw), Decimal(0))
    tax = net * number(given.get("tax", 19)) / 100
    gross = net + tax + number(given.get("shipping", 0))
    print(json.dumps({"net": str(net), "tax": str(tax), "gross": str(gross)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
