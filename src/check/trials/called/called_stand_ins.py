# What a called function finds instead of the world: programs, hosts, clocks and absent modules that answer by a fixed rule
# and write down what they were asked. The answer depends on the question and the number of the call alone, so that two
# versions that ask the same get the same.
import builtins
import importlib.abc
import importlib.machinery
import io
import os
import random
import re
import sys
import time
import zlib

FOLDER = "/folder"


class World:
    """One call: its number, what was asked, and the texts that answers are made of."""

    def __init__(self):
        self.seed, self.asked, self.pool, self.folder, self.times = 0, [], ["alpha"], FOLDER, {}
        self.objects = set()

    def begin(self, seed, pool, folder):
        self.seed, self.asked, self.pool, self.folder, self.times = seed, [], pool or ["alpha"], folder, {}

    def dice(self, *words):
        text = "\x00".join(map(str, words))
        return zlib.crc32(f"{self.seed}\x00{text}".encode("utf-8", "replace"))

    def ask(self, *words):
        """Writes a question down; the number of times that it was asked is part of the answer."""
        words = tuple(plain(word) for word in words)
        self.asked.append(words)
        self.times[words] = self.times.get(words, 0) + 1
        return self.dice(*words, self.times[words])

    def text(self, dice):
        some = [self.pool[(dice >> shift) % len(self.pool)] for shift in (0, 3, 7)]
        return ["alpha\n", "\n".join(some[:2]) + "\n", "", some[0], '{"name": "alpha", "items": [1, 2]}',
                "\n".join(some) + "\n", "17\n"][dice % 7]


WORLD = World()


class Unknown:
    """A value of which nothing is known. Whatever is done with it gives another one; what is asked of it has one answer."""

    def __init__(self, path):
        object.__setattr__(self, "_path", path)

    def _of(self, path):
        return Unknown(f"{self._path}{path}")

    def _number(self):
        return WORLD.dice("number", self._path) % 7

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if name.endswith(("Error", "Exception", "Exit", "Abort")):
            return fault_of(f"{self._path}.{name}")
        return value_of(f"{self._path}.{name}", name)

    def __setattr__(self, name, value):
        WORLD.ask("set", f"{self._path}.{name}", value)

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (callable(args[0]) and hasattr(args[0], "__code__") or isinstance(args[0], type)):
            return args[0]
        WORLD.ask("call", self._path, args, kwargs)
        return self._of(f"({plain(args)}, {plain(kwargs)})")

    def __getitem__(self, key):
        return value_of(f"{self._path}[{plain(key)}]", key)

    def __setitem__(self, key, value):
        WORLD.ask("set", f"{self._path}[{plain(key)}]", value)

    def __delitem__(self, key):
        WORLD.ask("del", f"{self._path}[{plain(key)}]")

    def __iter__(self):
        each = [Unknown(f"{self._path}[{at}]") for at in range(len(self))]
        if self._path.endswith(".items(tuple[], dict{})"):
            return iter([(Unknown(f"{one._path}.key"), one) for one in each])
        return iter(each)

    def __len__(self):
        return WORLD.dice("length", self._path) % 4 + (WORLD.seed % 3 == 0)

    def __bool__(self):
        return WORLD.dice("bool", self._path) % 5 < 3

    def __contains__(self, other):
        return WORLD.dice("in", self._path, plain(other)) % 2 == 0

    def __eq__(self, other):
        if isinstance(other, Unknown):
            return other._path == self._path
        return WORLD.dice("equal", self._path, plain(other)) % 5 < 3

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return zlib.crc32(self._path.encode("utf-8", "replace"))

    def _less(self, other):
        number = other._number() if isinstance(other, Unknown) else other
        return self._number() < number if isinstance(number, (int, float)) else WORLD.dice("less", self._path, other) % 2 == 0

    def __lt__(self, other):
        return self._less(other)

    def __le__(self, other):
        return self == other or self._less(other)

    def __gt__(self, other):
        return not self <= other

    def __ge__(self, other):
        return not self < other

    def __int__(self):
        return self._number()

    __index__ = __int__

    def __float__(self):
        return float(self._number())

    def __str__(self):
        return f"<{self._path}>"

    __repr__ = __str__

    def __format__(self, spec):
        return f"<{self._path}:{spec}>" if spec else f"<{self._path}>"

    def __fspath__(self):
        return "alpha.txt"

    def __enter__(self):
        WORLD.ask("enter", self._path)
        return self._of(".enter")

    def __exit__(self, *_):
        WORLD.ask("exit", self._path)
        return False

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, *_):
        return self.__exit__()

    def __aiter__(self):
        async def each():
            for one in self:
                yield one

        return each()

    def __await__(self):
        return self
        yield

    def __mro_entries__(self, _bases):
        return (Based,)

    def __or__(self, other):
        return self._of(f"|{plain(other)}")


for _name in "add sub mul truediv floordiv mod pow and xor lshift rshift matmul".split():
    setattr(Unknown, f"__{_name}__", lambda self, other, name=_name: self._of(f" {name} {plain(other)}"))
    setattr(Unknown, f"__r{_name}__", lambda self, other, name=_name: Unknown(f"{plain(other)} {name} {self._path}"))
for _name in "neg pos abs invert".split():
    setattr(Unknown, f"__{_name}__", lambda self, name=_name: self._of(f".{name}"))


def value_of(path, name):
    """In most calls something of which nothing is known, else a value of some sort."""
    dice = WORLD.dice("value", path)
    if WORLD.seed % 3 == 0 or name in WORLD.objects:
        return Unknown(path)
    words = [word for word in WORLD.pool if len(word) < 25 and not re.search(r"\s", word)] or ["alpha"]
    text = words[dice // 16 % len(words)]
    return {0: None, 1: text, 2: dice // 16 % 5, 3: None, 4: text, 5: text, 6: text}.get(dice % 11, Unknown(path))


class Based:
    """Stands for a base class of an absent module."""

    def __init_subclass__(cls, **_):
        super().__init_subclass__()

    def __init__(self, *args, **kwargs):
        for owner in reversed(type(self).__mro__):
            for name in getattr(owner, "__annotations__", {}):
                if not hasattr(owner, name) and name not in kwargs:
                    self.__dict__[name] = value_of(f"{type(self).__name__}.{name}", name)
        self.__dict__.update(kwargs)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Unknown(f"{type(self).__name__}.{name}")


FAULTS = {}


def fault_of(path):
    if path not in FAULTS:
        FAULTS[path] = type(path.rsplit(".", 1)[-1], (Exception,), {})
    return FAULTS[path]


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module that nothing else finds."""

    optional = {"chardet", "charset_normalizer", "simplejson", "cchardet", "brotli", "_typeshed"}

    def find_spec(self, name, _path=None, _target=None):
        parent = name.rpartition(".")[0]
        is_ours = isinstance(sys.modules.get(parent), AbsentModule) if parent else name not in self.optional
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if is_ours else None

    def create_module(self, spec):
        return AbsentModule(spec.name)

    def exec_module(self, module):
        pass


class AbsentModule(type(sys)):
    def __getattr__(self, name):
        if name in ("__path__", "__file__"):
            return []
        if name.startswith("__"):
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        if name.endswith(("Error", "Exception")):
            return fault_of(whole)
        return Unknown(whole)


def plain(value, depth=0, seen=()):
    """A value in words that are the same in two versions."""
    kind = type(value).__name__
    if depth > 6 or id(value) in seen:
        return "..."
    inner = lambda one: plain(one, depth + 1, (*seen, id(value)))
    if isinstance(value, Unknown):
        return f"<{value._path}>"
    if isinstance(value, (str, bytes, int, float, complex, bool, type(None))):
        return tidy(repr(value))
    if isinstance(value, os.PathLike):
        return f"{kind}({tidy(repr(os.fspath(value)))})"
    if isinstance(value, (list, tuple)):
        return f"{kind}[{', '.join(map(inner, value))}]"
    if isinstance(value, dict):
        return f"{kind}{{{', '.join(f'{inner(key)}: {inner(one)}' for key, one in value.items())}}}"
    if isinstance(value, (set, frozenset)):
        return f"{kind}{{{', '.join(sorted(map(inner, value)))}}}"
    if isinstance(value, BaseException):
        return f"{kind}({tidy(str(value))})"
    if isinstance(value, type) or callable(value) and hasattr(value, "__name__"):
        return getattr(value, "__name__", kind)
    if isinstance(value, (re.Match, re.Pattern)):
        return tidy(repr(value))
    if hasattr(value, "__next__"):
        taken = []
        for one in value:
            taken.append(inner(one))
            if len(taken) > 50:
                break
        return f"each[{', '.join(taken)}]"
    try:
        return f"{kind}({', '.join(f'{key}={inner(one)}' for key, one in vars(value).items())})"
    except TypeError:
        return tidy(repr(value))


def tidy(text):
    return re.sub(r"0x[0-9a-f]{6,}", "0x", text.replace(WORLD.folder, FOLDER))


# --- programs ---------------------------------------------------------------------------------------------------------


def programs():
    import subprocess

    def answer(words, options):
        dice = WORLD.ask("program", words, {key: one for key, one in options.items() if key not in ("stdout", "stderr")})
        if dice % 11 == 10:
            raise FileNotFoundError(2, "No such file or directory", str(words))
        code = [0, 0, 0, 0, 1, 0, 2][dice // 11 % 7]
        is_text = any(options.get(key) for key in ("text", "universal_newlines", "encoding", "errors"))
        sort = (lambda text: text) if is_text else str.encode
        out, err = WORLD.text(dice // 77), WORLD.text(dice // 539) if code else ""
        return code, sort(out), sort(err)

    def run(args, *rest, check=False, input=None, timeout=None, **options):
        code, out, err = answer(args, {**options, "input": input} if input is not None else options)
        if check and code:
            raise subprocess.CalledProcessError(code, args, out, err)
        is_kept = options.get("capture_output")
        keeps = lambda name: is_kept or options.get(name) == subprocess.PIPE
        return subprocess.CompletedProcess(args, code, out if keeps("stdout") else None, err if keeps("stderr") else None)

    def check_output(args, *rest, **options):
        return run(args, check=True, **{**options, "stdout": subprocess.PIPE}).stdout

    class Popen:
        def __init__(self, args, *rest, **options):
            self.args, self.pid = args, 4242
            self._code, out, err = answer(args, options)
            self.returncode = None
            sort = io.StringIO if isinstance(out, str) else io.BytesIO
            self._both = out, err
            self.stdout, self.stderr, self.stdin = sort(out), sort(err), sort()

        def communicate(self, input=None, timeout=None):
            WORLD.ask("communicate", self.args, input)
            self.returncode = self._code
            return self._both

        def wait(self, timeout=None):
            self.returncode = self._code
            return self._code

        poll = wait

        def kill(self):
            WORLD.ask("kill", self.args)

        terminate = kill

        def send_signal(self, signal):
            WORLD.ask("signal", self.args, signal)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.wait()

    def call(args, *rest, **options):
        return run(args, **options).returncode

    subprocess.run, subprocess.check_output, subprocess.Popen, subprocess.call = run, check_output, Popen, call
    subprocess.check_call = lambda args, *rest, **options: run(args, check=True, **options).returncode
    subprocess.getoutput = lambda line, **_: run(line, shell=True, text=True, capture_output=True).stdout.rstrip("\n")
    subprocess.getstatusoutput = lambda line, **_: (lambda done: (done.returncode, done.stdout))(
        run(line, shell=True, text=True, capture_output=True))
    os.system = lambda line: answer(line, {"shell": True})[0] << 8
    os.popen = lambda line, *_: io.StringIO(answer(line, {"text": True})[1])
    for name in "execv execve execvp execvpe execl execlp kill killpg spawnv fork".split():
        if hasattr(os, name):
            setattr(os, name, ended(f"os.{name}"))


def ended(name):
    def end(*args):
        WORLD.ask(name, args)
        raise SystemExit(f"{name} {plain(args)}")

    return end


# --- hosts ------------------------------------------------------------------------------------------------------------


def hosts():
    import socket
    import urllib.error
    import urllib.request

    class Answer(io.BytesIO):
        def __init__(self, url, status, body):
            super().__init__(body)
            self.url, self.status, self.code, self.headers, self.reason = url, status, status, {"Content-Type": "application/json"}, "OK"

        def getcode(self):
            return self.status

        def geturl(self):
            return self.url

        def info(self):
            return self.headers

        getheader = lambda self, name, default=None: self.headers.get(name, default)

    def urlopen(request, data=None, timeout=None, **options):
        is_whole = isinstance(request, urllib.request.Request)
        url = request.full_url if is_whole else request
        words = (request.get_method(), request.header_items(), request.data) if is_whole else ()
        dice = WORLD.ask("request", url, data, *words, options)
        sort = dice % 8
        if sort == 5:
            raise urllib.error.HTTPError(url, 404, "Not Found", {}, io.BytesIO(b"{}"))
        if sort == 6:
            raise urllib.error.HTTPError(url, 500, "Internal Server Error", {}, io.BytesIO(b""))
        if sort == 7:
            raise urllib.error.URLError("no route")
        return Answer(str(url), 200, body_of(dice // 8))

    urllib.request.urlopen = urlopen
    urllib.request.urlretrieve = lambda url, name=None, *_: (WORLD.ask("request", url, name), (name, {}))[1]
    socket.socket = Unknown("socket.socket")
    socket.create_connection = Unknown("socket.create_connection")
    socket.getaddrinfo = Unknown("socket.getaddrinfo")
    socket.gethostbyname = lambda name: (WORLD.ask("host", name), "192.0.2.7")[1]


def body_of(dice):
    import json

    keys = [word for word in WORLD.pool if re.fullmatch(r"[A-Za-z_]{1,20}", word)] or ["name"]
    entry = {key: [WORLD.pool[(dice >> at) % len(WORLD.pool)], at, [WORLD.pool[0]], True][(dice >> at) % 4]
             for at, key in enumerate(keys[:24])}
    return json.dumps([entry, [entry, entry], {key: [entry] for key in keys[:24]}, {}, []][dice % 5]).encode()


# --- clocks, chance, the user ------------------------------------------------------------------------------------------


def clocks():
    import datetime

    now = [1_700_000_000.0]

    def tick():
        now[0] += 1.0
        return now[0]

    time.time = time.monotonic = time.perf_counter = tick
    time.time_ns = time.monotonic_ns = time.perf_counter_ns = lambda: int(tick() * 1e9)
    time.sleep = lambda seconds: WORLD.ask("sleep", seconds) and None
    old_date, old_time = datetime.date, datetime.datetime

    class date(old_date):
        @classmethod
        def today(cls):
            return cls(2023, 11, 14)

    class datetime_(old_time):
        @classmethod
        def now(cls, tz=None):
            return cls(2023, 11, 14, 22, 13, 20, tzinfo=tz)

        @classmethod
        def utcnow(cls):
            return cls(2023, 11, 14, 22, 13, 20)

        today = now

    datetime_.__name__ = "datetime"
    datetime.date, datetime.datetime = date, datetime_
    random.seed(7)
    os.urandom = lambda count: bytes(at % 251 for at in range(count))


def user():
    import getpass

    def answered(prompt=""):
        dice = WORLD.ask("user", prompt)
        return ["y", "n", "", WORLD.pool[dice // 8 % len(WORLD.pool)]][dice % 4]

    builtins.input = answered
    getpass.getpass = answered


def install():
    for part in (programs, hosts, clocks, user):
        part()
    sys.meta_path.append(Absent())
