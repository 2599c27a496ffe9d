"""Looks over the text of a Dockerfile. Nothing is built."""

import json
import re
import sys

KNOWN = set(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER "
    "VOLUME WORKDIR".split()
)
SECRET = re.compile(r"(?i)\b(\w*(?:password|passwd|secret|token|api_?key|private_?key)\w*)\s*[= ]\s*[^\s$]")

# Each rule: instruction, pattern that its text has, pattern that makes it harmless, severity, message.
RULES = [
    ("RUN", r"apt-get\s+(?:-\S+\s+)*install", r"--no-install-recommends", "low", "installs recommended packages too"),
    ("RUN", r"apt-get\s+(?:-\S+\s+)*install", r"/var/lib/apt/lists|--mount=type=cache", "low", "keeps the package lists"),
    ("RUN", r"apt-get\s+update", r"apt-get\s+(?:-\S+\s+)*install", "medium", "updates the package lists in a layer of its own"),
    ("RUN", r"pip3?\s+install", r"--no-cache-dir|--mount=type=cache|PIP_NO_CACHE_DIR", "low", "keeps the cache of pip"),
    ("RUN", r"(?:curl|wget)\b[^|&;]*\|\s*(?:sudo\s+)?(?:ba|z)?sh\b", r"^\b$", "high", "runs a script from the network unseen"),
    ("RUN", r"\bsudo\b", r"^\b$", "medium", "uses sudo"),
    ("RUN", r"chmod\s+(?:-R\s+)?0?777", r"^\b$", "medium", "lets everybody write"),
    ("ADD", r".", r"https?://|\.tar|\.tgz|git@", "low", "COPY is enough for plain files"),
    ("CMD", r"^[^\[]", r"^\b$", "low", "the shell form does not pass signals on"),
    ("ENTRYPOINT", r"^[^\[]", r"^\b$", "low", "the shell form does not pass signals on"),
    ("MAINTAINER", r"", r"^\b$", "low", "is deprecated; use LABEL"),
    ("WORKDIR", r"^[^/$]", r"^[A-Za-z]:", "low", "is relative"),
]


def instructions(text):
    """Yields line, name and text of each instruction, continued lines joined."""
    parts, begin, end_of_text = [], 0, None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if end_of_text:
            end_of_text = None if bare == end_of_text else end_of_text
            continue
        if bare.startswith("#") or (not bare and parts):
            continue
        if not bare:
            continue
        begin = begin if parts else number
        if bare.endswith("\\"):
            parts.append(bare[:-1])
            continue
        whole = " ".join([*parts, bare])
        parts = []
        here = re.search(r"<<-?[\"']?(\w+)", whole)
        end_of_text = here[1] if here else None
        name, _, rest = whole.partition(" ")
        yield begin, name.upper(), rest.strip()
    if parts:
        name, _, rest = " ".join(parts).partition(" ")
        yield begin, name.upper(), rest.strip()


def image_findings(rest, stages):
    """What is wrong with the image of a FROM; notes the name of its stage."""
    words = [word for word in rest.split() if not word.startswith("--")]
    image = words[0] if words else ""
    if len(words) == 3 and words[1].lower() == "as":
        stages.add(words[2].lower())
    if not image or image.lower() in stages or image == "scratch" or "$" in image or "@sha256:" in image:
        return []
    tag = image.rpartition("/")[2].partition(":")[2]
    return [] if tag and tag != "latest" else [("medium", f"{image} has no fixed version")]


def findings_of(name, rest, stages):
    if name not in KNOWN:
        return [("medium", f"{name[:40]} is not an instruction")]
    found = image_findings(rest, stages) if name == "FROM" else []
    for on, pattern, harmless, severity, message in RULES:
        if on == name and re.search(pattern, rest) and not re.search(harmless, rest):
            found.append((severity, message))
    secret = SECRET.search(rest) if name in {"ENV", "ARG"} else None
    return found + ([("high", f"{secret[1]} is kept in the image")] if secret else [])


def lint(dockerfile):
    findings, stages, user, images, name = [], set(), "", 0, ""
    for line, name, rest in instructions(dockerfile):
        images += name == "FROM"
        user = "" if name == "FROM" else rest if name == "USER" else user
        for severity, message in findings_of(name, rest, stages):
            findings.append({"line": line, "severity": severity, "message": f"{name[:40]}: {message}"})
    if images and user.split(":")[0] in {"", "root", "0"}:
        findings.append({"line": 0, "severity": "medium", "message": "the last stage runs as root"})
    if not images:
        findings.append({"line": 0, "severity": "high", "message": "there is no FROM"})
    return {"stages": images, "findings": findings}


def main():
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = lint(**request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
