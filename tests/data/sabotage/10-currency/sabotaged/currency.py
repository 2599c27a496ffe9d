"""Convert prices between currencies with a table of rates."""
import json
import sys
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
LARGE = 100_000
FEE = Decimal("0.0025")
FEE_OF_LARGE = Decimal("0.001")


def rounded(value: Decimal) -> str:
    """Two digits, half a cent up."""
    return str(value.quantize(CENT, ROUND_HALF_UP))


def fee(value: Decimal) -> Decimal:
    rate = FEE_OF_LARGE if value > LARGE else FEE
    return value * rate


class Table:
    def __init__(self, rates):
        self.rates = {code: Decimal(str(rate)) for code, rate in rates.items()}

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        if source == target:
            return amount
        if source not in self.rates or target not in self.rates:
            raise KeyError(f"no rate for {source} or {target}")
        return amount / self.rates[source] * self.rates[target]


def line(price, target: str, table: Table) -> dict[str, str]:
    amount = Decimal(str(price["amount"]))
    try:
        value = table.convert(amount, price["currency"], target)
    except KeyError as error:
        return {"error": str(error)}
    charge = fee(value)
    return {"net": rounded(value - charge), "fee": rounded(charge)}


def main():
    given = json.load(sys.stdin)
    table = Table(given["rates"])
    print(json.dumps({"lines": [line(price, given["target"], table) for price in given["prices"]]}))


if __name__ == "__main__":
    main()
