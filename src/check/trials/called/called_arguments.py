# Arguments for a function, from what the code says of them: type hints, defaults, how a parameter is used, what it is
# compared with, its name.
import ast
import json
import random
import re

try:
    from re import _parser as patterns
except ImportError:
    import sre_parse as patterns

TEXT_METHODS = set("startswith endswith split rsplit strip lstrip rstrip lower upper replace splitlines encode title format "
                   "casefold removeprefix removesuffix partition rpartition isdigit isalpha find join capitalize".split())
MAP_METHODS = {"get", "items", "keys", "values", "setdefault", "update"}
LIST_METHODS = {"append", "extend", "insert", "sort", "reverse"}
PATH_NAMES = set("exists is_file is_dir iterdir glob rglob read_text write_text read_bytes write_bytes with_suffix with_name "
                 "stem suffix parent parts resolve relative_to mkdir unlink rename touch".split())
FILE_METHODS = {"read", "readline", "readlines", "write", "writelines"}
WORDS = {
    "path": "path file filename filepath dir directory folder root dest src target".split(),
    "folder": "dir directory folder root".split(),
    "ending": "ext extension suffix".split(),
    "box": "box bbox rect bounds coords".split(),
    "url": "url uri link endpoint href".split(),
    "flag": "verbose flag force enable enabled quiet debug dry recursive strict reverse ok".split(),
    "number": "n count num number size width height limit index i j k seconds timeout port year month day hours minutes "
              "duration timestamp ts time dur total max min threshold offset depth level age length amount price rate".split(),
    "list": "lines items names files rows args words values list entries keys tags parts events records results".split(),
    "map": "data config options opts obj dict mapping settings info payload record row entry item event params meta".split(),
}
ENDINGS = [".txt", ".py", "md", ".json", "txt"]
FILES = {"alpha.txt": "alpha\nbeta gamma\n\nalpha 7\n", "data.json": '{"name": "alpha", "items": [{"id": 1, "name": "beta"}]}',
         "table.csv": "name,count\nalpha,1\nbeta,2\n", "notes.md": "---\nname: alpha\n---\n# Title\n\n- one\n",
         "inner/beta.py": "import os\n\n\ndef beta():\n    return 1\n", "empty.txt": ""}


class Reader:
    """What one version says of its parameters."""

    def __init__(self, tree):
        self.tree, self.wholes = tree, []
        self.functions, self.classes = {}, {}
        for node in tree.body:
            self._keep(node, "")
        strings, numbers = [], []
        docs = {id(node.body[0].value) for node in ast.walk(tree)
                if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
                and node.body and isinstance(node.body[0], ast.Expr)}
        self.patterns = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and "re." in ast.unparse(node.func) and node.args:
                if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    self.patterns.append(node.args[0].value)
            if isinstance(node, ast.Constant) and id(node) not in docs:
                if isinstance(node.value, str) and 0 < len(node.value) <= 40:
                    strings.append(node.value)
                elif type(node.value) in (int, float) and abs(node.value) < 1e6:
                    numbers.append(node.value)
        self.strings, self.numbers = strings, numbers
        # Attributes of which something is done that a plain value does not do.
        used = [node.func if isinstance(node, ast.Call) else node.value for node in ast.walk(tree)
                if isinstance(node, (ast.Call, ast.Attribute, ast.Subscript))]
        self.objects = {node.attr for node in used if isinstance(node, ast.Attribute)}

    def _keep(self, node, prefix):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.functions.setdefault(prefix + node.name, node)
            for inner in ast.walk(node):
                for child in ast.iter_child_nodes(inner):
                    child.up = inner
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
            for inner in node.body:
                self._keep(inner, f"{node.name}.")
        elif isinstance(node, (ast.If, ast.Try)):
            for inner in node.body:
                self._keep(inner, prefix)

    def annotation(self, node, depth=0):
        """The sort that a type hint names."""
        if node is None or depth > 4:
            return None
        inner = lambda one: self.annotation(one, depth + 1)
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                try:
                    return inner(ast.parse(node.value, mode="eval").body)
                except SyntaxError:
                    return None
            return ("none",) if node.value is None else None
        if isinstance(node, ast.BinOp):
            return ("any", [inner(node.left), inner(node.right)])
        name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node).rsplit(".", 1)[-1]
        given = []
        if isinstance(node, ast.Subscript):
            given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        plain = {"str": "text", "int": "number", "float": "share", "bool": "flag", "Path": "path", "bytes": "bytes",
                 "None": "none", "Callable": "callable", "PathLike": "path"}
        if name in plain:
            return (plain[name],)
        if name in ("list", "List", "Sequence", "Iterable", "Iterator", "Collection", "tuple", "Tuple", "set", "Set", "frozenset"):
            sort = {"t": "tuple", "s": "set", "f": "set"}.get(name[0].lower(), "list") if name[0] in "tTsf" or name == "Set" else "list"
            if sort == "tuple" and len(given) > 1 and not isinstance(given[1], ast.Constant):
                return ("fixed", [inner(one) for one in given])
            return (sort, inner(given[0]) if given else None)
        if name in ("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"):
            return ("map", {}, inner(given[1]) if len(given) > 1 else None)
        if name == "Optional":
            return ("any", [inner(given[0]) if given else None, ("none",)])
        if name == "Union":
            return ("any", [inner(one) for one in given])
        if name == "Literal":
            return ("one", [one.value for one in given if isinstance(one, ast.Constant)])
        if name in self.classes:
            return ("made", name)
        return None

    def of(self, function, key, depth=0):
        """The sort of a value, from how a function uses it."""
        found = {}
        texts, numbers = [], []
        keys, inner, loaded = {}, None, None
        attributes = {}
        for node in ast.walk(function):
            if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or ast.unparse(node) != key:
                continue
            node, up = climbed(node)
            vote = lambda sort, weight=1: found.__setitem__(sort, found.get(sort, 0) + weight)
            if isinstance(up, ast.Attribute) and up.value is node:
                name, call = up.attr, getattr(up, "up", None)
                is_called = isinstance(call, ast.Call) and call.func is up
                if name in TEXT_METHODS and is_called:
                    vote("text", 3)
                    texts += constants(call.args)
                elif name in MAP_METHODS and is_called:
                    vote("map", 3)
                    if name == "get" and call.args and isinstance(call.args[0], ast.Constant):
                        keys[call.args[0].value] = self._kept(function, call, depth) or constant_sort(call.args[1:2])
                    if name == "items":
                        inner = inner or self._loop(function, call, depth, 1)
                    if name == "values":
                        inner = inner or self._loop(function, call, depth, None)
                elif name in LIST_METHODS and is_called:
                    vote("list", 3)
                elif name in PATH_NAMES:
                    vote("folder" if name in ("iterdir", "glob", "rglob", "is_dir") else "path", 3)
                elif name in FILE_METHODS and is_called:
                    vote("file", 3)
                elif depth < 4:
                    vote("object", 2)
                    attributes[name] = ("method",) if is_called else self.of(function, f"{key}.{name}", depth + 1)
            elif isinstance(up, ast.Subscript) and up.value is node:
                if isinstance(up.slice, ast.Constant) and isinstance(up.slice.value, str):
                    vote("map", 3)
                    if depth < 6:
                        keys[up.slice.value] = keys.get(up.slice.value) or self.of(function, ast.unparse(up), depth + 1)
                else:
                    vote("list")
            elif isinstance(up, ast.Compare):
                sides = [up.left, *up.comparators]
                if node is sides[-1] and isinstance(up.ops[-1], (ast.In, ast.NotIn)):
                    vote("list" if not constants([up.left]) else "text")
                    texts += constants([up.left])
                for one in sides:
                    for value in constants(one.elts if isinstance(one, (ast.List, ast.Tuple, ast.Set)) else [one]):
                        if isinstance(value, str):
                            vote("text", 2)
                            texts.append(value)
                        elif type(value) in (int, float):
                            vote("number", 2)
                            numbers.append(value)
            elif isinstance(up, (ast.For, ast.comprehension)) and up.iter is node:
                vote("list", 2)
                if isinstance(up.target, ast.Name) and depth < 5:
                    inner = inner or self.of(function, up.target.id, depth + 1)
            elif isinstance(up, ast.BinOp):
                other = up.right if up.left is node else up.left
                is_text = isinstance(other, ast.JoinedStr) or any(isinstance(one, str) for one in constants([other]))
                if isinstance(up.op, ast.Div) and (is_text or isinstance(other, ast.Name) and up.left is node and hints("path", key)):
                    vote("folder", 4)
                elif is_text:
                    vote("text", 2)
                elif not isinstance(up.op, (ast.Add, ast.Mod, ast.BitOr)) or any(type(one) in (int, float) for one in constants([other])):
                    vote("number", 2)
            elif isinstance(up, ast.AugAssign) and not isinstance(up.op, ast.Add):
                vote("number", 2)
            elif isinstance(up, ast.FormattedValue) and up.format_spec is not None:
                spec = ast.unparse(up.format_spec)
                vote("share" if "f" in spec[-3:] else "number" if "d" in spec[-3:] else "text")
            elif isinstance(up, ast.Call) and node in up.args and depth < 4:
                inner = inner or (self._looped(function, node, depth) or (None, None))[1]
                self._called(up, node, function, vote, depth)
                if ast.unparse(up.func).endswith(("load", "loads")):
                    loaded = self._kept(function, up, depth)
            elif isinstance(up, ast.Await):
                vote("unknown")
        if attributes and found.get("object", 0) >= max(found.values()):
            return ("object", attributes)
        sort = max(found, key=found.get) if found else None
        if sort == "map" or sort is None and keys:
            return ("map", keys, inner)
        if sort == "list":
            return ("list", inner)
        if sort in ("text", "number"):
            return (sort, texts if sort == "text" else numbers)
        if sort == "folder":
            return ("path", "folder")
        if isinstance(sort, int):
            return self.wholes[sort]
        if sort in ("json", "file"):
            return (sort, loaded)
        return (sort,) if sort else None

    def _called(self, call, node, function, vote, depth):
        name = ast.unparse(call.func)
        last = name.rsplit(".", 1)[-1]
        at = call.args.index(node)
        if name in self.functions and at < len(self.functions[name].args.args):
            other = self.functions[name]
            sort = self.parameter(other, other.args.args[at], depth + 1)
            if sort:
                self.wholes.append(sort)
                vote(len(self.wholes) - 1, 2)
        elif last in ("open", "Path", "listdir", "isfile", "isdir", "exists", "basename", "dirname", "walk", "makedirs", "PurePath"):
            vote("path", 3)
        elif name.startswith("re.") and at == 1 or last in ("match", "search", "findall", "finditer", "fullmatch", "sub", "quote", "escape", "split"):
            vote("text", 2)
        elif last == "loads":
            vote("json", 3)
        elif last == "load":
            vote("file", 2)
        elif last in ("fromisoformat", "parse_date", "strptime"):
            vote("date", 3)
        elif last in ("urlparse", "urlopen", "urlsplit"):
            vote("url", 3)
        elif last in ("range", "chr", "sleep", "abs", "round"):
            vote("number", 2)
        elif last in ("int", "float"):
            vote("digits", 2)
        elif last in ("sorted", "sum", "any", "all", "set", "list", "enumerate", "zip", "Counter", "max", "min", "join", "tuple", "map"):
            vote("list")
        elif last in ("run", "check_output", "Popen", "call", "check_call"):
            vote("list")

    def _kept(self, function, call, depth):
        """The sort of the variable that an expression is kept in."""
        first = call
        call, up = climbed(call)
        if call is not first:
            beside = constant_sort(call.values)
            if beside:
                return beside
        if isinstance(up, ast.Assign) and isinstance(up.targets[0], ast.Name) and depth < 5:
            return self.of(function, up.targets[0].id, depth + 1)
        looped = self._looped(function, call, depth)
        if looped:
            return looped
        if isinstance(up, ast.BinOp) and not isinstance(up.op, ast.Add):
            return ("number", [])
        return None

    def _looped(self, function, node, depth):
        """The sort of what a loop goes through, by what it does with each."""
        node, up = climbed(node)
        at = None
        if isinstance(up, ast.Call) and node in up.args and ast.unparse(up.func) in ("enumerate", "sorted", "reversed", "list", "set"):
            at = 1 if ast.unparse(up.func) == "enumerate" else None
            node, up = climbed(up)
        if not isinstance(up, (ast.For, ast.comprehension)) or up.iter is not node:
            return None
        target = up.target.elts[at] if at is not None and isinstance(up.target, ast.Tuple) else up.target
        return ("list", self.of(function, target.id, depth + 1) if isinstance(target, ast.Name) and depth < 5 else None)

    def _loop(self, function, call, depth, at):
        up = getattr(call, "up", None)
        if not isinstance(up, (ast.For, ast.comprehension)) or depth > 2:
            return None
        target = up.target.elts[at] if at is not None and isinstance(up.target, ast.Tuple) and len(up.target.elts) > at else up.target
        return self.of(function, target.id, depth + 1) if isinstance(target, ast.Name) else None

    def loads(self):
        """The sorts of what functions read as JSON."""
        found = []
        for function in self.functions.values():
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.load", "json.loads", "yaml.safe_load"):
                    found.append(self._kept(function, node, 0))
        return [sort for sort in found if sort]

    def parameter(self, function, argument, depth=0):
        sort = self.annotation(argument.annotation)
        if sort and sort[0] not in ("map", "list", "text", "number", "path"):
            return sort
        if argument.arg == "argv":
            return ("argv",)
        used = self.of(function, argument.arg, depth) if depth < 3 else None
        if hints("ending", argument.arg) and (used or ("text", []))[0] == "text":
            return ("text", [*(used[1] if used else ()), *ENDINGS, *ENDINGS])
        if used and used[0] in ("map", "list", "text", "number", "object") and (not sort or used[0] == sort[0]):
            if used[0] == "list" and used[1] is None and sort:
                return sort
            return used
        if used == ("path", "folder"):
            return used
        if "path" in ((sort or (None,))[0], (used or (None,))[0]):
            return ("path", argument.arg)
        return sort or used or constant_sort(defaults(function).get(argument.arg)) or named(argument.arg)


def climbed(node):
    """An expression with what it is part of; `x or []` stands for `x`."""
    up = getattr(node, "up", None)
    while isinstance(up, ast.BoolOp) and isinstance(up.op, ast.Or):
        node, up = up, getattr(up, "up", None)
    return node, up


def constants(nodes):
    return [node.value for node in nodes if isinstance(node, ast.Constant)]


def constant_sort(nodes):
    for value in constants(nodes or []):
        if isinstance(value, bool):
            return ("flag",)
        if isinstance(value, (int, float)):
            return ("number", [value])
        if isinstance(value, str):
            return ("text", [value])
    return None


def defaults(function):
    spec = function.args
    named_ = spec.posonlyargs + spec.args
    found = {one.arg: [value] for one, value in zip(named_[len(named_) - len(spec.defaults):], spec.defaults)}
    found.update({one.arg: [value] for one, value in zip(spec.kwonlyargs, spec.kw_defaults) if value})
    return found


def hints(sort, name):
    return any(part in WORDS[sort] or sort == "path" and part[:-1] in WORDS[sort] for part in re.split(r"[_\W]+", name.lower()))


def named(name):
    if name.startswith(("is_", "has_", "no_", "use_", "should_")):
        return ("flag",)
    if hints("ending", name):
        return ("text", ENDINGS)
    if hints("box", name):
        return ("fixed", [("number", [])] * 4)
    for sort in ("list", "map", "flag", "url", "path", "number"):
        if hints(sort, name):
            return {"list": ("list", None), "map": ("map", {}, None), "number": ("number", []), "path": ("path", name)}.get(sort, (sort,))
    return ("text", [])


class Maker:
    """Makes values of a sort; the same for every version."""

    def __init__(self, seed, strings, numbers, found_patterns, keys):
        self.dice = random.Random(seed * 7919 + 1)
        self.strings, self.numbers, self.patterns, self.keys = strings, numbers, found_patterns, keys

    def text(self, own=()):
        dice, roll = self.dice, self.dice.random()
        own = [one for one in own or () if isinstance(one, str)]
        if own and roll < 0.45:
            word = dice.choice(own)
            return dice.choice([word, word, word, word + "alpha", "alpha" + word, f"a{word}b{word}c", word.upper(), f" {word} "])
        if self.patterns and roll < 0.55:
            return matching(dice.choice(self.patterns), dice)
        if self.patterns and roll < 0.72:
            return "\n".join(matching(dice.choice(self.patterns), dice) for _ in range(dice.choice([2, 3, 4, 6])))
        if self.strings and roll < 0.85:
            word = dice.choice(self.strings)
            return dice.choice([word, f"{word} alpha", f"alpha{word}", f"{word}\n{dice.choice(self.strings)}\n"])
        return dice.choice(["alpha", "", "Beta gamma", "a,b;c", "7", "alpha.txt", "x" * 70, "one\ntwo\n\nthree 3\n",
                            "2024-01-15T10:20:30Z", "a/b/c.py", "key: value", "A-b_c", "  lead", "ü"])

    def number(self, own=()):
        near = [edge for edge in own or () if type(edge) in (int, float)]
        if near and self.dice.random() < 0.6:
            return self.dice.choice(near) + self.dice.choice([-1, 0, 1])
        if self.numbers and self.dice.random() < 0.3:
            return self.dice.choice(self.numbers) + self.dice.choice([-1, 0, 1])
        return self.dice.choice([0, 1, 2, 3, 5, 7, 10, 100, -1, 61, 3725])

    def of(self, sort, depth=0):
        """A value as a recipe that does not depend on a version: plain data, or `{"$": sort, ...}`."""
        dice = self.dice
        if sort is None:
            sort = dice.choice([("text", []), ("text", []), ("number", []), ("unknown",), ("map", {}, None)]) if depth < 3 else ("text", [])
        name, rest = sort[0], sort[1:]
        if name == "text":
            return self.text(rest[0] if rest else ())
        if name == "number":
            return self.number(rest[0] if rest else ())
        if name == "share":
            return dice.choice([0.0, 0.5, 1.0, 1.25, 3.14159, 100.0, -2.5, float(self.number())])
        if name == "flag":
            return dice.random() < 0.5
        if name == "none":
            return None
        if name == "any":
            return self.of(dice.choice(rest[0]), depth)
        if name == "one":
            return dice.choice(rest[0]) if rest[0] else None
        if name == "digits":
            return dice.choice(["7", "0", "12", "3.5", "x", "-1", ""])
        if name == "date":
            return dice.choice(["2024-01-15T10:20:30Z", "2024-01-15", "2023-12-31T23:59:59+02:00", "x", ""])
        if name == "url":
            return dice.choice(["https://example.org/a/b.html?c=d#e", "http://example.org", "https://example.org/a%2Fb/", "x", "/a/b"])
        if name in ("json", "file") and rest and rest[0] and dice.random() < 0.8:
            text = json.dumps(bare(self.of(rest[0], 1)))
            return text if name == "json" else {"$": "file", "text": text}
        if name == "json":
            return dice.choice(['{"name": "alpha", "items": [1, 2]}', "[]", "{", '[{"name": "b", "count": 2}]', "3"])
        if name == "path":
            is_folder = rest and hints("folder", rest[0])
            return {"$": "path", "at": dice.choice([".", ".", "inner", "absent", "alpha.txt"] if is_folder else
                                                   [*FILES, *FILES, "inner", ".", "absent.txt", "made.txt"])}
        if name == "argv":
            return {"$": "list", "of": ["tool.py", *(dice.choice(["data.json", *FILES, "inner", self.text()]) for _ in range(dice.choice([1, 1, 1, 0, 2])))]}
        if name == "file":
            return {"$": "file", "text": dice.choice([self.text(), *FILES.values()])}
        if name == "bytes":
            return {"$": "bytes", "text": self.text()}
        if name in ("list", "tuple", "set"):
            size = dice.choice([0, 1, 2, 3, 5]) if depth < 3 else 1
            return {"$": name, "of": [self.of(rest[0] if rest else None, depth + 1) for _ in range(size)]}
        if name == "fixed":
            return {"$": "tuple", "of": [self.of(one, depth + 1) for one in rest[0]]}
        if name == "map":
            keys, inner = rest
            made = {}
            for key, one in keys.items():
                if dice.random() < 0.8:
                    made[key] = self.of(one or named(str(key)), depth + 1)
            if not keys and depth < 4:
                for key in dice.sample(self.keys, min(len(self.keys), dice.choice([1, 2, 3]))) or ["alpha"]:
                    made[key] = self.of(inner or dice.choice([("text", []), ("number", [])]), depth + 1)
            return {"$": "map", "of": [[key, one] for key, one in made.items()]}
        if name == "object":
            return {"$": "object", "of": {key: self.of(one or named(key), depth + 1) for key, one in rest[0].items()}}
        if name == "made":
            return {"$": "made", "name": rest[0], "seed": dice.randrange(1000)}
        return {"$": "unknown", "name": f"value{dice.randrange(3)}"}


def bare(value):
    """A recipe as JSON has it."""
    if not isinstance(value, dict):
        return value
    inner = value.get("of", [])
    if value["$"] == "map":
        return {str(key): bare(one) for key, one in inner}
    if isinstance(inner, list) and "of" in value:
        return [bare(one) for one in inner]
    return value.get("at", value.get("text", "alpha"))


def matching(pattern, dice):
    """A text that a pattern matches, more or less."""
    try:
        return "".join(parts(patterns.parse(pattern), dice))[:400]
    except Exception:
        return "alpha"


def parts(parsed, dice):
    for code, value in parsed:
        name = str(code)
        if name == "LITERAL":
            yield chr(value)
        elif name == "NOT_LITERAL":
            yield dice.choice([one for one in "ab7_ " if one != chr(value)])
        elif name == "ANY":
            yield dice.choice("ab 7-")
        elif name == "IN":
            yield one_in(value, dice)
        elif name == "BRANCH":
            yield from parts(dice.choice(value[1]), dice)
        elif name == "SUBPATTERN":
            yield from parts(value[-1], dice)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            for _ in range(min(int(most), int(least) + dice.choice([0, 1, 2, 3]))):
                yield from parts(inner, dice)
        elif name == "ATOMIC_GROUP":
            yield from parts(value, dice)


def one_in(value, dice):
    kinds = {"CATEGORY_DIGIT": "0379", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "abZ_7", "CATEGORY_NOT_SPACE": "ab7-.",
             "CATEGORY_NOT_DIGIT": "ab -", "CATEGORY_NOT_WORD": " -."}
    known, is_turned = [], False
    for code, one in value:
        name = str(code)
        if name == "NEGATE":
            is_turned = True
        elif name == "LITERAL":
            known.append(chr(one))
        elif name == "RANGE":
            known += [chr(one[0]), chr(one[1]), chr((one[0] + one[1]) // 2)]
        elif name == "CATEGORY":
            known += kinds.get(str(one), "a")
    if is_turned:
        known = [one for one in "ab7Z_-. /x" if one not in known]
    return dice.choice(known or ["a"])
