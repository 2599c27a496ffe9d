# /// script
# requires-python = ">=3.11"
# dependencies = ["tree-sitter>=0.25", "tree-sitter-rust>=0.24"]
# ///
"""Puts all mutants that cargo-mutants lists into one copy of the sources, and runs the tests that reach them.

A build for each mutant would take days. Here every mutant is code beside the original, chosen by a number:
`a == b` becomes `(if mutant::is(17) { a != b } else { a == b })`. The number is written into the program file, so
that processes which the program starts with another environment know it too. One build, then one short process for
each mutant.

1. List the mutants, put them in, remove those that do not compile.
2. Run each test alone, without a mutant, and note which mutants it reaches, whether it passes, and how long it takes.
3. For each mutant run the tests that reach it, those of its own module first, until one fails (twice, so that an
   unreliable test is not taken for a notice). Endless loops are ended and count as noticed. The tests of the program
   run beside the unit tests, for what these did not notice.

Results are in target/mutants: results.jsonl has one line for each mutant, unnoticed.txt the names of those that nobody
noticed so far. A second call goes on where the first ended.
"""

import argparse
import bisect
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from queue import SimpleQueue

import tree_sitter_rust
from tree_sitter import Language, Parser

ROOT = Path(__file__).resolve().parents[2]
RUST = Parser(Language(tree_sitter_rust.language()))
MARK = b"the chosen mutant: "
PATIENCE = 30  # seconds that one test may take to be used
RECORD = 10_000_000  # RECORD + n: note what is reached in the file n
SILENT = "src/runner/sandbox/"

SWITCH = """//! Which mutant this program is. The number is written into the program file.
use std::io::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static CHOSEN: [u8; 27] = *b"the chosen mutant: 00000000";
static NUMBER: LazyLock<usize> = LazyLock::new(|| {
    std::hint::black_box(&CHOSEN)[19..].iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
});
static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

/// What is reached behind a filter that is not answered yet, where opening a file would wait for ever.
static SILENT: [usize; SILENT_COUNT] = SILENT_NUMBERS;

/// Whether this program is that mutant.
pub fn is(number: usize) -> bool {
    let chosen = *NUMBER;
    if chosen >= RECORD && !SILENT.contains(&number) && !REACHED[number].swap(true, Ordering::Relaxed) {
        let file = format!("DIRECTORY/{}", chosen - RECORD);
        if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(file) {
            let _ = file.write_all(format!("{number}\\n").as_bytes());
        }
    }
    chosen == number
}

/// What a function that returns some iterator returns, as a mutant or as it is.
pub enum Either<A, B> {
    First(A),
    Second(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Either::First(first) => first.next(),
            Either::Second(second) => second.next(),
        }
    }
}
"""


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, flush=True)


# ---- 1: put the mutants in ----


def listed(files, work):
    """The mutants of cargo-mutants. The numbers start at 1 and stay the same when lines of the sources move."""
    command = ["cargo", "mutants", "--list", "--json", "--no-shuffle"]
    command += [word for file in files for word in ("--file", file)]
    command += ["--exclude", "**/tests.rs", "--exclude", "**/*_tests.rs", "--exclude", "**/tests/**"]
    mutants = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    kept = work / "numbers.json"
    numbers = json.loads(kept.read_text()) if kept.exists() else {}
    same = Counter()
    for mutant in mutants:
        what = mutant["name"].split(":", 3)[3].strip()
        same[mutant["file"], what] += 1
        mutant["id"] = f"{mutant['file']}: {what} #{same[mutant['file'], what]}"
        mutant["number"] = numbers.setdefault(mutant["id"], len(numbers) + 1)
    kept.write_text(json.dumps(numbers, indent=1))
    return mutants


class Source:
    """One file and the mutants in it."""

    def __init__(self, path, mutants):
        self.path = path
        self.text = (ROOT / path).read_bytes()
        self.starts = [0] + [at + 1 for at, byte in enumerate(self.text) if byte == 0x0A]
        self.tree = RUST.parse(self.text)
        self.wraps, self.bodies, self.guards, self.functions = {}, {}, {}, set()
        self.left_out = {}
        for mutant in mutants:
            reason = self.place(mutant)
            if reason:
                self.left_out[mutant["number"]] = reason

    def byte(self, place):
        """The offset of a line and a column in characters, both from 1."""
        start = self.starts[place["line"] - 1]
        line = self.text[start:].split(b"\n", 1)[0].decode()
        return start + len(line[: place["column"] - 1].encode())

    def place(self, mutant):
        """Finds the node that a mutant replaces; a reason when it cannot be put in."""
        start, end = self.byte(mutant["span"]["start"]), self.byte(mutant["span"]["end"])
        mutant["bytes"] = start, end
        mutant["was"] = self.text[start:end].decode()
        node = self.tree.root_node.descendant_for_byte_range(start, end)
        genre = mutant["genre"]
        if genre == "FnValue":
            while node and node.type != "function_item":
                node = node.parent
            self.functions.add(node.id)
            self.bodies.setdefault(node.child_by_field_name("body").id, []).append(mutant)
            return None
        if genre == "MatchArm":
            while node.type != "match_arm":
                node = node.parent
            self.guards.setdefault(node.child_by_field_name("pattern").id, []).append(mutant)
            self.mark_function(node)
            return None
        kinds = {
            "BinaryOperator": ("binary_expression", "compound_assignment_expr", "let_chain"),
            "UnaryOperator": ("unary_expression",),
            "StructField": ("struct_expression",),
        }
        if genre in kinds:
            while node and node.type not in kinds[genre]:
                node = node.parent
            if node is None:
                return "no place found"
            if node.type == "let_chain":
                return "no Rust: only && joins patterns"
        elif genre != "MatchArmGuard":
            return f"unknown kind {genre}"
        elif node.type.startswith("let_"):
            if mutant["replacement"] == "true":
                return "no Rust: the guard binds names"
            while node.type != "match_pattern":
                node = node.parent
            self.guards.setdefault(node.id, []).append(mutant)
            self.mark_function(node)
            return None
        self.wraps.setdefault((node.start_byte, node.end_byte, node.type), []).append(mutant)
        self.mark_function(node)
        return None

    def mark_function(self, node):
        while node and node.type != "function_item":
            node = node.parent
        if node:
            self.functions.add(node.id)

    def mutated(self, node, mutant):
        start, end = mutant["bytes"]
        return (self.text[node.start_byte : start] + mutant["replacement"].encode() + self.text[end : node.end_byte]).decode()

    def render(self, removed, constant):
        """The text with all mutants but the removed; `constant` names functions that have to stay `const`."""

        def alive(mutants):
            return [m for m in mutants or [] if m["number"] not in removed]

        def visit(node):
            parts, at = [], node.start_byte
            for child in node.children:
                parts.append(self.text[at : child.start_byte].decode())
                parts.append(visit(child))
                at = child.end_byte
            parts.append(self.text[at : node.end_byte].decode())
            text = "".join(parts)
            if node.type == "function_modifiers" and node.parent.id in self.functions:
                name = node.parent.child_by_field_name("name").text.decode()
                return text if name in constant else text.replace("const", "")
            mutants = alive(self.bodies.get(node.id))
            if mutants and returns_iterator(node.parent):
                for m in reversed(mutants):
                    is_it = f"/*<{m['number']}*/if crate::mutant::is({m['number']})"
                    first = f"{{ crate::mutant::Either::First({m['replacement']}) }}/*{m['number']}>*/"
                    text = f"{{ {is_it} {first} else {{ crate::mutant::Either::Second({text}) }} }}"
            elif mutants:
                checks = "".join(
                    f"/*<{m['number']}*/ if crate::mutant::is({m['number']}) {{ return {m['replacement']}; }} /*{m['number']}>*/"
                    for m in mutants
                )
                text = "{" + checks + text[1:]
            if mutants := alive(self.guards.get(node.id)):
                condition = " && ".join(
                    f"/*<{m['number']}*/!crate::mutant::is({m['number']})/*{m['number']}>*/" for m in mutants
                )
                guard = node.child_by_field_name("condition")
                if guard is None:
                    text += " if " + condition
                else:
                    pattern, guarded = text[: -len(visit(guard))], text[-len(visit(guard)) :]
                    guarded = guarded if guard.type.startswith("let_") else f"({guarded})"
                    text = f"{pattern}{condition} && {guarded}"
            if mutants := alive(self.wraps.get((node.start_byte, node.end_byte, node.type))):
                branches = " else ".join(
                    f"/*<{m['number']}*/if crate::mutant::is({m['number']}) {{ {self.mutated(node, m)} }}/*{m['number']}>*/"
                    for m in mutants
                )
                text = f"({branches} else {{ {text} }})"
                if node.parent.type == "expression_statement" and not node.parent.text.endswith(b";"):
                    text = text[1:-1]
            return text

        return self.text[: self.tree.root_node.start_byte].decode() + visit(self.tree.root_node) + self.text[self.tree.root_node.end_byte :].decode()


def returns_iterator(function):
    kind = function.child_by_field_name("return_type")
    return kind is not None and kind.text.startswith(b"impl ") and b"Iterator" in kind.text


class Tree:
    """The copy of the sources with the mutants in it."""

    def __init__(self, work, mutants):
        self.path = work / "tree"
        self.work = work
        self.mutants = mutants
        self.removed, self.constant = {}, set()
        self.kept = work / "removed.json"
        if self.kept.exists():
            removed, constant = json.loads(self.kept.read_text())
            self.removed, self.constant = {int(number): why for number, why in removed.items()}, set(constant)
        self.changed = []
        self.path.mkdir(parents=True, exist_ok=True)
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        for name in filter(None, names.decode().split("\0")):
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = work / "copied" / name  # without mutants, to see what has changed
            if not copy.exists() or copy.read_bytes() != (ROOT / name).read_bytes():
                self.changed.append(name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, copy)
                shutil.copyfile(ROOT / name, target)
                shutil.copymode(ROOT / name, target)
        self.sources = {}
        for file in {m["file"] for m in mutants}:
            self.sources[file] = Source(file, [m for m in mutants if m["file"] == file])
            self.removed.update(self.sources[file].left_out)

    def write(self):
        for file, source in self.sources.items():
            write_if_changed(self.path / file, source.render(self.removed, self.constant))
        silent = [m["number"] for m in self.mutants if m["file"].startswith(SILENT)]
        switch = SWITCH.replace("SILENT_COUNT", str(len(silent))).replace("SILENT_NUMBERS", str(silent))
        switch = switch.replace("COUNT", str(max(m["number"] for m in self.mutants) + 1)).replace("RECORD", str(RECORD))
        write_if_changed(self.path / "src/mutant.rs", switch.replace("DIRECTORY", str(self.work / "reached")))
        library = (ROOT / "src/lib.rs").read_text()
        allowed = "#![allow(warnings, arithmetic_overflow, unconditional_recursion, unconditional_panic, clippy::all)]\n"
        write_if_changed(self.path / "src/lib.rs", allowed + library + "\n#[allow(missing_docs)]\npub mod mutant;\n")

    def cargo(self, *words):
        environment = {**os.environ, "CARGO_TARGET_DIR": str(self.work / "target")}
        command = [os.environ.get("MUTANTS_CARGO", "cargo"), *words, "--message-format=json"]
        done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done.returncode, lines, done.stderr

    def remove_what_does_not_compile(self):
        for attempt in range(1, 40):
            self.write()
            code, lines, errors = self.cargo("test", "--lib", "--no-run")
            found = [l["message"] for l in lines if l.get("reason") == "compiler-message" and l["message"]["level"] == "error"]
            if code == 0:
                return
            before = len(self.removed), len(self.constant)
            lost = [message for message in found if not self.blame(message)]
            say(f"attempt {attempt}: {len(found)} errors, {len(self.removed)} mutants removed")
            self.kept.write_text(json.dumps([self.removed, sorted(self.constant)], indent=1))
            if before == (len(self.removed), len(self.constant)):
                for message in lost[:5]:
                    print(message["rendered"])
                sys.exit(errors[-2000:] + "\nthe copy does not compile, and no mutant is to blame")

    def blame(self, message):
        """Removes the mutants in which an error lies; whether there was one."""
        spans = sorted(message["spans"], key=lambda span: not span["is_primary"])
        for child in message["children"]:
            spans += child["spans"]
        code = (message["code"] or {}).get("code") or "error"
        for span in spans:
            while (span.get("expansion") or {}).get("span"):
                span = span["expansion"]["span"]
            if span["file_name"] not in self.sources:
                continue
            text = (self.path / span["file_name"]).read_bytes()
            if number := innermost(text, span["byte_start"], span["byte_end"]):
                self.removed[number] = f"{code}: {message['message'][:200]}"
                return True
        if name := re.search(r"non-const \w+(?: \w+)? `(?:.*::)?(\w+)`", message["message"]):
            self.constant.add(name[1])
            return True
        # The places of these errors lie in front of the mutants that cause them.
        looks = {"E0004": rb"/\*<(\d+)\*/!crate", "E0271": rb"/\*<(\d+)\*/if [^{]*\{ crate::mutant::Either::First\(::std::iter::once"}
        for span in spans[:1] if code in looks else []:
            text = (self.path / span["file_name"]).read_bytes()
            numbers = [int(n) for n in re.findall(looks[code], text[span["byte_start"] : span["byte_start"] + 6000])]
            for number in numbers:
                self.removed[number] = f"{code}: {message['message'][:200]}"
            return bool(numbers)
        return not message["spans"]


def innermost(text, start, end):
    """The number of the mutant whose marks lie closest around a place."""
    for opening in reversed(list(re.finditer(rb"/\*<(\d+)\*/", text[: start + 12]))):
        closing = text.find(b"/*" + opening[1] + b">*/", opening.end())
        if closing >= 0 and closing + 12 >= end and opening.start() <= start:
            return int(opening[1])
        if start - opening.start() > 20000:
            return None
    return None


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


# ---- 2: which test reaches which mutant ----


class Program:
    """A copy of a test program, or of the program itself, that can be made any mutant."""

    def __init__(self, built, copy=None):
        self.path = Path(copy or built)
        if copy:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(built, copy)
        self.places = [found.end() for found in re.finditer(re.escape(MARK) + rb"(?=\d{8})", self.path.read_bytes())]

    def become(self, number):
        try:
            with open(self.path, "r+b") as file:
                self.write(file, number)
        except OSError:  # a process that was left over still runs it
            new = self.path.with_suffix(".new")
            shutil.copy2(self.path, new)
            with open(new, "r+b") as file:
                self.write(file, number)
            new.replace(self.path)

    def write(self, file, number):
        for place in self.places:
            file.seek(place)
            file.write(b"%08d" % number)


class Suite:
    """A test program and the programs that its tests start."""

    def __init__(self, name, work, tests, others=()):
        self.name, self.work, self.tests, self.others = name, work, tests, list(others)
        self.scratch = Path(f"/tmp/mutants-{os.getpid()}-{name}")
        self.known = {}

    def limits(self):
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, resource.RLIM_INFINITY))
        os.nice(10)

    def run(self, number, names, limit):
        """Runs tests as a mutant: those that passed, those that failed, and "ended", "hung" or "died"."""
        for program in [self.tests, *self.others]:
            program.become(number)
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        environment = {**os.environ, "CARGO_MANIFEST_DIR": str(self.work / "tree"), "TMPDIR": str(self.scratch)}
        environment |= {"INSTA_UPDATE": "no", "PROPTEST_CASES": "64", "RUST_BACKTRACE": "0"}
        output = self.scratch / "output"
        with open(output, "wb") as file:
            process = subprocess.Popen(
                [self.tests.path, "--exact", "--test-threads=1", *names],
                cwd=self.work / "tree", env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                start_new_session=True, preexec_fn=self.limits,
            )  # fmt: skip
            try:
                process.wait(limit)
                ending = "ended" if process.returncode in (0, 101) else "died"
            except subprocess.TimeoutExpired:
                ending = "hung"
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        text = output.read_bytes().decode(errors="replace")
        results = dict(re.findall(r"^test (\S+)(?: - should panic)? \.\.\. (?:.*?)(ok|FAILED)$", text, re.MULTILINE))
        passed = [name for name in names if results.get(name) == "ok"]
        failed = [name for name in names if results.get(name) == "FAILED"]
        return passed, failed, ending

    def names(self, filters):
        listed = subprocess.run([self.tests.path, "--list"], cwd=self.work / "tree", check=True, capture_output=True, text=True)
        names = re.findall(r"^(\S+): test$", listed.stdout, re.MULTILINE)
        return [name for name in names if not filters or any(name.startswith(start) for start in filters)]

    def reaching(self, mutant):
        """The tests that reach a mutant, those beside it first, then the fastest."""
        module = mutant["file"].removeprefix("src/").removesuffix(".rs").removesuffix("/mod").replace("/", "::")
        parent = module.rsplit("::", 1)[0]
        # Behind the sandbox nobody can note what is reached.
        behind = "runner::" if mutant["file"].startswith(SILENT) else None
        chosen = []
        for name, note in self.known.items():
            if note["passes"] and (mutant["number"] in note["reach"] or behind and name.startswith(behind)):
                beside = 0 if name.startswith(module) else 1 if name.startswith(parent) else 2
                chosen.append((beside, note["seconds"], name))
        return sorted(chosen)

    def notices(self, mutant, budget):
        """The test that notices a mutant and how, or None; how many tests were not run for want of time."""
        chosen, spent, room, ran = self.reaching(mutant), 0.0, 2.0, 0
        while chosen and spent < budget:
            names, expected = [], 0.0
            while chosen and (not names or expected + chosen[0][1] <= room):
                _, seconds, name = chosen.pop(0)
                names.append(name)
                expected += seconds
            spent, room, ran = spent + expected, room * 2, ran + len(names)
            passed, failed, ending = self.run(mutant["number"], names, 10 + 4 * expected)
            suspects = failed[:3]
            if ending != "ended":
                rest = [name for name in names if name not in passed and name not in failed]
                suspects += sorted(rest)[:1]
            for name in suspects:
                again = self.run(mutant["number"], [name], 10 + 4 * self.known[name]["seconds"])
                if again[1] or again[2] != "ended":
                    return name, ending if again[2] != "ended" else "failed", ran, len(chosen)
        return None, "", ran, len(chosen)


def learn(suite, filters):
    """Notes for each test what it reaches; goes on where an earlier call ended."""
    reached = suite.work / "reached"
    reached.mkdir(exist_ok=True)
    first = 1 if suite.name == "unit" else 1_000_000
    notes = suite.work / f"known-{suite.name}.jsonl"
    names = suite.names(filters)
    if notes.exists():
        for line in notes.read_text().splitlines():
            note = json.loads(line)
            if note["test"] in names:
                suite.known[note["test"]] = note
    queue = [name for name in names if name not in suite.known]
    say(f"{suite.name}: {len(suite.known)} tests known, {len(queue)} to learn")
    for number, name in enumerate(queue, first):
        found = reached / str(number)
        found.unlink(missing_ok=True)
        began = time.monotonic()
        passed, _, _ = suite.run(RECORD + number, [name], PATIENCE)
        note = {"test": name, "seconds": time.monotonic() - began, "passes": bool(passed), "reaches": []}
        if found.exists():
            note["reaches"] = sorted({int(n) for n in found.read_text().split()})
        suite.known[name] = note
        with open(notes, "a") as file:
            print(json.dumps(note), file=file)
        if len(suite.known) % 100 == 0:
            say(f"{suite.name}: {len(suite.known)} of {len(names)} tests known")
    for note in suite.known.values():
        note["reach"] = frozenset(note["reaches"])
    bad = [name for name, note in suite.known.items() if not note["passes"]]
    say(f"{suite.name}: {len(bad)} tests do not pass alone and are not used:", *bad[:20])


def in_threads(work, arguments):
    threads = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---- 3: run the mutants ----


def judge(mutants, results, stages):
    """Runs each mutant that has no result yet; the results go to a file, one line each.

    A stage is a suite, which of its tests are used, and for how many seconds for one mutant. Each has a thread of its
    own and hands on what it did not notice to the next.
    """
    done = {}
    if results.exists():
        for line in results.read_text().splitlines():
            result = json.loads(line)
            done[result["id"]] = result
    todo = [m for m in mutants if m["id"] not in done]
    say(f"{len(todo)} mutants to run")
    lock, began, count = threading.Lock(), time.monotonic(), Counter()
    queues = [SimpleQueue() for _ in stages]
    for mutant in todo:
        queues[0].put((mutant, {"id": mutant["id"], "name": mutant["name"], "noticed": None, "ran": {}}))
    queues[0].put(None)

    def finish(mutant, result):
        with lock:
            done[mutant["id"]] = result
            count[result.get("by", "nobody")] += 1
            with open(results, "a") as file:
                print(json.dumps(result), file=file)
            if not result["noticed"]:
                lost = [m for m in mutants if m["id"] in done and not done[m["id"]]["noticed"]]
                (results.parent / "unnoticed.txt").write_text("".join(f"{told(m, done)}\n" for m in lost))
            if sum(count.values()) % 25 == 0:
                seconds = time.monotonic() - began
                say(dict(count), f"{sum(count.values())} of {len(todo)}, {seconds:.0f} s, now {mutant['file']}")

    def work(place):
        suite, filters, budget = stages[place]
        learn(suite, filters)
        while taken := queues[place].get():
            mutant, result = taken
            try:
                name, how, ran, left = suite.notices(mutant, budget)
            except Exception as error:
                say("error", mutant["name"], repr(error))
                name, how, ran, left = None, repr(error), 0, 0
            result["ran"][suite.name] = [ran, left]
            if name:
                result |= {"noticed": name, "how": how, "by": suite.name}
            if name or place + 1 == len(stages):
                finish(mutant, result)
            else:
                queues[place + 1].put(taken)
        if place + 1 < len(stages):
            queues[place + 1].put(None)

    in_threads(work, range(len(stages)))
    return done


def told(mutant, done):
    """A mutant that nobody noticed, and how many tests of each suite ran, and how many there was no time for."""
    ran = [f"{suite} {ran}" + (f" (not {left})" if left else "") for suite, (ran, left) in done[mutant["id"]]["ran"].items()]
    return f"{mutant['name']}  [{', '.join(ran)}]"


def summary(mutants, done):
    """The figures of a round, whole and for each file."""
    rows = {}
    for mutant in mutants:
        row = rows.setdefault(mutant["file"], Counter())
        row["listed"] += 1
        result = done.get(mutant["id"])
        if mutant["left_out"]:
            row["left out"] += 1
        elif result is None:
            row["not run"] += 1
        elif result["noticed"]:
            row["noticed"] += 1
        elif any(ran for ran, _ in result["ran"].values()):
            row["survived"] += 1
        else:
            row["unreached"] += 1
    columns = ["listed", "left out", "noticed", "survived", "unreached", "not run"]
    total = sum(rows.values(), Counter())
    print("".join(f"{column:>10}" for column in columns))
    for file, row in [*rows.items(), ("all", total)]:
        print("".join(f"{row[column]:10}" for column in columns), file)


# ---- all of it ----


def prepare(work, files, again):
    """The mutants of these files, in a copy that compiles; the programs built from it."""
    built = work / "built.json"
    if built.exists() and not again:
        kept = json.loads(built.read_text())
        say("goes on with what was built; --again builds anew, and to begin anew remove", work)
        return kept
    work.mkdir(parents=True, exist_ok=True)
    mutants = listed(files, work)
    say(f"{len(mutants)} mutants listed")
    tree = Tree(work, mutants)
    tree.remove_what_does_not_compile()
    say("left out:", dict(Counter(reason.split(":")[0] for reason in tree.removed.values())))
    code, lines, errors = tree.cargo("test", "--lib", "--test", "it", "--no-run")
    if code:
        sys.exit(errors[-4000:])
    programs = {}
    for line in lines:
        if line.get("reason") == "compiler-artifact" and line.get("executable"):
            kind = "unit" if line["profile"]["test"] and line["target"]["kind"] == ["lib"] else line["target"]["name"]
            programs[kind] = line["executable"]
    forget(work, tree.changed)
    results = work / "results.jsonl"
    if results.exists():  # those that nobody noticed are run again, also when that is interrupted
        noticed = [line for line in results.read_text().splitlines() if json.loads(line)["noticed"]]
        results.write_text("".join(f"{line}\n" for line in noticed))
    for mutant in mutants:
        mutant.pop("diff", None)
        mutant["left_out"] = tree.removed.get(mutant["number"])
    kept = {"mutants": mutants, "programs": programs}
    built.write_text(json.dumps(kept, indent=1))
    return kept


def forget(work, changed):
    """Forgets what the tests in changed files reach."""
    for suite, root in ("unit", "src/"), ("it", "tests/it/"):
        notes, starts = work / f"known-{suite}.jsonl", []
        for name in changed:
            if name.startswith(root) and name.endswith(".rs"):
                module = name.removeprefix(root).removesuffix(".rs").removesuffix("/mod").replace("/", "::")
                whole = suite == "it" or module.endswith("tests")
                starts.append(f"{module}::" if whole else f"{module}::tests::")
        if notes.exists():
            kept = [line for line in notes.read_text().splitlines() if not json.loads(line)["test"].startswith(tuple(starts))]
            notes.write_text("".join(f"{line}\n" for line in kept))


def main():
    parser = argparse.ArgumentParser(description="Runs the tests against mutants.")
    parser.add_argument("files", nargs="+", help="patterns of source files")
    parser.add_argument("--work", type=Path, default=ROOT / "target/mutants", help="where everything is kept")
    parser.add_argument("--it", action="append", default=[], help="tests of the program to use: how their names begin")
    parser.add_argument("--seconds", type=float, default=60, help="of tests of the program for one mutant")
    parser.add_argument("--unit-seconds", type=float, default=120, help="of unit tests for one mutant")
    parser.add_argument("--again", action="store_true", help="build anew and run those again that nobody noticed")
    parser.add_argument("--only", action="append", help="run only mutants with this in their name")
    parser.add_argument("--build", action="store_true", help="build and run nothing")
    parser.add_argument("--report", action="store_true", help="print the figures so far and run nothing")
    chosen = parser.parse_args()
    work = chosen.work.resolve()
    results = work / "results.jsonl"
    kept = prepare(work, chosen.files, chosen.again and not chosen.report)
    order = lambda m: next((i for i, f in enumerate(chosen.files) if Path(m["file"]).match(f)), 0)
    kept["mutants"].sort(key=order)
    if chosen.report:
        summary(kept["mutants"], {r["id"]: r for r in map(json.loads, results.read_text().splitlines())})
        return
    if chosen.build:
        return
    programs = kept["programs"]
    unit = Suite("unit", work, Program(programs["unit"], work / "bin/unit"))
    stages = [(unit, [], chosen.unit_seconds)]
    if chosen.it:
        # Its path is part of the tests, so there is only one.
        program = Suite("it", work, Program(programs["it"]), [Program(programs["toolsmith"])])
        stages.append((program, chosen.it, chosen.seconds))
    mutants = [m for m in kept["mutants"] if not m["left_out"]]
    mutants = [m for m in mutants if not chosen.only or any(word in m["name"] for word in chosen.only)]
    done = judge(mutants, results, stages)
    print("\n".join(told(m, done) for m in mutants if not done[m["id"]]["noticed"]))
    summary(kept["mutants"], done)


if __name__ == "__main__":
    main()
