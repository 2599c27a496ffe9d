//! Names in standard libraries that matter for a comparison: effects and safeguards.

use crate::check::capabilities::capability_of;
use crate::domain::CapabilityKind;

/// The external effect of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::check::change) enum CallEffect {
    /// Connects to other machines.
    Network,
    Process,
    /// Runs text as a program.
    Evaluate,
    /// Loads a module by name.
    Import,
    /// Deserialises bytes, which may run code.
    Unpickle,
    Delete,
    Write,
    /// Changes the permissions of a file.
    Mode,
    /// Uses hashes or random numbers that an attacker can guess.
    Weak,
}

impl CallEffect {
    /// A description that continues a sentence after "it".
    pub(in crate::check::change) fn words(self) -> &'static str {
        match self {
            CallEffect::Network => "connects to other machines",
            CallEffect::Process => "starts programs",
            CallEffect::Evaluate => "executes text as code",
            CallEffect::Import => "loads code by a name that may be computed",
            CallEffect::Unpickle => "deserialises bytes, which may run code",
            CallEffect::Delete => "deletes files",
            CallEffect::Write => "writes files",
            CallEffect::Mode => "changes file permissions",
            CallEffect::Weak => "uses a weak hash or weak random numbers",
        }
    }
}

/// Effects that the capability rules do not report because every run may have them: predictable hashes and random
/// numbers, and file permissions.
const OWN: &[(&str, CallEffect)] = &[
    ("hashlib.md5", CallEffect::Weak),
    ("hashlib.sha1", CallEffect::Weak),
    ("md5sum", CallEffect::Weak),
    ("sha1sum", CallEffect::Weak),
    ("Math.random", CallEffect::Weak),
    ("uuid.uuid1", CallEffect::Weak),
    ("os.chmod", CallEffect::Mode),
    ("os.chown", CallEffect::Mode),
    ("fs.chmod", CallEffect::Mode),
    ("fs.chmodSync", CallEffect::Mode),
    ("chmod", CallEffect::Mode),
    ("chown", CallEffect::Mode),
    ("setfacl", CallEffect::Mode),
    // Shell words that the capability scan reads together with the words after them.
    ("source", CallEffect::Evaluate),
    ("__import__", CallEffect::Import),
    ("importlib.import_module", CallEffect::Import),
    ("yaml.load", CallEffect::Unpickle),
    ("nohup", CallEffect::Process),
    ("sudo", CallEffect::Process),
    ("crontab", CallEffect::Process),
    ("mail", CallEffect::Network),
    ("sendmail", CallEffect::Network),
];

/// Names for which the capability rules report more than an addition or removal means.
const HARMLESS: &[&str] = &[
    "subprocess.CalledProcessError",
    "subprocess.TimeoutExpired",
    "requests.exceptions",
    "requests.RequestException",
    "socket.gethostname",
    "socket.timeout",
    "random.Random",
    "random.SystemRandom",
    "random.seed",
    "http.createServer",
    "urllib.request.Request",
    "http.client.HTTPException",
    // Retries and timeouts: they connect to nothing.
    "requests.adapters",
    "requests.packages.urllib3.util",
    "urllib3.util",
    "urllib3.Retry",
];

/// The effect of a call by its full name, as in the capability scan.
pub(in crate::check::change) fn effect(full: &str) -> Option<CallEffect> {
    if HARMLESS.iter().any(|name| full.starts_with(name)) {
        return None;
    }
    let short = full.rsplit_once('.').map(|(_, last)| format!("fs.{last}"));
    let is_file = full.starts_with("fs.") || full.starts_with("fs/promises.") || full.starts_with('.');
    let file = short.filter(|_| is_file);
    let names = || [Some(full), file.as_deref()].into_iter().flatten();
    let own = names().find_map(|name| OWN.iter().find(|(known, _)| *known == name).map(|(_, effect)| *effect));
    own.or_else(|| names().find_map(capability_of).and_then(of_kind))
        .or_else(|| full.starts_with("random.").then_some(CallEffect::Weak))
}

fn of_kind(kind: CapabilityKind) -> Option<CallEffect> {
    Some(match kind {
        CapabilityKind::Network => CallEffect::Network,
        CapabilityKind::StartsPrograms | CapabilityKind::Shell | CapabilityKind::ShellText => CallEffect::Process,
        CapabilityKind::Eval | CapabilityKind::Obfuscation => CallEffect::Evaluate,
        CapabilityKind::Unpickles => CallEffect::Unpickle,
        CapabilityKind::DeletesFiles => CallEffect::Delete,
        CapabilityKind::WritesFiles => CallEffect::Write,
        CapabilityKind::ReadsFiles
        | CapabilityKind::ReadsOutside
        | CapabilityKind::Address
        | CapabilityKind::ReadsEnvironment
        | CapabilityKind::HardCodedSecret
        | CapabilityKind::OpaqueLiteral
        | CapabilityKind::Signals
        | CapabilityKind::NativeCode
        | CapabilityKind::UnverifiedTls => return None,
    })
}

/// Safeguards in families: one of a family may replace another.
const SAFEGUARDS: &[&[&str]] = &[
    &["resolve", "realpath", "abspath", "normpath", "realpathSync", "normalize", "canonicalize"],
    &["relative_to", "is_relative_to", "commonpath", "startswith", "startsWith"],
    &["compare_digest", "timingSafeEqual"],
    &["quote", "shlex", "escape", "escapeshellarg", "encodeURIComponent", "quote_plus", "html"],
    &["raise_for_status", "check_returncode"],
    &["fsync", "fdatasync", "sync"],
    &["flock", "lockf", "acquire", "lock"],
    &["fullmatch"],
    &["basename"],
    &["isfinite", "isnan", "isNaN", "isFinite", "isInteger", "isSafeInteger"],
    &["trap"],
    &["set"],
    &["verify", "verify_signature", "authenticate", "authorize", "validate", "sanitize", "assert", "strictEqual"],
    &["abort", "AbortController", "timeout", "wait_for"],
    &["safe_load"],
    &[
        "token_bytes",
        "token_hex",
        "token_urlsafe",
        "randomBytes",
        "randomUUID",
        "getRandomValues",
        "SystemRandom",
        "randomInt",
        "choice",
    ],
];

/// The family of a safeguard, by the last word of its name.
pub(in crate::check::change) fn safeguard(name: &str, is_shell: bool) -> Option<usize> {
    // `set` and `trap` are safeguards only in a shell; `quote` and similar names in any language.
    let is_of_shell = matches!(name, "trap" | "set" | "shlex" | "sync" | "lock" | "flock");
    if matches!(name, "trap" | "set") && !is_shell || (is_shell && !is_of_shell && name != "realpath") {
        return None;
    }
    SAFEGUARDS.iter().position(|family| family.contains(&name))
}

/// Attributes that have the effect of a family of safeguards.
pub(in crate::check::change) fn as_member(family: usize) -> &'static [&'static str] {
    match SAFEGUARDS.get(family) {
        Some(["basename"]) => &["name", "stem", "base"],
        _ => &[],
    }
}

/// Whether an argument of this name is a safeguard.
pub(in crate::check::change) fn is_guarding(name: &str) -> bool {
    let plain = name.to_lowercase();
    SWITCHES.iter().any(|(switch, _)| *switch == name)
        || ["timeout", "max", "limit", "mode", "retries", "umask"].iter().any(|word| plain.contains(word))
}

/// Named arguments that switch a protection on or off, with the dangerous value.
const SWITCHES: &[(&str, &str)] = &[
    ("verify", "false"),
    ("check", "false"),
    ("shell", "true"),
    ("rejectUnauthorized", "false"),
    ("check_hostname", "false"),
    ("strict", "false"),
    ("validate", "false"),
    ("secure", "false"),
    ("httponly", "false"),
    ("ignore_errors", "true"),
    ("allow_pickle", "true"),
    ("follow_redirects", "true"),
    ("allow_redirects", "true"),
    ("follow_symlinks", "true"),
    ("dirs_exist_ok", "true"),
    ("recursive", "true"),
    ("force", "true"),
    ("overwrite", "true"),
    ("insecure", "true"),
    ("autoescape", "false"),
    ("flush", "false"),
    ("missing_ok", "true"),
];

/// Whether a named argument with this value switches a protection off.
pub(in crate::check::change) fn is_dangerous(name: &str, value: &str) -> bool {
    SWITCHES.iter().any(|(switch, danger)| *switch == name && *danger == value)
        || matches!(value, "\"ignore\"" if name == "errors")
}

/// Command options that switch a protection off.
const OPTIONS: &[&str] = &[
    "-k",
    "--insecure",
    "--no-check-certificate",
    "--no-verify",
    "--force",
    "-f",
    "--no-preserve-root",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "--delete",
    "--ignore-errors",
    "+e",
    "+u",
    "--allow-unauthenticated",
    "--trusted-host",
    "--no-sandbox",
    "--privileged",
];

/// Whether an option of a command switches a protection off.
pub(in crate::check::change) fn is_dangerous_option(command: &str, option: &str) -> bool {
    // These prompt less, fail on an error, or read a file with it.
    let is_mild = matches!(command, "rm" | "curl" | "cut" | "tail" | "awk" | "grep" | "ln" | "readlink") && option == "-f"
            // There it is a key, a unit or a time.
            || option == "-k" && matches!(command, "sort" | "df" | "du" | "ls" | "tar" | "timeout" | "man" | "fuser");
    OPTIONS.contains(&option.trim_matches('"')) && !is_mild
}

/// Options of any command that only control its output.
const TELLING_OPTIONS: &[&str] = &[
    "--",
    "-v",
    "--verbose",
    "-q",
    "--quiet",
    "--silent",
    "--color",
    "--no-color",
    "--colour",
    "--progress",
    "--no-progress",
    "--progress-bar",
    "--no-progress-meter",
    "--no-pager",
    "--help",
    "--version",
    "--dry-run",
    "--interactive",
    "--no-clobber",
    "--show-error",
    "--stats",
    "--human-readable",
    "--log-level",
    "--nologo",
    "--no-banner",
];

/// Options of certain commands that do not change their effect, or make them more careful.
const CAREFUL_OPTIONS: &[(&str, &[&str])] = &[
    (
        "curl",
        &[
            "-s",
            "-S",
            "-f",
            "-sS",
            "-fsS",
            "--fail",
            "--max-time",
            "-m",
            "--connect-timeout",
            "--retry",
            "--retry-delay",
            "--compressed",
        ],
    ),
    ("wget", &["-nv", "--timeout", "--tries", "--no-verbose"]),
    ("rm", &["-f", "-i", "-I", "--one-file-system", "--preserve-root"]),
    ("cp", &["-i", "-n", "-p", "-a"]),
    ("mv", &["-i", "-n"]),
    ("mkdir", &["-p", "--parents"]),
    ("ln", &["-f"]),
    ("python3", &["-u", "-B"]),
    ("python", &["-u", "-B"]),
    ("read", &["-r"]),
    ("set", &["-e", "-u", "-o", "-E", "-C"]),
    ("xargs", &["-r", "--no-run-if-empty"]),
    ("trap", &["-"]),
    ("psql", &["-X"]),
    ("ssh", &["-T", "-q"]),
    ("timeout", &["-k", "--kill-after"]),
];

/// Whether a command option does not change the external effect of the command.
pub(in crate::check::change) fn is_careful_option(command: &str, option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    // There, `-v` is not for more words: it turns the search round, or sets a variable.
    let is_other = name == "-v"
        && matches!(
            command,
            "grep" | "egrep" | "fgrep" | "zgrep" | "pgrep" | "pkill" | "awk" | "gawk" | "printf" | "test"
        );
    TELLING_OPTIONS.contains(&name) && !is_other
        || CAREFUL_OPTIONS.iter().any(|(of, options)| *of == command && options.contains(&name))
}

/// Whether an option of this command only takes more care, whatever stands beside it.
pub(in crate::check::change) fn takes_care(command: &str, option: &str) -> bool {
    CAREFUL_OPTIONS.iter().any(|(of, options)| *of == command && options.contains(&option))
}

/// Modules that give a program new capabilities.
const POWERS: &[&str] = &[
    "aiohttp",
    "asyncssh",
    "base64",
    "child_process",
    "cffi",
    "codecs",
    "ctypes",
    "dgram",
    "dns",
    "fabric",
    "ftplib",
    "http",
    "http2",
    "https",
    "httpx",
    "importlib",
    "marshal",
    "multiprocessing",
    "net",
    "paramiko",
    "pickle",
    "pty",
    "requests",
    "runpy",
    "shelve",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "telnetlib",
    "tls",
    "urllib",
    "urllib3",
    "vm",
    "webbrowser",
    "websockets",
    "worker_threads",
    "xmlrpc",
    "zlib",
    "axios",
    "got",
    "node-fetch",
];

/// Whether a module gives a program new capabilities.
pub(in crate::check::change) fn is_power(module: &str) -> bool {
    POWERS.contains(&module.split(['.', '/']).next().unwrap_or(module))
}

/// Whether a call writes for a reader or a log.
pub(in crate::check::change) fn is_output(full: &str, name: &str) -> bool {
    let first = full.split('.').next().unwrap_or(full);
    matches!(
        first,
        "print" | "console" | "logging" | "echo" | "printf" | "logger" | "log" | "LOG" | "warnings" | "pprint"
    ) || matches!(name, "debug" | "info" | "warning" | "warn" | "error" | "exception" | "log" | "print")
}
