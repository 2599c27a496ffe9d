"""Turns HTML into readable text. Nothing is fetched."""

import html.parser
import json
import re
import sys

BLOCKS = {"p", "div", "section", "article", "header", "footer", "main", "nav", "ul", "ol", "table", "tr"}
BLOCKS |= {"blockquote", "pre", "figure", "form", "dl", "dt", "dd", "address", "aside"}
SILENT = {"script", "style", "template", "noscript", "svg", "iframe"}


class Reader(html.parser.HTMLParser):
    """Collects text, the title and links."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.links, self.title = [], [], ""
        self.silent, self.in_title, self.in_pre = 0, False, False

    def handle_starttag(self, tag, attributes):
        if tag in SILENT:
            self.silent += 1
        elif tag == "title":
            self.in_title = True
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif re.fullmatch("h[1-6]", tag):
            self.parts.append("\n\n" + "#" * int(tag[1]) + " ")
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag in BLOCKS:
            self.parts.append("\n\n" if tag != "tr" else "\n")
        target = dict(attributes).get("href") if tag == "a" else None
        if target and not target.startswith(("#", "javascript:")) and target not in self.links:
            self.links.append(target)
        self.in_pre = self.in_pre or tag == "pre"

    def handle_endtag(self, tag):
        if tag in SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag == "title":
            self.in_title = False
        elif tag in BLOCKS or re.fullmatch("h[1-6]", tag):
            self.parts.append("\n\n" if tag != "tr" else "")
        self.in_pre = self.in_pre and tag != "pre"

    def handle_data(self, data):
        if self.in_title:
            self.title += data
        elif not self.silent:
            self.parts.append(data if self.in_pre else re.sub(r"\s+", " ", data))


def convert(html, links=True):
    reader = Reader()
    reader.feed(html)
    reader.close()
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(reader.parts))
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r" {2,}", " ", text)).strip()
    answer = {"title": " ".join(reader.title.split()), "text": text}
    return {**answer, "links": reader.links} if links else answer


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = convert(**request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
