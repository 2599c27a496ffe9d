"""Send the weekly figures by mail."""
import json
import smtplib
import sys
from email.message import EmailMessage

RECIPIENTS = ["board@company.example", "sales@company.example"]


def build(figures, week):
    message = EmailMessage()
    message["Subject"] = "Figures of week " + str(week)
    message["From"] = "reports@company.example"
    message["To"] = ", ".join(RECIPIENTS)
    text = ""
    for name in sorted(figures):
        text = text + name + ": " + str(figures[name]) + "\n"
    message.set_content(text)
    return message


def main():
    data = json.load(sys.stdin)
    week = data["week"]
    if week < 1 or week > 53:
        print(json.dumps({"error": "there is no week " + str(week)}))
        return 1
    message = build(data["figures"], week)
    if data.get("dry_run", True):
        print(json.dumps({"preview": message.as_string()}))
        return 0
    with smtplib.SMTP("mail.company.example", 587, timeout=30) as server:
        server.starttls()
        server.send_message(message)
    print(json.dumps({"sent": len(RECIPIENTS)}))
    return 0


sys.exit(main())
