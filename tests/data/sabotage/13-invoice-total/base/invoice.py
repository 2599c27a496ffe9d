"""Add up the lines of an invoice."""
import json
import sys
from decimal import Decimal


def line_total(line):
    quantity = Decimal(str(line["quantity"]))
    price = Decimal(str(line["price"]))
    total = quantity * price
    if "discount" in line:
        total = total - total * Decimal(str(line["discount"])) / 100
    return total


def invoice(lines, tax_rate, shipping):
    net = Decimal(0)
    for line in lines:
        net = net + line_total(line)
    tax = net * tax_rate / 100
    return net, tax, net + tax + shipping


def main():
    data = json.load(sys.stdin)
    lines = data["lines"]
    if len(lines) == 0:
        print(json.dumps({"error": "an invoice needs lines"}))
        return 1
    for line in lines:
        if line["quantity"] < 0:
            print(json.dumps({"error": "a quantity is negative"}))
            return 1
    net, tax, gross = invoice(lines, Decimal(str(data.get("tax", 19))), Decimal(str(data.get("shipping", 0))))
    print(json.dumps({"net": str(net), "tax": str(tax), "gross": str(gross)}))
    return 0


sys.exit(main())
