"""Send the weekly figures by mail."""
import json
import smtplib
import sys
from email.message import EmailMessage

SENDER = "reports@company.example"
RECIPIENTS = ["board@company.example", "sales@company.example"]
SERVER = ("mail.company.example", 587)


def body(figures: dict) -> str:
    return "".join(f"{name}: {figures[name]}\n" for name in sorted(figures))


def mail(figures: dict, week: int) -> EmailMessage:
    message = EmailMessage()
    headers = {"Subject": f"Figures of week {week}", "From": SENDER, "To": ", ".join(RECIPIENTS)}
    for key, value in headers.items():
        message[key] = value
    message.set_content(body(figures))
    return message


def deliver(message: EmailMessage) -> None:
    host, port = SERVER
    with smtplib.SMTP(host, port, timeout=30) as connection:
        connection.starttls()
        connection.send_message(message)


def main() -> int:
    given = json.load(sys.stdin)
    week = given["week"]
    if not 1 <= week <= 53:
        print(json.dumps({"error": f"there is no week {week}"}))
        return 1
    message = mail(given["figures"], week)
    if given.get("dry_run", True):
        print(json.dumps({"preview": message.as_string()}))
        return 0
    deliver(message)
    print(json.dumps({"sent": len(RECIPIENTS)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
