# Calls the functions that changed, in two versions of a file, with the same arguments, and compares what each call does:
# what it returns or raises, what it writes, what it leaves in files and in its arguments, what it asks of the world. Then
# the same with small faults in the changed lines: a call that does not notice them says nothing of the lines.
import argparse
import ast
import asyncio
import contextlib
import importlib
import inspect
import io
import itertools
import json
import os
import re
import shutil
import signal
import sys
import time
import traceback
import types

import called_arguments as arguments
import called_stand_ins as stand_ins
from called_stand_ins import WORLD, Unknown, plain, tidy

CALLS, TARGETS, STEPS = 60, 5, 40_000
# Calls that try one fault, and calls side by side.
ROUND, ABREAST = 48, 8
# What ends a call by a fault of the program itself.
CRASHES = ("TypeError", "IndexError", "AttributeError", "ZeroDivisionError", "UnboundLocalError")


def main():
    told = os.dup(1)
    asked = json.load(sys.stdin)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[1:1] = [os.path.join(here, os.path.dirname(asked["path"])), here]
    asked["faults"] = {side: [(line, needed, asked[side][:start] + other + asked[side][end:])
                              for line, needed, start, end, other in asked["faults"][side]] for side in ("old", "new")}
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    os.dup2(1, 0)
    sys.setrecursionlimit(2_000)
    try:
        answer = Work(asked).done()
    except Exception as fault:
        answer = {"fault": f"{type(fault).__name__}: {fault}", "at": traceback.format_exc()[-500:]}
    os.write(told, json.dumps(answer).encode())


class Work:
    def __init__(self, asked):
        self.asked = asked
        self.path = asked["path"]
        self.times, self.begun = os.times, time.monotonic()
        self.clock, self.fork = time.monotonic, os.fork
        self.old, self.new = (arguments.Reader(ast.parse(asked[side])) for side in ("old", "new"))
        both = (self.new, self.old)
        self.strings = list(dict.fromkeys(one for reader in both for one in reader.strings))
        self.numbers = list(dict.fromkeys(one for reader in both for one in reader.numbers))
        self.patterns = list(dict.fromkeys(one for reader in both for one in reader.patterns))
        self.keys = [one for one in self.strings if one.isidentifier()][:12]
        self.base = os.getcwd()
        self.loads = [sort for reader in both for sort in reader.loads()]
        self.parts = {}
        self.heads = {side: {node.lineno for node in ast.walk(reader.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
                      for side, reader in (("old", self.old), ("new", self.new))}
        self.spans = {side: spans(reader.tree) for side, reader in (("old", self.old), ("new", self.new))}
        for reader in both:
            for node in ast.walk(reader.tree):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for name in names:
                    if name.partition(".")[0] in sys.stdlib_module_names:
                        with contextlib.suppress(Exception):
                            importlib.import_module(name)
        stand_ins.install()
        WORLD.objects = self.old.objects | self.new.objects

    def targets(self):
        """The functions that changed, then those that call them, nearest first."""
        found, names = [], set()
        for reader, lines in ((self.old, self.asked["old_lines"]), (self.new, self.asked["new_lines"])):
            for name, node in reader.functions.items():
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                if any(first <= line <= node.end_lineno for line in lines) and name not in found:
                    found.append(name)
        # What a changed statement of the file gives a name is used by functions.
        names = list(found)
        for reader, side in ((self.old, "old_lines"), (self.new, "new_lines")):
            for node in reader.tree.body:
                if isinstance(node, (ast.Assign, ast.AnnAssign)) and any(node.lineno <= line <= node.end_lineno for line in self.asked[side]):
                    names += [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        for name in names:
            last = name.rsplit(".", 1)[-1]
            for other, node in self.new.functions.items():
                calls = any(isinstance(one, (ast.Name, ast.Attribute)) and ast.unparse(one).rsplit(".", 1)[-1] == last for one in ast.walk(node))
                if other not in names and calls:
                    names.append(other)
        both = [name for name in names if name in self.old.functions and name in self.new.functions]
        both = both[:TARGETS]
        is_whole = any(
            node.lineno <= line <= node.end_lineno
            for reader, side in ((self.old, "old_lines"), (self.new, "new_lines"))
            for node in reader.tree.body
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign))
            for line in self.asked[side])
        return both + (["<module>"] if is_whole or not both else [])

    def recipe(self, name, seed):
        """Arguments of two calls in a row: what the first one keeps may decide the second one."""
        made = [arguments.Maker(seed * 31 + len(name) + at, self.strings, self.numbers, self.patterns, self.keys) for at in (0, 7)]
        return name, seed, [self.values(name, one) for one in made]

    def values(self, name, maker):
        if name == "<module>":
            return [], {}
        old, new = self.old.functions[name], self.new.functions[name]
        shared = {one.arg for one in new.args.args + new.args.kwonlyargs + new.args.posonlyargs}
        has_self = "." in name and not any(ast.unparse(one) == "staticmethod" for one in new.decorator_list)
        given, by_name = [], {}
        known = arguments.defaults(old)
        listed = (old.args.posonlyargs + old.args.args)[has_self:]
        for one in listed:
            if one.arg in known and maker.dice.random() < 0.3:
                break
            given.append(maker.of(self.sort(old, new, one)))
        for one in old.args.kwonlyargs:
            if one.arg in shared and (one.arg not in known or maker.dice.random() < 0.7):
                by_name[one.arg] = maker.of(self.sort(old, new, one))
        return given, by_name

    def sort(self, old, new, argument):
        key = (old.name, old.lineno, argument.arg)
        kept = self.__dict__.setdefault("sorts", {})
        if key not in kept:
            sort = self.old.parameter(old, argument)
            other = next((one for one in new.args.args + new.args.kwonlyargs if one.arg == argument.arg), None)
            if other is not None and (sort is None or other.annotation is not None):
                sort = self.new.parameter(new, other) or sort
            kept[key] = sort
        return kept[key]

    def spent(self):
        """Seconds of the processor so far; on a busy machine a part of those that went by."""
        times = self.times()
        return max(times.user + times.system + times.children_user + times.children_system, (self.clock() - self.begun) / 3)

    def done(self):
        recipes, traces, hits = [], {"old": [], "new": []}, {}
        targets = self.targets()
        for seed in range(CALLS):
            if self.spent() > self.asked["seconds"] * 0.5:
                break
            # Where no call reached the changed lines, others seldom do.
            is_left = seed >= 8 and any(hits.values()) and seed % 4
            made = [self.recipe(name, seed) for name in targets if hits.get(name) or not is_left]
            done = iter(self.calls([(self.asked[side], recipe) for recipe in made for side in ("old", "new")]))
            for recipe in made:
                recipes.append(recipe)
                for side in ("old", "new"):
                    traces[side].append(next(done))
                    hits[recipe[0]] = hits.get(recipe[0], 0) + self.goes_through(side, traces[side][-1])
        compared = len(recipes)
        old, new = traces["old"], traces["new"]
        usable = [at for at in range(compared) if not (old[at]["endless"] or new[at]["endless"])]
        through = [at for at in usable if self.goes_through("old", old[at]) or self.goes_through("new", new[at])]
        unlike_ = [at for at in usable if not alike(old[at]["told"], new[at]["told"])]
        mended = [at for at in unlike_ if self.is_mended(old[at], new[at])]
        differing = [at for at in unlike_ if at not in mended]
        answer = {"calls": len(usable), "through": len(through), "differing": len(differing), "mended": len(mended), "targets": {}, "lines": {}, "missed": {}, "faults": {}, "difference": None}
        for at in through:
            name = recipes[at][0]
            answer["targets"][name] = answer["targets"].get(name, 0) + 1
        for side in ("old", "new"):
            answer["lines"][side] = self.lines(side, traces[side], usable)
            run = {line for at in usable for key in ("lines", "defined") for line in traces[side][at][key]}
            answer["missed"][side] = sorted(set(self.asked[f"{side}_lines"]) & code_lines(self.asked[side]) - run)
        if differing:
            at = min(differing, key=lambda at: len(json.dumps(recipes[at][2])))
            answer["difference"] = [recipes[at][0], json.dumps(recipes[at][2])[:200], *unlike(old[at]["told"], new[at]["told"])]
        elif through:
            for side in ("old", "new"):
                answer["faults"][side] = [self.notices(side, fault, recipes, traces[side], usable) for fault in self.asked["faults"][side]]
        return answer

    def goes_through(self, side, trace):
        return any(self.has(side, trace, line) for line in self.asked[f"{side}_lines"])

    def is_mended(self, old, new):
        """Whether a changed line crashed in the old version, and none does in the new one."""
        return self.crashes("old", old) and not self.crashes("new", new)

    def crashes(self, side, trace):
        kind, line = trace["crash"]
        first, last = self.spans[side].get(line, (line, line))
        return kind in CRASHES and any(first <= one <= last for one in self.asked[f"{side}_lines"])

    def has(self, side, trace, line):
        """Whether a call went through the statement of a line."""
        first, last = self.spans[side].get(line, (line, line))
        ran = trace["lines"] if line in self.heads[side] else trace["lines"] + trace["defined"]
        return any(first <= one <= last for one in ran)

    def lines(self, side, traces, usable):
        """Of each line: the calls through it that came to an end, and how many different ones."""
        found = {}
        for line in self.asked[f"{side}_lines"]:
            through = [traces[at] for at in usable if self.has(side, traces[at], line)]
            whole = [one for one in through if not one["confused"]]
            if through:
                found[line] = [len(whole), len({answer_of(one) for one in whole})]
        return found

    def notices(self, side, fault, recipes, traces, usable):
        line, needed, text = fault
        through = [at for at in usable if self.has(side, traces[at], line)]
        seen, first, later = set(), [], []
        for at in through:
            told = answer_of(traces[at])
            (later if told in seen else first).append(at)
            seen.add(told)
        ordered, count = (first + later)[:ROUND], 0
        while ordered:
            if self.spent() > self.asked["seconds"]:
                return False
            now, ordered = ordered[:ABREAST // 2], ordered[ABREAST // 2:]
            done = self.calls([(text, recipes[at]) for at in now])
            count += sum(not alike(one["told"], traces[at]["told"]) for one, at in zip(done, now))
            if count >= needed:
                return True
        return False

    def calls(self, wanted):
        """Calls, some side by side, each in a process of its own."""
        made = []
        for at in range(0, len(wanted), ABREAST):
            started = [self.start(f"call{slot}", *one) for slot, one in enumerate(wanted[at:at + ABREAST])]
            made += [self.ended(*one) for one in started]
        return made

    def start(self, name, text, recipe):
        if text not in self.parts:
            self.parts[text] = definitions(text)
        folder = os.path.join(self.base, name)
        shutil.rmtree(folder, ignore_errors=True)
        read, write = os.pipe()
        child = self.fork()
        if child == 0:
            os.close(read)
            try:
                signal.signal(signal.SIGALRM, too_long)
                signal.setitimer(signal.ITIMER_PROF, 1.0)
                signal.signal(signal.SIGPROF, too_long)
                signal.setitimer(signal.ITIMER_REAL, 5.0)
                for path, inner in arguments.FILES.items():
                    os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                    with open(os.path.join(folder, path), "w") as file:
                        file.write(inner)
                os.chdir(folder)
                with os.fdopen(write, "w") as pipe:
                    json.dump(Call(self, text, recipe, folder).trace(), pipe)
            except BaseException:
                pass
            os._exit(0)
        os.close(write)
        return child, read

    def ended(self, child, read):
        with os.fdopen(read) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        try:
            return json.loads(told)
        except ValueError:
            return {"told": {"ended": "died"}, "lines": [], "defined": [], "endless": True, "confused": True, "crash": [None, 0]}


class Endless(BaseException):
    pass


def too_long(*_):
    raise Endless


class Call:
    """One call of one version."""

    def __init__(self, work, text, recipe, folder):
        self.work, self.text, self.folder = work, text, folder
        self.name, self.seed, self.rounds = recipe
        self.lines, self.defined, self.steps = set(), set(), 0
        self.files_given = dict(arguments.FILES)
        pool = work.strings[:40] + [arguments.matching(one, arguments.random.Random(self.seed)) for one in work.patterns[:6]]
        WORLD.begin(self.seed, [one for one in pool if one], folder)
        self.made = arguments.Maker(self.seed + 5, work.strings, work.numbers, work.patterns, work.keys)

    def trace(self):
        out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
        told, module = {}, types.ModuleType("__main__" if self.name == "<module>" else "tool")
        module.__file__ = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), self.work.path)
        sys.modules[module.__name__] = module
        self.prepare()
        values, is_endless, is_confused, crash = [], False, False, [None, 0]
        sys.stdout, sys.stderr = out, err
        sys.settrace(self.step)
        try:
            if self.name == "<module>":
                exec(self.work.parts[self.text][0], module.__dict__)
                told["ended"] = "ended"
            else:
                self.define(module)
                self.defined, self.lines = self.lines, set()
                told["returned"] = []
                for given, by_name in [*self.rounds, self.rounds[0]]:
                    function = self.find(module)
                    given, by_name = [self.make(one, module) for one in given], {key: self.make(one, module) for key, one in by_name.items()}
                    values.append([given, by_name])
                    told["returned"].append(plain(self.result(function(*given, **by_name))))
        except SystemExit as end:
            told["exit"] = plain(end.code)
        except Endless:
            is_endless = True
        except BaseException as fault:
            told["raised"] = plain(fault)
            places = [at for one, at in traceback.walk_tb(fault.__traceback__) if one.f_code.co_filename == "<tool>"]
            crash = [type(fault).__name__, places[-1] if places else 0]
            is_confused = isinstance(fault, (TypeError, AttributeError, NameError, ImportError, RecursionError))
        sys.settrace(None)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        with contextlib.suppress(Exception):
            out.flush()
        told["out"] = tidy(out.buffer.getvalue().decode("utf-8", "replace")) if not out.closed else ""
        told["err"] = tidy(err.getvalue())
        told["asked"] = WORLD.asked
        told["values"] = plain(values)
        told["kept"] = {} if self.name == "<module>" else {key: plain(one) for key, one in vars(module).items()
                        if isinstance(one, (list, dict, set, int, str)) and not key.startswith("__") and not key.isupper()}
        told["files"] = self.files()
        told["log"] = [tidy(record.getMessage()) for record in LOG]
        is_endless = is_endless or sum(map(len, map(str, told.values()))) > 200_000
        return {"told": told, "lines": sorted(self.lines), "defined": sorted(self.defined), "endless": is_endless, "confused": is_confused, "crash": crash}

    def define(self, module):
        """Runs the statements of a file that define something, without those that begin its work."""
        for code in self.work.parts[self.text][1]:
            try:
                exec(code, module.__dict__)
            except (Exception, SystemExit):
                pass

    def prepare(self):
        dice = self.made.dice
        # A new process has other random numbers.
        arguments.random.seed(self.seed)
        sys.argv = ["tool.py", *[str(plain_path(self.made.of(dice.choice([("text", []), ("path",)])))) for _ in range(dice.choice([0, 1, 1, 2, 3]))]]
        loads = self.work.loads
        sort = ("file", dice.choice(loads)) if loads and dice.random() < 0.7 else ("file",)
        sys.stdin = io.TextIOWrapper(io.BytesIO(self.made.of(sort)["text"].encode()))
        if dice.random() < 0.6:
            self.put("alpha.txt", self.made.text())
        # Files that the code names.
        for name in self.work.strings:
            if re.fullmatch(r"[\w-]+(/[\w-]+)*\.[a-z]{1,5}", name) and dice.random() < 0.5:
                self.put(name, dice.choice(["17", "4242\n", self.made.text(), self.made.text()]))
        if loads:
            self.put("data.json", self.made.of(("file", dice.choice(loads)))["text"])
        for name in self.work.strings:
            if name.isupper() and name.replace("_", "").isalnum():
                os.environ.pop(name, None)
                if dice.random() < 0.7:
                    os.environ[name] = self.made.text() or "alpha"
        argparse.ArgumentParser.parse_args = lambda parser, args=None, space=None: self.parsed(parser, space)
        argparse.ArgumentParser.parse_known_args = lambda parser, args=None, space=None: (self.parsed(parser, space), [])
        import logging

        logging.Logger.handle = lambda _logger, record: LOG.append(record)

    def put(self, name, text):
        self.files_given[name] = text
        if "/" in name:
            os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name, "w") as file:
            file.write(text)

    def parsed(self, parser, space=None):
        """Options as a parser allows them, by their names."""
        space = space or argparse.Namespace()
        vars(space).update(getattr(parser, "_defaults", {}))
        for action in parser._actions:
            if isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
                continue
            made = arguments.Maker(WORLD.dice("option", action.dest), self.work.strings, self.work.numbers, self.work.patterns, self.work.keys)
            if isinstance(action, argparse._SubParsersAction):
                name = made.dice.choice(sorted(action.choices)) if action.choices else None
                setattr(space, action.dest, name)
                if name:
                    self.parsed(action.choices[name], space)
                continue
            setattr(space, action.dest, self.option(action, made))
        return space

    def option(self, action, made):
        is_left = action.option_strings and not action.required and made.dice.random() < 0.4
        if is_left:
            return action.default
        if action.nargs == 0:
            return getattr(action, "const", True)
        if action.choices:
            one = lambda: made.dice.choice(list(action.choices))
        elif action.type is int:
            one = lambda: made.number([action.default])
        elif action.type is float:
            one = lambda: float(made.number([action.default]))
        else:
            sort = arguments.named(action.dest)
            if sort[0] not in ("path", "url") and not arguments.hints("ending", action.dest):
                sort = ("text", [action.default])
            if action.type is not None and isinstance(action.type, type) and issubclass(action.type, os.PathLike):
                sort = ("path",)

            def one():
                text = plain_path(made.of(sort))
                return action.type(text) if callable(action.type) else text

        if isinstance(action, argparse._AppendAction):
            return [one() for _ in range(made.dice.choice([1, 2, 3]))]
        if action.nargs in ("*", "+") or isinstance(action.nargs, int):
            return [one() for _ in range(action.nargs if isinstance(action.nargs, int) else made.dice.choice([1, 2, 3]))]
        return one()

    def step(self, frame, event, _value):
        if frame.f_code.co_filename != "<tool>":
            return None
        self.lines.add(frame.f_lineno)
        self.steps += 1
        if self.steps > STEPS:
            raise Endless
        return self.step

    def find(self, module):
        owner, _, name = self.name.rpartition(".")
        if not owner:
            function = getattr(module, name)
            return getattr(function, "callback", None) or function
        kind = getattr(module, owner)
        how = inspect.getattr_static(kind, name)
        if isinstance(how, (staticmethod, classmethod)):
            return getattr(kind, name)
        if name in ("__init__", "__new__"):
            return kind
        one = self.one(kind, module)
        if isinstance(how, property):
            return lambda *_: getattr(one, name)
        method = getattr(one, name)
        return lambda *given, **by_name: (method(*given, **by_name), one)

    def one(self, kind, module, seed=0):
        """An object of a class of the tool."""
        reader = self.work.new if kind.__name__ in self.work.new.classes else self.work.old
        made = arguments.Maker(self.seed * 13 + seed, self.work.strings, self.work.numbers, self.work.patterns, self.work.keys)
        node = reader.functions.get(f"{kind.__name__}.__init__")
        if node is not None:
            known = arguments.defaults(node)
            sorts = {one.arg: reader.parameter(node, one) for one in node.args.args[1:] if one.arg not in known or made.dice.random() < 0.5}
        else:
            whole = reader.classes.get(kind.__name__)
            fields = [one for one in whole.body if isinstance(one, ast.AnnAssign)] if whole else []
            sorts = {one.target.id: reader.annotation(one.annotation) or arguments.named(one.target.id) for one in fields
                     if one.value is None or made.dice.random() < 0.7}
        values = {name: self.make(made.of(sort, 2), module) for name, sort in sorts.items()}
        try:
            return kind(**values)
        except TypeError:
            return kind()

    def make(self, recipe, module):
        if not isinstance(recipe, dict):
            return recipe
        sort = recipe["$"]
        if sort == "path":
            import pathlib

            return pathlib.Path(recipe["at"]) if self.wants_paths(module) else recipe["at"]
        if sort == "file":
            return io.StringIO(recipe["text"])
        if sort == "bytes":
            return recipe["text"].encode()
        if sort in ("list", "tuple", "set"):
            inner = [self.make(one, module) for one in recipe["of"]]
            try:
                return {"list": list, "tuple": tuple, "set": set}[sort](inner)
            except TypeError:
                return inner
        if sort == "map":
            return {key: self.make(one, module) for key, one in recipe["of"]}
        if sort == "object":
            made = types.SimpleNamespace(**{key: self.make(one, module) for key, one in recipe["of"].items()})
            return made
        if sort == "made":
            kind = getattr(module, recipe["name"], None)
            if isinstance(kind, type) and hasattr(kind, "__members__"):
                return list(kind)[recipe["seed"] % len(list(kind))]
            return self.one(kind, module, recipe["seed"]) if isinstance(kind, type) else Unknown(recipe["name"])
        if sort == "method":
            return Unknown("method")
        return Unknown(recipe["name"])

    def wants_paths(self, _module):
        text = self.work.asked["old"]
        return "Path" in text and (self.seed % 4 != 3)

    def result(self, value):
        if inspect.iscoroutine(value):
            return asyncio.run(value)
        if inspect.isgenerator(value):
            return list(itertools.islice(value, 100))
        return value

    def files(self):
        found = {}
        for place, _, names in sorted(os.walk(self.folder)):
            for name in sorted(names):
                path = os.path.join(place, name)
                try:
                    with open(path, "rb") as file:
                        text = file.read(5_000).decode("utf-8", "replace")
                    text = f"{os.stat(path).st_mode & 0o777:o} {text}"
                except OSError:
                    text = "unreadable"
                inner = os.path.relpath(path, self.folder)
                if self.files_given.get(inner) != text[4:] or not text.startswith("6"):
                    found[inner] = tidy(text)
        found.update({name: "gone" for name in arguments.FILES if not os.path.exists(os.path.join(self.folder, name))})
        return found


def spans(tree):
    """For each line the lines of its statement, without those of statements in it."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            inner = [one.lineno for key in ("body", "orelse", "finalbody", "handlers") for one in getattr(node, key, [])[:1]]
            last = min([node.end_lineno, *(line - 1 for line in inner)])
            found.update({line: (node.lineno, last) for line in range(node.lineno, last + 1)})
    return found


def definitions(text):
    """The code of a file, and that of each statement that does not begin its work; of a text with a fault perhaps none."""
    try:
        tree = ast.parse(text)
        whole, parts = compile(tree, "<tool>", "exec"), []
    except SyntaxError:
        return compile("raise SyntaxError", "<tool>", "exec"), []
    for statement in tree.body:
        is_begun = isinstance(statement, (ast.For, ast.While, ast.With))
        if isinstance(statement, ast.Expr):
            call = statement.value
            is_begun = (not isinstance(call, ast.Call) or isinstance(call.func, ast.Name)
                        or ast.unparse(call.func).startswith(("sys.exit", "asyncio.")))
        if not is_begun:
            parts.append(compile(ast.Module([statement], []), "<tool>", "exec"))
    return whole, parts


def code_lines(text):
    """The lines at which something is done."""
    found, codes = set(), [compile(text, "<tool>", "exec")]
    for code in codes:
        found.update(line for _, _, line in code.co_lines() if line)
        codes += [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return found


LOG = []


def answer_of(trace):
    """What a call did, without its arguments."""
    return json.dumps({key: value for key, value in trace["told"].items() if key != "values"})


def alike(one, other):
    """Whether two calls did the same; what a file keeps under a name that the other does not have is its own affair."""
    rest = lambda told: {key: value for key, value in told.items() if key != "kept"}
    both = one.get("kept", {}).keys() & other.get("kept", {}).keys()
    return rest(one) == rest(other) and all(one["kept"][key] == other["kept"][key] for key in both)


def plain_path(value):
    return value["at"] if isinstance(value, dict) else value


def unlike(old, new):
    for key in old.keys() | new.keys():
        if old.get(key) != new.get(key):
            one, other = str(old.get(key)), str(new.get(key))
            at = next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), 0)
            at = max(0, at - 30)
            return [key, one[at:at + 120], other[at:at + 120]]
    return ["", "", ""]


if __name__ == "__main__":
    main()
