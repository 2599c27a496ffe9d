//! Well-known names of Python: modules that code uses by name, and names that are imported from modules.

/// Modules whose name is never a variable: any use of a field refers to the module.
#[rustfmt::skip]
pub(super) const MODULES: &[&str] = &[
    "argparse", "ast", "asyncio", "base64", "binascii", "bisect", "cmath", "codecs", "collections", "configparser",
    "contextlib", "csv", "ctypes", "dataclasses", "decimal", "difflib", "errno", "fnmatch", "fractions", "functools",
    "getpass", "gzip", "hashlib", "heapq", "hmac", "importlib", "inspect", "io", "ipaddress", "itertools", "json",
    "logging", "lzma", "math", "mimetypes", "multiprocessing", "os", "pathlib", "pickle", "posixpath", "random", "re",
    "secrets", "shlex", "shutil", "smtplib", "socket", "sqlite3", "ssl", "statistics", "struct", "subprocess", "sys",
    "tarfile", "tempfile", "textwrap", "threading", "timeit", "tomllib", "traceback", "typing", "unicodedata", "uuid",
    "warnings", "weakref", "webbrowser", "zipfile", "zlib", "zoneinfo", "urllib", "xml", "concurrent",
];

/// Modules whose name may also be a variable: only with these fields.
#[rustfmt::skip]
pub(super) const MODULES_WITH: &[(&str, &[&str])] = &[
    ("calendar", &["monthrange", "isleap", "month_name", "day_name", "monthcalendar", "timegm"]),
    ("copy", &["copy", "deepcopy"]),
    ("datetime", &["datetime", "date", "timedelta", "timezone", "time", "UTC"]),
    ("enum", &["Enum", "IntEnum", "Flag", "IntFlag", "auto", "StrEnum", "unique"]),
    ("glob", &["glob", "iglob", "escape"]),
    ("html", &["escape", "unescape"]),
    ("locale", &["setlocale", "LC_ALL", "getlocale", "getpreferredencoding", "format_string"]),
    ("operator", &["itemgetter", "attrgetter", "add", "mul", "sub", "truediv", "methodcaller"]),
    ("platform", &["system", "release", "platform", "machine", "node", "python_version", "processor", "uname"]),
    ("pprint", &["pprint", "pformat"]),
    ("queue", &["Queue", "Empty", "Full", "PriorityQueue", "LifoQueue", "SimpleQueue"]),
    ("select", &["select", "poll", "epoll"]),
    ("signal", &["signal", "SIGINT", "SIGTERM", "SIGKILL", "SIGALRM", "SIGHUP", "SIGPIPE", "SIG_DFL", "SIG_IGN", "alarm"]),
    ("string", &["ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "punctuation", "printable", "whitespace", "Template", "Formatter", "capwords"]),
    ("time", &["time", "sleep", "perf_counter", "monotonic", "process_time", "strftime", "strptime", "localtime", "gmtime", "mktime", "ctime", "asctime", "time_ns", "perf_counter_ns", "monotonic_ns"]),
    ("types", &["SimpleNamespace", "ModuleType", "FunctionType", "MappingProxyType", "TracebackType"]),
];

/// Submodules that must be imported separately.
pub(super) const INNER: &[(&str, &[&str])] = &[
    ("concurrent", &["futures"]),
    ("importlib", &["util", "metadata", "resources", "machinery"]),
    ("logging", &["handlers", "config"]),
    ("urllib", &["request", "parse", "error", "robotparser"]),
    ("xml", &["etree", "dom", "sax"]),
];

/// Modules in [`INNER`] that have no use without a submodule.
pub(super) const ONLY_INNER: &[&str] = &["concurrent", "urllib"];

/// Modules, and the names that are imported from them.
#[rustfmt::skip]
pub(super) const NAMES: &[(&str, &[&str])] = &[
    ("abc", &["ABC", "abstractmethod"]),
    ("argparse", &["ArgumentParser", "Namespace"]),
    ("collections", &["defaultdict", "Counter", "OrderedDict", "deque", "namedtuple", "ChainMap"]),
    ("concurrent.futures", &["ThreadPoolExecutor", "ProcessPoolExecutor", "as_completed"]),
    ("contextlib", &["contextmanager", "suppress", "redirect_stdout", "ExitStack"]),
    ("copy", &["deepcopy"]),
    ("dataclasses", &["dataclass", "asdict", "astuple"]),
    ("datetime", &["timedelta", "timezone"]),
    ("decimal", &["Decimal", "InvalidOperation", "ROUND_HALF_UP"]),
    ("enum", &["Enum", "IntEnum"]),
    ("fractions", &["Fraction"]),
    ("functools", &["partial", "lru_cache", "wraps", "reduce", "cached_property", "total_ordering", "cmp_to_key"]),
    ("io", &["StringIO", "BytesIO", "TextIOWrapper"]),
    ("itertools", &["groupby", "islice", "combinations", "permutations", "zip_longest", "accumulate"]),
    ("json", &["JSONDecodeError"]),
    ("math", &["sqrt", "ceil", "floor"]),
    ("pathlib", &["Path", "PurePath", "PurePosixPath"]),
    ("shutil", &["rmtree", "copyfile"]),
    ("subprocess", &["CalledProcessError", "TimeoutExpired", "Popen", "check_output"]),
    ("tempfile", &["NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp"]),
    ("textwrap", &["dedent"]),
    ("threading", &["Thread", "Lock"]),
    ("time", &["sleep", "perf_counter"]),
    ("types", &["SimpleNamespace"]),
    ("typing", &["Any", "Callable", "Dict", "Final", "FrozenSet", "Generator", "Generic", "Iterable", "Iterator", "List", "Literal", "Mapping", "NamedTuple", "Optional", "Protocol", "Sequence", "Set", "Tuple", "Type", "TypedDict", "TypeVar", "Union"]),
    ("urllib.error", &["URLError"]),
    ("urllib.parse", &["urlparse", "urlencode", "urljoin", "parse_qs", "urlsplit", "urlunparse", "quote_plus"]),
    ("urllib.request", &["urlopen", "urlretrieve"]),
    ("uuid", &["uuid4", "uuid5"]),
    ("zoneinfo", &["ZoneInfo"]),
];

/// Packages by their usual alias, with the import statement and their usual fields. None of them is in the standard
/// library, so the script header declares the package.
#[rustfmt::skip]
pub(super) const FOREIGN: &[(&str, &str, &[&str])] = &[
    ("np", "import numpy as np", &[
        "array", "zeros", "ones", "mean", "std", "arange", "linspace", "ndarray", "sum", "sqrt", "dot", "median", "max", "min", "nan",
        "random", "float64", "int64", "abs", "exp", "log", "percentile", "where", "concatenate", "isnan", "var", "linalg", "asarray",
    ]),
    ("pd", "import pandas as pd", &[
        "DataFrame", "Series", "read_csv", "read_json", "read_excel", "to_datetime", "concat", "merge", "isna", "notna", "to_numeric",
        "Timestamp", "read_parquet",
    ]),
    ("requests", "import requests", &[
        "get", "post", "put", "delete", "patch", "head", "request", "Session", "exceptions", "RequestException", "HTTPError", "Response",
    ]),
    ("yaml", "import yaml", &["safe_load", "safe_dump", "dump", "load", "safe_load_all", "YAMLError", "SafeLoader"]),
];

/// Packages whose presence on a machine is checked, so that their names are imported where they are installed.
pub const ASKED: &[&str] = &["numpy", "pandas", "sympy"];

/// The names under which these packages are used as modules, and how each is imported.
pub(super) const PACKAGE_MODULES: &[(&str, &str, &str)] = &[
    ("np", "numpy", "import numpy as np"),
    ("numpy", "numpy", "import numpy"),
    ("pd", "pandas", "import pandas as pd"),
    ("pandas", "pandas", "import pandas"),
    ("sympy", "sympy", "import sympy"),
];

/// Names that come only from one of these packages.
#[rustfmt::skip]
pub(super) const PACKAGE_NAMES: &[(&str, &[&str])] = &[
    ("numpy", &["ndarray", "linspace", "arange", "vstack", "hstack", "argmax", "argmin", "asarray", "meshgrid"]),
    ("pandas", &[
        "DataFrame", "Series", "read_csv", "read_excel", "to_datetime", "to_numeric", "date_range", "pivot_table", "MultiIndex",
    ]),
    ("sympy", &[
        "symbols", "Symbol", "sympify", "solveset", "nsolve", "dsolve", "linsolve", "lambdify", "trigsimp", "factorint", "isprime",
        "nextprime", "primerange", "Rational", "Eq", "latex",
    ]),
];

/// Names that come from these packages if the file uses something else from the package, or if a failure reports them
/// as missing.
#[rustfmt::skip]
pub(super) const PACKAGE_WORDS: &[(&str, &[&str])] = &[
    ("numpy", &["array", "zeros", "ones", "mean", "median", "std", "dot", "concatenate", "percentile"]),
    ("pandas", &["concat", "merge", "read_json", "Timestamp", "isna", "notna"]),
    ("sympy", &[
        "solve", "simplify", "expand", "factor", "integrate", "diff", "limit", "series", "Matrix", "sqrt", "sin", "cos", "tan",
        "exp", "log", "pi", "E", "oo", "I", "S", "Function", "Poly", "roots", "Derivative", "Integral", "Abs", "summation", "Sum",
    ]),
];

/// Names of a module and of something in it; the use shows which one is meant.
pub(super) const BOTH: &[&str] = &["copy", "glob", "pprint", "time"];

/// Fields that show that `datetime` is the class.
#[rustfmt::skip]
pub(super) const OF_DATETIME: &[&str] = &[
    "now", "utcnow", "today", "strptime", "fromisoformat", "fromtimestamp", "utcfromtimestamp", "combine", "min", "max",
];
