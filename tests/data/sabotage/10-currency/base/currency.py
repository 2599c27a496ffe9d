"""Convert prices between currencies with a table of rates."""
import json
import sys
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def convert(amount, source, target, rates):
    if source == target:
        return amount
    if source not in rates or target not in rates:
        raise KeyError("no rate for " + source + " or " + target)
    euros = amount / rates[source]
    return euros * rates[target]


def fee(amount):
    if amount > 10000:
        return amount * Decimal("0.001")
    return amount * Decimal("0.0025")


def main():
    data = json.load(sys.stdin)
    rates = {}
    for code in data["rates"]:
        rates[code] = Decimal(str(data["rates"][code]))
    lines = []
    for price in data["prices"]:
        amount = Decimal(str(price["amount"]))
        try:
            value = convert(amount, price["currency"], data["target"], rates)
        except KeyError as error:
            lines.append({"error": str(error)})
            continue
        charge = fee(value)
        net = value - charge
        lines.append({"net": str(net.quantize(CENT, ROUND_HALF_UP)), "fee": str(charge.quantize(CENT, ROUND_HALF_UP))})
    print(json.dumps({"lines": lines}))


main()
